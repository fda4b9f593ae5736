import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs
from support.virtual_time import clock, in_virtual_time

from gateway.model.calls import Call, QueueStay, begun
from gateway.model.errors import CommandRefusedError, CommandUnansweredError, PeerUnavailableError, TielineError
from gateway.model.ids import LegId, PbxName, QueueName, Tenant
from gateway.model.legs import Leg, PartyKind
from gateway.model.terms import LegRole
from ivr.definition.reading import parse_dialog
from ivr.driving import Astray, NoWayError, OldMenus
from ivr.voice.driver import Outcome, Refuge, came_back, drive

DIALOG: Final = parse_dialog(
    """itr: 1
name: old
languages: [en]
start: main
human: {queue: support}
nodes:
  main: {say: Welcome., choices: [{digit: "1", go: help}, {go: spoken}]}
  help: {say: Help., choices: [{digit: "2", go: queue}]}
  queue: {say: To the queue., transfer: {queue: support}}
  spoken: {say: No digit leads here., end: true}
""",
    Path("old.yaml"),
).dialog
OLD: Final = OldMenus()
REFUGE: Final = Refuge(back="5701", human="5000", context={"summary": "Wants help."})
CALLER: Final = LegId("1")
BEFORE: Final = replace(
    begun(PbxName("cc1"), Tenant("default"), CALLER, 1.0), caller_leg=CALLER, menus=("itr", "main"), digits="77"
)


class InMenu:
    """A caller in an old menu that obeys keys as ``heard`` says; the call as it was before comes first."""

    def __init__(self, heard: Mapping[str, Callable[[Call], Call | None]], first: Call | None = BEFORE) -> None:
        self.pressed: list[str] = []
        self.sent: list[tuple[str, dict[str, str]]] = []
        self.press_fault: TielineError | None = None
        self.faults: list[TielineError | None] = []
        """Of transfers, one after the other."""
        self._heard = heard
        self._call = first
        self._told: asyncio.Queue[Call | None] = asyncio.Queue()
        self._told.put_nowait(first)

    def becomes(self, call: Call | None) -> None:
        self._call = call
        self._told.put_nowait(call)

    async def calls(self) -> AsyncGenerator[Call, None]:
        while (call := await self._told.get()) is not None:
            yield call

    async def press(self, digits: str) -> None:
        self.pressed.append(digits)
        if self.press_fault is not None:
            raise self.press_fault
        if digits in self._heard and self._call is not None:
            self.becomes(self._heard[digits](self._call))

    async def transfer(self, to: str, context: Mapping[str, str]) -> None:
        fault = self.faults.pop(0) if self.faults else None
        if fault is not None:
            raise fault
        self.sent.append((to, dict(context)))


def enters(menu: str) -> Callable[[Call], Call]:
    return lambda call: replace(call, menus=(*call.menus, menu), digits=call.digits + "k")


def queues(name: str) -> Callable[[Call], Call]:
    stay = QueueStay(queue=QueueName(name), leg=CALLER, joined_at=1.0)
    return lambda call: replace(call, queues=(*call.queues, stay), digits=call.digits + "k")


def leaves(_: Call) -> None:
    return None


def in_main(heard: Mapping[str, Callable[[Call], Call | None]]) -> InMenu:
    call = InMenu(heard)
    call.becomes(enters("main")(BEFORE))
    return call


async def driven(call: InMenu, refuge: Refuge = REFUGE) -> tuple[Outcome, list[Any]]:
    """Drive to the queue; the outcome, and what an operator reads."""
    with capture_logs() as logs:
        outcome = await drive(DIALOG, "queue", OLD, call, refuge, now=clock)
    return outcome, [each for each in logs if each["event"] != "menu_key_pressed"]


@in_virtual_time
async def test_a_caller_is_driven_through_two_menus_whatever_he_went_through_before() -> None:
    call = in_main({"1": enters("help"), "2": queues("support")})
    outcome, logs = await driven(call)

    assert (outcome, call.pressed, call.sent) == (Outcome.ARRIVED, ["1", "2"], [])
    assert logs == [{"event": "menu_driven", "log_level": "info", "node": "queue", "keys": 2}]


@in_virtual_time
async def test_an_operator_reads_which_key_was_pressed_in_which_menu() -> None:
    call = in_main({"1": enters("help"), "2": queues("support")})
    with capture_logs() as logs:
        await drive(DIALOG, "queue", OLD, call, REFUGE, now=clock)

    assert [(each["menu"], each["key"]) for each in logs if each["event"] == "menu_key_pressed"] == [("main", "1"), ("help", "2")]


