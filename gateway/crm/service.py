"""All CRMs of a gateway: makes them of the configuration, keeps each at work, and does what agents ask of them."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from random import Random
from typing import Any, Final

import msgspec
import structlog

from gateway.crm.activities import Activities, Sounds
from gateway.crm.asking import asked
from gateway.crm.courier import Courier
from gateway.crm.crm import Crm
from gateway.crm.entries import CrmEntry
from gateway.crm.figures import Figures
from gateway.crm.lookups import Found, Lookups
from gateway.crm.pace import QuotaPace, urgently
from gateway.crm.pops import Pops, view_of
from gateway.crm.telling import Teller
from gateway.crm.users import CrmUsers
from gateway.model.calls import Call
from gateway.model.claims import Evidence, Identity, IdentityKind
from gateway.model.crm import ClickToCall, CrmAbility, CrmContact, CrmUser, Made, NewContact, NewTicket
from gateway.model.customers import outside_number
from gateway.model.errors import CustomerError
from gateway.model.ids import CallId, Tenant
from gateway.model.numbers import e164
from gateway.model.principals import Principal
from gateway.model.site import Site
from gateway.ports.crm import (
    CallbackAnswer,
    CrmAdapter,
    CrmError,
    CrmRefusedError,
    CrmSurroundings,
    FindsContacts,
    ListsUsers,
    MakesContacts,
    MakesTickets,
    TakesCallbacks,
)
from gateway.ports.crm_log import CrmCall, CrmLog
from gateway.ports.crms import CrmAbilityError, CrmStanding, UnknownCrmError
from gateway.ports.store import Store
from gateway.ports.users import Users
from gateway.session.committer import Committer
from gateway.session.customers import CustomerBook, CustomerFields, NewIdentity
from gateway.session.desk import DeskBook
from gateway.session.engine import Engine
from gateway.session.hub import Hub

CHECK_S: Final = 30.0
"""Seconds in which a CRM must have said who it is."""
ASKED_S: Final = 20.0
"""Seconds for which an agent waits for what he asked to be made."""

_log = structlog.get_logger()


def _steady() -> float:
    """Return seconds of a clock that only goes forward, whatever becomes of the wall's."""
    return asyncio.get_running_loop().time()


