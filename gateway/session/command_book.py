"""Writes commands down, and tells what came of them once that is on disk; where the database is away, as soon as it is back."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

import structlog

from gateway.model.command_records import CommandRecord, CommandState
from gateway.model.commands import CommandId
from gateway.model.errors import StoreUnavailableError
from gateway.model.ids import Tenant
from gateway.ports.commands import CommandLog
from gateway.session.committer import Committer, Message

RETRY_S: Final = 1.0
RECENT_S: Final = 86_400.0
"""Seconds before a start in which commands were settled that may not have been told."""

_log = structlog.get_logger()


class CommandBook:
    """See the module.

    Args:
        log: Where commands are written down.
        committer: Tells what came of them.
        now: Seconds since the epoch.
        sleep: Waits for some seconds.
    """

    def __init__(
        self,
        log: CommandLog,
        committer: Committer,
        *,
        now: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._log = log
        self._committer = committer
        self._now = now
        self._sleep = sleep
        self._owed: dict[CommandId, tuple[CommandRecord, bool]] = {}
        self._owing = asyncio.Event()

    async def left_open(self) -> list[CommandRecord]:
        """Return those of an earlier process of which nobody knows or nobody was told what came of them.

        Raises:
            StoreUnavailableError: The store does not answer.
        """
        return [*await self._log.unsettled(), *await self._log.untold(self._now() - RECENT_S)]

    async def find(self, tenant: Tenant, command_id: CommandId) -> CommandRecord | None:
        """Return a command as it stands.

        Raises:
            StoreUnavailableError: The store does not answer.
        """
        owed, _ = self._owed.get(command_id, (None, False))
        if owed is not None and owed.tenant == tenant:
            return owed
        return await self._log.find(tenant, command_id)

    async def find_by_key(self, tenant: Tenant, key: str) -> CommandRecord | None:
        """Return the command that was given with this key.

        Raises:
            StoreUnavailableError: The store does not answer.
        """
        for owed, _ in self._owed.values():
            if (owed.tenant, owed.key) == (tenant, key):
                return owed
        return await self._log.find_by_key(tenant, key)

    async def begin(self, record: CommandRecord) -> None:
        """Write a command down before it is sent.

        Raises:
            StoreUnavailableError: The store does not answer.
        """
        await self._log.write(record)

    async def keep(self, record: CommandRecord, *, and_tell: bool = True) -> None:
        """Write down what came of a command, and then tell it; where the store does not answer, as soon as it does.

        What was told is on disk, so that it is not judged and told once more after a crash.
        """
        if record.id in self._owed or not await self._is_written(record):
            self.owe(record, and_tell=and_tell)
        elif and_tell:
            self._tell(record)

    def owe(self, record: CommandRecord, *, and_tell: bool) -> None:
        """Write a command down when the store answers again."""
        _log.warning("command_not_written_yet", command_id=record.id, state=record.state)
        self._owed[record.id] = (record, and_tell)
        self._owing.set()

    async def run(self) -> None:
        """Write down what could not be written, until cancelled; what is left then is judged by the next process."""
        while True:
            await self._owing.wait()
            await self._sleep(RETRY_S)
            for owed in list(self._owed.values()):
                record, and_tell = owed
                if not await self._is_written(record):
                    break
                if self._owed.get(record.id) is owed:
                    del self._owed[record.id]
                if and_tell:
                    self._tell(record)
            if not self._owed:
                self._owing.clear()

    async def _is_written(self, record: CommandRecord) -> bool:
        try:
            await self._log.write(record)
        except StoreUnavailableError:
            return False
        return True

    def _tell(self, record: CommandRecord) -> None:
        """Tell everybody what came of a command; the event's id keeps it from being told twice."""
        done = record.state is CommandState.ACCEPTED
        data: dict[str, Any] = {
            "command_id": record.id,
            "command": record.kind,
            "state": record.state,
            "principal": record.principal_name,
            "extension": getattr(record.command, "by", None) or getattr(record.command, "extension", None),
            "began": record.began,
        }
        if not done:
            data |= {"refusal": record.refusal, "reason": record.reason}
        message = Message(
            id=record.event_id,
            type="command.accepted" if done else "command.failed",
            at=self._now(),
            tenant=record.tenant,
            pbx=record.pbx,
            call_id=record.call_id,
            data=data,
        )
        self._committer.tell([message])
