from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import msgspec
from support.workplaces import World, agent, at_workplace

from gateway.api.conversation_views import ConversationBrief
from gateway.model.claims import IdentityKind
from gateway.model.conversations import Conversation, ConversationId, ConversationState, Visitor
from gateway.model.desk import DeskRules
from gateway.model.events import DigitPressed, MenuEntered, MenuLeft
from gateway.model.ids import DEFAULT_TENANT, LegId
from gateway.model.terms import LegRole
from gateway.session.acquaintances import BELIEVED_S
from gateway.session.customers import NewIdentity

LI = agent("8001", "Li")


async def card(world: World, who: Any = LI) -> Any:
    (call,) = [call for call in world.state.live if call.queues]
    return await world.asks(who, "GET", f"calls/{call.call_id}/card")


async def test_the_menus_are_told_with_what_was_chosen_and_what_it_means(tmp_path: Path) -> None:
    rules = DeskRules(menus={"main": {"2": "Support"}})
    async with at_workplace(tmp_path, rules) as world:
        story = world.story.comes_in().connects("caller").says(MenuEntered, leg=LegId("caller"), menu="main", since=None)
        story.says(DigitPressed, leg=LegId("caller"), digit="2", menu="main").says(MenuLeft, leg=LegId("caller"))
        story.queues("support").rings("8001")
        await world.happens()
        shown = await card(world)
    assert shown["menu"] == [{"menu": "main", "digits": "2", "label": "Support"}]


async def test_several_customers_of_a_number_are_counted_and_none_is_shown(tmp_path: Path) -> None:
    async with at_workplace(tmp_path) as world:
        await world.customer("Wang")
        await world.customer("Chen")
        world.story.rung("8001")
        await world.happens()
        shown = await card(world)
    assert (shown["matches"], shown["customer"]) == (2, None)


async def test_a_change_of_the_customer_is_seen_at_once(tmp_path: Path) -> None:
    async with at_workplace(tmp_path) as world:
        person = await world.customer("Wang")
        world.story.rung("8001").given("8001")
        await world.happens()
        before = await card(world)
        await world.customers.note(person.id, "prefers mornings", None, author="Zhao")
        after = await card(world)
    assert [note["text"] for note in before["customer"]["notes"]] == []
    assert [note["text"] for note in after["customer"]["notes"]] == ["prefers mornings"]


async def test_what_a_caller_wrote_before_stands_beside_his_calls(tmp_path: Path) -> None:
    async with at_workplace(tmp_path) as world:
        person = await world.customer("Wang")
        await world.customers.identify(person.id, NewIdentity(kind=IdentityKind.WEB, written="his"), by="me")
        await world.conversations.put(
            Conversation(
                id=ConversationId("c1"),
                tenant=DEFAULT_TENANT,
                channel="webchat",
                state=ConversationState.CLOSED,
                visitor=Visitor(id="his"),
                started_at=1.0,
                changed_at=1.0,
                note="Sent it again",
            )
        )
        world.story.rung("8001")
        await world.happens()
        shown = await card(world)
    conversations = msgspec.convert(shown["customer"]["conversations"], list[ConversationBrief])
    assert [(each.conversation_id, each.note) for each in conversations] == [("c1", "Sent it again")]


async def test_the_telephones_of_a_group_read_a_customer_once(tmp_path: Path) -> None:
    read: list[Collection[str]] = []
    async with at_workplace(tmp_path) as world:
        await world.customer()
        store = world.customers.store
        notes = store.notes

        async def counted(tenant: Any, customers: Collection[Any], **more: Any) -> Sequence[Any]:
            read.append(customers)
            return await notes(tenant, customers, **more)

        store.notes = counted  # type: ignore[assignment, method-assign]  # counts
        world.story.comes_in().queues("support")
        for extension in ("8001", "8002", "8003"):
            world.story.rings(extension)
        await world.happens()
        shown = [await card(world, agent(extension)) for extension in ("8001", "8002", "8003")]
        assert [each["customer"]["name"] for each in shown] == ["Wang"] * 3
        assert len(read) == 1
        world.story.later(BELIEVED_S + 0.1)
        await card(world)
        assert len(read) == 2


async def test_a_pbx_that_takes_no_commands_offers_none(tmp_path: Path) -> None:
    async with at_workplace(tmp_path) as world:
        world.story.rung("8001").given("8001")
        await world.happens()
        world.disk.pbx.takes = frozenset({"hang_up"})
        some = await card(world)
        world.desk.connector = None
        none = await card(world)
    assert (some["controls"], none["controls"]) == (["hang_up"], [])


async def test_another_call_of_the_same_telephone_is_no_consultation_about_it(tmp_path: Path) -> None:
    async with at_workplace(tmp_path) as world:
        world.story.rung("8001").given("8001").later(5)
        world.story.comes_in("second").rings("8001-b", by="second", device="PJSIP/8001")
        await world.happens()
        shown = await card(world)
        second = next(call for call in world.state.live if not call.queues)
        other = await world.asks(LI, "GET", f"calls/{second.call_id}/card")
    assert (shown["role_of_mine"], shown["controls"][0], other["role_of_mine"], other["consulted_about"]) == (
        "connected",
        "hold",
        "ringing",
        None,
    )


async def test_a_call_inside_the_house_has_no_customer(tmp_path: Path) -> None:
    async with at_workplace(tmp_path) as world:
        world.story.creates("8003", "PJSIP/8003", LegRole.ORIGINATING, "8003", number="8003", dialled="8001")
        world.story.rings("8001", by="8003")
        await world.happens()
        (call,) = world.state.live
        shown = await world.asks(LI, "GET", f"calls/{call.call_id}/card")
    assert (shown["role_of_mine"], shown["customer"], shown["matches"], shown["call"]["direction"]) == (
        "ringing",
        None,
        0,
        "internal",
    )
