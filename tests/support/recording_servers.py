"""Real servers on loopback that recordings come from and go to: SFTP, HTTP(S), S3."""

import asyncio
import subprocess
import sys
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from ssl import SSLContext
from typing import Any, Final

import asyncssh
import msgspec
from aiohttp import web

from gateway.model.secret import Secret
from gateway.recordings.settings import S3Settings, SftpSettings

USER: Final = "tieline"
BUCKET: Final = "recordings"


class SftpServer:
    """An SSH server that gives one folder to one key, chrooted into it as ``/monitor``."""

    def __init__(self, folder: Path, keys: Path) -> None:
        self._folder = folder
        self.host_key = asyncssh.generate_private_key("ssh-ed25519")
        self.client_key = asyncssh.generate_private_key("ssh-ed25519")
        self.key_file = keys / "id_ed25519"
        self.client_key.write_private_key(self.key_file)
        self._server: asyncssh.SSHAcceptor | None = None
        self.connections: list[asyncssh.SSHServerConnection] = []
        self.port = 0

    async def start(self) -> None:
        """Listen, on the port of before where there was one."""
        server = self

        class Login(asyncssh.SSHServer):
            def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
                server.connections.append(conn)

            def begin_auth(self, username: str) -> bool:
                return True

            def public_key_auth_supported(self) -> bool:
                return True

            def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
                return username == USER and key.public_data == server.client_key.public_data

        def served(channel: asyncssh.SSHServerChannel[bytes]) -> asyncssh.SFTPServer:
            return asyncssh.SFTPServer(channel, chroot=bytes(self._folder.parent))

        self._server = await asyncssh.listen(
            "127.0.0.1", self.port, server_factory=Login, server_host_keys=[self.host_key], sftp_factory=served
        )
        self.port = self._server.get_port()

    async def stop(self) -> None:
        """Cut all connections and listen no more."""
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()
        for connection in self.connections:
            connection.abort()
            await connection.wait_closed()
        self.connections = []

    @property
    def settings(self) -> SftpSettings:
        """What a gateway is configured with."""
        return SftpSettings(
            host="127.0.0.1",
            port=self.port,
            user=USER,
            key_file=str(self.key_file),
            host_key=self.host_key.export_public_key().decode().strip(),
            path=f"/{self._folder.name}",
        )


@asynccontextmanager
async def sftp_server(folder: Path, keys: Path) -> AsyncIterator[SftpServer]:
    """Serve a folder by SFTP."""
    server = SftpServer(folder, keys)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


@asynccontextmanager
async def http_server(
    folder: Path, *, allowed: Callable[[str], bool] = lambda header: True, tls: SSLContext | None = None
) -> AsyncIterator[str]:
    """Serve a folder by HTTP to those whose ``Authorization`` is allowed; links out of it are not served."""

    async def serve(request: web.Request) -> web.StreamResponse:
        if not allowed(request.headers.get("Authorization", "")):
            return web.Response(status=401)
        path = folder / request.match_info["name"]
        status = await asyncio.to_thread(_status_of, path, folder)
        if status == 200 and request.method == "DELETE":
            await asyncio.to_thread(path.unlink)
            return web.Response(status=204)
        return web.FileResponse(path) if status == 200 else web.Response(status=status)

    application = web.Application()
    application.router.add_route("*", "/monitor/{name:.+}", serve)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    try:
        yield f"{'http' if tls is None else 'https'}://127.0.0.1:{runner.addresses[0][1]}/monitor"
    finally:
        await runner.cleanup()


def _status_of(path: Path, folder: Path) -> int:
    """Tell whether a file is served: 200 when it is."""
    if not path.resolve().is_relative_to(folder.resolve()):
        return 403
    if not path.is_file():
        return 404
    return 200 if path.stat().st_mode & 0o400 else 403


def basic(username: str, password: str) -> str:
    """Return an ``Authorization`` header."""
    return "Basic " + b64encode(f"{username}:{password}".encode()).decode()


_MOTO: Final = """
import json, os, sys
os.environ.update(AWS_ACCESS_KEY_ID="root", AWS_SECRET_ACCESS_KEY="root", AWS_DEFAULT_REGION="us-east-1")
import boto3
import moto.settings
from moto.moto_server.threaded_moto_server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
endpoint = "http://%s:%s" % server.get_host_and_port()
boto3.client("s3", endpoint_url=endpoint).create_bucket(Bucket=sys.argv[1])
iam = boto3.client("iam", endpoint_url=endpoint)
iam.create_user(UserName="tieline")
allowed = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], "Resource": "*"}
policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
iam.put_user_policy(UserName="tieline", PolicyName="tieline", PolicyDocument=policy)
key = iam.create_access_key(UserName="tieline")["AccessKey"]
moto.settings.INITIAL_NO_AUTH_ACTION_COUNT = 0
print(endpoint, key["AccessKeyId"], key["SecretAccessKey"], flush=True)
sys.stdin.read()
"""
"""Checks every signature, by the vendor's own code, and every right."""


class S3Server:
    """An S3 server with a bucket and a user who may put, get and delete objects."""

    def __init__(self, endpoint: str, access_key: str, secret_key: str) -> None:
        self.endpoint = endpoint
        self.access_key = access_key
        self.secret_key = secret_key

    def settings(self, **changes: Any) -> S3Settings:
        """Return what a gateway is configured with."""
        made = S3Settings(
            bucket=BUCKET,
            access_key=self.access_key,
            secret_key=Secret(self.secret_key),
            endpoint=self.endpoint,
            prefix="tieline/",
        )
        return msgspec.structs.replace(made, **changes)


@contextmanager
def s3_server() -> Iterator[S3Server]:
    """Run one in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", _MOTO, BUCKET], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield S3Server(*process.stdout.readline().split())
    finally:
        process.stdin.close()
        process.stdout.close()
        process.terminate()
        process.wait()
