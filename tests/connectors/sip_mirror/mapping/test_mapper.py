"""What lamps tell, as calls: through the mapper and the model's board, as in live traffic."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.lamps import dialog, document, lamp, notify, subscribe

from connectors.sip_mirror.mapping import MirrorMapper
from connectors.sip_mirror.mapping.mapper import SNAPSHOT_S
from connectors.sip_mirror.protocol.message import parse, respond
from gateway.model.board import Board
from gateway.model.calls import Call
from gateway.model.events import ConnectionLost, ConnectionMade, LegSeen, PbxEvent, SnapshotDone
from gateway.model.ids import PbxName
from gateway.model.record import record_of
from gateway.model.reports import MailboxChanged
from gateway.model.site import Site

SITE = Site(region="HK", extensions=r"^1\d{3}$")
CALLER = "+85291234567"


class Lamps:
    """A PBX's lamps, told to a mapper, and what the model makes of it."""

    def __init__(self, *extensions: str) -> None:
        self.mapper = MirrorMapper(extensions)
        self.board = Board(PbxName("pbx"), SITE)
        self.calls: dict[str, Call] = {}
        self.told: list[str] = []
        self.events: list[PbxEvent] = []
        self.now = 1000.0
        self._versions = dict.fromkeys(extensions, -1)
        self._sequence = 0
        self.connect()

    def connect(self, **states: str) -> None:
        self.hear(self.mapper.connection_made(self.now))
        self._watching = {each: f"{each}-{self.now}" for each in self._versions}
        for each, call_id in self._watching.items():
            self._versions[each] = -1
            self.hear(self.mapper.sent(subscribe(each, call_id), self.now))
        for each in self._versions:
            self.lamp(each, states.get(f"x{each}", "terminated"))

    def hear(self, events: list[PbxEvent]) -> None:
        self.events += events
        for event in events:
            step = self.board.apply(event)
            self.calls |= {call.call_id: call for call in step.calls}
            self.told += [each.type for each in step.events]

    def lamp(self, extension: str, state: str, remote: str = "", **more: Any) -> "Lamps":
        """An Asterisk's lamp."""
        return self.say(extension, lamp(extension, self._versions[extension] + 1, state, remote, **more))

    def dialogs(self, extension: str, *dialogs: str, state: str = "full") -> "Lamps":
        """A lamp as the RFC means it."""
        return self.say(extension, document(extension, self._versions[extension] + 1, *dialogs, state=state))

    def say(self, extension: str, body: bytes) -> "Lamps":
        self._versions[extension] += 1
        self._sequence += 1
        self.hear(self.mapper.receive(notify(self._watching[extension], self._sequence, body), self.now))
        return self

    def later(self, seconds: float = 1.0) -> "Lamps":
        self.now += seconds
        self.hear(self.mapper.wake(self.now))
        return self

    def records(self) -> list[dict[str, Any]]:
        self.later(5.0)
        return [record_of(call, SITE) for call in self.calls.values() if call.merged_into is None]

    def record(self) -> dict[str, Any]:
        (only,) = self.records()
        return only


def answered() -> Lamps:
    """An outside caller talks with 1001."""
    lamps = Lamps("1001", "1002", "1003").lamp("1001", "early", CALLER, name="Chan Tai Man")
    return lamps.later(2.0).lamp("1001", "confirmed").later(10.0)


def some(record: dict[str, Any], *keys: str) -> tuple[Any, ...]:
    return tuple(record[key] for key in keys)


def test_a_call_from_outside() -> None:
    record = answered().lamp("1001", "terminated").record()
    assert some(record, "caller", "caller_name", "called", "direction") == (CALLER, "Chan Tai Man", "1001", "inbound")
    assert some(record, "rang", "answered_by", "outcome", "talk_s") == (["1001"], ["1001"], "answered", 10.0)
    assert record["complete"]


@pytest.mark.parametrize("caller_first", [True, False])
def test_a_call_between_telephones_in_whichever_order_it_is_told(caller_first: bool) -> None:
    lamps = Lamps("1001", "1002")
    if caller_first:
        lamps.lamp("1001", "confirmed").lamp("1002", "early", "1001")
    else:
        lamps.lamp("1002", "early", "1001").lamp("1001", "confirmed")
    lamps.later().lamp("1002", "confirmed").later(3.0).lamp("1001", "terminated").lamp("1002", "terminated")
    assert lamps.told == ["call.started", "call.alerting", "call.answered", "call.ended"]
    record = lamps.record()
    assert some(record, "caller", "called", "direction", "answered_by", "talk_s") == ("1001", "1002", "internal", ["1002"], 3.0)


