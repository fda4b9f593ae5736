"""What a store is given in tests: recorded calls, and events with their places."""

from collections.abc import Sequence

import msgspec
from support.replaying import CAPTURES, PBX, pbx_events, run

from connectors.asterisk_ami.replay import site_of
from gateway.model.calls import Call
from gateway.model.habits import Habit, HabitKind
from gateway.model.ids import DEFAULT_TENANT, CallId, PbxName
from gateway.ports.connector import Gap
from gateway.ports.store import Batch, ChangedCall, Heard, Learnt, Store, Told

FOLDER = CAPTURES / "asterisk" / "22" / "attended_transfer"
SITE = site_of(FOLDER)


def recorded() -> list[Call]:
    """Return the calls of a recording: the customer's, ended, and the consultation that was merged into it."""
    return list(run(pbx_events(FOLDER), SITE)[0].values())


def live_calls() -> list[Call]:
    """Return the calls of the same recording in its middle."""
    return [call for call in run(pbx_events(FOLDER)[:30], SITE)[0].values() if not call.ended]


def call_like(one: Call, number: int, *, ended_at: float | None, pbx: str = PBX) -> Call:
    """Return another call that is like this one."""
    call_id = CallId(f"{number:026d}")
    return msgspec.structs.replace(
        one, call_id=call_id, pbx=PbxName(pbx), ended=ended_at is not None, ended_at=ended_at, merged_into=None
    )


def told(position: int, *, at: float = 1_000.0, call_id: str = "c", id: str | None = None) -> Told:  # noqa: A002
    """Return an event in its place."""
    return Told(
        position=position,
        id=f"{call_id}:{position}" if id is None else id,
        type="call.started",
        at=at,
        tenant=DEFAULT_TENANT,
        pbx=PBX,
        call_id=CallId(call_id),
        json=b'{"position":%d}' % position,
    )


def batch(calls: Sequence[Call] = (), events: Sequence[Told] = (), heard_at: float | None = None) -> Batch:
    """Return what is committed at once."""
    heard = () if heard_at is None else (Heard(tenant=DEFAULT_TENANT, pbx=PBX, at=heard_at, gaps=(GAP,)),)
    learnt = () if heard_at is None else (Learnt(tenant=DEFAULT_TENANT, pbx=PBX, habit=HABIT),)
    return Batch(calls=[ChangedCall(call=call, site=SITE) for call in calls], events=events, heard=heard, learnt=learnt)


HABIT = Habit(HabitKind.ARRIVES, "PJSIP/carrier", "from-carrier")
GAP = Gap(began_at=1.0, ended_at=2.0, reason="a cut")


async def heard_at(store: Store) -> float | None:
    """Return until when the PBX was heard, by the store; its gap and what was learnt of it are known too."""
    heard = await store.heard(DEFAULT_TENANT, PBX)
    assert heard is None or heard.gaps == (GAP,)
    assert await store.habits(DEFAULT_TENANT, PBX) == ([] if heard is None else [HABIT])
    return None if heard is None else heard.at
