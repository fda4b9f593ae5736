"""OpenID providers on this machine: a real one from a package, and one that says whatever a test wants."""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from aiohttp import ClientError, ClientSession, web
from aiohttp.test_utils import TestServer, unused_port
from joserfc import jwt
from joserfc.jwk import RSAKey

START_S: Final = 20.0


@asynccontextmanager
async def real_provider(people: Sequence[Mapping[str, Any]]) -> AsyncIterator[str]:
    """Run oidc-provider-mock, which speaks OpenID Connect by authlib, as a process; yields its issuer."""
    issuer = f"http://127.0.0.1:{(port := unused_port())}"
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port)]
    for each in people:
        command += ["--user-claims", json.dumps(each)]
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL, stdin=asyncio.subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(START_S), ClientSession() as session:
            while True:
                try:
                    async with session.get(f"{issuer}/.well-known/openid-configuration") as response:
                        assert response.status == 200
                        break
                except ClientError:
                    assert process.returncode is None
                    await asyncio.sleep(0.05)
        yield issuer
    finally:
        process.terminate()
        await process.wait()


async def agreed(url: str, subject: str) -> str:
    """Sign in at the real provider as its page does, and return where it sends the browser then."""
    async with ClientSession() as session, session.post(url, data={"sub": subject}, allow_redirects=False) as response:
        assert response.status in (302, 303), await response.text()
        return response.headers["Location"]


class Forger:
    """A provider that says what it is told to say."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
        self.shown_keys = [self.key]
        self.header: dict[str, Any] = {"alg": "RS256", "kid": "one"}
        self.claims: dict[str, Any] = {}
        """What stands in the ID token beside or instead of what should."""
        self.userinfo: dict[str, Any] = {}
        self.metadata: dict[str, Any] = {}
        self.id_token: str | None = None
        """Instead of one that is made."""
        self.issuer = ""
        self.asked: list[dict[str, str]] = []
        """What came to the token endpoint."""
        self.key_looks = 0
        self.nonce = ""
        self.status = 200

    async def discovery(self, _request: web.Request) -> web.Response:
        return web.json_response(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                "userinfo_endpoint": f"{self.issuer}/userinfo",
            }
            | self.metadata,
            status=self.status,
        )

    async def keys(self, _request: web.Request) -> web.Response:
        self.key_looks += 1
        return web.json_response({"keys": [key.as_dict(private=False) for key in self.shown_keys]})

    async def token(self, request: web.Request) -> web.Response:
        self.asked.append(
            {key: str(value) for key, value in (await request.post()).items()}
            | {"authorization": request.headers.get("Authorization", "")}
        )
        return web.json_response({"access_token": "at", "token_type": "Bearer", "id_token": self.id_token or self.made()})

    async def told(self, _request: web.Request) -> web.Response:
        return web.json_response(self.userinfo)

    def made(self) -> str:
        claims = {
            "iss": self.issuer,
            "aud": "tieline",
            "sub": "s-1",
            "iat": int(time.time()),
            "exp": int(time.time()) + 300,
            "nonce": self.nonce,
            "email": "ann@example.com",
            "email_verified": True,
            "name": "Ann",
        } | self.claims
        given = {name: value for name, value in claims.items() if value is not None}
        made: str = jwt.encode(self.header, given, self.key, algorithms=[self.header["alg"]])
        return made

    def answer_to(self, url: str) -> dict[str, str]:
        """Take a browser's request to sign in; return what stands in its way back."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        self.nonce = query["nonce"]
        return {"code": "c", "state": query["state"], "redirect_uri": query["redirect_uri"]}


@asynccontextmanager
async def forger() -> AsyncIterator[Forger]:
    """Run one."""
    made, application = Forger(), web.Application()
    application.router.add_get("/.well-known/openid-configuration", made.discovery)
    application.router.add_get("/keys", made.keys)
    application.router.add_post("/token", made.token)
    application.router.add_get("/userinfo", made.told)
    async with TestServer(application) as server:
        made.issuer = str(server.make_url("")).rstrip("/")
        yield made