def test_nobody_answers() -> None:
    lamps = Lamps("1001").lamp("1001", "early", CALLER).later(15.0).lamp("1001", "terminated")
    assert some(lamps.record(), "outcome", "stage", "rang", "talk_s") == ("no_answer", "ringing", ["1001"], 0.0)


def test_all_of_a_group_ring_and_one_answers() -> None:
    lamps = Lamps("1001", "1002").lamp("1001", "early", CALLER).lamp("1002", "early", CALLER).later()
    lamps.lamp("1002", "confirmed").lamp("1001", "terminated").later().lamp("1002", "terminated")
    assert some(lamps.record(), "rang", "answered_by", "outcome") == (["1001", "1002"], ["1002"], "answered")


def test_one_desk_after_the_other_is_one_call() -> None:
    lamps = Lamps("1001", "1002").lamp("1001", "early", CALLER).later(5.0).lamp("1001", "terminated").later(0.2)
    lamps.lamp("1002", "early", CALLER).later().lamp("1002", "confirmed").later().lamp("1002", "terminated")
    assert some(lamps.record(), "rang", "answered_by", "transfers") == (["1001", "1002"], ["1002"], [])


def test_asterisk_marks_the_telephone_that_hears_nothing() -> None:
    lamps = Lamps("1001", "1002").lamp("1002", "early", "1001").lamp("1001", "confirmed").later().lamp("1002", "confirmed")
    lamps.later().lamp("1001", "confirmed", rendering=False).later(4.0).lamp("1001", "confirmed").later()
    record = lamps.lamp("1001", "terminated").lamp("1002", "terminated").record()
    assert lamps.told[3:5] == ["call.held", "call.retrieved"]
    assert record["hold_s"] == 4.0


def test_a_blind_transfer() -> None:
    lamps = answered().lamp("1001", "terminated").lamp("1003", "early", CALLER).later().lamp("1003", "confirmed")
    record = lamps.later(4.0).lamp("1003", "terminated").record()
    assert some(record, "rang", "answered_by", "talk_s") == (["1001", "1003"], ["1001", "1003"], 14.0)
    assert [some(each, "kind", "by", "to", "result") for each in record["transfers"]] == [("blind", "1001", "1003", "completed")]


def test_an_attended_transfer() -> None:
    lamps = answered().lamp("1003", "early", "1001").lamp("1001", "confirmed").later().lamp("1003", "confirmed").later(3.0)
    record = lamps.lamp("1001", "terminated").later(6.0).lamp("1003", "terminated").record()
    assert some(record, "caller", "answered_by", "talk_s") == (CALLER, ["1001", "1003"], 20.0)
    assert [some(each, "kind", "by", "to", "result", "consult_s") for each in record["transfers"]] == [
        ("attended", "1001", "1003", "completed", 3.0)
    ]


def test_a_blonde_transfer() -> None:
    lamps = answered().lamp("1003", "early", "1001").later().lamp("1001", "terminated").later(2.0).lamp("1003", "confirmed")
    record = lamps.later(4.0).lamp("1003", "terminated").record()
    assert [some(each, "kind", "by", "to", "result") for each in record["transfers"]] == [("blonde", "1001", "1003", "completed")]


def test_a_consultation_that_ends_with_the_caller_is_no_transfer() -> None:
    lamps = answered().lamp("1003", "early", "1001").later().lamp("1003", "confirmed").later(3.0)
    lamps.lamp("1003", "terminated").lamp("1001", "terminated")
    assert [record["transfers"] for record in lamps.records()] == [[], []]


def test_a_telephone_that_dials_out_is_in_a_call_of_which_no_more_is_told() -> None:
    lamps = Lamps("1001").lamp("1001", "confirmed").later(20.0).lamp("1001", "terminated")
    assert some(lamps.record(), "caller", "called", "outcome", "ended_by", "talk_s") == ("1001", None, "unknown", None, None)


