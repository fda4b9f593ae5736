"""Who of a CRM's users sits at which extension."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import structlog

from gateway.crm.asking import asked
from gateway.model.crm import CrmUser
from gateway.model.crm_calls import CrmRules, user_at
from gateway.ports.crm import CrmError, CrmUnavailableError, ListsUsers

BELIEVED_S: Final = 3_600.0
"""Seconds for which the list is believed."""
MISSED_S: Final = 300.0
"""Seconds after which it is read again for somebody who is not in it."""
DOUBTED_S: Final = 60.0
"""Seconds after which it is read again when somebody in it may be gone."""
READING_S: Final = 60.0

_log = structlog.get_logger()


class CrmUsers:
    """One CRM's.

    Args:
        crm: What the configuration calls it.
        adapter: It, where it lists anybody; else those are known whom the configuration names.
        rules: Has the configuration's own.
        known_as: Returns login and e-mail address, with us, of who sits at an extension.
        now: Seconds of a clock that only goes forward.
    """

    def __init__(
        self,
        crm: str,
        adapter: ListsUsers | None,
        rules: CrmRules,
        *,
        known_as: Callable[[str], Awaitable[Sequence[str]]],
        now: Callable[[], float],
    ) -> None:
        self._crm = crm
        self._adapter = adapter
        self._rules = rules
        self._known_as = known_as
        self._now = now
        self._believed_s = BELIEVED_S
        self._read_at: float | None = None
        self._users: Sequence[CrmUser] = ()
        self._reading = asyncio.Lock()

    async def at(self, extension: str | None) -> CrmUser | None:
        """Return who sits at an extension; None where the CRM knows nobody there.

        Raises:
            CrmError: The list cannot be read, and never was.
        """
        if extension is None:
            return None
        if self._adapter is None:
            configured = self._rules.users.get(extension)
            return None if configured is None else CrmUser(id=configured, login=configured, extension=extension)
        names = await self._known_as(extension)
        user = None
        for patience_s in (self._believed_s, MISSED_S):
            await self._read(self._adapter, patience_s)
            user = user_at(extension, self._users, self._rules, known_as=names)
            if user is not None:
                break
        return user

    def doubt(self) -> None:
        """Read the list again soon: the CRM refused what was told of one in it, who may be gone."""
        self._believed_s = DOUBTED_S

    async def extension_of(self, user: str) -> str | None:
        """Return at which extension a user sits, by his id, as the CRM says.

        Raises:
            CrmError: The list cannot be read, and never was.
        """
        if self._adapter is None:
            return None
        for patience_s in (BELIEVED_S, MISSED_S):
            await self._read(self._adapter, patience_s)
            for each in self._users:
                if each.id == user and each.extension is not None:
                    return each.extension
        return None

    async def _read(self, adapter: ListsUsers, patience_s: float) -> None:
        """Read the list where it is older than so many seconds."""
        async with self._reading:
            if self._read_at is not None and self._now() - self._read_at < patience_s:
                return
            try:
                self._users = await asked(self._crm, "list its users", READING_S, _listed(adapter))
            except CrmError as error:
                self._failed(error)
            self._read_at, self._believed_s = self._now(), BELIEVED_S

    def _failed(self, error: CrmError) -> None:
        """Go on with the list of before, where there is one."""
        if self._read_at is not None:
            _log.warning("crm_users_not_read", crm=self._crm, reason=str(error))
        elif error.retryable:
            raise error
        else:
            # No call is to blame for it: all wait until somebody has mended it.
            raise CrmUnavailableError(f"{error} (it lists no users)") from error


async def _listed(adapter: ListsUsers) -> Sequence[CrmUser]:
    return tuple(await adapter.users())
