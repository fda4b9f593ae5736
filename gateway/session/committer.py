"""Gives everything that happens its place in one order, has it kept for good, and only then lets it be known.

The engines hand over what changed and go on. One task takes all that has come together meanwhile, commits it at once and tells
it; so a commit costs each event the less the more there are. While the store fails, what came waits in memory, up to a limit;
then the engines wait too, and the connectors drain their PBXs into their own memory and spool.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final

import msgspec
import structlog

from gateway.model.calls import Call
from gateway.model.errors import StoreTakenError, StoreUnavailableError
from gateway.model.habits import Habit
from gateway.model.ids import CallId, PbxName, Tenant
from gateway.model.times import rfc3339
from gateway.model.topics import subjects_of_data
from gateway.ports.store import Batch, ChangedCall, Heard, Learnt, Store, Told
from gateway.session.hub import Hub
from gateway.session.pbx_state import PbxState

MAX_WAITING: Final = 20_000
"""Events and changed calls that wait for the store, about 2 kB each; beyond it the engines wait."""
GATHER_S: Final = 0.004
"""Seconds for which the first of a batch waits for others: what one commit costs is shared, what it delays is not noticed."""
KNOWN_CALLS: Final = 10_000
"""Calls of which it is known whom they concern, about 0.3 kB each: a recording or a customer's name may be told a while after."""
FIRST_RETRY_S: Final = 0.2
MAX_RETRY_S: Final = 5.0

_log = structlog.get_logger()


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to tell, before it has its place in the order."""

    id: str | None
    """None where it is about no call; then its place makes it unique."""
    type: str
    """Dotted, past tense: ``call.answered``."""
    at: float
    """Seconds since the epoch."""
    tenant: Tenant
    pbx: PbxName | None
    """None where it is about no PBX, such as a customer."""
    call_id: CallId | None
    data: dict[str, Any]
    subjects: tuple[str, ...] = ()
    """Whom and what it is about, as topics, beside what ``data`` names; one of a call's own events names all here."""


class StoreAlarm(msgspec.Struct, frozen=True, kw_only=True):
    """The store fails; nothing is lost as long as there is room."""

    detail: str
    """For a person: what is wrong, and with which database."""
    since: float
    """Seconds since the epoch."""