# A PBX that tells each dialog, with its direction and Call-ID, as RFC 4235 means it


def test_a_full_telling_pbx_says_whom_a_telephone_dialled_and_who_hung_up() -> None:
    lamps = Lamps("1001").dialogs("1001", dialog("a", "trying", direction="initiator", remote="62551234")).later()
    lamps.dialogs("1001", dialog("a", "early", direction="initiator", remote="62551234")).later(2.0)
    lamps.dialogs("1001", dialog("a", "confirmed", direction="initiator", remote="62551234")).later(7.0)
    lamps.dialogs("1001", dialog("a", "terminated", direction="initiator", event="local-bye"))
    record = lamps.record()
    assert some(record, "caller", "called", "direction", "outcome", "talk_s", "ended_by") == (
        "1001", "62551234", "outbound", "answered", 7.0, "caller",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("event", "code", "expected"),
    [
        ("rejected", 486, ("busy", "called")),
        ("rejected", 603, ("rejected", "called")),
        ("cancelled", 487, ("abandoned", "caller")),
        ("timeout", 408, ("unreachable", "pbx")),
    ],
)
def test_a_full_telling_pbx_says_why_nobody_answered(event: str, code: int, expected: tuple[str, str]) -> None:
    lamps = Lamps("1001").dialogs("1001", dialog("a", "early", direction="recipient", remote=CALLER)).later()
    lamps.dialogs("1001", dialog("a", "terminated", direction="recipient", event=event, code=code))
    assert some(lamps.record(), "outcome", "ended_by") == expected


def test_a_telephone_in_two_dialogs_hands_the_caller_over() -> None:
    lamps = Lamps("1001", "1002")
    first = dialog("a", "confirmed", direction="recipient", remote=CALLER)
    lamps.dialogs("1001", dialog("a", "early", direction="recipient", remote=CALLER)).dialogs("1001", first).later(5.0)
    second = dialog("b", "early", direction="initiator", remote="1002")
    lamps.dialogs("1001", first, second).dialogs("1002", dialog("c", "early", direction="recipient", remote="1001")).later()
    lamps.dialogs("1002", dialog("c", "confirmed", direction="recipient", remote="1001")).later(2.0)
    lamps.dialogs("1001").later(3.0).dialogs("1002")
    (transfer,) = lamps.record()["transfers"]
    assert some(transfer, "kind", "by", "to", "consult_s") == ("attended", "1001", "1002", 2.0)


def test_a_hold_is_that_telephone_s_own() -> None:
    held = "<local><target uri='sip:x'><param pname='+sip.rendering' pvalue='no'/></target></local>"
    lamps = Lamps("1001").dialogs("1001", dialog("a", "early", direction="recipient", remote=CALLER))
    lamps.dialogs("1001", dialog("a", "confirmed")).later().dialogs("1001", dialog("a", "confirmed", more=held)).later(4.0)
    lamps.dialogs("1001", dialog("a", "confirmed")).later().dialogs("1001")
    assert lamps.record()["hold_s"] == 4.0


# Versions, snapshots, gaps


def test_a_part_changes_what_it_names_and_one_behind_a_hole_nothing() -> None:
    lamps = Lamps("1001").dialogs("1001", dialog("a", "early", direction="recipient", remote=CALLER))
    lamps.dialogs("1001", dialog("b", "early", direction="recipient", remote="+8613900000000"), state="partial").later()
    assert len(lamps.board.live) == 2
    assert lamps.mapper.stale == set()
    lamps.say("1001", document("1001", 99, dialog("a", "terminated"), state="partial"))
    assert len(lamps.board.live) == 2
    assert lamps.mapper.stale == {"1001"}


def test_an_old_document_changes_nothing() -> None:
    lamps = Lamps("1001").lamp("1001", "early", CALLER)
    lamps.say("1001", lamp("1001", 0, "terminated")).later(5.0)
    assert len(lamps.board.live) == 1


def test_a_document_that_cannot_be_read_is_asked_for_again() -> None:
    lamps = Lamps("1001").say("1001", b"<nothing")
    assert lamps.mapper.stale == {"1001"}


