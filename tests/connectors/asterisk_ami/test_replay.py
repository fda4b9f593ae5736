import gzip
import shutil
from pathlib import Path
from typing import Final

import pytest
from support.replaying import CAPTURES, asterisk_captures, name_of, pbx_events

from connectors._kit.capture import Received, find_file, read_capture
from connectors.asterisk_ami.replay import GREETING, WIRE, events_of, site_of
from gateway.model.errors import CaptureError, PeerProtocolError
from gateway.model.events import ConnectionLost, ConnectionMade, LegCleared, LegCreated, ReleaseRequested

CUT: Final = CAPTURES / "asterisk" / "22-site2" / "connection_cut"
CALLS: Final = [folder for folder in asterisk_captures() if folder.parent.name in ("16", "22") and "flood" not in folder.name]


@pytest.mark.parametrize("folder", CALLS, ids=name_of)
def test_two_replays_tell_the_same(folder: Path) -> None:
    events = tuple(events_of(folder, site_of(folder)))
    assert events == pbx_events(folder)
    assert isinstance(events[0], ConnectionMade)


def test_cut_connection_is_lost_and_made_at_its_times() -> None:
    made = [event for event in pbx_events(CUT) if isinstance(event, ConnectionMade | ConnectionLost)]
    assert [type(event) for event in made] == [ConnectionMade, ConnectionLost, ConnectionMade]
    assert [event.at for event in made] == sorted(event.at for event in made)
    assert made[2].at - made[1].at == pytest.approx(3.0, abs=0.1)


def test_without_parts_the_second_greeting_tells_as_much(tmp_path: Path) -> None:
    folder = tmp_path / "cut"
    shutil.copytree(CUT, folder)
    (folder / "parts.json").unlink()
    kinds = [type(event) for event in events_of(folder, site_of(folder))]
    assert kinds == [type(event) for event in pbx_events(CUT)]


def test_without_times_legs_are_told_all_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "untimed"
    shutil.copytree(CAPTURES / "asterisk" / "22" / "hold", folder)
    path = find_file(folder, "chunks.jsonl")
    assert path is not None
    path.unlink()
    found = [event.leg for event in events_of(folder, site_of(folder)) if isinstance(event, LegCreated | LegCleared)]
    timed = pbx_events(CAPTURES / "asterisk" / "22" / "hold")
    assert found == [event.leg for event in timed if isinstance(event, LegCreated | LegCleared)]


def test_command_of_ours_is_read_from_what_was_sent() -> None:
    folder = CAPTURES / "asterisk" / "22-rig" / "ami_hangup"
    assert any(isinstance(event, ReleaseRequested) and not event.by_party for event in events_of(folder, site_of(folder)))


def test_greeting_in_a_callers_name_begins_no_connection(tmp_path: Path) -> None:
    name = b"Asterisk Call Manager/11.0.0"
    wire = (
        name + b"\r\nResponse: Success\r\n\r\nEvent: Newchannel\r\nChannel: PJSIP/a-00000001\r\nUniqueid: 1.1\r\n"
        b"CallerIDName: " + name + b"\r\nChannelState: 4\r\n\r\n"
    )
    (tmp_path / "wire.ami.gz").write_bytes(gzip.compress(wire))
    (made, created) = events_of(tmp_path, site_of(tmp_path))
    assert isinstance(made, ConnectionMade)
    assert isinstance(created, LegCreated)
    assert created.display == "Asterisk Call Manager/11.0.0"


def test_what_is_no_recording_of_an_asterisk_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CaptureError):
        list(events_of(tmp_path, site_of(tmp_path)))
    (tmp_path / WIRE).write_bytes(b"Content-Type: auth/request\n\n")
    with pytest.raises(PeerProtocolError):
        list(events_of(tmp_path, site_of(tmp_path)))


def test_every_recording_begins_with_the_greeting() -> None:
    for folder in CALLS:
        received = [item.data for item in read_capture(folder, WIRE, GREETING) if isinstance(item, Received)]
        assert GREETING.match(b"".join(received[:3]))