@in_virtual_time
async def test_who_carried_the_voice_before_is_nobody_who_was_called() -> None:
    name = LegId("voice")
    carrier = Leg(
        id=name, name="voice", device="PJSIP/1009", role=LegRole.TERMINATING, kind=PartyKind.EXTENSION, party="1009",
        number="1009", display=None, dialled=None, place=None, created_at=1.0,
    )  # fmt: skip
    first = replace(BEFORE, legs={name: carrier})
    call = InMenu({"1": enters("help"), "2": queues("support")}, first)
    call.becomes(enters("main")(first))

    assert (await driven(call))[0] is Outcome.ARRIVED


@pytest.mark.parametrize(
    ("heard", "why", "where"),
    [
        ({"1": enters("other")}, Astray.ELSEWHERE, "other"),
        ({"1": enters("help"), "2": queues("sales")}, Astray.ELSEWHERE, "sales"),
        ({}, Astray.NOTHING, "main"),
    ],
)
@in_virtual_time
async def test_who_is_lost_is_taken_back_with_the_reason(
    heard: Mapping[str, Callable[[Call], Call | None]], why: Astray, where: str
) -> None:
    call = in_main(heard)
    outcome, (lost, taken) = await driven(call)

    assert (outcome, call.sent) == (Outcome.BACK, [("5701", {"astray": why.value, "node": "queue"})])
    assert (lost["event"], lost["why"], lost["where"]) == ("menu_astray", why, where)
    assert (taken["event"], taken["to"]) == ("caller_taken_back", "5701")
    assert came_back(call.sent[0][1]) is why


@in_virtual_time
async def test_a_menu_that_never_begins_leads_back() -> None:
    call = InMenu({})

    assert ((await driven(call))[0], call.pressed) == (Outcome.BACK, [])


@in_virtual_time
async def test_a_caller_who_hangs_up_is_left_alone() -> None:
    for call in (in_main({"1": leaves}), InMenu({}, None)):
        outcome, (log,) = await driven(call)
        assert (outcome, call.sent, log["event"]) == (Outcome.GONE, [], "menu_left")


@pytest.mark.parametrize(
    ("refuge", "faults", "outcome", "sent"),
    [
        (Refuge(back=None, human="5000"), [], Outcome.HUMAN, ["5000"]),
        (REFUGE, [CommandRefusedError("no such extension")], Outcome.HUMAN, ["5000"]),
        (REFUGE, [PeerUnavailableError("away"), PeerUnavailableError("away")], Outcome.STRANDED, []),
        (REFUGE, [CommandUnansweredError("no answer")], Outcome.STRANDED, []),
        (Refuge(back=None, human=None), [], Outcome.STRANDED, []),
    ],
)
@in_virtual_time
async def test_who_cannot_come_back_gets_to_people(
    refuge: Refuge, faults: list[TielineError | None], outcome: Outcome, sent: list[str]
) -> None:
    call = in_main({})
    call.faults = list(faults)
    made, _ = await driven(call, refuge)

    assert (made, [to for to, _ in call.sent]) == (outcome, sent)


@in_virtual_time
async def test_people_are_told_what_is_known_of_him() -> None:
    call = in_main({})
    await driven(call, Refuge(back=None, human="5000", context={"summary": "Wants help."}))

    assert call.sent == [("5000", {"summary": "Wants help."})]


@in_virtual_time
async def test_a_key_that_may_not_be_pressed_leads_back_at_once() -> None:
    call = in_main({})
    call.press_fault = CommandRefusedError("the caller has no part in this call")
    outcome, (refused, _) = await driven(call)

    assert (outcome, call.pressed) == (Outcome.BACK, ["1"])
    assert (refused["event"], refused["menu"], refused["key"]) == ("menu_key_refused", "main", "1")


@in_virtual_time
async def test_a_key_in_doubt_is_watched_and_pressed_once_more() -> None:
    call = in_main({})
    call.press_fault = CommandUnansweredError("no answer")

    assert ((await driven(call))[0], call.pressed) == (Outcome.BACK, ["1", "1"])


@in_virtual_time
async def test_cancelling_leaves_the_caller_where_he_is() -> None:
    call = InMenu({})
    driving = asyncio.create_task(drive(DIALOG, "queue", OLD, call, REFUGE, now=clock))
    await asyncio.sleep(1)
    driving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await driving
    assert (call.pressed, call.sent) == ([], [])


async def test_where_no_digits_lead_nothing_is_begun() -> None:
    with pytest.raises(NoWayError):
        await drive(DIALOG, "spoken", OLD, InMenu({}), REFUGE, now=clock)


@pytest.mark.parametrize(
    ("variables", "why"),
    [
        ({"astray": "elsewhere", "leg": "1"}, Astray.ELSEWHERE),
        ({"TIELINE_ASTRAY": "nothing"}, Astray.NOTHING),
        ({"astray": ""}, None),
        ({"astray": "drop table"}, None),
        ({"leg": "1"}, None),
    ],
)
def test_a_caller_who_comes_back_is_known_by_what_the_pbx_says(variables: dict[str, str], why: Astray | None) -> None:
    assert came_back(variables) is why
