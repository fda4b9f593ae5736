"""One CRM, with all that belongs to it: who calls, what it is told, its own pages, what is made in it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
import structlog

from gateway.crm.asking import asked
from gateway.crm.courier import Courier
from gateway.crm.entries import CrmEntry
from gateway.crm.lookups import URGENT_S, Found, Lookups
from gateway.crm.pace import urgently
from gateway.crm.users import CrmUsers
from gateway.model.calls import Call
from gateway.model.crm import CallActivity, CrmAbility, CrmContact, CrmUser
from gateway.model.crm_calls import SeveralMatches, activity_of, agent_of, chosen, ringing_at
from gateway.model.errors import StoreError
from gateway.model.ids import CallId, Tenant
from gateway.model.site import Site
from gateway.ports.crm import CrmAdapter, CrmError, KeepsCalls, PopsCards
from gateway.ports.crm_log import CrmLog

POP_S: Final = 10.0
"""Seconds after which a card on the CRM's pages helps nobody."""
MEMO_S: Final = 5.0
"""Seconds for which a card waits for the call's activity, which it belongs to."""
LOOK_S: Final = 0.1
CLOSE_S: Final = 5.0
"""Seconds for which the gateway's end waits for an adapter."""
MAX_SHOWN: Final = 5_000
"""Calls with cards on the CRM's pages."""

_log = structlog.get_logger()


class _Shown(msgspec.Struct):
    """The cards of one call on the CRM's pages."""

    turn: asyncio.Lock
    cards: dict[str, tuple[CrmUser, CallActivity]] = {}
    """By extension."""


class Crm:
    """One CRM.

    Args:
        entry: What is configured of it.
        adapter: It.
        lookups: Knows whom it has.
        users: Knows who works with it.
        courier: Tells it of calls.
        log: Keeps what it was told.
        tenant: Whose it is.
        is_shared: Tells whether a number is known to be several people's.
        learn: Takes over whom it knows, under its name.
    """

    def __init__(
        self,
        entry: CrmEntry,
        adapter: CrmAdapter,
        lookups: Lookups,
        users: CrmUsers,
        courier: Courier,
        log: CrmLog,
        *,
        tenant: Tenant,
        is_shared: Callable[[str], Awaitable[bool]],
        learn: Callable[[str, CrmContact, str], Awaitable[None]],
    ) -> None:
        self.entry = entry
        self.adapter = adapter
        self.lookups = lookups
        self.users = users
        self.courier = courier
        self._crm_log = log
        self._tenant = tenant
        self._is_shared = is_shared
        self._learn = learn
        self._shown: dict[CallId, _Shown] = {}

    @property
    def name(self) -> str:
        """What the configuration calls it."""
        return self.entry.common.name

    async def who(self, call: Call, site: Site, number: str) -> Found:
        """Return whom it knows with a call's number; see :class:`gateway.crm.pops.Knower`."""
        matches = await self.lookups.find(number, urgent=True)
        rules = self.entry.common.calls
        owner = None
        if len(matches) > 1 and rules.several is SeveralMatches.OWNER:
            owner = await self._owner(agent_of(call, site, rules))
        contact = chosen(matches, rules, owner=owner, shared=await self._is_shared(number))
        return Found(crm=self.name, number=number, matches=matches, contact=contact)

    async def _owner(self, extension: str | None) -> CrmUser | None:
        """Return who sits there; None where the CRM does not say at once: the card shows all who may call."""
        try:
            with urgently():
                return await asked(self.name, "list its users", URGENT_S, self.users.at(extension))
        except CrmError as error:
            _log.info("crm_users_not_read", crm=self.name, reason=str(error))
            return None

    async def learn(self, contact: CrmContact, number: str) -> None:
        """Keep who this is, where that is wanted."""
        if not self.entry.common.remember:
            return
        try:
            await self._learn(self.name, contact, number)
        except StoreError as error:
            _log.warning("crm_contact_not_kept", crm=self.name, reason=str(error))

    async def show(self, call: Call | None, call_id: CallId, site: Site) -> None:
        """Let the CRM's own pages follow which telephones ring; None of a call that is over."""
        adapter = self.adapter
        if not isinstance(adapter, PopsCards) or CrmAbility.POP not in self.entry.abilities:
            return
        if call_id not in self._shown and (call is None or not ringing_at(call)):
            return
        if call_id not in self._shown and len(self._shown) >= MAX_SHOWN:
            _log.warning("crm_pop_left_out", crm=self.name, call_id=call_id)
            return
        shown = self._shown.setdefault(call_id, _Shown(turn=asyncio.Lock()))
        try:
            async with asyncio.timeout(POP_S), shown.turn:
                with urgently():
                    await self._follow(adapter, shown, call, call_id, site)
        except TimeoutError:
            _log.warning("crm_pop_late", crm=self.name, call_id=call_id)
        except (CrmError, StoreError) as error:
            _log.warning("crm_pop_failed", crm=self.name, call_id=call_id, reason=str(error))
        except Exception:  # noqa: BLE001  # an adapter may be anybody's
            _log.exception("crm_adapter_failed", crm=self.name, asked="pop")
        finally:
            if call is None:
                self._shown.pop(call_id, None)

    async def _follow(self, adapter: PopsCards, shown: _Shown, call: Call | None, call_id: CallId, site: Site) -> None:
        wanted = set() if call is None else set(ringing_at(call))
        answered = set() if call is None else set(call.answered_by)
        memo = await self._memo(call_id)
        for extension in [each for each in shown.cards if each not in wanted]:
            user, activity = shown.cards.pop(extension)
            if extension not in answered:
                await adapter.unpop(activity, user, memo)
        if call is None:
            return
        for extension in sorted(wanted - shown.cards.keys()):
            user_there = await self.users.at(extension)
            if user_there is None:
                continue
            activity = await self._activity(call, site, user_there)
            shown.cards[extension] = (user_there, activity)
            after = await adapter.pop(activity, user_there, memo)
            if after is not None and after != memo:
                await self._crm_log.remember(self._tenant, self.name, call_id, before=memo, memo=after)
                memo = after

    async def _activity(self, call: Call, site: Site, user: CrmUser) -> CallActivity:
        rules = self.entry.common.calls
        activity = activity_of(call, site, rules, contact=None, owner=user, names={})
        if activity.number is not None and activity.number.startswith("+"):
            matches = await self.lookups.find(activity.number, urgent=True)
            contact = chosen(matches, rules, owner=user, shared=await self._is_shared(activity.number))
            activity = msgspec.structs.replace(activity, contact=contact)
        return activity

    async def _memo(self, call_id: CallId) -> str | None:
        """Return what the adapter remembers of a call; wait a little where its activity is just being made."""
        waits = isinstance(self.adapter, KeepsCalls) and self.entry.common.calls.live
        for _ in range(round(MEMO_S / LOOK_S) if waits and self.courier.away_since is None else 1):
            kept = await self._crm_log.find(self._tenant, self.name, [call_id])
            if kept and kept[0].memo is not None:
                return kept[0].memo
            await asyncio.sleep(LOOK_S)
        return None

    async def run(self) -> None:
        """Serve it until cancelled; then its connections are closed."""
        try:
            await self.courier.run()
        finally:
            await self.lookups.close()
            try:
                await asked(self.name, "close its connections", CLOSE_S, self.adapter.close())
            except CrmError as error:
                _log.warning("crm_not_closed", crm=self.name, reason=str(error))