def test_the_first_states_are_a_snapshot() -> None:
    mapper = MirrorMapper(["1001", "1002"])
    assert mapper.connection_made(1.0) == [ConnectionMade(at=1.0)]
    for each in ("1001", "1002"):
        assert mapper.sent(subscribe(each, each), 1.0) == []
    assert mapper.receive(notify("1001", 1, lamp("1001", 0, "early", CALLER)), 2.0) == []
    *seen, done = mapper.receive(notify("1002", 1, lamp("1002", 0, "terminated")), 2.0)
    assert [(each.number, each.alerting) for each in seen if isinstance(each, LegSeen)] == [(CALLER, False), ("1001", True)]
    assert done == SnapshotDone(at=2.0)


def test_a_telephone_that_is_refused_does_not_hold_up_the_snapshot_nor_one_that_is_not_told() -> None:
    mapper = MirrorMapper(["1001"])
    mapper.connection_made(1.0)
    asked = subscribe("1001", "1001")
    mapper.sent(asked, 1.0)
    assert mapper.receive(parse(respond(asked, 401, "Unauthorized", "t")), 1.0) == []
    assert mapper.receive(parse(respond(asked, 404, "Not Found", "t")), 1.0) == [SnapshotDone(at=1.0)]
    mapper.connection_made(50.0)
    mapper.sent(asked, 50.0)
    assert mapper.due == 50.0 + SNAPSHOT_S
    assert mapper.wake(50.0 + SNAPSHOT_S) == [SnapshotDone(at=50.0 + SNAPSHOT_S)]


def test_a_call_that_a_gap_interrupts_goes_on_as_itself() -> None:
    lamps = answered()
    lamps.hear(lamps.mapper.connection_lost(lamps.now))
    lamps.now += 10.0
    lamps.connect(x1001="confirmed")
    record = lamps.later(5.0).lamp("1001", "terminated").record()
    assert some(record, "outcome", "complete", "answered_by") == ("answered", False, ["1001"])


def test_a_call_that_ended_in_a_gap_is_not_told_to_have_ended_at_any_time() -> None:
    lamps = answered()
    lamps.hear(lamps.mapper.connection_lost(lamps.now))
    lamps.now += 10.0
    lamps.connect()
    assert some(lamps.record(), "outcome", "ended_at", "complete") == ("answered", None, False)


def test_what_was_open_is_settled_when_the_connection_is_lost() -> None:
    lamps = answered().lamp("1001", "terminated")
    *events, lost = lamps.mapper.connection_lost(lamps.now)
    assert events
    assert isinstance(lost, ConnectionLost)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["1001", "1002", "1003"]),
            st.sampled_from(["early", "confirmed", "terminated"]),
            st.sampled_from(["", CALLER, "1001", "1002", "1003"]),
            st.booleans(),
            st.floats(0.0, 2.0),
        ),
        max_size=30,
    )
)
def test_whatever_lamps_tell_every_call_ends_with_them(said: list[tuple[str, str, str, bool, float]]) -> None:
    lamps = Lamps("1001", "1002", "1003")
    for extension, state, remote, rendering, wait_s in said:
        lamps.lamp(extension, state, remote if remote != extension else "", rendering=rendering).later(wait_s)
    for extension in ("1001", "1002", "1003"):
        lamps.lamp(extension, "terminated")
    lamps.later(10.0)
    assert lamps.board.live == {}
    assert lamps.mapper.due is None


def test_a_mailbox_is_told_once_for_each_notification_and_costs_no_snapshot() -> None:
    mapper = MirrorMapper(["1001"])
    mapper.connection_made(0.0)
    asked = subscribe("1001", "box")
    summary = msgspec.structs.replace(asked, headers=(*asked.headers, ("event", "message-summary")))
    assert mapper.sent(summary, 0.0) == []

    def says(sequence: int, text: str) -> list[PbxEvent]:
        return mapper.receive(notify("box", sequence, text.encode(), event="message-summary"), 1.0)

    assert says(2, "Messages-Waiting: yes\r\nVoice-Message: 1/0 (1/0)\r\n") == [
        MailboxChanged(at=1.0, mailbox="1001", waiting=True, new=1, old=0, urgent=1)
    ]
    assert says(2, "Messages-Waiting: no\r\n") == [], "sent again"
    assert says(3, "") == []
    assert says(4, "nonsense") == []
    # The telephone is still to be told of.
    assert [type(event) for event in mapper.wake(SNAPSHOT_S)] == [SnapshotDone]
