import json
from pathlib import Path

import pytest
from support.lamps import lamp, notify, subscribe

from connectors.sip_mirror.replay import WIRE, events_of, said_in
from gateway.model.errors import CaptureError
from gateway.model.events import LegCleared, LegSeen
from gateway.model.site import Site


def folder_of(folder: Path, *bodies: bytes, times: bool = True) -> Path:
    wire = [notify("x", place, body).raw for place, body in enumerate(bodies, 1)]
    (folder / WIRE).write_bytes(b"".join(wire))
    sent = {"t": 99.0, "sent": subscribe("1001", "x").raw.decode("latin-1")}
    (folder / "sent.jsonl").write_text(json.dumps(sent) + "\n")
    if times:
        offsets = [sum(map(len, wire[:place])) for place in range(len(wire))]
        lines = [json.dumps([100.0 + 10 * place, offsets[place], len(data)]) for place, data in enumerate(wire)]
        (folder / "chunks.jsonl").write_text("\n".join(lines) + "\n")
    return folder


CALL = (lamp("1001", 0, "early", "+85291234567"), lamp("1001", 1, "confirmed"), lamp("1001", 2, "terminated"))


def test_each_message_is_named_with_what_it_brought(tmp_path: Path) -> None:
    names = [name for name, events in said_in(folder_of(tmp_path, *CALL)) if events]
    assert names == ["", "NOTIFY", "NOTIFY", "(settled)"]


def test_what_was_open_at_the_end_is_settled_with_its_own_time(tmp_path: Path) -> None:
    events = list(events_of(folder_of(tmp_path, *CALL), Site()))
    assert len([event for event in events if isinstance(event, LegSeen)]) == 2
    assert [event.at for event in events if isinstance(event, LegCleared)] == [120.0, 120.0]


def test_a_recording_without_times_is_heard_too(tmp_path: Path) -> None:
    events = list(events_of(folder_of(tmp_path, *CALL, times=False), Site()))
    assert {event.at for event in events} == {0.0}
    assert len([event for event in events if isinstance(event, LegCleared)]) == 2


def test_another_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match=r"no wire\.sip"):
        list(events_of(tmp_path, Site()))
