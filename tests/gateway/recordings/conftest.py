"""Each kind of source and of storage, on real servers."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from support.certificates import Certificates
from support.recording_servers import S3Server, http_server, s3_server, sftp_server
from support.recordings import BEGAN_AT

from gateway.ports.recordings import RecordingSource, RecordingStorage
from gateway.recordings.folder import FolderSource
from gateway.recordings.http import HttpSource
from gateway.recordings.local import LocalStorage
from gateway.recordings.s3 import S3Storage
from gateway.recordings.settings import HttpSettings
from gateway.recordings.sftp import SftpSource

TIMEOUT_S = 10.0


@pytest.fixture
def monitor(tmp_path: Path) -> Path:
    """The folder that a PBX records into."""
    folder = tmp_path / "monitor"
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def s3() -> Iterator[S3Server]:
    """One S3 server for all tests."""
    with s3_server() as server:
        yield server


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """For HTTPS."""
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(params=["folder", "sftp", "http"])
async def source(request: pytest.FixtureRequest, monitor: Path, tmp_path: Path) -> AsyncIterator[RecordingSource]:
    """Each way to the PBX's folder."""
    async with AsyncExitStack() as stack:
        made: RecordingSource
        if request.param == "folder":
            made = FolderSource(monitor)
        elif request.param == "sftp":
            keys = tmp_path / "keys"
            keys.mkdir()
            server = await stack.enter_async_context(sftp_server(monitor, keys))
            made = SftpSource(server.settings, timeout_s=TIMEOUT_S)
        else:
            url = await stack.enter_async_context(http_server(monitor))
            made = HttpSource(HttpSettings(url=url), timeout_s=TIMEOUT_S)
        try:
            yield made
        finally:
            await made.close()


@pytest.fixture(params=["local", "s3"])
async def storage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[RecordingStorage]:
    """Each place where recordings are kept, empty."""
    made: RecordingStorage
    if request.param == "local":
        made = LocalStorage(tmp_path / "kept")
    else:
        server: S3Server = request.getfixturevalue("s3")
        # A prefix of its own is a bucket of its own.
        settings = server.settings(prefix=f"{tmp_path.name}/")
        made = S3Storage(settings, tmp_path / "incoming", timeout_s=TIMEOUT_S, now=lambda: BEGAN_AT)
    made.incoming.mkdir(parents=True)
    try:
        yield made
    finally:
        await made.close()
