import argparse
import asyncio
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from support.api_recorder import Recorder
from support.certificates import Certificates
from support.gateways import served
from support.kept_tokens import KeptTokens
from support.replaying import CAPTURES

from gateway.__main__ import main
from gateway.cli.client import address_of, config_folder, token_of
from gateway.model.errors import UsageError
from gateway.model.principals import Scope

HOLD = CAPTURES / "asterisk" / "22" / "hold"


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    """The user's, not there yet."""
    file = tmp_path / "config" / "tieline" / "token"
    file.parent.mkdir(parents=True)
    return file


def keep(file: Path, text: str, *, mode: int = 0o600) -> None:
    file.write_text(text)
    file.chmod(mode)


async def test_a_token_of_the_environment_goes_before_the_users_own(
    tieline: Any, api: Recorder, token_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await tieline("call hold 01CALL")
    keep(token_file, "tl_of_the_file\n")
    await tieline("call hold 01CALL")
    monkeypatch.setenv("TIELINE_TOKEN", "tl_of_the_environment")
    await tieline("call hold 01CALL")

    shown = [headers.get("Authorization") for headers in api.headers]
    assert shown == [None, "Bearer tl_of_the_file", "Bearer tl_of_the_environment"]
    assert not any("tl_of" in path for _, path, _ in api.asked)


async def test_a_token_that_others_can_read_is_not_shown(tieline: Any, api: Recorder, token_file: Path) -> None:
    keep(token_file, "tl_of_the_file", mode=0o640)
    status, _, err = await tieline("calls")

    assert status == 2
    assert (
        err == f"tieline: {token_file} can be read by others: chmod 600 {token_file}, and have the token replaced if they did\n"
    )
    assert api.asked == []


def test_a_token_that_is_no_text_is_told(token_file: Path) -> None:
    token_file.write_bytes(b"\xff")
    token_file.chmod(0o600)
    with pytest.raises(UsageError, match="cannot be read: it is no text"):
        token_of({}, token_file.parent)
    token_file.unlink()
    token_file.mkdir()
    with pytest.raises(UsageError, match="cannot be read: Is a directory"):
        token_of({}, token_file.parent)


def test_the_users_folder_is_where_others_keep_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/someone")

    assert config_folder({"XDG_CONFIG_HOME": "/etc/xdg"}) == Path("/etc/xdg/tieline")
    assert config_folder({"XDG_CONFIG_HOME": "relative"}) == Path("/home/someone/.config/tieline")
    assert config_folder({}) == Path("/home/someone/.config/tieline")


@pytest.mark.parametrize(
    "url", ["tieline.example", "ftp://a", "https://", "https://a?token=b", "https://me:secret@a", "https://a#b"]
)
def test_what_is_no_address_of_a_gateway_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="is no address of a gateway"):
        address_of(argparse.Namespace(url=url))


def test_the_address_is_the_options_the_environments_or_this_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    assert address_of(argparse.Namespace(url=None)) == "http://127.0.0.1:8470"
    monkeypatch.setenv("TIELINE_URL", "https://a.example/")
    assert address_of(argparse.Namespace(url=None)) == "https://a.example"
    assert address_of(argparse.Namespace(url="https://b.example/tieline/")) == "https://b.example/tieline"


async def test_a_token_does_not_cross_a_network_in_the_clear(tieline: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIELINE_TOKEN", "tl_mine")
    status, _, err = await tieline("calls --url http://192.0.2.1:8470")

    said = "tieline: the token would cross the network in the clear: write https instead of http://192.0.2.1:8470\n"
    assert (status, err) == (2, said)


async def test_a_gateway_that_is_away_is_told_with_its_address(tieline: Any, unused_tcp_port: int) -> None:
    status, _, err = await tieline(f"calls --url http://127.0.0.1:{unused_tcp_port}")

    assert status == 3
    assert err.startswith(
        f"tieline: no gateway answers at http://127.0.0.1:{unused_tcp_port}: Connection refused; is `tieline run`"
    )
    assert err.count("\n") == 1


@pytest.mark.parametrize(("status", "raw"), [(200, b"<html>"), (502, b"<html>"), (500, b"[]"), (301, b"")])
async def test_what_is_no_gateway_is_told(tieline: Any, api: Recorder, status: int, raw: bytes) -> None:
    api.status, api.raw = status, raw
    said = f"tieline: what answers at {api.address} is no gateway of ours (status {status})\n"

    assert await tieline("calls") == (3, "", said)


async def test_a_refusal_is_one_line_of_the_gateways_own(tieline: Any, api: Recorder) -> None:
    api.status, api.answer = 409, {"type": "urn:tieline:problem:call-ended", "detail": "This call\x1b has ended."}

    assert await tieline("call hold 01CALL") == (1, "", "tieline: This call? has ended.\n")


async def test_a_token_without_the_scope_is_told_which_it_takes(capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    tokens = KeptTokens()
    async with served(HOLD, authenticator=tokens.authenticator()) as one:
        monkeypatch.setenv("TIELINE_URL", str(one.client.make_url("")))
        unknown = await asyncio.to_thread(main, ["calls"])
        without_any = capsys.readouterr().err
        monkeypatch.setenv("TIELINE_TOKEN", tokens.give(Scope.QUEUES_READ, name="wallboard"))
        refused = await asyncio.to_thread(main, ["calls"])
        without_it = capsys.readouterr().err
        monkeypatch.setenv("TIELINE_TOKEN", tokens.give(Scope.CALLS_READ))
        let_in = await asyncio.to_thread(main, ["calls"])

    assert (unknown, refused, let_in) == (4, 4, 0)
    assert without_any.startswith("tieline: This takes a token. Send it as `Authorization: Bearer TOKEN`")
    assert "Here it is read from TIELINE_TOKEN or /" in without_any
    assert without_it == "tieline: wallboard may not do this: it takes the scope calls:read.\n"


async def test_a_call_that_is_not_there_is_told(capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    async with served(HOLD) as one:
        monkeypatch.setenv("TIELINE_URL", str(one.client.make_url("")))
        status = await asyncio.to_thread(main, ["call", "a/../b"])

    assert (status, capsys.readouterr().err) == (1, "tieline: No call a/../b is live or kept.\n")


async def test_a_certificate_is_believed_when_its_authority_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def calls(_request: web.Request) -> web.Response:
        return web.json_response({"calls": [], "next": None})

    certificates = Certificates(tmp_path)
    application = web.Application()
    application.add_routes([web.get("/api/v1/calls", calls)])
    server = TestServer(application, scheme="https")
    await server.start_server(ssl=certificates.server_context())
    url = f"https://127.0.0.1:{server.port}"
    statuses = [
        await asyncio.to_thread(main, ["calls", "--url", url, *more])
        for more in ([], ["--ca-file", str(certificates.ca)], ["--ca-file", "/none"], ["--ca-file", str(certificates.ca) + ".no"])
    ]
    await server.close()

    said = capsys.readouterr()
    assert statuses == [3, 0, 2, 2]
    assert f"tieline: {url} shows a certificate that is not trusted; --ca-file names its authority\n" in said.err
    assert "tieline: /none cannot be used: No such file or directory\n" in said.err
