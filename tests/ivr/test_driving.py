from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.dialogs import MONDAY_NOON

from gateway.model.calls import AgentTalk, Call, QueueStay, begun
from gateway.model.ids import LegId, PbxName, QueueName, Tenant
from gateway.model.legs import Leg, PartyKind
from gateway.model.terms import LegRole
from ivr.definition.reading import parse_dialog
from ivr.definition.values import Target
from ivr.driving import (
    Act,
    Arrived,
    Astray,
    Driving,
    Lost,
    NoWayError,
    OldMenus,
    Press,
    Seen,
    Send,
    Wait,
    Way,
    give_up,
    seen,
    step,
    way_to,
)
from ivr.turns.values import Say, State, Transfer, Waiting

DIALOG = parse_dialog(
    """itr: 1
name: old
languages: [en]
start: main
human: {queue: support}
nodes:
  main:
    say: Welcome.
    choices: [{digit: "1", go: help}, {digit: "2", go: account}, {digit: "0", go: desk}, {digit: "5", go: hours}, {go: spoken}]
  help: {say: Help., choices: [{digit: "1", go: queue}, {digit: "12", go: agent}, {digit: "9", go: main}]}
  queue: {say: To the queue., transfer: {queue: support}}
  agent: {transfer: {agent: "1003"}}
  desk: {say: To the desk., transfer: {number: "1001"}}
  hours: {say: Nine to six., end: true}
  account: {needs: [number], then: behind}
  behind: {say: Behind., transfer: {queue: billing}}
  spoken: {say: No digit leads here., end: true}
  through: {say: x, then: queue}
slots: {number: {type: number, ask: Which?}}
""",
    Path("old.yaml"),
).dialog
OLD = OldMenus(names={"main": "ivr-main", "help": "ivr-help"}, pause_s=0.5, patience_s=8.0, blind_s=3.0)
QUEUE = way_to(DIALOG, "queue", OLD)


@pytest.mark.parametrize(
    ("node", "keys", "menu", "target"),
    [
        ("main", [], "ivr-main", None),
        ("help", ["1"], "ivr-help", None),
        ("queue", ["1", "1"], None, Target(queue="support")),
        ("agent", ["1", "12"], None, Target(agent="1003")),
        ("desk", ["0"], None, Target(number="1001")),
        ("hours", ["5"], None, None),
        ("account", ["2"], None, None),
    ],
)
def test_the_shortest_keys_to_a_node_are_found(node: str, keys: list[str], menu: str | None, target: Target | None) -> None:
    way = way_to(DIALOG, node, OLD)

    assert ([each.keys for each in way.presses], way.menu, way.target) == (keys, menu, target)


def test_each_key_belongs_to_a_menu_by_the_pbxs_name_for_it() -> None:
    assert QUEUE.presses == (Press("ivr-main", "1"), Press("ivr-help", "1"))
    assert way_to(DIALOG, "queue", OldMenus()).presses[0] == Press("main", "1")


@pytest.mark.parametrize("node", ["spoken", "behind", "through"])
def test_where_no_digits_lead_is_said(node: str) -> None:
    with pytest.raises(NoWayError, match=f"no digits lead from main to {node}"):
        way_to(DIALOG, node, OLD)


def test_a_key_is_pressed_in_its_menu_and_not_at_once() -> None:
    driving = Driving(way=QUEUE, since=100.0)

    assert step(driving, Seen(), OLD, 100.0)[1] == Wait(8.0)
    driving, act = step(driving, Seen(menus=("ivr-main",)), OLD, 101.0)
    assert act == Wait(0.5)
    driving, act = step(driving, Seen(menus=("ivr-main",)), OLD, 101.5)
    assert act == Send("1")
    driving, act = step(driving, Seen(menus=("ivr-main",), digits="1"), OLD, 101.6)
    assert isinstance(act, Wait)
    driving, act = step(driving, Seen(menus=("ivr-main", "ivr-help"), digits="1"), OLD, 102.0)
    driving, act = step(driving, Seen(menus=("ivr-main", "ivr-help"), digits="1"), OLD, 102.5)
    assert act == Send("1")
    there = Seen(menus=("ivr-main", "ivr-help"), digits="11", queue="support")
    assert step(driving, there, OLD, 103.0)[1] == Arrived()


