from pathlib import Path

from support.workplaces import World, agent, at_workplace

from gateway.model.calls import Call
from gateway.model.dispositions import STANDARD, DispositionId
from gateway.model.ids import DEFAULT_TENANT
from gateway.session.desk import LEFT_LYING_S

LI, ZHAO = agent("8001", "Li"), agent("8002", "Zhao")
SOLVED = DispositionId("solved")


async def talked(world: World) -> Call:
    world.story.rung("8001").given("8001").later(10).hangs_up("caller", "8001")
    await world.happens()
    (call,) = [call for call in world.story.calls.values() if call.ended]
    return call


async def notes_of(world: World, customer: str) -> list[tuple[str, int, str]]:
    found = await world.customers.store.notes(DEFAULT_TENANT, [customer], after=None, limit=9)  # type: ignore[list-item]  # an id
    return [(note.text, note.version, note.author) for note in found]


async def test_the_list_is_the_usual_one_until_there_is_another(tmp_path: Path) -> None:
    async with at_workplace(tmp_path) as world:
        notes = world.workplace.notes
        assert await notes.dispositions() == STANDARD
        await notes.put_dispositions(STANDARD[:1], by="root")
        assert await notes.dispositions() == STANDARD[:1]
        assert await notes.store.dispositions(DEFAULT_TENANT) == STANDARD[:1]


async def test_a_note_is_the_calls_until_it_is_done_and_then_the_customers(tmp_path: Path) -> None:
    async with at_workplace(tmp_path) as world:
        person, notes = await world.customer(), world.workplace.notes
        call = await talked(world)
        await notes.write(call, LI, disposition=None, note="draft", done=False)
        before = await notes_of(world, person.id)
        await notes.write(call, LI, disposition=SOLVED, note="final", done=True)
        after = await notes_of(world, person.id)
        await notes.write(call, LI, disposition=SOLVED, note="final, with more", done=True)
        edited = await notes_of(world, person.id)
        await notes.write(call, LI, disposition=SOLVED, note="final, with more", done=True)

        assert (before, after, edited) == ([], [("final", 1, "Li")], [("final, with more", 2, "Li")])
        assert await notes_of(world, person.id) == edited


async def test_each_writes_his_own(tmp_path: Path) -> None:
    async with at_workplace(tmp_path) as world:
        notes, call = world.workplace.notes, await talked(world)
        await notes.write(call, LI, disposition=SOLVED, note="a", done=True)
        world.story.later(1)
        await notes.write(call, ZHAO, disposition=None, note="b", done=False)
        assert [(work.by, work.note, work.disposition) for work in await notes.work(call)] == [
            ("Li", "a", "solved"),
            ("Zhao", "b", None),
        ]


async def test_what_is_left_lying_is_finished_for_its_author(tmp_path: Path) -> None:
    async with at_workplace(tmp_path) as world:
        person, notes = await world.customer(), world.workplace.notes
        call = await talked(world)
        await notes.write(call, LI, disposition=None, note="went home", done=False)
        await notes.finish_left()
        too_early = await notes_of(world, person.id)
        world.story.later(LEFT_LYING_S + 1)
        await notes.finish_left()
        await notes.finish_left()
        (work,) = await notes.work(call)
        await world.committer.settled()

        assert (too_early, await notes_of(world, person.id)) == ([], [("went home", 1, "Li")])
        assert work.done_at == world.story.now
        assert [event["data"]["done"] for event in world.told("call.disposed")] == [True]


async def test_what_is_written_during_a_long_call_is_left_to_its_author(tmp_path: Path) -> None:
    async with at_workplace(tmp_path) as world:
        notes = world.workplace.notes
        world.story.rung("8001").given("8001").later(10)
        await world.happens()
        (call,) = world.state.live
        await notes.write(call, LI, disposition=None, note="still talking", done=False)
        world.story.later(LEFT_LYING_S + 1)
        await notes.finish_left()
        assert [work.done_at for work in await notes.work(call)] == [None]


async def test_a_customer_who_was_erased_takes_no_more_notes(tmp_path: Path) -> None:
    async with at_workplace(tmp_path) as world:
        person, notes = await world.customer(), world.workplace.notes
        call = await talked(world)
        await notes.write(call, LI, disposition=None, note="a", done=True)
        await world.customers.erase(person.id, by="root")
        work = await notes.write(call, LI, disposition=None, note="b", done=True)
        assert (work.note, await notes_of(world, person.id)) == ("b", [])


async def test_with_a_customer_what_was_written_about_his_calls_is_erased(tmp_path: Path) -> None:
    async with at_workplace(tmp_path) as world:
        person, notes = await world.customer(), world.workplace.notes
        call = await talked(world)
        await notes.write(call, LI, disposition=SOLVED, note="done with it", done=True)
        await notes.write(call, ZHAO, disposition=None, note="a draft", done=False)
        assert len(await notes.work(call)) == 2
        await world.customers.erase(person.id, by="root")
        assert await notes.work(call) == []
        assert await notes.store.work(DEFAULT_TENANT, [call.call_id]) == []


async def test_old_work_is_forgotten(tmp_path: Path) -> None:
    async with at_workplace(tmp_path) as world:
        call = await talked(world)
        await world.workplace.notes.write(call, LI, disposition=None, note="a", done=True)
        assert await world.workplace.notes.prune(DEFAULT_TENANT, before=world.story.now + 1) == 1
        assert await world.workplace.notes.work(call) == []
