from pathlib import Path
from typing import Any

import msgspec
from support.gateways import at_work
from support.waiting import until
from support.workplaces import NUMBER, SUPERVISOR, World, agent, at_workplace

from gateway.api.card_views import CardView, DeskView
from gateway.model.desk import DeskRules, PopPolicy, QueueDesk
from gateway.model.events import LegHeld, LegRetrieved
from gateway.model.ids import DEFAULT_TENANT, LegId
from gateway.model.principals import Scope
from gateway.model.terms import DialResult, LegRole, TransferKind

FIRST, SECOND = agent("8001", "Li"), agent("8002", "Zhao")


async def call_id(world: World) -> str:
    (call,) = [call for call in world.state.live if call.queues]
    return str(call.call_id)


async def desk_of(world: World, who: Any = FIRST) -> Any:
    found = await world.asks(who, "GET", "desk")
    msgspec.convert(found, DeskView)
    return found


async def test_a_ringing_call_stands_on_the_desk_with_all_that_is_known(tmp_path: Path) -> None:
    async with at_workplace(tmp_path) as world:
        await world.customer()
        world.story.rung("8001").later(2)
        await world.happens()
        desk = await desk_of(world)
        empty = await desk_of(world, SECOND)

    (card,) = desk["cards"]
    assert desk["position"] == world.hub.position
    assert (desk["agent"]["extension"], desk["agent"]["state"], desk["pbx"]["link"]["status"]) == (
        "8001",
        "reserved",
        "connected",
    )
    assert [queue["queue"] for queue in desk["queues"]] == ["support"]
    assert (card["role_of_mine"], card["pop"], card["call"]["caller_e164"], card["call"]["queue"]) == (
        "ringing",
        True,
        NUMBER,
        "support",
    )
    assert (card["customer"]["name"], card["matches"], card["notes"], card["disposition"]) == ("Wang", 1, [], None)
    assert card["controls"] == ["hang_up", "redirect"]
    assert (empty["cards"], empty["wrap_up"], empty["wrap_up_until"], empty["callbacks_open"]) == ([], None, None, 0)
    assert empty["queue_targets"] == []


async def test_who_has_no_extension_has_no_desk(tmp_path: Path) -> None:
    async with at_workplace(tmp_path) as world:
        problem = await world.asks(SUPERVISOR, "GET", "desk", status=409)
        other = await world.asks(agent("8001", pbx="branch"), "GET", "desk", status=409)

    assert problem["type"].endswith(":no-seat")
    assert "Boss has no extension" in problem["detail"]
    assert "'branch'" in other["detail"]


async def test_a_card_ends_with_who_answered_elsewhere(tmp_path: Path) -> None:
    async with at_workplace(tmp_path) as world:
        world.story.comes_in().queues("support").rings("8001").rings("8002").later(3)
        await world.happens()
        both = [await desk_of(world, who) for who in (FIRST, SECOND)]
        world.story.answers("8002").later(0.1).dial_ends("8001", DialResult.CANCELLED).clears("8001", cause=26)
        await world.happens()
        desk = await desk_of(world)
        card = await world.asks(FIRST, "GET", f"calls/{await call_id(world)}/card")

    assert [len(each["cards"]) for each in both] == [1, 1]
    assert desk["cards"] == []
    assert (card["role_of_mine"], card["answered_elsewhere_by"], card["pop"], card["controls"]) == ("ended", "8002", False, [])