def pressed(way: Way, *, heard: int = 0, menus: int | None = None) -> Driving:
    """Who has made all choices of a way, the last a moment ago."""
    return Driving(way=way, since=200.0, pressed=len(way.presses), tries=1, heard=heard, menus=menus or len(way.presses))


@pytest.mark.parametrize(
    ("node", "told"),
    [
        ("help", Seen(menus=("ivr-main", "ivr-help"), digits="1")),
        ("queue", Seen(menus=("ivr-main", "ivr-help"), queue="support", called=frozenset({"1001"}))),
        ("agent", Seen(menus=("ivr-main", "ivr-help"), called=frozenset({"1003"}))),
        ("agent", Seen(menus=("ivr-main", "ivr-help"), queue="sales", agents=frozenset({"1003"}))),
        ("desk", Seen(menus=("ivr-main",), called=frozenset({"1001"}))),
        ("hours", Seen(menus=("ivr-main",), digits="5", is_over=True)),
    ],
)
def test_arrival_is_what_the_pbx_tells(node: str, told: Seen) -> None:
    assert step(pressed(way_to(DIALOG, node, OLD)), told, OLD, 200.1)[1] == Arrived()


@pytest.mark.parametrize(
    ("node", "told", "why", "where"),
    [
        ("queue", Seen(menus=("ivr-main", "ivr-other")), Astray.ELSEWHERE, "ivr-other"),
        ("queue", Seen(menus=("ivr-main", "ivr-help", "ivr-main")), Astray.ELSEWHERE, "ivr-main"),
        ("queue", Seen(menus=("ivr-main", "ivr-help"), queue="sales"), Astray.ELSEWHERE, "sales"),
        ("desk", Seen(menus=("ivr-main",), called=frozenset({"1002"})), Astray.ELSEWHERE, "1002"),
        ("desk", Seen(menus=("ivr-main",), queue="sales", called=frozenset({"1002"})), Astray.ELSEWHERE, "sales"),
        ("queue", Seen(menus=("ivr-main", "ivr-help"), digits="11", is_over=True), Astray.ENDED, "ivr-help"),
        ("help", Seen(is_over=True), Astray.ENDED, ""),
    ],
)
def test_who_is_elsewhere_is_lost_at_once(node: str, told: Seen, why: Astray, where: str) -> None:
    assert step(pressed(way_to(DIALOG, node, OLD)), told, OLD, 200.1)[1] == Lost(why, where)


def test_a_key_that_was_not_heard_is_pressed_again_once() -> None:
    still = Seen(menus=("ivr-main", "ivr-help"), digits="1")
    driving, act = step(pressed(QUEUE, heard=1), still, OLD, 208.0)
    assert act == Send("1")
    driving, act = step(driving, still, OLD, 216.0)
    assert act == Lost(Astray.NOTHING, "ivr-help")


def test_a_key_that_was_heard_and_changed_nothing_is_not_pressed_again() -> None:
    heard = Seen(menus=("ivr-main", "ivr-help"), digits="11")

    assert step(pressed(QUEUE, heard=1), heard, OLD, 208.0)[1] == Lost(Astray.NOTHING, "ivr-help")


def test_a_menu_that_never_begins_is_nothing() -> None:
    assert step(Driving(way=QUEUE, since=0.0), Seen(), OLD, 8.0)[1] == Lost(Astray.NOTHING)


def test_where_menus_are_not_told_keys_come_by_the_clock() -> None:
    blind = msgspec.structs.replace(OLD, are_told=False)
    driving, acts = Driving(way=QUEUE, since=0.0), []
    for now in (1.0, 3.0, 4.0, 6.0):
        driving, act = step(driving, Seen(), blind, now)
        acts.append(act)

    assert acts == [Wait(2.0), Send("1"), Wait(2.0), Send("1")]
    assert step(driving, Seen(queue="support"), blind, 7.0)[1] == Arrived()