class CrmService:
    """See :class:`gateway.ports.crms.Crms`.

    Args:
        entries: What is configured.
        create: Makes the adapter of one.
        log: Keeps what they were told.
        calls: Has the calls that ended.
        customers: Whom they know becomes a customer here.
        users: Has who sits at which extension, with us.
        desk: Has what agents wrote.
        sounds: Has the recordings.
        engine: Has the live calls.
        hub: Tells what happens to them.
        committer: Where it is told who calls.
        dial: Begins a call that somebody asked for in a CRM, from this extension.
        tenant: Whose CRMs they are.
        now: Seconds since the epoch.
        jitter: Spreads what is tried again.
    """

    def __init__(
        self,
        entries: Sequence[CrmEntry],
        create: Callable[[CrmEntry, CrmSurroundings], CrmAdapter],
        *,
        log: CrmLog,
        calls: Store,
        customers: CustomerBook,
        users: Users,
        desk: DeskBook,
        sounds: Sounds,
        engine: Engine,
        hub: Hub,
        committer: Committer,
        dial: Callable[[str, ClickToCall], Awaitable[None]],
        tenant: Tenant,
        now: Callable[[], float],
        jitter: Random,
    ) -> None:
        self._log_book = log
        self._calls = calls
        self._customers = customers
        self._users = users
        self._desk = desk
        self._sounds = sounds
        self._engine = engine
        self._hub = hub
        self._dial = dial
        self._tenant = tenant
        self._now = now
        self._jitter = jitter
        self._crms: dict[str, Crm] = {}
        for entry in entries:
            around = CrmSurroundings(
                name=entry.common.name, pace=QuotaPace(entry.common.name, entry.quota), now=now, region=entry.region
            )
            adapter = create(entry, around)
            # One that is made of a file may do less than its manifest says of all.
            able = entry.abilities & getattr(adapter, "abilities", entry.abilities)
            self._crms[entry.common.name] = self._made(msgspec.structs.replace(entry, abilities=able), adapter)
        self.figures = Figures(self._crms, log, calls, tenant=tenant, now=now)
        self.pops = Pops(list(self._crms.values()), engine, hub, committer, now=now)

    def _made(self, entry: CrmEntry, adapter: CrmAdapter) -> Crm:
        name, rules = entry.common.name, entry.common.calls
        finds = adapter if CrmAbility.FIND in entry.abilities and isinstance(adapter, FindsContacts) else None
        lists = adapter if CrmAbility.USERS in entry.abilities and isinstance(adapter, ListsUsers) else None
        lookups = Lookups(name, finds, region=entry.region, now=_steady)
        users = CrmUsers(name, lists, rules, known_as=self._known_as, now=_steady)
        activities = Activities(
            rules,
            lookups,
            users,
            desk=self._desk.store,
            dispositions=self._desk.dispositions,
            sounds=self._sounds,
            names=self._names,
            is_shared=self._is_shared,
        )
        teller = Teller(
            name,
            adapter,
            entry.abilities,
            rules,
            activities,
            self._log_book,
            calls=self._calls,
            engine=self._engine,
            tenant=self._tenant,
            now=self._now,
        )
        courier = Courier(
            name,
            teller,
            self._log_book,
            engine=self._engine,
            hub=self._hub,
            tenant=self._tenant,
            now=self._now,
            jitter=self._jitter,
        )
        return Crm(
            entry,
            adapter,
            lookups,
            users,
            courier,
            self._log_book,
            tenant=self._tenant,
            is_shared=self._is_shared,
            learn=self._learn,
        )

    async def run(self) -> None:
        """Serve them all until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.pops.run(), name="crm.pops")
            tasks.create_task(self.figures.run(), name="crm.figures")
            for crm in self._crms.values():
                tasks.create_task(crm.run(), name=f"crm.{crm.name}")
                tasks.create_task(self._greet(crm), name=f"crm.{crm.name}.check")

    async def _greet(self, crm: Crm) -> None:
        """Say in the log at once whether a CRM can be worked with."""
        try:
            is_ = await asked(crm.name, "say what it is", CHECK_S, crm.adapter.check())
        except CrmError as error:
            _log.warning("crm_not_ready", crm=crm.name, reason=str(error))
        else:
            _log.info("crm_ready", crm=crm.name, is_=is_)

    async def all(self) -> list[CrmStanding]:
        """Return all by name."""
        found = []
        for name, crm in sorted(self._crms.items()):
            counts = await self._log_book.counts(self._tenant, name)
            courier = crm.courier
            found.append(
                CrmStanding(
                    name=name,
                    adapter=crm.entry.common.adapter,
                    abilities=crm.entry.abilities,
                    quota=crm.entry.quota,
                    waiting=counts.waiting,
                    dead=counts.dead,
                    told=courier.told,
                    failed=courier.failed,
                    away_since=courier.away_since,
                    why=courier.why,
                    lookups=crm.lookups.asked,
                    lookups_at_hand=crm.lookups.at_hand,
                )
            )
        return found

    async def prune(self, tenant: Tenant, *, before: float) -> int:
        """Forget what was told of calls that did not change since this time; return of how many."""
        return await self._log_book.prune(tenant, before=before)

    async def check(self, crm: str) -> str:
        """Sign in there now; return what it is."""
        known = self._known(crm)
        with urgently():
            said = await asked(crm, "say what it is", CHECK_S, known.adapter.check())
        known.courier.look_now()
        return said

    async def dead(self, crm: str, *, after: int, limit: int) -> list[CrmCall]:
        """Return the calls that it is not told of any more."""
        return await self._log_book.dead(self._tenant, self._known(crm).name, after=after, limit=limit)

    async def replay(self, crm: str, calls: Sequence[CallId] | None) -> int:
        """Tell it of dead ones again."""
        known = self._known(crm)
        count = await self._log_book.revive(self._tenant, crm, calls=calls, at=self._now())
        known.courier.look_now()
        return count

    async def find(self, crm: str, number: str) -> tuple[CrmContact, ...]:
        """Return whom it knows with a number."""
        return await self._able(crm, CrmAbility.FIND).lookups.find(number, urgent=True)

    async def matched(self, call_id: CallId) -> list[Mapping[str, Any]]:
        """Return what all CRMs know of a live call's customer."""
        return self.matches_of(call_id)

    def matches_of(self, call_id: CallId) -> list[Mapping[str, Any]]:
        """Return the same, at once."""
        return [view_of(found) for found in self.pops.of(call_id)]

    async def choose(self, crm: str, call_id: CallId, contact_id: str) -> CrmContact:
        """Let a call be this contact's."""
        known = self._able(crm, CrmAbility.FIND)
        call = await self._call(call_id)
        number = None if call is None else outside_number(call, self._engine.pbxs[call.pbx].site)
        found = () if number is None else await known.lookups.find(number, urgent=True)
        contact = next((each for each in found if each.id == contact_id), None)
        if call is None or number is None or contact is None:
            raise UnknownCrmError(f"{crm} knows no contact {contact_id} with the number of call {call_id}")
        await self._assign(known, call, number, found, contact)
        return contact

    async def _assign(self, crm: Crm, call: Call, number: str, matches: Sequence[CrmContact], contact: CrmContact) -> None:
        at, position = self._now(), self._hub.position
        await self._log_book.choose(self._tenant, crm.name, call.call_id, contact, position=position, at=at)
        crm.courier.wake()
        self.pops.say(call, Found(crm=crm.name, number=number, matches=tuple(matches), contact=contact))
        await crm.learn(contact, number)

    async def make_contact(self, crm: str, new: NewContact, call_id: CallId | None, by: Principal) -> CrmContact:
        """Add somebody; a call becomes his."""
        known = self._able(crm, CrmAbility.CONTACTS)
        if not isinstance(known.adapter, MakesContacts):
            raise CrmRefusedError(f"{crm}: its adapter says that it makes contacts, and does not")
        owner = await self._owner(known, by)
        whole = msgspec.structs.replace(new, owner=owner)
        with urgently():
            contact = await asked(crm, "add a contact", ASKED_S, known.adapter.make_contact(whole))
        if new.number is not None:
            known.lookups.forget(new.number)
        call = None if call_id is None else await self._call(call_id)
        if call is not None and new.number is not None:
            await self._assign(known, call, new.number, [contact], contact)
        return contact

    async def make_ticket(self, crm: str, new: NewTicket, by: Principal) -> Made:
        """Make a ticket."""
        known = self._able(crm, CrmAbility.TICKETS)
        if not isinstance(known.adapter, MakesTickets):
            raise CrmRefusedError(f"{crm}: its adapter says that it makes tickets, and does not")
        call = None if new.call_id is None else await self._call(new.call_id)
        number = None if call is None else outside_number(call, self._engine.pbxs[call.pbx].site)
        contact = new.contact
        for row in [] if new.call_id is None else await self._log_book.find(self._tenant, crm, [new.call_id]):
            contact = contact or row.contact
        if contact is None and number is not None:
            found = [each for each in self.pops.of(CallId(new.call_id or "")) if each.crm == crm]
            contact = found[0].contact if found else None
        whole = msgspec.structs.replace(new, owner=await self._owner(known, by), contact=contact, number=new.number or number)
        with urgently():
            return await asked(crm, "make a ticket", ASKED_S, known.adapter.make_ticket(whole))

    async def called_back(self, crm: str, headers: Mapping[str, str], body: bytes) -> CallbackAnswer:
        """Let a CRM's adapter read what it sent us, and begin the call that it asks for."""
        known = self._able(crm, CrmAbility.CALLBACKS)
        if not isinstance(known.adapter, TakesCallbacks):
            raise CrmRefusedError(f"{crm}: its adapter says that it takes callbacks, and does not")
        said = await asked(crm, "read what it sent us", ASKED_S, known.adapter.called_back(headers, body))
        if said.dial is not None:
            extension = said.dial.extension or await self._extension_of(known, said.dial.user)
            if extension is None:
                _log.warning("crm_call_not_begun", crm=crm, reason=f"no extension is known of the CRM's user {said.dial.user}")
            else:
                # People write numbers in a CRM as they do on paper, and never with a PBX's prefix.
                number = e164(said.dial.number, Site(region=known.entry.region)) or said.dial.number
                await self._dial(crm, msgspec.structs.replace(said.dial, extension=extension, number=number))
        return said

    async def _extension_of(self, crm: Crm, user: str | None) -> str | None:
        configured = (each for each, named in crm.entry.common.calls.users.items() if user is not None and named == user)
        extension = next(configured, None)
        if extension is None and user is not None:
            with urgently():
                extension = await crm.users.extension_of(user)
        return extension

    async def _owner(self, crm: Crm, by: Principal) -> CrmUser | None:
        try:
            with urgently():
                return await asked(crm.name, "list its users", ASKED_S, crm.users.at(by.extension))
        except CrmError as error:
            # What an agent makes is better nobody's than not made.
            _log.warning("crm_users_not_read", crm=crm.name, reason=str(error))
            return None

    async def _call(self, call_id: CallId) -> Call | None:
        for state in self._engine.pbxs.values():
            for call in state.find([call_id]):
                return call
        kept = [call for call in await self._calls.find(self._tenant, [call_id]) if call.pbx in self._engine.pbxs]
        return kept[0] if kept else None

    def _known(self, crm: str) -> Crm:
        if crm not in self._crms:
            raise UnknownCrmError(f"no CRM is called {crm}; there are: {', '.join(sorted(self._crms)) or 'none'}")
        return self._crms[crm]

    def _able(self, crm: str, ability: CrmAbility) -> Crm:
        known = self._known(crm)
        if ability not in known.entry.abilities:
            raise CrmAbilityError(f"{crm} cannot {ability}; it can {', '.join(sorted(known.entry.abilities)) or 'nothing'}")
        return known

    async def _known_as(self, extension: str) -> Sequence[str]:
        found = (user for user in await self._users.all(self._tenant) if user.extension == extension)
        return [user.login for user in found]

    def _names(self, call: Call) -> Mapping[str, str]:
        agents = self._engine.pbxs[call.pbx].agents
        found = {party: agents.find(party) for party in call.answered_by}
        return {party: agent.name for party, agent in found.items() if agent is not None and agent.name}

    async def _is_shared(self, number: str) -> bool:
        identity = Identity(kind=IdentityKind.PHONE, value=number)
        return bool(await self._customers.store.shared(self._tenant, [identity]))

    async def _learn(self, crm: str, contact: CrmContact, number: str) -> None:
        """Make a customer of whom a CRM knows, where nobody here has his number; keep his name up to date."""
        if contact.name is None and contact.company is None:
            return
        by, external_id = f"crm:{crm}", f"{crm}:{contact.id}"
        fields = CustomerFields(name=contact.name, company=contact.company, external_id=external_id)
        phone = NewIdentity(kind=IdentityKind.PHONE, written=number, evidence=Evidence.CRM)
        try:
            for entry in await self._customers.store.by_external_id(self._tenant, [external_id]):
                if (entry.name, entry.company) != (contact.name, contact.company):
                    await self._customers.change(entry.id, fields, by=by)
                await self._customers.identify(entry.id, phone, by=by)
                return
            identity = Identity(kind=IdentityKind.PHONE, value=number)
            if not (await self._customers.people.behind(identity)).persons:
                await self._customers.create(fields, [phone], by=by)
        except CustomerError as error:
            _log.warning("crm_contact_not_kept", crm=crm, reason=str(error))
