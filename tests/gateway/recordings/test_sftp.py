import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path, PurePosixPath

import asyncssh
import msgspec
import pytest
from support.recording_servers import SftpServer, sftp_server
from support.virtual_time import in_virtual_time

from gateway.model.errors import PeerRefusedError, PeerUnavailableError
from gateway.recordings.settings import SftpSettings
from gateway.recordings.sftp import SftpSource

NAME = PurePosixPath("a.wav")


@pytest.fixture
async def server(monitor: Path, tmp_path: Path) -> AsyncIterator[SftpServer]:
    (monitor / NAME).write_bytes(b"abc" * 500_000)
    (tmp_path / "keys").mkdir()
    async with sftp_server(monitor, tmp_path / "keys") as running:
        yield running


async def refused(settings: SftpSettings) -> str:
    source = SftpSource(settings, timeout_s=10.0)
    with pytest.raises(PeerRefusedError) as caught:
        await source.look(NAME)
    await source.close()
    return str(caught.value)


async def test_another_machine_is_not_believed(server: SftpServer) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()
    told = await refused(msgspec.structs.replace(server.settings, host_key=other))
    assert f"sftp://tieline@127.0.0.1:{server.port}/monitor" in told
    assert "not the machine whose key is `host_key`" in told


async def test_a_machine_with_another_kind_of_key_is_not_believed(server: SftpServer) -> None:
    other = asyncssh.generate_private_key("ecdsa-sha2-nistp256").export_public_key().decode().strip()
    assert "`host_key`" in await refused(msgspec.structs.replace(server.settings, host_key=other))


async def test_a_host_key_that_is_none_names_the_key_to_change(server: SftpServer) -> None:
    assert "recordings.sources: host_key" in await refused(msgspec.structs.replace(server.settings, host_key="ssh-ed25519 AAAA"))


async def test_a_key_that_the_pbx_does_not_know_names_the_file_to_change(server: SftpServer, tmp_path: Path) -> None:
    stranger = tmp_path / "stranger"
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(stranger)
    told = await refused(msgspec.structs.replace(server.settings, key_file=str(stranger)))
    assert f"add the public half of {stranger} to authorized_keys of tieline" in told


async def test_a_key_file_that_is_not_there_is_named(server: SftpServer, tmp_path: Path) -> None:
    told = await refused(msgspec.structs.replace(server.settings, key_file=str(tmp_path / "none")))
    assert f"key_file {tmp_path}/none cannot be read" in told


async def test_a_key_file_with_a_passphrase_is_named(server: SftpServer, tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    asyncssh.generate_private_key("ssh-rsa", key_size=2048).write_private_key(locked, "pkcs8-pem", passphrase="secret")
    told = await refused(msgspec.structs.replace(server.settings, key_file=str(locked)))
    assert f"key_file {locked} cannot be read" in told


async def test_an_rsa_host_key_is_believed(monitor: Path, tmp_path: Path) -> None:
    (monitor / NAME).write_bytes(b"abc")
    (tmp_path / "keys").mkdir()
    server = SftpServer(monitor, tmp_path / "keys")
    server.host_key = asyncssh.generate_private_key("ssh-rsa", key_size=2048)
    await server.start()
    source = SftpSource(server.settings, timeout_s=10.0)
    assert (await source.look(NAME)).size == 3
    await source.close()
    await server.stop()


async def test_one_connection_serves_many_and_a_broken_one_is_made_anew(server: SftpServer) -> None:
    source = SftpSource(server.settings, timeout_s=10.0)
    await asyncio.gather(*(source.look(NAME) for _ in range(5)))
    assert len(server.connections) == 1
    await server.stop()
    with pytest.raises(PeerUnavailableError):
        await source.look(NAME)
    await server.start()
    assert (await source.look(NAME)).size == 1_500_000
    await source.close()


async def test_a_connection_that_breaks_in_the_middle_is_told(server: SftpServer) -> None:
    source = SftpSource(server.settings, timeout_s=10.0)
    async with aclosing(source.read(NAME)) as chunks:
        await anext(chunks)
        await server.stop()
        with pytest.raises(PeerUnavailableError):
            async for _ in chunks:
                pass
    await source.close()
    await server.start()


async def test_nobody_listens(server: SftpServer) -> None:
    settings = server.settings
    await server.stop()
    source = SftpSource(settings, timeout_s=10.0)
    with pytest.raises(PeerUnavailableError, match=f"127.0.0.1:{settings.port}"):
        await source.look(NAME)
    await server.start()


@in_virtual_time
async def test_who_does_not_answer_is_not_waited_for_longer_than_said(tmp_path: Path) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    key_file = tmp_path / "key"
    key = asyncssh.generate_private_key("ssh-ed25519")
    key.write_private_key(key_file)
    listening = await asyncio.start_server(silent, "127.0.0.1", 0)
    settings = SftpSettings(
        host="127.0.0.1",
        port=listening.sockets[0].getsockname()[1],
        user="tieline",
        key_file=str(key_file),
        host_key=key.export_public_key().decode().strip(),
    )
    source = SftpSource(settings, timeout_s=10.0)
    with pytest.raises(PeerUnavailableError, match="no answer within 10 s"):
        await source.look(NAME)
    assert asyncio.get_running_loop().time() == pytest.approx(10.0, abs=0.5)
    await source.close()
    listening.close()
    await listening.wait_closed()
    await asyncio.sleep(0.1)