class _Envelope(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    id: str
    type: str
    time: str
    tenant: str
    pbx: str | None = None
    call_id: str | None = None
    position: int
    data: dict[str, Any]


class _Waiting:
    """What came since the last batch."""

    __slots__ = ("calls", "heard", "learnt", "messages")

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.calls: dict[CallId, tuple[PbxState, Call]] = {}
        self.heard: dict[PbxState, float] = {}
        self.learnt: list[Learnt] = []

    def __len__(self) -> int:
        return len(self.messages) + len(self.calls)


class Committer:
    """The one writer of a gateway's store.

    Args:
        store: Open.
        hub: What is committed is told there; it goes on after the store's last position.
        now: Seconds since the epoch.
        sleep: Waits for some seconds.
    """

    def __init__(
        self, store: Store, hub: Hub, *, now: Callable[[], float], sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._store = store
        self._hub = hub
        self._now = now
        self._sleep = sleep
        self._waiting = _Waiting()
        self._news = asyncio.Event()
        self._committing = False
        self._changed = asyncio.Condition()
        self._encoder = msgspec.json.Encoder()
        self._subjects: dict[CallId, tuple[str, ...]] = {}
        """Of the calls that were told of last, for what others tell of them."""
        self.alarm: StoreAlarm | None = None
        """What is wrong with the store; None while it works."""
        self.commits = 0
        self.failed_commits = 0
        self.commit_s = 0.0
        """Seconds that all commits took."""

    @property
    def waiting(self) -> int:
        """Events and changed calls that wait to be committed."""
        return len(self._waiting)

    def put(
        self,
        state: PbxState,
        calls: Iterable[Call] = (),
        messages: Iterable[Message] = (),
        heard_at: float | None = None,
        learnt: Iterable[Habit] = (),
    ) -> None:
        """Take over what happened at one PBX, in order; it is committed whole."""
        waiting = self._waiting
        waiting.messages += messages
        for call in calls:
            waiting.calls[call.call_id] = (state, call)
        if heard_at is not None:
            waiting.heard[state] = heard_at
        waiting.learnt += [Learnt(tenant=state.tenant, pbx=state.pbx, habit=habit) for habit in learnt]
        self._news.set()

    def tell(self, messages: Iterable[Message]) -> None:
        """Take over what happened elsewhere than in a PBX's calls, in order."""
        self._waiting.messages += messages
        self._news.set()

    async def room(self) -> None:
        """Wait until there is room for more. Cancelling is safe."""
        if len(self._waiting) < MAX_WAITING:
            return
        async with self._changed:
            await self._changed.wait_for(lambda: len(self._waiting) < MAX_WAITING)

    async def settled(self) -> None:
        """Wait until all that came so far is committed and told. Cancelling is safe."""
        async with self._changed:
            await self._changed.wait_for(lambda: not self._committing and not self._news.is_set())

    async def run(self) -> None:
        """Commit and tell what comes, until cancelled; what was not committed then is not told either.

        Raises:
            StoreTakenError: Another gateway has written to the store; this one must stop.
        """
        while True:
            await self._news.wait()
            await self._sleep(GATHER_S)
            self._news.clear()
            waiting, self._waiting = self._waiting, _Waiting()
            self._committing = True
            async with self._changed:
                self._changed.notify_all()
            events = self._placed(waiting.messages)
            batch = Batch(
                calls=[ChangedCall(call=call, site=state.site) for state, call in waiting.calls.values()],
                events=events,
                heard=[
                    Heard(tenant=state.tenant, pbx=state.pbx, at=at, gaps=tuple(state.gaps))
                    for state, at in waiting.heard.items()
                ],
                learnt=waiting.learnt,
            )
            await self._commit(batch)
            for call_id, (state, call) in waiting.calls.items():
                state.show({call_id: call})
            self._hub.publish(events)
            self._committing = False
            async with self._changed:
                self._changed.notify_all()

    def _placed(self, messages: Iterable[Message]) -> list[Told]:
        return [self._told(message, position) for position, message in enumerate(messages, self._hub.position + 1)]

    def _told(self, message: Message, position: int) -> Told:
        subject = message.type.partition(".")[0] if message.pbx is None else message.pbx
        event_id = f"{subject}:{position}" if message.id is None else message.id
        envelope = _Envelope(
            id=event_id,
            type=message.type,
            time=rfc3339(message.at),
            tenant=message.tenant,
            pbx=message.pbx,
            call_id=message.call_id,
            position=position,
            data=message.data,
        )
        return Told(
            position=position,
            id=event_id,
            type=message.type,
            at=message.at,
            tenant=message.tenant,
            pbx=message.pbx,
            call_id=message.call_id,
            json=self._encoder.encode(envelope),
            subjects=self._subjects_of(message),
        )

    def _subjects_of(self, message: Message) -> tuple[str, ...]:
        call_id = message.call_id
        if call_id is None or message.type.startswith("agent."):
            # What an agent does in a call is about him, not about all who are in it.
            return tuple(dict.fromkeys((*message.subjects, *subjects_of_data(call_id, message.data))))
        subjects = message.subjects
        if not subjects:
            known = self._subjects.get(call_id, ())
            return tuple(dict.fromkeys((*known, *subjects_of_data(call_id, message.data))))
        # The calls that were told of last stand last.
        self._subjects.pop(call_id, None)
        self._subjects[call_id] = subjects
        if len(self._subjects) > KNOWN_CALLS:
            del self._subjects[next(iter(self._subjects))]
        return subjects

    async def _commit(self, batch: Batch) -> None:
        """Commit the batch, however long it takes."""
        delay_s, failed = FIRST_RETRY_S, False
        while True:
            began_at = self._now()
            try:
                if not (failed and await self._is_committed(batch)):
                    await self._store.commit(batch)
                break
            except StoreUnavailableError as error:
                failed = True
                self.failed_commits += 1
                self._fails(str(error))
            await self._sleep(delay_s)
            delay_s = min(delay_s * 2.0, MAX_RETRY_S)
        self.commits += 1
        self.commit_s += self._now() - began_at
        if self.alarm is not None:
            _log.info("store_works_again", store=self._store.description, failed_s=round(self._now() - self.alarm.since, 1))
            self.alarm = None

    async def _is_committed(self, batch: Batch) -> bool:
        """Tell whether a commit whose answer was lost was made; what has no events may be written twice."""
        if not batch.events:
            return False
        last = await self._store.last_position()
        if last > batch.events[-1].position:
            raise StoreTakenError(f"{self._store.description}: another gateway has written to it")
        return last == batch.events[-1].position

    def _fails(self, detail: str) -> None:
        if self.alarm is None or self.alarm.detail != detail:
            _log.error("store_fails", store=self._store.description, reason=detail, waiting=len(self._waiting))
            self.alarm = StoreAlarm(detail=detail, since=self._now() if self.alarm is None else self.alarm.since)
