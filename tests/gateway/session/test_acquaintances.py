import asyncio
import itertools
from pathlib import Path
from typing import Any

from support.gateways import at_work
from support.waiting import until
from support.workplaces import NUMBER, World, agent, at_workplace

from gateway.model.calls import Call
from gateway.model.claims import Identity, IdentityKind
from gateway.model.conversation_rules import ConversationRules
from gateway.model.conversations import Visitor
from gateway.model.errors import StoreUnavailableError
from gateway.model.ids import DEFAULT_TENANT
from gateway.session.acquaintances import BELIEVED_S, Acquaintance, Acquaintances
from gateway.session.callers import Callers
from gateway.session.conversations import Conversations
from gateway.session.customers import CustomerFields, NewIdentity


async def ringing(world: World, leg: str = "caller") -> Call:
    world.story.comes_in(leg).queues("support", leg)
    await world.happens()
    return next(call for call in world.state.live if call.caller_leg == leg)


async def known(world: World, call: Call) -> Acquaintance:
    found = await world.workplace.acquaintances.of(call, world.state.site)
    assert found is not None
    return found


class Counted:
    """Counts how often customers' notes are read."""

    def __init__(self, world: World) -> None:
        self.count = 0
        self._read = world.customers.store.notes
        world.customers.store.notes = self  # type: ignore[method-assign]  # counts

    async def __call__(self, *given: Any, **more: Any) -> Any:
        self.count += 1
        return await self._read(*given, **more)


async def test_what_is_asked_for_at_the_same_time_is_read_once(tmp_path: Path) -> None:
    async with at_workplace(tmp_path) as world:
        await world.customer()
        call, reads = await ringing(world), Counted(world)
        found = await asyncio.gather(*(known(world, call) for _ in range(5)))
    assert reads.count == 1
    assert {each.match.person.name for each in found if each.match.person is not None} == {"Wang"}


async def test_a_note_on_him_is_read_and_one_on_another_costs_nothing(tmp_path: Path) -> None:
    async with at_workplace(tmp_path) as world:
        person = await world.customer()
        other = await world.customers.create(CustomerFields(name="Chen"), [], by="me")
        call, reads = await ringing(world), Counted(world)
        await known(world, call)
        await world.customers.note(other.id, "not he", None, author="Li")
        await known(world, call)
        assert reads.count == 1
        await world.customers.note(person.id, "he", None, author="Li")
        assert [note.text for note in (await known(world, call)).notes] == ["he"]


async def test_who_he_is_is_seen_when_it_changes(tmp_path: Path) -> None:
    async with at_workplace(tmp_path) as world:
        call = await ringing(world)
        assert (await known(world, call)).match.persons == ()
        await world.customer()
        person = (await known(world, call)).match.person
    assert person is not None
    assert person.name == "Wang"


async def test_what_another_program_changes_is_seen_after_a_while(tmp_path: Path) -> None:
    async with at_workplace(tmp_path) as world:
        await world.customer()
        call, reads = await ringing(world), Counted(world)
        for seconds in (0.0, BELIEVED_S - 1, 2.0):
            world.story.later(seconds)
            await known(world, call)
    assert reads.count == 2


async def test_he_is_at_hand_before_a_telephone_rings_and_with_his_last_call(tmp_path: Path) -> None:
    async with at_workplace(tmp_path) as world:
        await world.customer()
        reads = Counted(world)
        callers = Callers(world.engine, world.hub, world.customers.people, world.committer, now=lambda: world.story.now)
        async with at_work(callers, world.workplace.acquaintances):
            await until(lambda: world.hub.listeners == 2)
            first = await ringing(world)
            await until(lambda: reads.count == 1)
            await until(lambda: not world.workplace.acquaintances._reading)
            assert (await known(world, first)).calls == ()
            assert reads.count == 1
            world.story.later(5).hangs_up("caller").later(1)
            await world.happens()
            second = await ringing(world, "again")
            await until(lambda: reads.count == 2)
            assert [call.call_id for call in (await known(world, second)).calls] == [first.call_id]


async def test_a_draft_about_a_former_call_is_there_for_the_next(tmp_path: Path) -> None:
    async with at_workplace(tmp_path) as world:
        await world.customer()
        first = await ringing(world)
        world.story.rings("8001").answers("8001").later(9).hangs_up("caller", "8001").later(1)
        await world.happens()
        second = await ringing(world, "again")
        async with at_work(world.workplace.acquaintances):
            await until(lambda: world.hub.listeners == 1)
            await known(world, first)
            assert (await known(world, second)).drafts == ()
            await world.workplace.notes.write(first, agent("8001"), disposition=None, note="to do", done=False)
            await world.committer.settled()
            await until(lambda: NUMBER not in world.workplace.acquaintances._kept)
            assert [work.note for work in (await known(world, second)).drafts] == ["to do"]


async def test_what_he_wrote_is_at_hand_and_read_anew_when_he_writes_again(tmp_path: Path) -> None:
    browser = Identity(kind=IdentityKind.WEB, value="his")
    async with at_workplace(tmp_path) as world:
        person = await world.customer()
        await world.customers.identify(person.id, NewIdentity(kind=browser.kind, written=browser.value), by="me")
        numbers = itertools.count(1)
        chats = Conversations(
            world.conversations,
            world.committer,
            tenant=DEFAULT_TENANT,
            rules=ConversationRules(),
            now=lambda: world.story.now,
            random_bytes=lambda count: next(numbers).to_bytes(count, "big"),
        )
        desk = chats.desk("webchat", None)
        call, reads = await ringing(world), Counted(world)
        async with at_work(chats, world.workplace.acquaintances):
            await until(lambda: world.hub.listeners == 1)
            assert (await known(world, call)).conversations == ()
            await desk.begin(Visitor(id="another"))
            begun = await desk.begin(Visitor(id="his"))
            await until(lambda: NUMBER not in world.workplace.acquaintances._kept)
            assert [each.id for each in (await known(world, call)).conversations] == [begun.id]
            assert reads.count == 2
            await desk.leave(begun.id)
            await until(lambda: NUMBER not in world.workplace.acquaintances._kept)
            (over,) = (await known(world, call)).conversations
    assert over.is_over


async def test_a_store_that_does_not_answer_stops_nobody_from_following(tmp_path: Path) -> None:
    async with at_workplace(tmp_path) as world:
        await world.customer()
        made: Acquaintances = world.workplace.acquaintances
        asked: list[str] = []

        async def fail(*_given: Any, **_more: Any) -> Any:
            asked.append("notes")
            raise StoreUnavailableError("gone")

        read = world.customers.store.notes
        world.customers.store.notes = fail  # type: ignore[method-assign]  # fails
        callers = Callers(world.engine, world.hub, world.customers.people, world.committer, now=lambda: world.story.now)
        async with at_work(callers, made):
            await until(lambda: world.hub.listeners == 2)
            call = await ringing(world)
            await until(lambda: bool(asked))
            world.customers.store.notes = read  # type: ignore[method-assign]  # works again
            assert (await known(world, call)).match.person is not None
            assert world.hub.listeners == 2
