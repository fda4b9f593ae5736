"""Nobody's number or name stands in the log outside ``pii.*``, whatever a PBX says and whatever the log's level."""

import asyncio
import gzip
import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from support.ami_bench import Bench
from support.gateways import Parts, at_work
from support.replaying import CAPTURES, PBX, asterisk_captures, pbx_events
from support.truth import read_truth
from support.virtual_time import in_virtual_time

from connectors.asterisk_ami.replay import site_of
from gateway.cli.logs import PERSONAL_PREFIX
from gateway.ports.connector import Gap
from gateway.session.engine import Engine

SUITES = sorted({folder.parent for folder in asterisk_captures()})
ASTERISK_22 = CAPTURES / "asterisk" / "22"
PERSONAL = ("caller", "caller_name", "called", "digits")
SHORTEST = 5
"""Digits of a number that stands in no time, port or length by chance; shorter ones are extensions."""
BATCH = 200


def personal_of(folder: Path) -> set[str]:
    """Numbers and names of those who called and were called."""
    truth = read_truth(folder)
    calls = [*truth.get("calls", ()), *truth.get("by_caller", ())]
    found = {str(call[key]) for call in calls for key in PERSONAL if call.get(key)}
    found |= {str(row[key]) for row in truth.get("cdr", ()) for key in ("src", "dst") if row.get(key)}
    return {text for text in found if re.search(r"[^\W\d]{2}", text) or len(re.sub(r"\D", "", text)) >= SHORTEST}


def told_openly(lines: Iterable[Mapping[str, Any]]) -> str:
    """What stands in the log without being asked for."""
    open_facts = [{key: value for key, value in line.items() if not key.startswith(PERSONAL_PREFIX)} for line in lines]
    return "\n".join(map(repr, open_facts))


def found_in(text: str, personal: set[str]) -> set[str]:
    return {word for word in personal if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text)}


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[list[Any]]:
    """Every line of ours, and below them those of libraries."""
    caplog.set_level(logging.DEBUG)
    with capture_logs() as lines:
        yield lines


def test_whoever_is_named_openly_is_found() -> None:
    personal = personal_of(ASTERISK_22 / "hold")
    line = {"event": "call_ended", "caller": "+85291234567", "facts": ["Chan Tai Man"], "pii.called": "551001"}

    assert found_in(told_openly([line]), personal) == {"+85291234567", "Chan Tai Man"} & personal != set()
    assert "551001" in personal


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: str(suite.name))
async def test_what_the_gateway_logs_of_calls_names_nobody(suite: Path, logged: list[Any]) -> None:
    personal: set[str] = set()
    for folder in (each for each in asterisk_captures() if each.parent == suite):
        personal |= personal_of(folder)
        parts = Parts()
        engine = Engine(parts.committer, {PBX: site_of(folder)}, now=lambda: 1_800_000_000.0)
        async with at_work(engine, parts.committer):
            events = pbx_events(folder)
            for start in range(0, len(events), BATCH):
                await engine.accept(PBX, events[start : start + BATCH])
            await engine.declare_gap(PBX, Gap(began_at=1.0, ended_at=2.0, reason="as the test says"))
            await parts.committer.settled()

    told = told_openly(logged)
    assert "call_ended" in told
    assert len(personal) > 2
    assert found_in(told, personal) == set()


@pytest.mark.parametrize("name", ["hold", "outbound", "charsets", "ivr_read_account", "originate_busy", "queue_caller_hangs"])
def test_what_a_connector_logs_of_its_pbx_names_nobody(name: str, tmp_path: Path, logged: list[Any]) -> None:
    """The PBX says what it said then, cut off in the middle of a message, and once more what cannot be read."""
    folder = ASTERISK_22 / name
    wire = (folder / "wire.ami").read_bytes() if (folder / "wire.ami").exists() else _unpacked(folder)
    bench = Bench(tmp_path)

    @in_virtual_time
    async def play() -> None:
        async with bench.connected(site=site_of(folder)):
            bench.asterisk.write(wire)
            await bench.sink.until(lambda: len(bench.sink.events) > 3)
            bench.asterisk.write(wire[: len(wire) // 2 + 3] + b"no colon +85291234567\r\n\r\n" * 3)
            await asyncio.sleep(1.0)
            bench.asterisk.cut()
            await bench.sink.until(lambda: bool(bench.sink.gaps))

    play()
    told = told_openly(logged)
    assert "connection_lost" in told
    assert found_in(told, personal_of(folder) | {"+85291234567", "85291234567", "Chan Tai Man"}) == set()


def _unpacked(folder: Path) -> bytes:
    return gzip.decompress((folder / "wire.ami.gz").read_bytes())
