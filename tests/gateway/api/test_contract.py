"""The whole API, asked by schemathesis all that its own description allows and forbids, on a gateway with live calls."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest
from aiohttp import ClientSession
from support.waiting import until

from gateway.app import Gateway
from gateway.settings.load import embedded_default
from gateway.settings.values import ApiSettings, Settings

pytestmark = pytest.mark.slow

EXAMPLES: Final = 15
"""Of each operation and way to make them, beside those that the boundaries of its parameters make."""
LEFT_OUT: Final = (
    "ignored_auth",  # the demo asks nobody for a token
    "positive_data_acceptance",  # a made-up name of a PBX, a queue or an extension is refused, as it should be
)


@pytest.fixture
async def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    default = embedded_default()
    demo = Settings(api=ApiSettings(port=0), connectors=default.connectors, store=default.store)
    gateway = Gateway(demo)
    async with gateway.running() as address:
        await until(lambda: any(state.live_count for state in gateway.engine.pbxs.values()))
        yield address


async def described(address: str) -> set[str]:
    async with ClientSession() as session, session.get(f"{address}openapi.json") as response:
        document = await response.json()
    return {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods}


async def test_the_api_keeps_to_its_description_whatever_it_is_asked(address: str, tmp_path: Path) -> None:
    report = tmp_path / "events.ndjson"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{address}openapi.json"),
        *("--checks", "all", "--exclude-checks", ",".join(LEFT_OUT)),
        *("--phases", "examples,coverage,fuzzing", "--max-examples", str(EXAMPLES)),
        *("--generation-deterministic", "--generation-with-security-parameters", "false"),
        *("--continue-on-failure", "--no-shrink", "--no-color", "--warnings", "off"),
        *("--report-ndjson-path", str(report)),
        cwd=tmp_path,
        env=os.environ | {"COLUMNS": "140"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()

    assert process.returncode == 0, output.decode()
    told = [json.loads(line) for line in report.read_text().splitlines()]
    asked = {each["ScenarioFinished"]["recorder"]["label"] for each in told if "ScenarioFinished" in each}
    # It reads its own source, and asks it no more.
    assert asked == await described(address) - {"GET /openapi.json"}
