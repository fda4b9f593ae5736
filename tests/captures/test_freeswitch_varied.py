"""What happened does not depend on how FreeSWITCH's bytes reached us: its recordings, varied, make the same records."""

from collections.abc import Iterable
from itertools import zip_longest
from pathlib import Path
from random import Random
from typing import Any, Final

import msgspec
import pytest
from support.esl_captures import FREESWITCH, wire_of
from support.replaying import pbx_events, records, run, site_of

from connectors.freeswitch_esl.mapping import WANTED, EslMapper
from connectors.freeswitch_esl.protocol.decoder import EslDecoder
from connectors.freeswitch_esl.protocol.message import EslMessage
from gateway.model.events import PbxEvent
from gateway.model.record import record_of

PLAIN: Final = "_plain"
BOTH: Final = sorted(
    path.name.removesuffix(PLAIN)
    for path in FREESWITCH.glob(f"*{PLAIN}")
    if (path.parent / path.name.replace(PLAIN, "_json")).is_dir()
)
KINDS: Final = [name for name in BOTH if name not in ("encodings", "commands")]
"""Recordings that are there in both formats, and in which nothing is told but calls."""
WHATEVER: Final = ("call_id", "pbx_ids", "legs", "started_at", "answered_at", "ended_at", "started", "recording")
"""What differs between two recordings of the same."""


def plain(name: str) -> Path:
    return FREESWITCH / f"{name}{PLAIN}"


def made_of(events: Iterable[PbxEvent], name: str) -> list[dict[str, Any]]:
    site = site_of(plain(name))
    calls, _ = run(events, site)
    return [record_of(call, site) for call in calls.values() if call.merged_into is None]


def heard(wire: bytes, name: str, *, cut: Random | None = None) -> list[PbxEvent]:
    """Return what bytes say that come at no time of their own, in pieces of any length."""
    site = site_of(plain(name))
    mapper, decoder = EslMapper(site), EslDecoder(WANTED, site.encoding_fallback)
    events = mapper.connection_made(0.0)
    start = 0
    while start < len(wire):
        end = start + (len(wire) if cut is None else cut.randint(1, 9000))
        for message in decoder.receive_data(wire[start:end]):
            events += mapper.receive(message, 0.0)
        start = end
    return events


def shown(record: dict[str, Any]) -> dict[str, Any]:
    return {
        key: value for key, value in record.items() if key not in WHATEVER and not isinstance(value, float) and key != "queues"
    }


@pytest.mark.parametrize("name", KINDS)
def test_both_formats_of_a_scenario_tell_the_same(name: str) -> None:
    one, other = records(plain(name)), records(FREESWITCH / f"{name}_json")
    assert one
    assert [_without_ids(shown(record)) for record in one] == [_without_ids(shown(record)) for record in other]


def _without_ids(record: dict[str, Any]) -> dict[str, Any]:
    found = dict(record)
    found["transfers"] = [
        {key: value for key, value in each.items() if key != "consult_s"} for each in record.get("transfers") or []
    ]
    found["agents"] = [{key: value for key, value in each.items() if key != "talk_s"} for each in record.get("agents") or []]
    return found


@pytest.mark.parametrize("name", KINDS)
def test_bytes_cut_anywhere_tell_the_same(name: str) -> None:
    wire = wire_of(plain(name))
    assert heard(wire, name, cut=Random(name)) == heard(wire, name)


@pytest.mark.parametrize("name", KINDS)
def test_the_same_call_at_another_time_is_the_same_call(name: str) -> None:
    later = [msgspec.structs.replace(event, at=event.at + 86_400.0) for event in pbx_events(plain(name))]
    now, then = made_of(pbx_events(plain(name)), name), made_of(later, name)
    assert [shown(record) for record in now] == [shown(record) for record in then]
    assert [record["talk_s"] for record in then] == pytest.approx([record["talk_s"] for record in now], abs=0.001)


@pytest.mark.parametrize("name", [name for name in KINDS if name != "shutdown"])
def test_two_calls_at_once_are_two_records(name: str) -> None:
    """Two recordings, event by event in turn, as if one PBX had had both calls."""
    other = "queue_agent_hangs_up_first" if name != "queue_agent_hangs_up_first" else "ivr_queue_agent"
    mapper = EslMapper(site_of(plain(name)))
    events = mapper.connection_made(0.0)
    for pair in zip_longest(messages_of(name), messages_of(other)):
        for message in pair:
            events += [] if message is None else mapper.receive(message, 0.0)
    alone = made_of(heard(wire_of(plain(name)), name), name) + made_of(heard(wire_of(plain(other)), other), other)
    assert by_id(made_of(events, name)) == by_id(alone)


def messages_of(name: str) -> list[EslMessage]:
    return [*EslDecoder(WANTED, site_of(plain(name)).encoding_fallback).receive_data(wire_of(plain(name)))]


def by_id(found: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {str(record["call_id"]): record for record in found}


SURE: Final = (
    "caller",
    "called",
    "direction",
    "outcome",
    "stage",
    "ended_by",
    "talk_s",
    "digits",
    "queue",
    "ended_at",
    "answered_by",
)


@pytest.mark.parametrize("missed", [1, 4, 12, 40])
@pytest.mark.parametrize("name", [name for name in KINDS if name != "shutdown"])
def test_what_was_not_heard_is_not_made_up(name: str, missed: int) -> None:
    """The connection breaks at each place for some events: what is told nevertheless was so, or it says that it is not all."""
    messages = [message for message in messages_of(name) if message.name in WANTED]
    whole = {leg: record for record in made_of(heard(wire_of(plain(name)), name), name) for leg in record["pbx_ids"]}
    for start in range(len(messages)):
        for record in made_of(interrupted(messages, name, start, start + missed), name):
            if record["complete"]:
                real = whole[record["pbx_ids"][0]]
                place = f"{start} {messages[start].name}"
                assert (place, {key: record.get(key) for key in SURE}) == (place, {key: real.get(key) for key in SURE})
            assert record.get("ended_at") is not None or record.get("ended_by") is None


def interrupted(messages: list[EslMessage], name: str, start: int, stop: int) -> list[PbxEvent]:
    """Return what is heard where nothing is from one place to another."""
    mapper = EslMapper(site_of(plain(name)))
    at = stamp_of(messages[0])
    events = mapper.connection_made(at)
    for place, message in enumerate(messages):
        if place == start:
            events += mapper.connection_lost(at)
        at = stamp_of(message) or at
        if place == stop:
            events += mapper.connection_made(at)
        if not start <= place < stop:
            events += mapper.receive(message, at)
    return events


def stamp_of(message: EslMessage) -> float:
    stamp = message.get("Event-Date-Timestamp")
    return int(stamp) / 1_000_000 if stamp.isdigit() else 0.0
