import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.building import START
from support.speaking_asterisk import SpeakingAsterisk, ami

from connectors.asterisk_ami.mapping.listings import READERS, leg_seen, number, seconds
from gateway.model.events import LegSeen, QueueEntrySeen
from gateway.model.reports import (
    AgentLoggedIn,
    AgentLoggedOut,
    CallDetail,
    DeviceChanged,
    MailboxChanged,
    MemberChanged,
    QueueSeen,
    QueuesListed,
)
from gateway.model.terms import LegRole


@given(value=st.integers(0, 10**9))
def test_a_count_is_read(value: int) -> None:
    assert number(str(value)) == value


@pytest.mark.parametrize("text", ["", "-1", "1.5", "many", "²", "٣", " 1"])
def test_what_is_no_count_is_none(text: str) -> None:
    assert number(text) == 0


@pytest.mark.parametrize(
    ("text", "length"), [("00:00:07", 7.0), ("01:02:03", 3723.0), ("100:00:00", 360000.0), ("", 0.0), ("42", 42.0)]
)
def test_a_length_is_read_in_seconds(text: str, length: float) -> None:
    assert seconds(text) == length


LISTED = {
    "Uniqueid": "1.0",
    "Linkedid": "1.0",
    "Channel": "PJSIP/carrier-00000001",
    "ChannelState": "6",
    "CallerIDNum": "01062551234",
    "CallerIDName": "Chen",
    "Context": "from-trunk",
    "Application": "Queue",
    "Duration": "00:01:30",
    "BridgeId": "",
}


def listed(**changes: str) -> LegSeen:
    seen = leg_seen(ami("CoreShowChannel", **(LISTED | changes)), START)
    assert seen is not None
    return seen


def test_a_listed_leg_is_described_in_full() -> None:
    seen = listed(BridgeId="b-1")
    assert (seen.leg, seen.root, seen.device, seen.role) == ("1.0", "1.0", "PJSIP/carrier", LegRole.ORIGINATING)
    assert (seen.number, seen.display, seen.place) == ("01062551234", "Chen", "from-trunk")
    assert (seen.age_s, seen.connected, seen.alerting, seen.bridge) == (90.0, True, False, "b-1")


@pytest.mark.parametrize(
    ("changes", "role"),
    [
        ({"Application": "AppDial"}, LegRole.TERMINATING),
        ({"Application": "AppQueue"}, LegRole.TERMINATING),
        ({"Application": "Dial", "Linkedid": "0.9"}, LegRole.ORIGINATING),
        ({"Application": "", "Linkedid": "0.9"}, LegRole.TERMINATING),
        ({"Application": "", "ChannelState": "5"}, LegRole.TERMINATING),
        ({"Application": ""}, LegRole.ORIGINATING),
        ({"Channel": "Local/8001@from-queue-00000001;1"}, LegRole.HELPER),
    ],
)
def test_a_listed_legs_role_is_told_by_what_it_runs(changes: dict[str, str], role: LegRole) -> None:
    assert listed(**changes).role is role


def test_a_listed_leg_without_a_number_has_none() -> None:
    seen = listed(CallerIDNum="<unknown>", CallerIDName="", ChannelState="5")
    assert (seen.number, seen.display, seen.alerting, seen.bridge) == (None, None, True, None)


@pytest.mark.parametrize("missing", ["Uniqueid", "Channel"])
def test_a_message_without_id_or_name_describes_no_leg(missing: str) -> None:
    assert leg_seen(ami("CoreShowChannel", **{**LISTED, missing: ""}), START) is None


def test_a_row_of_the_cdr_is_read() -> None:
    (event,) = SpeakingAsterisk().says(
        "Cdr",
        UniqueID="1.0",
        Channel="PJSIP/carrier-00000001",
        Source="01062551234",
        Destination="8001",
        DestinationContext="from-trunk",
        DestinationChannel="PJSIP/8001-00000002",
        LastApplication="Dial",
        LastData="PJSIP/8001,15",
        Duration="11",
        BillableSeconds="8",
        Disposition="ANSWERED",
    )
    assert isinstance(event, CallDetail)
    assert (event.leg, event.source, event.destination, event.destination_leg) == (
        "1.0",
        "01062551234",
        "8001",
        "PJSIP/8001-00000002",
    )
    assert (event.duration_s, event.billed_s, event.answered, event.disposition) == (11, 8, True, "ANSWERED")
    # AMI gives local time without a zone.
    assert (event.started_at, event.answered_at, event.ended_at) == (None, None, None)


