from collections.abc import AsyncIterator
from functools import partial

import msgspec
import pytest
import sqlalchemy as sa
from support.recordings import BEGAN_AT, PBX, SOUND, call_of, recording_of

from gateway.model.errors import StoreSchemaError
from gateway.model.ids import DEFAULT_TENANT, PbxName, Tenant
from gateway.model.recordings import Play, Recording, RecordingId, RecordingState
from gateway.store.database import Database
from gateway.store.recordings import RECORDINGS, SqlRecordings
from gateway.store.urls import parse_url

OTHER = Tenant("other")


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    opened = Database(parse_url(url))
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
def store(database: Database) -> SqlRecordings:
    return SqlRecordings(database)


async def put(store: SqlRecordings, *recordings: Recording, position: int = 1) -> None:
    for tenant in {recording.tenant for recording in recordings}:
        mine = [recording for recording in recordings if recording.tenant == tenant]
        await store.follow(tenant, position, [each.call_id for each in mine], partial(_these, mine))


def _these(mine: list[Recording], _known: list[Recording]) -> list[Recording]:
    return mine


def available(number: int, **changes: object) -> Recording:
    return recording_of(number, state=RecordingState.AVAILABLE, sound=SOUND, stored_as=f"default/{number}.wav", **changes)


async def test_nothing_is_known_at_first(store: SqlRecordings) -> None:
    assert await store.position(DEFAULT_TENANT) is None
    assert await store.find(DEFAULT_TENANT, RecordingId("x")) is None
    assert await store.change(DEFAULT_TENANT, RecordingId("x"), lambda now: now) is None


async def test_a_recording_comes_back_as_it_was_kept(store: SqlRecordings) -> None:
    whole = available(1, file="中文.wav", size=3, sha256="ab", warning="w", fetched_at=2.5, version=3, told=False, attempts=4)
    await put(store, whole, position=41)
    assert await store.find(DEFAULT_TENANT, whole.id) == whole
    assert await store.find(OTHER, whole.id) is None
    assert await store.position(DEFAULT_TENANT) == 41


async def test_events_are_followed_with_what_is_known_of_their_calls_all_or_nothing(store: SqlRecordings) -> None:
    await put(store, recording_of(1), recording_of(2), recording_of(3), position=7)
    given: list[list[Recording]] = []

    def change(known: list[Recording]) -> list[Recording]:
        given.append(known)
        raise RuntimeError("the gateway dies")

    with pytest.raises(RuntimeError):
        await store.follow(DEFAULT_TENANT, 8, [call_of(1), call_of(2), call_of(9)], change)
    assert {each.id for each in given[0]} == {recording_of(1).id, recording_of(2).id}
    assert await store.position(DEFAULT_TENANT) == 7


async def test_many_calls_are_followed_at_once(store: SqlRecordings) -> None:
    many = [recording_of(number) for number in range(1_200)]
    await put(store, *many)
    assert await store.of_calls(DEFAULT_TENANT, [each.call_id for each in many]) == many


async def test_a_change_is_made_to_what_is_there_now(store: SqlRecordings) -> None:
    await put(store, recording_of(1))
    for attempts in (1, 2):
        changed = await store.change(
            DEFAULT_TENANT, recording_of(1).id, lambda now: msgspec.structs.replace(now, attempts=now.attempts + 1)
        )
        assert changed is not None
        assert changed.attempts == attempts
    found = await store.find(DEFAULT_TENANT, recording_of(1).id)
    assert found is not None
    assert found.attempts == 2


