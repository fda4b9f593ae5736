import asyncio
import os
import stat
from pathlib import Path

import pytest

from connectors.sip.packets import listen_at
from connectors.sip.process import INHERITED_FD, Files, WorkerProcess, folder_for
from gateway.model.errors import PeerUnavailableError


async def end_of(folder: Path, program: str) -> str:
    files = Files(folder_for(folder), "worker-1")
    with listen_at(files.socket) as listening:
        process = WorkerProcess.start(files, listening, ("-c", program))
    ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    process.watch(ended.set_result)
    try:
        return await asyncio.wait_for(ended, 20)
    finally:
        process.close()


async def test_its_last_words_are_told(tmp_path: Path) -> None:
    assert await end_of(tmp_path, "raise SystemExit('no more ports')") == "ended with status 1: no more ports"
    assert await end_of(tmp_path, "") == "ended with status 0"


async def test_it_has_the_socket_and_nothing_else_of_ours(tmp_path: Path) -> None:
    program = "import os, sys; sys.exit(' '.join(sorted(os.listdir('/proc/self/fd'))) + sys.argv[1])"
    with (tmp_path / "open").open("wb"):
        # The last is that of the folder which it lists.
        assert await end_of(tmp_path, program) == f"ended with status 1: 0 1 2 3 4{INHERITED_FD}"


async def test_it_is_in_no_session_of_ours(tmp_path: Path) -> None:
    assert await end_of(tmp_path, "import os, sys; sys.exit(str(os.getsid(0) == os.getpid()))") == "ended with status 1: True"


async def test_what_has_ended_is_not_found(tmp_path: Path) -> None:
    await end_of(tmp_path, "")
    files = Files(folder_for(tmp_path), "worker-1")
    assert WorkerProcess.find(files) is None
    for mark in ("", "no JSON", '{"pid": 99999999999999, "started": 1}', '{"pid": -1, "started": 1}'):
        files.pid.write_text(mark)
        assert WorkerProcess.find(files) is None


async def test_one_that_was_killed_before_is_killed_again_without_harm(tmp_path: Path) -> None:
    files = Files(folder_for(tmp_path), "worker-1")
    with listen_at(files.socket) as listening:
        process = WorkerProcess.start(files, listening, ("-c", "import time; time.sleep(60)"))
    found = WorkerProcess.find(files)
    assert found is not None
    assert found.pid == process.pid
    ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    process.watch(ended.set_result)
    found.kill()
    assert await asyncio.wait_for(ended, 20) == "was killed by SIGKILL"
    found.kill()
    found.close()
    process.close()


def test_the_folder_is_for_this_user_alone(tmp_path: Path) -> None:
    assert stat.S_IMODE(os.stat(folder_for(tmp_path)).st_mode) == 0o700
    (tmp_path / "file").touch()
    with pytest.raises(PeerUnavailableError, match="cannot be made"):
        folder_for(tmp_path / "file")
