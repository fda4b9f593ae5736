"""The whole API, asked by schemathesis all that its own description allows and forbids, on a gateway with live calls."""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import msgspec
import pytest
from aiohttp import ClientSession
from support.waiting import until

from gateway.app import Gateway
from gateway.model.limits import Rate
from gateway.model.principals import ALL_SCOPES, Role
from gateway.model.tokens import RANDOM_BYTES, NewToken, made, written
from gateway.settings.load import embedded_default
from gateway.settings.values import ApiSettings, LimitSettings, Settings, StoreSettings

pytestmark = pytest.mark.slow

EXAMPLES: Final = 8
"""Of each operation and way to make them, beside those that the boundaries of its parameters make."""
PATIENCE_S: Final = 60
"""For an answer: a webhook is tried at an address that may not answer."""
LEFT_OUT: Final = (
    "ignored_auth",  # the demo asks nobody for a token: see the test of the gateway that does
    "positive_data_acceptance",  # a made-up name of a PBX, a queue or an extension is refused, as it should be
)


@pytest.fixture
async def gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Gateway, str]]:
    """The demo, and where it is."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    default = embedded_default()
    demo = msgspec.structs.replace(default, api=msgspec.structs.replace(default.api, port=0))
    made_gateway = Gateway(demo)
    async with made_gateway.running() as address:
        await until(lambda: any(state.live_count for state in made_gateway.engine.pbxs.values()))
        yield made_gateway, address


@pytest.fixture
async def guarded(tmp_path: Path) -> AsyncIterator[tuple[str, str]]:
    """A gateway that asks for tokens: where it is, and a token that may all."""
    (entry,) = embedded_default().connectors
    often = Rate(per_second=100_000, burst=1_000_000)
    limits = LimitSettings(per_address=often, per_token=often, wrong_tokens=often)
    settings = Settings(
        api=ApiSettings(port=0, limits=limits), connectors=(entry,), store=StoreSettings(url="memory:"), state_dir=str(tmp_path)
    )
    made_gateway = Gateway(settings)
    async with made_gateway.running() as address:
        token = written(bytes(RANDOM_BYTES))
        wanted = NewToken(name="test", scopes=tuple(ALL_SCOPES), role=Role.ADMIN)
        await made_gateway.tokens.add(made(wanted, token, created_by="test", now=time.time()))
        yield address, token


async def described(address: str) -> set[str]:
    async with ClientSession() as session, session.get(f"{address}openapi.json") as response:
        document = await response.json()
    return {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods}


async def ask(address: str, folder: Path, *options: str) -> set[str]:
    """Let schemathesis ask, and return the operations that it asked; a failure of its checks is one of the test."""
    report = folder / "events.ndjson"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{address}openapi.json", "--generation-deterministic"),
        *(
            "--request-timeout",
            str(PATIENCE_S),
            "--max-response-time",
            str(PATIENCE_S),
            "--continue-on-failure",
            "--no-shrink",
            "--no-color",
            "--warnings",
            "off",
            "--report-ndjson-path",
            str(report),
        ),
        *options,
        cwd=folder,
        env=os.environ | {"COLUMNS": "140"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()

    assert process.returncode == 0, output.decode()
    told = [json.loads(line) for line in report.read_text().splitlines()]
    # It reads its own source, and asks it no more.
    source = {"GET /openapi.json"}
    return source | {each["ScenarioFinished"]["recorder"]["label"] for each in told if "ScenarioFinished" in each}


async def test_the_api_keeps_to_its_description_whatever_it_is_asked(gateway: tuple[Gateway, str], tmp_path: Path) -> None:
    _, address = gateway
    asked = await ask(
        address,
        tmp_path,
        *("--checks", "all", "--exclude-checks", ",".join(LEFT_OUT), "--generation-with-security-parameters", "false"),
        *("--phases", "examples,coverage,fuzzing", "--max-examples", str(EXAMPLES)),
    )

    assert asked == await described(address)


async def test_nothing_is_told_or_done_without_a_token(guarded: tuple[str, str], tmp_path: Path) -> None:
    address, token = guarded
    asked = await ask(
        address,
        tmp_path,
        *("--checks", "ignored_auth,not_a_server_error,status_code_conformance", "--phases", "coverage"),
        *("--header", f"Authorization: Bearer {token}", "--mode", "positive"),
    )

    assert asked == await described(address)