async def test_pages_go_from_the_last_to_the_first_and_miss_none(store: SqlRecordings) -> None:
    same_time = [recording_of(number, began_at=BEGAN_AT) for number in range(3)]
    await put(store, *same_time, recording_of(4, pbx=PbxName("branch")), available(5), recording_of(6, tenant=OTHER))
    seen, after = [], None
    while page := await store.page(DEFAULT_TENANT, states=None, pbxs=None, after=after, limit=2):
        seen += page
        after = (page[-1].began_at, page[-1].id)
    assert seen[:2] == [available(5), recording_of(4, pbx=PbxName("branch"))]
    assert seen[2:] == sorted(same_time, key=lambda each: each.id, reverse=True)
    of_state = await store.page(DEFAULT_TENANT, states=[RecordingState.AVAILABLE], pbxs=None, after=None, limit=9)
    assert of_state == [available(5)]
    of_pbx = await store.page(DEFAULT_TENANT, states=None, pbxs=[PbxName("branch")], after=None, limit=9)
    assert [each.pbx for each in of_pbx] == ["branch"]


async def test_what_is_due_comes_by_its_time_and_by_its_pbx(store: SqlRecordings) -> None:
    waiting = [recording_of(number, state=RecordingState.WAITING, due_at=10.0 - number) for number in range(3)]
    elsewhere = recording_of(4, state=RecordingState.WAITING, due_at=0.0, pbx=PbxName("branch"))
    await put(store, *waiting, elsewhere, recording_of(5))
    assert await store.due(DEFAULT_TENANT, PBX, 2) == [waiting[2], waiting[1]]
    assert await store.due(DEFAULT_TENANT, PbxName("branch"), 9) == [elsewhere]


async def test_what_was_not_told_is_found(store: SqlRecordings) -> None:
    await put(store, available(1, told=False), available(2))
    assert await store.untold(DEFAULT_TENANT) == [available(1, told=False)]


async def test_old_ones_are_found_and_what_is_deleted_but_still_stored(store: SqlRecordings) -> None:
    gone = recording_of(3, state=RecordingState.DELETED)
    half = recording_of(9, state=RecordingState.DELETED, stored_as="default/9.wav")
    await put(store, available(1), recording_of(2, state=RecordingState.FAILED), gone, available(5), half)
    old = await store.expired(DEFAULT_TENANT, began_before=BEGAN_AT + 4, limit=9)
    assert [each.id for each in old] == [available(1).id, recording_of(2).id, half.id]
    assert await store.expired(DEFAULT_TENANT, began_before=BEGAN_AT + 4, limit=1) == [available(1)]


async def test_only_deleted_ones_are_forgotten_with_who_heard_them(store: SqlRecordings) -> None:
    gone, kept = recording_of(1, state=RecordingState.DELETED), available(2)
    half = recording_of(3, state=RecordingState.DELETED, stored_as="default/3.wav")
    await put(store, gone, kept, half)
    plays = [play(gone, 1.0), play(kept, 2.0)]
    for each in plays:
        await store.note_play(DEFAULT_TENANT, each)
    assert await store.forget(DEFAULT_TENANT, began_before=BEGAN_AT + 100) == 1
    assert await store.find(DEFAULT_TENANT, gone.id) is None
    assert await store.plays(DEFAULT_TENANT, gone.id) == []
    assert await store.plays(DEFAULT_TENANT, kept.id) == plays[1:]
    assert await store.find(DEFAULT_TENANT, half.id) == half


def play(recording: Recording, at: float) -> Play:
    return Play(
        recording_id=recording.id, call_id=recording.call_id, at=at, principal_id="t1", principal="Ana", address="::1", asked=""
    )


async def test_each_hearing_is_kept_in_order(store: SqlRecordings) -> None:
    one = available(1)
    plays = [play(one, at) for at in (1.0, 1.0, 2.0)]
    for each in plays:
        await store.note_play(DEFAULT_TENANT, each)
    assert await store.plays(DEFAULT_TENANT, one.id) == plays
    assert await store.plays(OTHER, one.id) == []


async def test_a_damaged_row_is_told(database: Database, store: SqlRecordings) -> None:
    await put(store, recording_of(1))
    async with database.writing() as connection:
        await connection.execute(sa.update(RECORDINGS).values(body=b"\xc1"))
    with pytest.raises(StoreSchemaError, match="cannot be read"):
        await store.find(DEFAULT_TENANT, recording_of(1).id)