@pytest.mark.parametrize(
    "name", ["QueueMember", "QueueMemberAdded", "QueueMemberStatus", "QueueMemberPause", "QueueMemberRemoved"]
)
def test_a_member_of_a_queue_is_read_alike_from_all_that_tell_of_it(name: str) -> None:
    told = {"Queue": "support", "Interface": "PJSIP/8001", "Status": "2", "Paused": "1", "PausedReason": "lunch", "Penalty": "3"}
    (event,) = SpeakingAsterisk().says(name, MemberName="Wang", **told)
    assert isinstance(event, MemberChanged)
    assert (event.queue, event.member, event.interface) == ("support", "Wang", "PJSIP/8001")
    assert (event.device_state, event.paused, event.reason, event.penalty) == (2, True, "lunch", 3)
    assert event.removed is (name == "QueueMemberRemoved")


def test_a_listed_member_is_read_by_the_names_that_lists_use() -> None:
    (event,) = SpeakingAsterisk().says("QueueMember", Queue="support", Name="Wang", Location="PJSIP/8001", Paused="0")
    assert isinstance(event, MemberChanged)
    assert (event.member, event.interface, event.paused) == ("Wang", "PJSIP/8001", False)


def test_a_queue_and_who_waits_in_it_are_read() -> None:
    asterisk = SpeakingAsterisk()
    (queue,) = asterisk.says("QueueParams", Queue="support", Calls="2", Strategy="rrmemory")
    (entry,) = asterisk.says("QueueEntry", "1.0", Queue="support", Wait="30")
    assert isinstance(queue, QueueSeen)
    assert (queue.queue, queue.waiting, queue.strategy) == ("support", 2, "rrmemory")
    assert isinstance(entry, QueueEntrySeen)
    assert (entry.leg, entry.queue, entry.wait_s) == ("1.0", "support", 30.0)


def test_what_waits_in_a_mailbox_is_read_from_what_is_told_and_what_is_listed() -> None:
    pbx = SpeakingAsterisk()
    (told,) = pbx.says("MessageWaiting", Mailbox="8001@default", Waiting="1", New="2", Old="5")
    (bare,) = pbx.says("MessageWaiting", Mailbox="8001@default", Waiting="1")
    (listed,) = pbx.says("VoicemailUserEntry", VMContext="default", VoiceMailbox="8001", NewMessageCount="0", OldMessageCount="5")
    assert isinstance(told, MailboxChanged)
    assert isinstance(bare, MailboxChanged)
    assert isinstance(listed, MailboxChanged)
    assert [(each.mailbox, each.waiting, each.new, each.old) for each in (told, bare, listed)] == [
        ("8001@default", True, 2, 5), ("8001@default", True, None, None), ("8001@default", False, 0, 5),
    ]  # fmt: skip


def test_a_device_is_read() -> None:
    assert SpeakingAsterisk().says("DeviceStateChange", Device="PJSIP/8001", State="INUSE") == [
        DeviceChanged(at=START, device="PJSIP/8001", state="INUSE")
    ]


@pytest.mark.parametrize("name", sorted(READERS))
@given(values=st.dictionaries(st.sampled_from(sorted(LISTED)), st.text(alphabet="0123456789abc:<>-./", max_size=12)))
def test_a_report_with_anything_in_it_is_read_without_complaint(name: str, values: dict[str, str]) -> None:
    assert READERS[name](ami(name, **values), START).at == START


def test_a_member_tells_since_when_he_pauses_and_is_logged_in() -> None:
    (member,) = SpeakingAsterisk().says(
        "QueueMember",
        Queue="support",
        Name="Zhao Min",
        Location="Local/8005@from-queue/n",
        StateInterface="hint:8005@ext-local",
        Membership="dynamic",
        CallsTaken="4",
        LastCall="1795346780",
        LastPause="0",
        LoginTime="1795346706",
        Wrapuptime="15",
    )
    assert isinstance(member, MemberChanged)
    assert (member.state_interface, member.dynamic, member.calls_taken) == ("hint:8005@ext-local", True, 4)
    assert (member.last_call, member.last_pause, member.logged_in_at) == (1795346780.0, None, 1795346706.0)
    assert member.wrap_up_s == 15.0


def test_the_end_of_the_queues_list_and_agents_telephones_are_told() -> None:
    asterisk = SpeakingAsterisk()
    assert [
        *asterisk.says("QueueStatusComplete", ListItems="3"),
        *asterisk.says("AgentLogin", Agent="500", Channel="PJSIP/8001-0000000c"),
        *asterisk.says("AgentLogoff", Agent="500", Logintime="7"),
    ] == [
        QueuesListed(at=START),
        AgentLoggedIn(at=START, agent="500", device="PJSIP/8001"),
        AgentLoggedOut(at=START, agent="500"),
    ]