async def test_notes_and_disposition_follow_the_call_to_the_next_agent(tmp_path: Path) -> None:
    async with at_workplace(tmp_path) as world:
        await world.customer()
        story = world.story.rung("8001").later(2).given("8001").later(10)
        await world.happens()
        call = await call_id(world)
        said = {"disposition": "passed_on", "note": "wants the blue one", "done": False}
        mine = await world.asks(FIRST, "PUT", f"calls/{call}/wrap-up", said)
        story.says(LegHeld, leg=LegId("8001"), by_feature=False).later(1)
        story.creates("8001-b", "PJSIP/8001", LegRole.ORIGINATING, "8001-b", number="8001", dialled="8002")
        story.rings("8002", by="8001-b").later(2).answers("8002", by="8001-b", bridge="second").later(1)
        await world.happens()
        (asked,) = (await desk_of(world, SECOND))["cards"]
        asking = await desk_of(world)
        story.says(LegRetrieved, leg=LegId("8001")).leaves("caller", "8001-b").bridges("caller", bridge="second").leaves("8001")
        story.transfers(TransferKind.ATTENDED, by="8001", consult="8001-b", target="8002").clears("8001", "8001-b")
        await world.happens()
        (taken,) = (await desk_of(world, SECOND))["cards"]
        merged = await world.asks(SECOND, "GET", f"calls/{asked['call']['call_id']}/card")

    assert [(note["text"], note["mine"], note["draft"]) for note in mine["notes"]] == [("wants the blue one", True, True)]
    assert [(each["role_of_mine"], each["controls"][:2]) for each in asking["cards"]] == [
        ("held", ["complete_transfer", "cancel_transfer"]),
        ("consulting", ["complete_transfer", "cancel_transfer"]),
    ]
    assert (asked["consulted_about"], asked["customer"]["name"], asked["call"]["caller"]) == (call, "Wang", "8001")
    assert (taken["call"]["call_id"], taken["call"]["caller_e164"], taken["customer"]["name"]) == (call, NUMBER, "Wang")
    assert merged["call"]["call_id"] == call
    for card in (asked, taken):
        assert [(note["text"], note["author"], note["mine"]) for note in card["notes"]] == [("wants the blue one", "Li", False)]
        assert (card["disposition"]["id"], card["disposition"]["by"], card["done"]) == ("passed_on", "Li", False)
    assert [each["extension"] for each in taken["former_agents"]] == ["8001"]


async def test_wrap_up_is_there_after_a_call_until_it_is_done(tmp_path: Path) -> None:
    async with at_workplace(tmp_path) as world:
        person = await world.customer()
        world.story.rung("8001").later(2).given("8001").later(10)
        await world.happens()
        call = await call_id(world)
        await world.asks(FIRST, "PUT", f"calls/{call}/wrap-up", {"note": "draft", "disposition": None, "done": False})
        world.story.hangs_up("caller", "8001").later(5)
        await world.happens()
        before = await desk_of(world)
        body = {"disposition": "solved", "note": "sent the invoice", "done": True}
        done = await world.asks(FIRST, "PUT", f"calls/{call}/wrap-up", body)
        again = await world.asks(FIRST, "PUT", f"calls/{call}/wrap-up", body)
        after = await desk_of(world)
        notes = await world.customers.store.notes(DEFAULT_TENANT, [person.id], after=None, limit=9)

    assert (before["wrap_up"]["call"]["call_id"], before["wrap_up"]["notes"][0]["text"]) == (call, "draft")
    assert after["wrap_up"] is None
    assert done == again
    assert (done["done"], done["disposition"]["id"], done["notes"][0]["draft"]) == (True, "solved", False)
    assert [(note.text, note.call_id, note.author) for note in notes] == [("sent the invoice", call, "Li")]
    assert done["notes"][0]["customer_id"] == person.id


async def test_the_next_call_shows_what_was_said_in_the_last(tmp_path: Path) -> None:
    async with at_workplace(tmp_path) as world, at_work(world.workplace):
        await until(lambda: world.hub.listeners == 2)
        await world.customer()
        world.story.rung("8001").later(2).given("8001").later(10)
        await world.happens()
        call = await call_id(world)
        await world.asks(FIRST, "PUT", f"calls/{call}/wrap-up", {"note": "not finished", "disposition": "order"})
        world.story.hangs_up("caller", "8001").later(60)
        await world.happens()
        await until(lambda: not world.workplace.acquaintances._kept)
        world.story.comes_in("again").queues("support", "again").rings("8002", by="again")
        await world.happens()
        (card,) = (await desk_of(world, SECOND))["cards"]

    assert [(each["call_id"], each["answered_by"]) for each in card["customer"]["calls"]] == [(call, ["8001"])]
    assert [(each["text"], each["call_id"]) for each in card["customer"]["notes"]] == [("not finished", call)]
    assert card["notes"] == []


