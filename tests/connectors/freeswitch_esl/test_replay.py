import pytest
from support.esl_captures import FREESWITCH

from connectors.freeswitch_esl.replay import events_of, site_of
from gateway.model.errors import CaptureError
from gateway.model.events import ConnectionMade, LegCreated


def test_a_recording_is_heard_again() -> None:
    folder = FREESWITCH / "uuid_kill_plain"
    events = list(events_of(folder, site_of(folder)))
    assert isinstance(events[0], ConnectionMade)
    assert len([event for event in events if isinstance(event, LegCreated)]) == 2


def test_what_is_no_recording_is_said(tmp_path: object) -> None:
    with pytest.raises(CaptureError):
        list(events_of(FREESWITCH, site_of(FREESWITCH / "uuid_kill_plain")))
