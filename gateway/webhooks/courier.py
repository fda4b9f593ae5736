"""Brings one endpoint its events: in the order of each call, at least once, however long the endpoint is away.

What comes is put behind what waits for the same call, and sent from there; so an event that is refused holds up its own call
only. An endpoint that does not answer several times in a row counts as away: then its events stay in the outbox, and it is
looked at from time to time with the first thing that waits.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from random import Random
from typing import Any, Final

import msgspec
import structlog

from gateway.model.errors import StoreUnavailableError
from gateway.model.ids import Tenant
from gateway.model.signatures import headers_of, key_of
from gateway.model.templates import template_of
from gateway.model.webhooks import (
    OPEN_AFTER,
    Attempt,
    Delivery,
    Endpoint,
    Outcome,
    Standing,
    concerns,
    look_again_s,
    retry_at,
)
from gateway.ports.store import Told
from gateway.ports.webhooks import Progress, WebhookStore
from gateway.session.hub import Hub, Listener, PositionLostError, TooSlowError
from gateway.webhooks.lines import Lines
from gateway.webhooks.sender import Sender

AT_ONCE: Final = 8
"""Messages of different calls on their way to one endpoint at once."""
MAX_WAITING: Final = 1_000
"""Messages that wait in memory and are not tried any more events until some arrived or died; about 1 kB each."""
FLUSH_S: Final = 1.0
"""Seconds between two notes of how far an endpoint got: what was sent since is sent again after a crash."""
IDLE_S: Final = 300.0
"""Seconds after which it is noted that events passed which the endpoint did not ask for."""
STORE_RETRY_S: Final = 5.0

_log = structlog.get_logger()


class Courier:
    """Serves one endpoint.

    Args:
        endpoint: Another courier serves it when it has changed.
        position: How far it got.
        tenant: Whose it is.
        hub: Has the events.
        store: Keeps how far it got.
        sender: Posts messages.
        now: Seconds since the epoch.
        jitter: Spreads what is tried again.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        position: int,
        *,
        tenant: Tenant,
        hub: Hub,
        store: WebhookStore,
        sender: Sender,
        now: Callable[[], float],
        jitter: Random,
    ) -> None:
        self.endpoint = endpoint
        self._position = position
        self._tenant = tenant
        self._hub = hub
        self._store = store
        self._sender = sender
        self._now = now
        self._jitter = jitter
        self._template = None if endpoint.template is None else template_of(endpoint.template)
        self._waiting = Lines()
        self._stored: set[int] = set()
        """Positions of deliveries that the store has."""
        self._changed: dict[int, Delivery] = {}
        self._done: set[int] = set()
        self._attempts: deque[Attempt] = deque(maxlen=MAX_WAITING)
        self._noted_position = position
        self._noted_at = now()
        self._dead = 0
        self._failures = 0
        self._looks = 0
        self._away_since: float | None = None
        self._look_at = 0.0
        self._why: str | None = None
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._noting = asyncio.Lock()
        self._nap: asyncio.Timeout | None = None
        """Of waiting for something to do."""

    @property
    def standing(self) -> Standing:
        """How the endpoint stands."""
        waiting = len(self._waiting)
        return Standing(position=self._position, waiting=waiting, dead=self._dead, away_since=self._away_since, why=self._why)

    def _may_send(self) -> bool:
        return self._away_since is None and self.endpoint.enabled

    async def load(self) -> None:
        """Take over what waits in the store; what is here already stays as it is.

        Raises:
            StoreUnavailableError: The store does not answer.
        """
        await self.recount()
        here = {each.position for each in self._waiting} | self._done
        for delivery in await self._store.waiting(self._tenant, self.endpoint.id):
            self._stored.add(delivery.position)
            if delivery.position not in here:
                self._waiting.put(delivery)
        if self._nap is not None:
            self._nap.reschedule(0.0)

    async def recount(self) -> None:
        """Look how many dead messages the store has, when some were deleted there.

        Raises:
            StoreUnavailableError: The store does not answer.
        """
        _, self._dead = await self._store.counts(self._tenant, self.endpoint.id)

    async def run(self) -> None:
        """Serve the endpoint until cancelled, or until it wants no more: then :attr:`endpoint` says why. What was not noted
        is sent again."""
        loaded = False
        while True:
            try:
                if not loaded:
                    await self.load()
                    loaded = True
                await self._serve()
                return
            except PositionLostError:
                self._skip_lost()
            except TooSlowError:
                continue  # what the ring no longer has is read from the log
            except StoreUnavailableError as error:
                _log.warning("webhook_waits_for_store", webhook=self.endpoint.name, reason=str(error))
                await asyncio.sleep(STORE_RETRY_S)

    async def flush(self) -> None:
        """Note how far the endpoint got.

        Raises:
            StoreUnavailableError: The store does not answer; it is noted another time.
        """
        async with self._noting:  # an older note must not come after a younger one
            await self._note()

    async def _note(self) -> None:
        done, attempts, position = set(self._done), list(self._attempts), self._position
        # Whatever waits is behind the position that is noted with it.
        unsent = (each for each in self._waiting if each.position not in self._stored)
        changed = {each.position: each for each in unsent} | self._changed
        if not (changed or done or attempts) and position == self._noted_position:
            return
        progress = Progress(position=position, kept=list(changed.values()), done=sorted(done & self._stored), attempts=attempts)
        await self._store.note(self._tenant, self.endpoint.id, progress)
        self._noted_position, self._noted_at = position, self._now()
        self._stored = (self._stored | changed.keys()) - done
        self._done -= done
        for number, delivery in changed.items():
            if self._changed.get(number) == delivery:
                del self._changed[number]
        for attempt in attempts:
            if self._attempts and self._attempts[0] is attempt:
                self._attempts.popleft()

    async def _serve(self) -> None:
        topics, pbxs = self.endpoint.topics, self.endpoint.pbxs
        listener = self._hub.listen(topics, after=self._position, pbxs=pbxs or None, tenant=self._tenant)
        try:
            while self.endpoint.enabled:
                if self._away_since is not None:
                    await self._pause(self._look_at - self._now())
                    await self._look()
                elif due := self._waiting.due(self._now()):
                    await self._send(due)
                elif len(self._waiting) >= MAX_WAITING:
                    await self._pause(self._waiting.next_at() - self._now())
                else:
                    await self._listen(listener)
                await self._flush_by_and_by()
        finally:
            listener.close()

    async def _listen(self, listener: Listener) -> None:
        """Take the next events; return when something that waits is due."""
        wait_s = min(self._waiting.next_at() - self._now(), FLUSH_S if self._changed or self._done or self._attempts else IDLE_S)
        batch: list[Told] = []
        async with self._waiting_for(wait_s):
            batch = await listener.next_batch()
        if not batch:
            self._position = max(self._position, listener.position)
            return
        for told in batch:
            if concerns(self.endpoint, told.subjects):
                self._take(told)
        self._position = max(self._position, batch[-1].position)

    def _take(self, told: Told) -> None:
        self._waiting.put(
            Delivery(
                position=told.position,
                event_id=told.id,
                type=told.type,
                call_id=told.call_id,
                envelope=told.json,
                at=told.at,
            )
        )

    async def _pause(self, seconds: float) -> None:
        """Wait, or until there is something new to do."""
        async with self._waiting_for(min(seconds, IDLE_S)):
            await asyncio.Event().wait()

    @asynccontextmanager
    async def _waiting_for(self, seconds: float) -> AsyncIterator[None]:
        """Give up what is waited for inside after so long, or when there is something else to do."""
        try:
            async with asyncio.timeout(max(seconds, 0.0)) as self._nap:
                yield
        except TimeoutError:
            pass
        finally:
            self._nap = None

    async def _send(self, lines: Iterable[str]) -> None:
        """Send what waits in these lines, each in its order, several lines at once."""
        async with asyncio.TaskGroup() as tasks:
            for line in lines:
                tasks.create_task(self._send_line(line), name=f"webhook.{self.endpoint.id}")

    async def _send_line(self, line: str) -> None:
        while self._may_send():
            async with self._slots:
                delivery = self._waiting.first(line)
                # Something may have come of another message meanwhile.
                if delivery is None or delivery.retry_at > self._now() or not self._may_send():
                    return
                outcome = await self._attempt(delivery)
            self._took(line, delivery, outcome)

    async def _look(self) -> None:
        """See whether the endpoint is back, with the first thing that waits; without any the next event will show."""
        if self._now() < self._look_at:
            return
        line = self._waiting.eldest()
        delivery = None if line is None else self._waiting.first(line)
        if line is None or delivery is None:
            self._away_since, self._failures = None, OPEN_AFTER - 1
            return
        outcome = await self._attempt(delivery)
        if outcome.away:
            self._why = outcome.why
            self._looks += 1
            self._look_at = self._now() + look_again_s(self._looks, self._jitter.random(), outcome.retry_after_s)
            return
        away_s = round(self._now() - (self._away_since or self._now()))
        _log.info("webhook_back", webhook=self.endpoint.name, away_s=away_s)
        self._away_since, self._failures, self._looks = None, 0, 0
        self._waiting.hurry()  # it was the endpoint that failed, not the messages
        self._took(line, delivery, outcome)

    async def _attempt(self, delivery: Delivery) -> Outcome:
        now = self._now()
        body = self.body(delivery.envelope)
        outcome = await self._sender.post(self.endpoint.url, body, self.headers(delivery.event_id, body))
        self._attempts.append(
            Attempt(
                at=now,
                position=delivery.position,
                event_id=delivery.event_id,
                type=delivery.type,
                status=outcome.status,
                why=outcome.why,
                took_s=round(outcome.took_s, 3),
            )
        )
        return outcome

    def body(self, envelope: bytes) -> bytes:
        """Return what is sent of an event."""
        return envelope if self._template is None else msgspec.json.encode(self._template(msgspec.json.decode(envelope)))

    def headers(self, event_id: str, body: bytes) -> dict[str, str]:
        """Return the headers that go with it."""
        now = self._now()
        keys = (key_of(key.secret) for key in self.endpoint.signing(now))
        return headers_of(event_id, now, body, [key for key in keys if key is not None])

    def _took(self, line: str, delivery: Delivery, outcome: Outcome) -> None:
        """Go on from what came of an attempt."""
        if outcome.arrived:
            self._waiting.leave(line, delivery)
            self._changed.pop(delivery.position, None)
            self._done.add(delivery.position)
            self._failures, self._why = 0, None
            return
        self._why = outcome.why
        if outcome.gone:
            self.endpoint = msgspec.structs.replace(self.endpoint, enabled=False, disabled_why=outcome.why)
            return
        self._put_off(line, delivery, outcome)
        if outcome.away:
            self._failures += 1
            if self._failures >= OPEN_AFTER or outcome.retry_after_s:
                self._is_away(outcome)

    def _put_off(self, line: str, delivery: Delivery, outcome: Outcome) -> None:
        attempts = delivery.attempts + 1
        again_at = retry_at(attempts, self._now(), self._jitter.random(), outcome.retry_after_s)
        changed = msgspec.structs.replace(
            delivery, attempts=attempts, retry_at=again_at or 0.0, dead=again_at is None, why=outcome.why
        )
        self._changed[delivery.position] = changed
        if changed.dead:
            self._waiting.leave(line, delivery)
            self._dead += 1
            facts = {"webhook": self.endpoint.name, "event_id": delivery.event_id, **_told_openly(outcome)}
            _log.warning("webhook_message_dead", **facts)
        else:
            self._waiting.exchange(line, changed)

    def _is_away(self, outcome: Outcome) -> None:
        if self._away_since is None:
            self._away_since = self._now()
            _log.warning("webhook_away", webhook=self.endpoint.name, **_told_openly(outcome))
        self._looks = 0
        self._look_at = self._now() + look_again_s(0, self._jitter.random(), outcome.retry_after_s)

    async def _flush_by_and_by(self) -> None:
        news = bool(self._changed or self._done or self._attempts)
        if self._now() - self._noted_at < (FLUSH_S if news else IDLE_S):
            return
        try:
            await self.flush()
        except StoreUnavailableError as error:
            _log.warning("webhook_not_noted", webhook=self.endpoint.name, reason=str(error))
            self._noted_at = self._now() + STORE_RETRY_S

    def _skip_lost(self) -> None:
        """Go on with the oldest event there is: what was deleted cannot be sent."""
        before, self._position = self._position, min(max(self._position, self._hub.kept_from - 1), self._hub.position)
        lost = max(self._position - before, 0)
        self._why = f"{lost} events were deleted (store.events_days) before they could be sent"
        _log.error("webhook_events_lost", webhook=self.endpoint.name, events=lost)


def _told_openly(outcome: Outcome) -> dict[str, Any]:
    """Return what the log says: what a receiver answers may quote the call that it was sent."""
    if outcome.status is None:
        return {"reason": outcome.why}
    return {"status": outcome.status, "pii.reason": outcome.why}