async def test_words_about_a_caller_whom_nobody_knows_stay_with_the_call(tmp_path: Path) -> None:
    async with at_workplace(tmp_path) as world:
        world.story.rung("8001").later(2).given("8001").later(10)
        await world.happens()
        call = await call_id(world)
        done = await world.asks(FIRST, "PUT", f"calls/{call}/wrap-up", {"note": "who is it", "done": True})
        other = await world.asks(SUPERVISOR, "GET", f"calls/{call}/card")

    assert [(note["text"], note["customer_id"], note["draft"]) for note in done["notes"]] == [("who is it", None, False)]
    assert (other["role_of_mine"], other["notes"][0]["mine"], other["done"]) == (None, False, False)


async def test_what_cannot_be_filed_so_is_refused(tmp_path: Path) -> None:
    async with at_workplace(tmp_path) as world:
        world.story.rung("8001").given("8001")
        await world.happens()
        call = await call_id(world)
        unknown = await world.asks(FIRST, "PUT", f"calls/{call}/wrap-up", {"disposition": "nonsense"}, status=422)
        bare = await world.asks(FIRST, "PUT", f"calls/{call}/wrap-up", {"disposition": "complaint", "done": True}, status=422)
        await world.asks(FIRST, "PUT", f"calls/{call}/wrap-up", {"disposition": "complaint", "note": "rude", "done": True})
        await world.asks(FIRST, "PUT", "calls/01NOSUCHCALL/wrap-up", {"disposition": "solved"}, status=404)

    assert unknown["type"].endswith(":no-such-disposition")
    assert bare["type"].endswith(":note-missing")


async def test_an_agent_sees_no_card_of_a_call_that_is_not_his(tmp_path: Path) -> None:
    async with at_workplace(tmp_path) as world:
        world.story.comes_in().rings("8003").answers("8003")
        await world.happens()
        (call,) = world.state.live
        await world.asks(FIRST, "GET", f"calls/{call.call_id}/card", status=404)
        await world.asks(FIRST, "PUT", f"calls/{call.call_id}/wrap-up", {"note": "x"}, status=404)
        await world.asks(SUPERVISOR, "GET", f"calls/{call.call_id}/card")


async def test_who_may_not_read_customers_sees_the_call_alone(tmp_path: Path) -> None:
    async with at_workplace(tmp_path) as world:
        await world.customer()
        world.story.rung("8001").given("8001")
        await world.happens()
        call = await call_id(world)
        await world.asks(FIRST, "PUT", f"calls/{call}/wrap-up", {"note": "secret", "disposition": "order"})
        partner = msgspec.structs.replace(SUPERVISOR, scopes=frozenset({Scope.CALLS_READ}))
        card = await world.asks(partner, "GET", f"calls/{call}/card")

    msgspec.convert(card, CardView)
    assert (card["customer"], card["notes"], card["disposition"], card["matches"]) == (None, [], None, 0)


async def test_calls_show_themselves_as_the_configuration_says(tmp_path: Path) -> None:
    rules = DeskRules(pop=PopPolicy.NEVER, queues={"support": QueueDesk(pop=PopPolicy.ANSWERED)})
    async with at_workplace(tmp_path, rules) as world:
        world.story.rung("8001")
        await world.happens()
        (ringing,) = (await desk_of(world))["cards"]
        world.story.given("8001")
        await world.happens()
        (connected,) = (await desk_of(world))["cards"]

    assert (ringing["pop"], connected["pop"]) == (False, True)


async def test_what_is_written_is_told_once(tmp_path: Path) -> None:
    async with at_workplace(tmp_path) as world:
        world.story.rung("8001").given("8001")
        await world.happens()
        call = await call_id(world)
        for _ in range(2):
            await world.asks(FIRST, "PUT", f"calls/{call}/wrap-up", {"note": "x", "disposition": "order"})
        told = world.told("call.disposed", "call.noted")

    assert [(each["type"], each["call_id"]) for each in told] == [("call.disposed", call), ("call.noted", call)]
    assert told[0]["data"] == {"disposition": "order", "done": False, "by": "Li", "extension": "8001"}
    assert "x" not in msgspec.json.encode(told[1]["data"]).decode().split('"')
