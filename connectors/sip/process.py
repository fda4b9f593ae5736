"""The process of a SIP worker: started so that it outlives us, found again, watched, killed.

It is no child in the usual sense: asyncio's own subprocesses are killed with the loop that started them. A pidfd tells the end of
any process, ours or an earlier gateway's, and no other process can be hit by a signal that is sent to it.
"""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from gateway.model.errors import PeerUnavailableError

WORKER: Final = ("-m", "connectors.sip.worker")
"""What Python runs."""
INHERITED_FD: Final = 3
"""The descriptor of the listening socket in the worker."""
LAST_WORDS_BYTES: Final = 2000
"""Of what a worker printed that are told when it dies: an assertion of PJSIP, or a traceback."""


class Files(msgspec.Struct, frozen=True):
    """What a worker has in its PBX's folder."""

    folder: Path
    name: str

    @property
    def socket(self) -> Path:
        """Where it listens."""
        return self.folder / f"{self.name}.sock"

    @property
    def pid(self) -> Path:
        """Which process it is."""
        return self.folder / f"{self.name}.pid"

    @property
    def printed(self) -> Path:
        """What it printed."""
        return self.folder / f"{self.name}.err"


def _inheritable() -> list[int]:
    """Return what we were left by whoever started us, beyond the usual three: it is for no worker, which lives longer."""
    found = []
    for fd in map(int, os.listdir("/proc/self/fd")):
        # The list's own descriptor is gone by now.
        with suppress(OSError):
            if fd > INHERITED_FD and os.get_inheritable(fd):
                found.append(fd)
    return found


class _Mark(msgspec.Struct, frozen=True):
    """Which process a worker is: a pid alone is given to others later."""

    pid: int
    started: int
    """Clock ticks after the boot."""


def _started(pid: int) -> int | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    # The name before it is in parentheses, and may hold any sign.
    return int(stat.rpartition(b")")[2].split()[19])


class WorkerProcess:
    """One running worker."""

    def __init__(self, files: Files, pid: int) -> None:
        """Take hold of a running process.

        Raises:
            ProcessLookupError: It is gone.
        """
        self.files = files
        self.pid = pid
        self._fd = os.pidfd_open(pid)
        self._watched = False

    @classmethod
    def start(cls, files: Files, listening: socket.socket, program: Sequence[str] = WORKER) -> "WorkerProcess":
        """Start a worker that listens on this socket; it keeps a copy.

        Raises:
            OSError: There is no more room for a process or a file.
        """
        printed = str(files.printed)
        pid = os.posix_spawn(
            sys.executable,
            [sys.executable, *program, str(INHERITED_FD)],
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, listening.fileno(), INHERITED_FD),
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, printed, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
                (os.POSIX_SPAWN_DUP2, 1, 2),
                *((os.POSIX_SPAWN_CLOSE, fd) for fd in _inheritable()),
            ],
            # Neither Ctrl-C at our terminal nor the end of our session is for it.
            setsid=True,
        )
        process = cls(files, pid)
        started = _started(pid)
        assert started is not None  # nobody has waited for it yet
        files.pid.write_bytes(msgspec.json.encode(_Mark(pid, started)))
        return process

    @classmethod
    def find(cls, files: Files) -> "WorkerProcess | None":
        """Return the worker that an earlier gateway left; None when it has ended."""
        try:
            mark = msgspec.json.decode(files.pid.read_bytes(), type=_Mark)
            process = cls(files, mark.pid)
        except (OSError, msgspec.DecodeError, OverflowError):
            return None
        # Read after it was taken hold of: from here on the pid is nobody else's.
        if _started(mark.pid) != mark.started:
            process.close()
            return None
        return process

    def watch(self, ended: Callable[[str], None]) -> None:
        """Have ``ended`` told once how it ended."""

        def see() -> None:
            asyncio.get_running_loop().remove_reader(self._fd)
            self._watched = False
            ended(self._end())

        self._watched = True
        asyncio.get_running_loop().add_reader(self._fd, see)

    def kill(self) -> None:
        """End it at once, hung or stopped as it may be."""
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._fd, signal.SIGKILL)

    def close(self) -> None:
        """Let go of it; it runs on."""
        if self._watched:
            asyncio.get_running_loop().remove_reader(self._fd)
            self._watched = False
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _end(self) -> str:
        """Say how it ended, for an operator."""
        how = "ended"
        # Only whose child it is may know; an earlier gateway's is init's.
        with suppress(ChildProcessError):
            result = os.waitid(os.P_PIDFD, self._fd, os.WEXITED | os.WNOHANG)
            if result is not None and result.si_code == os.CLD_EXITED:
                how = f"ended with status {result.si_status}"
            elif result is not None:
                how = f"was killed by {_name(result.si_status)}"
        words = self._last_words()
        return f"{how}: {words}" if words else how

    def _last_words(self) -> str:
        try:
            with self.files.printed.open("rb") as printed:
                printed.seek(max(os.fstat(printed.fileno()).st_size - LAST_WORDS_BYTES, 0))
                lines = printed.read(LAST_WORDS_BYTES).decode("utf-8", "replace").strip().splitlines()
        except OSError:
            return ""
        return lines[-1].strip() if lines else ""


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def folder_for(state_dir: Path) -> Path:
    """Return the folder of a PBX's workers, made for this user alone.

    Raises:
        PeerUnavailableError: It cannot be made.
    """
    folder = state_dir / "sip"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
    except OSError as error:
        raise PeerUnavailableError(f"no SIP worker can be started: {folder} cannot be made: {error.strerror or error}") from error
    return folder
