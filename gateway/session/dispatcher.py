"""Has commands done: each is written down before it is sent, sent once, and what came of it is written down and told once.

A command whose fate is not known (the PBX gave no answer, or the gateway was stopped meanwhile) is judged by what the PBX tells
of its calls, and never sent again. One that is given again with its key is answered by what came of the first.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
import structlog

from gateway.model.command_records import CommandRecord, CommandState, fingerprint_of, key_of, masked
from gateway.model.commands import Command, CommandId, HangUp, name_of
from gateway.model.errors import (
    CommandRefusedError,
    CommandUnansweredError,
    PeerUnavailableError,
    StoreUnavailableError,
)
from gateway.model.ids import TAIL_BYTES, CallId, ulid
from gateway.model.refusals import CommandNotDoneError, Refusal
from gateway.ports.connector import LinkStatus
from gateway.session.command_book import RETRY_S, CommandBook
from gateway.session.command_orders import Orders, Prepared, Wish
from gateway.session.engine import Engine
from gateway.session.first_legs import FirstLegs

EXECUTE_S: Final = 60.0
"""Seconds after which a command that its connector has not ended counts as unanswered; connectors have deadlines of their own."""
FIRST_LEG_S: Final = 3.0
"""Seconds for which whoever placed a call waits for its id."""
JOIN_S: Final = 60.0
"""Seconds after which a call that did not show up is not waited for."""
MAX_WAITING: Final = 1_000
"""Commands that wait to be taken up; beyond it whoever gives one waits."""

AUDITED: Final = frozenset(Refusal) - {
    Refusal.NO_SUCH_PBX,
    Refusal.NO_SUCH_CALL,
    Refusal.CALL_ENDED,
    Refusal.WHICH_DEVICE,
    Refusal.KEY_MISSING,
    Refusal.KEY_REUSED,
}
"""Refusals that are kept and told: what somebody tried, and not what a program got wrong."""

_log = structlog.get_logger()


class _Asked:
    """A wish, and who waits for what comes of it."""

    __slots__ = ("answer", "wish")

    def __init__(self, wish: Wish) -> None:
        self.wish = wish
        self.answer: asyncio.Future[CommandRecord] = asyncio.get_running_loop().create_future()


class Dispatcher:
    """See the module.

    Args:
        orders: Makes orders of wishes.
        book: Writes them down and tells what came of them.
        first_legs: Finds the calls that they begin.
        now: Seconds since the epoch.
        entropy: Returns so many random bytes.
        sleep: Waits for some seconds.
    """

    def __init__(
        self,
        orders: Orders,
        book: CommandBook,
        engine: Engine,
        first_legs: FirstLegs,
        *,
        now: Callable[[], float],
        entropy: Callable[[int], bytes],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._orders = orders
        self._book = book
        self._engine = engine
        self._first_legs = first_legs
        self._now = now
        self._entropy = entropy
        self._sleep = sleep
        self._keys_in_use: dict[str, asyncio.Event] = {}
        self._work: asyncio.Queue[_Asked | CommandRecord] = asyncio.Queue(maxsize=MAX_WAITING)
        self._left: list[CommandRecord] = []
        self.counts: Counter[tuple[str, str]] = Counter()
        """Commands by their ``type`` and what came of them: a state, or the word for why not."""

    async def restore(self) -> None:
        """Take over what an earlier process left open; before anything is submitted.

        Raises:
            StoreUnavailableError: The store does not answer.
        """
        self._left = await self._book.left_open()

    async def run(self) -> None:
        """Judge what an earlier process left open, have commands done and watch what becomes of them, until cancelled.

        Cancelling leaves a command that was sent to be judged as after a crash.
        """
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._book.run(), name="commands.book")
            left, self._left = self._left, []
            for record in left:
                tasks.create_task(self._judge(record), name=f"commands.judge.{record.id}")
            try:
                while True:
                    work = await self._work.get()
                    if isinstance(work, CommandRecord):
                        tasks.create_task(self._watch(work), name=f"commands.watch.{work.id}")
                    else:
                        tasks.create_task(self._answer(work), name="commands.do")
            finally:
                while not self._work.empty():
                    if isinstance(work := self._work.get_nowait(), _Asked):
                        work.answer.cancel()

    async def submit(self, wish: Wish) -> CommandRecord:
        """Have a command done, and return what came of it; one that an earlier process was sending is open until it is judged.

        Cancelling is safe: it is done all the same.

        Raises:
            CommandNotDoneError: It cannot be or must not; nothing was sent.
            StoreUnavailableError: It cannot be written down; nothing was sent.
        """
        asked = _Asked(wish)
        await self._work.put(asked)
        return await asked.answer

    async def _answer(self, asked: "_Asked") -> None:
        """Have a command done for somebody, who may not wait for the answer any more."""
        try:
            record = await self._submitted(asked.wish)
        except Exception as error:  # noqa: BLE001  # whatever it is, who asked is told, and no other command suffers
            if not asked.answer.done():
                asked.answer.set_exception(error)
        else:
            if not asked.answer.done():
                asked.answer.set_result(record)
        finally:
            asked.answer.cancel()

    async def _submitted(self, wish: Wish) -> CommandRecord:
        if wish.key is None:
            return await self._do(wish, None, None)
        key = key_of(wish.principal.id, wish.route, wish.key)
        while (other := self._keys_in_use.get(key)) is not None:
            await other.wait()
        done = self._keys_in_use[key] = asyncio.Event()
        try:
            asked = fingerprint_of(wish.key, wish.asked)
            known = await self._given_before(wish, key)
            if known is None:
                return await self._do(wish, key, asked)
            if known.asked != asked:
                detail = f"this Idempotency-Key was used for another command ({known.id}): take a new key for each"
                raise CommandNotDoneError(Refusal.KEY_REUSED, detail)
            return known
        finally:
            del self._keys_in_use[key]
            done.set()

    async def _given_before(self, wish: Wish, key: str) -> CommandRecord | None:
        try:
            return await self._book.find_by_key(wish.principal.tenant, key)
        except StoreUnavailableError:
            # Who calls for help is not kept waiting for a database.
            if not self._orders.is_emergency(wish):
                raise
            return None

    async def _do(self, wish: Wish, key: str | None, asked: str | None) -> CommandRecord:
        command_id = CommandId(ulid(self._now(), self._entropy(TAIL_BYTES)))
        try:
            prepared = await self._orders.prepare(wish, command_id)
        except CommandNotDoneError as error:
            await self._refuse(wish, command_id, error)
            raise
        record = self._begun(wish, prepared, key, asked)
        try:
            await self._book.begin(record)
        except StoreUnavailableError:
            if not prepared.is_emergency:
                raise
            _log.error("emergency_call_not_written_down", command_id=record.id, pbx=record.pbx)
            self._book.owe(record, and_tell=False)
        return await self._send(record, prepared)

    async def _refuse(self, wish: Wish, command_id: CommandId, error: CommandNotDoneError) -> None:
        self.counts[name_of(wish.kind), error.refusal] += 1
        if error.refusal not in AUDITED:
            return
        now, principal = self._now(), wish.principal
        record = CommandRecord(
            id=command_id,
            tenant=principal.tenant,
            principal=principal.id,
            principal_name=principal.name,
            role=principal.role,
            pbx=self._orders.pbx_of(wish),
            command=masked(_as_asked(wish)),
            state=CommandState.REFUSED,
            asked_at=now,
            settled_at=now,
            call_id=wish.call_id,
            refusal=error.refusal,
            reason=error.detail,
        )
        _log.warning(
            "command_refused",
            command_id=command_id,
            command=record.kind,
            principal=principal.name,
            refusal=error.refusal,
            **{"pii.reason": error.detail},
        )
        await self._book.keep(record)

    def _begun(self, wish: Wish, prepared: Prepared, key: str | None, asked: str | None) -> CommandRecord:
        order, principal = prepared.order, wish.principal
        return CommandRecord(
            id=order.id,
            tenant=principal.tenant,
            principal=principal.id,
            principal_name=principal.name,
            role=principal.role,
            pbx=order.pbx,
            command=masked(order.command),
            state=CommandState.SENDING,
            asked_at=self._now(),
            call_id=None if order.call is None else order.call.call_id,
            first_leg=prepared.connector.first_leg(order),
            key=key,
            asked=asked,
        )

    async def _send(self, record: CommandRecord, prepared: Prepared) -> CommandRecord:
        first_leg = record.first_leg
        try:
            async with asyncio.timeout(EXECUTE_S):
                accepted = await prepared.connector.execute(prepared.order)
        except PeerUnavailableError as error:
            # Nothing was sent: its key is free again.
            changes = {"refusal": Refusal.PBX_UNAVAILABLE, "reason": str(error), "key": None}
            return await self._settle(record, CommandState.FAILED, **changes)
        except CommandRefusedError as error:
            return await self._settle(record, CommandState.REFUSED, refusal=Refusal.COMMAND_REFUSED, reason=str(error))
        except (CommandUnansweredError, TimeoutError) as error:
            reason = str(error) or f"{record.pbx} did not answer within {EXECUTE_S:.0f} s"
            return await self._settle(record, CommandState.UNANSWERED, reason=reason)
        except Exception as error:  # noqa: BLE001  # a connector's fault, perhaps after it was sent
            _log.exception("command_fault", command_id=record.id, pbx=record.pbx)
            reason = f"{record.pbx}: the connector failed: {type(error).__name__}"
            return await self._settle(record, CommandState.UNANSWERED, reason=reason)
        first_leg = accepted.first_leg or first_leg
        began: CallId | None = None
        if first_leg is not None and record.pbx is not None:
            began = await self._first_legs.appear(record.pbx, first_leg, FIRST_LEG_S)
        return await self._settle(record, CommandState.ACCEPTED, first_leg=first_leg, **_joined(record, began))

    async def _settle(self, record: CommandRecord, state: CommandState, **changes: Any) -> CommandRecord:
        settled = msgspec.structs.replace(record, state=state, settled_at=self._now(), **changes)
        self.counts[record.kind, settled.refusal or state] += 1
        _log.info("command", command_id=record.id, command=record.kind, pbx=record.pbx, state=state, refusal=settled.refusal)
        may_begin = state in (CommandState.ACCEPTED, CommandState.UNANSWERED)
        awaited = may_begin and settled.first_leg is not None and settled.began is None
        await self._book.keep(settled, and_tell=not awaited)
        if awaited:
            await self._work.put(settled)
        return settled

    async def _watch(self, record: CommandRecord) -> None:
        """Wait for the call that a command begins, then tell what came of it."""
        if record.pbx is not None and record.first_leg is not None:
            began = await self._first_legs.appear(record.pbx, record.first_leg, JOIN_S)
            state = self._engine.pbxs[record.pbx]
            while began is None and state.link.status is not LinkStatus.CONNECTED:
                # What the PBX does meanwhile is told by its next snapshot.
                began = await self._first_legs.appear(record.pbx, record.first_leg, JOIN_S)
            if began is not None:
                record = msgspec.structs.replace(record, state=CommandState.ACCEPTED, reason=None, **_joined(record, began))
        await self._book.keep(record)

    async def _judge(self, record: CommandRecord) -> None:
        """Find out what became of a command of an earlier process; it is never sent again."""
        began, state = record.began, self._engine.pbxs.get(record.pbx) if record.pbx is not None else None
        may_have_begun = record.state in (CommandState.SENDING, CommandState.ACCEPTED, CommandState.UNANSWERED)
        if began is None and record.first_leg is not None and state is not None and may_have_begun:
            while state.counts.snapshots == 0:
                await self._sleep(RETRY_S)
            began = await self._first_legs.appear(state.pbx, record.first_leg, FIRST_LEG_S) or await self._seen(record)
        if began is not None:
            record = msgspec.structs.replace(record, state=CommandState.ACCEPTED, reason=None, **_joined(record, began))
        elif not record.is_settled:
            reason = "the gateway was stopped before an answer came; whether it was done is not known"
            record = msgspec.structs.replace(record, state=CommandState.UNANSWERED, reason=reason)
        if record.settled_at is None:
            self.counts[record.kind, record.state] += 1
            record = msgspec.structs.replace(record, settled_at=self._now())
        _log.info("command_judged", command_id=record.id, command=record.kind, pbx=record.pbx, state=record.state)
        await self._book.keep(record)

    async def _seen(self, record: CommandRecord) -> CallId | None:
        assert record.pbx is not None
        assert record.first_leg is not None
        while True:
            try:
                return await self._first_legs.seen_since(record.pbx, record.first_leg, record.asked_at)
            except StoreUnavailableError:
                await self._sleep(RETRY_S)


def _joined(record: CommandRecord, began: CallId | None) -> dict[str, CallId | None]:
    return {"began": began, "call_id": record.call_id or began}


def _as_asked(wish: Wish) -> Command:
    """Return the command as far as it is known, for the audit."""
    fields = dict(wish.fields)
    if "by" in wish.kind.__struct_fields__:
        fields["by"] = wish.by or wish.principal.extension or (None if wish.kind is HangUp else "")
    if "extension" in fields:
        fields["extension"] = fields["extension"] or wish.principal.extension or ""
    return wish.kind(**fields)
