import asyncio
import json
import re
from io import StringIO
from pathlib import Path

import pytest
from aiohttp import ClientSession, CookieJar

from gateway.__main__ import main
from gateway.app import Gateway
from gateway.settings.load import load_settings

CONFIG = """
connectors:
  - pbx: demo
    plugin: simulator
state_dir: {folder}
api:
  port: 0
"""
PASSWORD = "three words together"


@pytest.fixture
def config(tmp_path: Path) -> str:
    file = tmp_path / "tieline.yaml"
    file.write_text(CONFIG.format(folder=tmp_path / "state"))
    return str(file)


def add(config: str, *more: str, login: str = "ann") -> int:
    return main(["user", "add", "--login", login, "--config", config, *more])


def typed(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", StringIO(text))


def listed(config: str, capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    capsys.readouterr()
    assert main(["user", "list", "--config", config, "--json"]) == 0
    found: list[dict[str, object]] = json.loads(capsys.readouterr().out)
    return found


def test_a_made_password_is_shown_once_and_must_be_changed(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert add(config, "--name", "Ann Lee", "--extension", "1001") == 0
    made = capsys.readouterr()
    said, password = made.out.splitlines()
    assert said == "Ann Lee may sign in as ann, with the role agent."
    assert re.fullmatch(r"[a-z2-9]{14}", password)
    assert "shown this once" in made.err

    assert main(["user", "list", "--config", config]) == 0
    heads, line = capsys.readouterr().out.splitlines()
    assert heads.split()[:3] == ["LOGIN", "NAME", "ROLE"]
    assert re.sub(r"  +", " | ", line) == "ann | Ann Lee | agent | 1001 at demo | one-time password | never"


def test_a_given_password_stays(config: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    typed(monkeypatch, f"{PASSWORD}\n")
    assert add(config, "--role", "admin", "--password-stdin", login="chief") == 0
    assert PASSWORD not in capsys.readouterr().out
    (user,) = listed(config, capsys)
    assert (user["login"], user["role"], user["must_change_password"]) == ("chief", "admin", False)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ((), "an agent has an extension"),
        (("--extension", "7"), "'7' is no extension of demo"),
        (("--extension", "1001", "--pbx", "branch"), "no PBX is called 'branch'; there is: demo"),
        (("--extension", "1001", "--name", " "), "such a user cannot be made"),
    ],
)
def test_who_cannot_be_is_not_made(config: str, more: tuple[str, ...], reason: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert add(config, *more) == 2
    assert reason in capsys.readouterr().err
    assert listed(config, capsys) == []


def test_a_weak_password_and_a_taken_login_are_refused(
    config: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    typed(monkeypatch, "1234567890\n")
    assert add(config, "--role", "admin", "--password-stdin") == 2
    assert "one of those that are guessed first" in capsys.readouterr().err
    assert add(config, "--role", "admin") == 0
    assert add(config, "--role", "admin", login="ANN") == 2
    assert "somebody signs in as 'ANN' already" in capsys.readouterr().err


def test_a_user_is_disabled_and_enabled_and_unlocked(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    add(config, "--role", "supervisor")
    assert main(["user", "disable", "--login", "ann", "--config", config]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "ann (ann) may not sign in any more."
    assert listed(config, capsys)[0]["disabled"] is True
    assert main(["user", "enable", "--login", "ANN", "--config", config]) == 0
    assert listed(config, capsys)[0]["disabled"] is False
    assert main(["user", "unlock", "--login", "ann", "--json", "--config", config]) == 0
    assert json.loads(capsys.readouterr().out)["locked_until"] is None
    assert main(["user", "unlock", "--login", "bob", "--config", config]) == 2
    assert "nobody signs in as 'bob'" in capsys.readouterr().err


async def subscribed(session: ClientSession, address: str, **headers: str) -> str:
    """Return what the event stream says first to who comes with the session's cookie."""
    async with session.ws_connect(f"{address}api/v1/events", headers=headers) as socket:
        await socket.send_json({"type": "subscribe"})
        told = await socket.receive_json()
        return str(told["problem"]["type"] if told["type"] == "error" else told["type"])


async def sign_in(session: ClientSession, address: str, password: str) -> int:
    async with session.post(f"{address}api/v1/session", json={"login": "ann", "password": password}) as response:
        return response.status


async def test_a_gateway_that_runs_knows_what_has_changed(
    config: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def given(password: str, *command: str) -> int:
        typed(monkeypatch, f"{password}\n")
        return main([*command, "--login", "ann", "--config", config, "--password-stdin"])

    assert await asyncio.to_thread(given, PASSWORD, "user", "add", "--role", "supervisor") == 0
    async with (
        Gateway(load_settings(Path(config))).running() as address,
        ClientSession(cookie_jar=CookieJar(unsafe=True)) as session,
    ):
        assert await sign_in(session, address, PASSWORD) == 200
        assert await subscribed(session, address, Origin=address.rstrip("/")) == "subscribed"
        assert await subscribed(session, address) == "urn:tieline:problem:forged-request"
        capsys.readouterr()
        assert await asyncio.to_thread(main, ["user", "sessions", "--login", "ann", "--config", config, "--json"]) == 0
        (one,) = json.loads(capsys.readouterr().out)
        revoke = ["user", "revoke", "--login", "ann", "--config", config, "--session"]
        assert await asyncio.to_thread(main, [*revoke, "ses_none"]) == 2
        assert await asyncio.to_thread(main, [*revoke, one["session_id"]]) == 0
        assert await asyncio.to_thread(main, ["user", "sessions", "--login", "ann", "--config", config]) == 0
        assert one["session_id"] not in capsys.readouterr().out.splitlines()[-1]

        assert await asyncio.to_thread(given, "another three words", "user", "password") == 0
        assert await sign_in(session, address, PASSWORD) == 401
        assert await sign_in(session, address, "another three words") == 200
