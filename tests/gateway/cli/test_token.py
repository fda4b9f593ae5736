import asyncio
import json
import os
import re
from pathlib import Path

import pytest
from aiohttp import ClientSession
from support.kept_tokens import bearer

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


@pytest.fixture
def config(tmp_path: Path) -> str:
    file = tmp_path / "tieline.yaml"
    file.write_text(CONFIG.format(folder=tmp_path / "state"))
    return str(file)


def test_a_token_is_shown_once_and_listed_without_its_secret(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    create = ["token", "create", "--name", "wallboard", "--scopes", "calls:read,events:read", "--config", config]
    assert main([*create, "--extension", "1001", "--role", "supervisor", "--days", "30"]) == 0
    made = capsys.readouterr()
    text = made.out.strip()
    assert re.fullmatch(r"tl_[a-z2-7]{8}_[a-z2-7]{52}", text)
    assert re.match(r"wallboard may calls:read, events:read, until \d{4}-\d\d-\d\d \d\d:\d\d\.\n", made.err)
    assert text not in made.err

    assert main(["token", "list", "--config", config]) == 0
    heads, line = capsys.readouterr().out.splitlines()
    assert heads.split()[:3] == ["ID", "NAME", "ROLE"]
    line = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d", "THEN", line)
    assert line == f"{text[:11]}  wallboard  supervisor  1001       works until THEN  never      calls:read events:read"


def test_a_revoked_token_says_so(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["token", "create", "--name", "crm", "--scopes", "all", "--config", config])
    token_id = capsys.readouterr().out[:11]

    assert main(["token", "revoke", token_id, "--config", config]) == 0
    assert capsys.readouterr().out == f"{token_id} (crm) lets nobody in any more; a gateway that runs knows it within seconds.\n"
    main(["token", "list", "--config", config])
    assert re.search(rf"{token_id}  crm   agent             revoked \d{{4}}-", capsys.readouterr().out)


def test_programs_get_json(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["token", "create", "--name", "crm", "--scopes", "calls:read", "--config", config, "--json"])
    made = json.loads(capsys.readouterr().out)
    main(["token", "list", "--config", config, "--json"])
    (listed,) = json.loads(capsys.readouterr().out)
    main(["token", "revoke", made["id"], "--config", config, "--json"])
    revoked = json.loads(capsys.readouterr().out)

    text = made.pop("token")
    assert text.startswith(made["id"])
    assert listed == made
    assert (listed["scopes"], listed["created_by"], listed["revoked_at"]) == (["calls:read"], "command line", None)
    assert revoked["revoked_at"] > made["created_at"]
    assert "digest" not in made


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--name", "", "--scopes", "all"], "tieline: such a token cannot be made: Expected `str` of length >= 1 - at `$.name`"),
        (["--name", "a", "--scopes", "all", "--days", "0"], "tieline: such a token cannot be made: Expected `float` > 0.0 - at"),
        (["--name", "a", "--scopes", ","], "tieline: such a token cannot be made: Expected `array` of length >= 1"),
    ],
)
def test_what_cannot_be_a_token_is_refused(config: str, capsys: pytest.CaptureFixture[str], more: list[str], said: str) -> None:
    assert main(["token", "create", *more, "--config", config]) == 2
    assert capsys.readouterr().err.startswith(said)


def test_a_scope_that_is_none_is_told_with_those_that_are(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["token", "create", "--name", "a", "--scopes", "calls:steal", "--config", config])

    assert refused.value.code == 2
    assert "'calls:steal' is no scope: write all, or of calls:read, calls:place" in capsys.readouterr().err


def test_an_id_that_is_not_there_is_told(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["token", "revoke", "tl_aaaaaaaa", "--config", config]) == 2
    assert capsys.readouterr().err == "tieline: there is no token tl_aaaaaaaa: `tieline token list` shows those that there are\n"
    assert main(["token", "list", "--config", config]) == 0
    assert capsys.readouterr().out == "(none)\n"


def test_where_nothing_is_kept_no_token_is_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "tieline.yaml"
    file.write_text(CONFIG.format(folder=tmp_path) + "store:\n  url: 'memory:'\n")

    assert main(["token", "list", "--config", str(file)]) == 1
    assert "keeps nothing (store.url): `tieline run` makes a token of its own each time and shows it" in capsys.readouterr().err


def test_anothers_database_is_left_alone(
    config: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    main(["token", "list", "--config", config])
    capsys.readouterr()
    owner = os.geteuid()
    monkeypatch.setattr("os.geteuid", lambda: owner + 1)

    assert main(["token", "list", "--config", config]) == 1
    assert re.search(r"tieline\.db belongs to \S+: do this as that user, such as by `sudo -u ", capsys.readouterr().err)


async def test_a_token_is_made_and_revoked_beside_a_gateway_at_work(
    config: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.api.auth.FRESH_S", 0.0)
    async with Gateway(load_settings(Path(config))).running() as address, ClientSession(address) as session:

        async def status(token: str) -> int:
            async with session.get("api/v1/calls", headers=bearer(token)) as response:
                return response.status

        create = ["token", "create", "--name", "wallboard", "--scopes", "calls:read", "--config", config]
        assert await asyncio.to_thread(main, create) == 0
        found = re.search(r"^tl_\w+$", capsys.readouterr().out, re.MULTILINE)
        assert found
        text = found[0]
        assert await status(text) == 200
        assert await asyncio.to_thread(main, ["token", "revoke", text[:11], "--config", config]) == 0
        assert await status(text) == 401