def test_who_is_lost_is_told_so_and_gets_to_a_human() -> None:
    made = give_up(DIALOG, State(language="en", node="queue", waiting=Waiting.CHOICE, path=("main", "queue")), MONDAY_NOON)
    first, second, last = made.actions

    assert (first, second) == (
        Say(text="I could not get you through to there."),
        Say(text="I am putting you through to a colleague."),
    )
    assert isinstance(last, Transfer)
    assert last.target.queue == "support"


def leg(name: str, party: str | None, kind: PartyKind = PartyKind.EXTENSION) -> Leg:
    role = LegRole.HELPER if kind is PartyKind.HELPER else LegRole.TERMINATING
    return Leg(
        id=LegId(name), name=name, device=f"PJSIP/{party}", role=role, kind=kind, party=party, number=party, display=None,
        dialled=None, place=None, created_at=1.0,
    )  # fmt: skip


def call_with(**changes: object) -> Call:
    legs = {
        LegId("1"): leg("1", "+85291234567", PartyKind.OUTSIDE),
        LegId("2"): leg("2", "1002"),
        LegId("3"): leg("3", None, PartyKind.HELPER),
    }
    call = msgspec.structs.replace(begun(PbxName("cc1"), Tenant("default"), LegId("1"), 1.0), legs=legs, caller_leg=LegId("1"))
    return msgspec.structs.replace(call, **changes)


def test_of_a_call_the_menus_the_digits_and_the_others_are_seen() -> None:
    call = call_with(menus=("ivr-main", "ivr-main", "ivr-help"), digits="1", ended=True)

    assert seen(call) == Seen(menus=("ivr-main", "ivr-help"), digits="1", called=frozenset({"1002"}), is_over=True)


@pytest.mark.parametrize(("left_at", "answered_by", "queue"), [(None, (), "pool"), (9.0, (), None), (9.0, ("1002",), "pool")])
def test_who_left_a_queue_without_an_answer_is_not_in_it(
    left_at: float | None, answered_by: tuple[str, ...], queue: str | None
) -> None:
    stay = QueueStay(queue=QueueName("pool"), leg=LegId("1"), joined_at=2.0, left_at=left_at)
    agent = AgentTalk(agent="Amy", extension="1002", leg=None)
    told = seen(call_with(queues=(stay,), answered_by=answered_by, agents=(agent,)))

    assert (told.queue, told.agents) == (queue, frozenset({"Amy"}))


LOOKS = st.builds(
    Seen,
    menus=st.lists(st.sampled_from(["ivr-main", "ivr-help", "ivr-other"]), max_size=3).map(tuple),
    digits=st.text("0123456789", max_size=3),
    queue=st.sampled_from([None, "support", "sales"]),
    called=st.frozensets(st.sampled_from(["1001", "1002"])),
    is_over=st.booleans(),
)


@given(st.lists(st.tuples(LOOKS, st.floats(0, 9)), max_size=12), st.booleans())
def test_whatever_a_pbx_tells_driving_ends_in_time_and_presses_no_more_than_it_may(
    looks: list[tuple[Seen, float]], are_told: bool
) -> None:
    old = msgspec.structs.replace(OLD, are_told=are_told)
    driving, now, sent = Driving(way=QUEUE, since=0.0), 0.0, 0
    act: Act = Wait(0.0)
    for look, later in [*looks, *[(Seen(menus=("ivr-main",)), 8.0)] * 8]:
        now += later
        driving, act = step(driving, look, old, now)
        sent += isinstance(act, Send)
        assert not isinstance(act, Wait) or act.seconds > 0
        if isinstance(act, Arrived | Lost):
            break

    assert isinstance(act, Arrived | Lost)
    assert sent <= len(QUEUE.presses) * old.tries
