from typing import Final

import pytest
from support.fake_asterisk import block

from connectors.asterisk_ami.mapping import AmiMapper
from connectors.asterisk_ami.protocol import AmiDecoder
from gateway.model.events import (
    LegCleared,
    LegCreated,
    LegSeen,
    LegsTwinned,
    MenuEntered,
    MenuLeft,
    PbxEvent,
    PbxStopped,
    SnapshotDone,
)
from gateway.model.ids import LegId
from gateway.model.site import Site

SITE: Final = Site(region="HK", extensions=r"^1\d{3}$", trunks=("PJSIP/carrier",))


class Heard:
    """A mapper, and what it made of what an Asterisk said."""

    def __init__(self) -> None:
        self._decoder = AmiDecoder()
        self._mapper = AmiMapper(SITE)
        self.events: list[PbxEvent] = []
        self.connected()

    def connected(self) -> None:
        self._mapper.connection_made(1000.0)

    def says(self, **fields: str) -> "Heard":
        for message in self._decoder.receive_data(block(**fields)):
            self.events = self._mapper.receive(message, 1000.0)
        return self

    def lists(self, name: str = "PJSIP/carrier-00000001", leg: str = "1.1", **more: str) -> "Heard":
        """CoreShowChannels shows a leg."""
        fields = {"Channel": name, "Uniqueid": leg, "Linkedid": "1.1", "ChannelState": "6", "Duration": "00:01:05"} | more
        return self.says(Event="CoreShowChannel", **fields)

    def done(self) -> list[PbxEvent]:
        self.says(Event="CoreShowChannelsComplete")
        return self.events


def test_who_began_a_call_is_listed_first_and_halves_of_a_pipe_are_joined() -> None:
    heard = Heard().lists("Local/1001@from-queue-00000001;1", "1.3").lists("Local/1001@from-queue-00000001;2", "1.4").lists()
    first, *_, twinned, done = heard.done()
    assert isinstance(first, LegSeen)
    assert (first.leg, first.age_s, first.connected) == ("1.1", 65.0, True)
    assert isinstance(twinned, LegsTwinned)
    assert (twinned.leg, twinned.twin) == ("1.3", "1.4")
    assert isinstance(done, SnapshotDone)


def test_a_leg_that_is_listed_in_a_menu_stands_in_it_since_nobody_knows_when() -> None:
    heard = Heard().lists(Application="BackGround", ApplicationData="vm-press", Context="ivr-main")
    (entered,) = [event for event in heard.done() if isinstance(event, MenuEntered)]
    assert (entered.leg, entered.menu, entered.since) == ("1.1", "ivr-main", None)


def test_a_leg_that_left_its_menu_while_nobody_listened_is_listed_elsewhere() -> None:
    heard = Heard().says(
        Event="Newchannel", Channel="PJSIP/carrier-00000001", Uniqueid="1.1", Linkedid="1.1", ChannelState="4", Context="in"
    )
    heard.says(Event="Newexten", Uniqueid="1.1", Context="ivr-main", Extension="s", Priority="2", Application="Read")
    heard.connected()
    events = heard.lists(Application="Dial", ApplicationData="PJSIP/1001", Context="ivr-main").done()
    assert [type(event) for event in events] == [LegSeen, MenuLeft, SnapshotDone]


def test_what_a_leg_dialled_that_was_there_before_us_is_in_the_list_of_states() -> None:
    heard = Heard().lists(Application="Queue", Context="queues")
    heard.lists("PJSIP/1001-00000002", "1.2", Application="AppQueue").done()
    status = {"Event": "Status", "Channel": "PJSIP/carrier-00000001", "Uniqueid": "1.1", "Linkedid": "1.1", "DNID": "5000"}
    (seen,) = heard.says(**status, Application="Queue", ChannelState="6", Seconds="65").events
    assert isinstance(seen, LegSeen)
    assert (seen.leg, seen.dialled, seen.age_s) == ("1.1", "5000", 65.0)
    assert heard.says(**status).events == []
    assert heard.says(**(status | {"Uniqueid": "1.2", "Application": "AppQueue"})).events == []


def test_what_a_leg_dialled_whose_beginning_was_heard_is_known() -> None:
    heard = Heard().says(
        Event="Newchannel", Channel="PJSIP/carrier-00000001", Uniqueid="1.1", Linkedid="1.1", ChannelState="4", Exten="5000"
    )
    (created,) = heard.events
    assert isinstance(created, LegCreated)
    heard.lists(Application="Queue").done()
    assert heard.says(Event="Status", Channel="PJSIP/carrier-00000001", Uniqueid="1.1", DNID="5000").events == []


def test_legs_that_end_while_they_are_listed_are_not_seen() -> None:
    heard = Heard().lists().says(Event="Hangup", Uniqueid="1.1", Channel="PJSIP/carrier-00000001", Cause="16")
    assert [type(event) for event in heard.done()] == [SnapshotDone]


def test_an_asterisk_that_goes_down_says_so() -> None:
    (stopped,) = Heard().says(Event="Shutdown").events
    assert isinstance(stopped, PbxStopped)


@pytest.mark.parametrize("listed", [False, True])
def test_the_end_of_a_leg_that_only_an_earlier_process_knew_is_told_once(listed: bool) -> None:
    heard = Heard()
    if listed:
        heard.done()
    hangup = {"Event": "Hangup", "Channel": "PJSIP/carrier-00000001", "Uniqueid": "1.1", "Cause": "16"}
    assert heard.says(**hangup).events == [LegCleared(at=1000.0, leg=LegId("1.1"), cause=16, sip=0)]
    assert heard.says(**hangup).events == []
    assert heard.says(Event="Hangup", Cause="16").events == []


def test_a_leg_whose_end_overtook_the_list_is_not_listed() -> None:
    heard = Heard().says(Event="Hangup", Channel="PJSIP/carrier-00000001", Uniqueid="1.1", Cause="16").lists()
    assert [type(event) for event in heard.done()] == [SnapshotDone]


@pytest.mark.parametrize("listed", [False, True])
def test_late_words_of_a_leg_whose_end_was_its_first_sign_do_not_bring_it_back(listed: bool) -> None:
    heard = Heard()
    if listed:
        heard.done()
    leg = {"Channel": "PJSIP/carrier-00000001", "Uniqueid": "1.1", "Linkedid": "1.1", "ChannelState": "6"}
    heard.says(Event="Hangup", **leg)
    assert heard.says(Event="Newstate", **leg).events == []
