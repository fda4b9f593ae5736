"""Who of a CRM's users sits at which extension."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import structlog

from gateway.model.crm import CrmUser
from gateway.model.crm_calls import CrmRules, user_at
from gateway.ports.crm import CrmAdapter, CrmError, CrmUnavailableError, ListsUsers

BELIEVED_S: Final = 3_600.0
"""Seconds for which the list is believed."""
MISSED_S: Final = 300.0
"""Seconds after which it is read again for somebody who is not in it."""
READING_S: Final = 60.0

_log = structlog.get_logger()


class CrmUsers:
    """One CRM's.

    Args:
        crm: What the configuration calls it.
        adapter: It; one that lists nobody knows those whom the configuration names.
        rules: Has the configuration's own.
        known_as: Returns login and e-mail address, with us, of who sits at an extension.
        now: Seconds of a clock that only goes forward.
    """

    def __init__(
        self,
        crm: str,
        adapter: CrmAdapter,
        rules: CrmRules,
        *,
        known_as: Callable[[str], Awaitable[Sequence[str]]],
        now: Callable[[], float],
    ) -> None:
        self._crm = crm
        self._adapter = adapter if isinstance(adapter, ListsUsers) else None
        self._rules = rules
        self._known_as = known_as
        self._now = now
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
        for patience_s in (BELIEVED_S, MISSED_S):
            await self._read(self._adapter, patience_s)
            user = user_at(extension, self._users, self._rules, known_as=names)
            if user is not None:
                break
        return user

    async def _read(self, adapter: ListsUsers, patience_s: float) -> None:
        """Read the list where it is older than so many seconds."""
        async with self._reading:
            if self._read_at is not None and self._now() - self._read_at < patience_s:
                return
            try:
                async with asyncio.timeout(READING_S):
                    self._users = tuple(await adapter.users())
            except TimeoutError as error:
                self._failed(CrmUnavailableError(f"{self._crm}: did not list its users within {READING_S:g} s"), error)
            except CrmError as error:
                self._failed(error, error)
            except Exception as error:  # noqa: BLE001  # an adapter may be anybody's
                _log.exception("crm_adapter_failed", crm=self._crm, asked="users")
                self._failed(CrmUnavailableError(f"{self._crm}: its adapter failed: {type(error).__name__}"), error)
            self._read_at = self._now()

    def _failed(self, told: CrmError, cause: BaseException) -> None:
        """Go on with the list of before, where there is one."""
        if self._read_at is None:
            if told is cause:
                raise told
            raise told from cause
        _log.warning("crm_users_not_read", crm=self._crm, reason=str(told))
