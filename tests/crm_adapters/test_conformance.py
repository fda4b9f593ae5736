"""Each adapter keeps the rules that its vendor tries it by, against the CRM of its tests."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, NamedTuple

import pytest
from support.crm import NOW, around
from support.crm_bitrix24 import WEBHOOK, open_portal
from support.crm_espocrm import FakeEspo, served_espo
from support.crm_hubspot import KEY as HUBSPOT_KEY
from support.crm_hubspot import open_account
from support.crm_odoo import FakeOdoo, served_odoo
from support.crm_rest import KEY, dolibarr
from support.crm_vtiger import FakeVtiger, served_vtiger
from support.crm_webhook import SECRET, shop
from support.crm_zammad import KEY as ZAMMAD_KEY
from support.crm_zammad import TOKEN, open_helpdesk
from support.crm_zendesk import EMAIL, open_desk
from support.crm_zendesk import KEY as ZENDESK_KEY

from gateway.crm_conformance.bench import Bench
from gateway.crm_conformance.suite import Report, try_out
from gateway.model.crm import CrmAbility
from gateway.model.secret import Secret
from gateway.plugins.loader import load, plugin
from gateway.ports import crm as port
from gateway.ports.crm import CrmAdapter

WRITTEN = ("+8613900139001", "139 0013 9002", "13900139003", "+86 139 0013 9004", "0086-13900139005", "139-0013-9006")
"""Ways in which people write numbers in CRMs."""
PROTOCOLS: dict[CrmAbility, Any] = {
    CrmAbility.FIND: port.FindsContacts,
    CrmAbility.CALLS: port.KeepsCalls,
    CrmAbility.COUNT_CALLS: port.CountsCalls,
    CrmAbility.WITHDRAW_CALLS: port.WithdrawsCalls,
    CrmAbility.RECORDINGS: port.KeepsRecordings,
    CrmAbility.CONTACTS: port.MakesContacts,
    CrmAbility.TICKETS: port.MakesTickets,
    CrmAbility.USERS: port.ListsUsers,
    CrmAbility.POP: port.PopsCards,
    CrmAbility.CALLBACKS: port.TakesCallbacks,
}


class Living(NamedTuple):
    """An adapter's CRM."""

    settings: dict[str, Any]
    wrong: dict[str, Any]
    """Settings with another key."""
    numbers: tuple[str, ...] = ()
    """Of contacts in it."""
    limits: frozenset[str] = frozenset()
    """Rules that this CRM, or this likeness of it, does not let an adapter keep."""


@asynccontextmanager
async def bitrix24() -> AsyncIterator[Living]:
    async with open_portal() as portal:
        portal.users = [{"ID": "1", "ACTIVE": True, "NAME": "Anna", "USER_TYPE": "employee", "UF_PHONE_INNER": "1001"}]
        # The portal knows one webhook only; a call stays in its statistics when its activity is deleted.
        limits = frozenset({"wrong_key", "withdrawn"})
        yield Living({"url": Secret(portal.url + WEBHOOK)}, {"url": Secret(f"{portal.url}/rest/1/wrong/")}, limits=limits)


@asynccontextmanager
async def espocrm() -> AsyncIterator[Living]:
    async with served_espo(FakeEspo()) as crm:
        settings = {"url": crm.url, "key": Secret("key"), "extension_field": "cExtension"}
        yield Living(settings, settings | {"key": Secret("wrong")})


@asynccontextmanager
async def odoo() -> AsyncIterator[Living]:
    async with served_odoo(FakeOdoo()) as crm:
        settings = {"url": crm.url, "database": "crm", "login": "admin", "key": Secret("admin")}
        yield Living(settings, settings | {"key": Secret("wrong")})


@asynccontextmanager
async def hubspot() -> AsyncIterator[Living]:
    async with open_account() as account:
        account.unique = "tieline_call_id"
        settings = {"url": account.url, "key": Secret(HUBSPOT_KEY), "call_id_property": "tieline_call_id"}
        yield Living(settings, settings | {"key": Secret("wrong")})


@asynccontextmanager
async def zammad_cti() -> AsyncIterator[Living]:
    async with open_helpdesk() as helpdesk:
        # It finds letter by letter, and a number behind 0086 with a dash is none of the forms that are asked for.
        written = tuple(number for number in WRITTEN if not number.startswith("0086-"))
        helpdesk.users = [{"id": index, "firstname": "A", "mobile": number} for index, number in enumerate(written)]
        settings = {"url": helpdesk.url, "token": Secret(TOKEN), "key": Secret(ZAMMAD_KEY)}
        yield Living(settings, settings | {"key": Secret("wrong")}, written)


@asynccontextmanager
async def zendesk() -> AsyncIterator[Living]:
    async with open_desk() as desk:
        settings = {"url": desk.url, "email": EMAIL, "key": Secret(ZENDESK_KEY)}
        yield Living(settings, settings | {"key": Secret("wrong")})


@asynccontextmanager
async def webhook() -> AsyncIterator[Living]:
    async with shop() as (kept, crm):
        kept.contacts = [{"id": number, "name": number, "numbers": [number]} for number in WRITTEN]
        settings = {"url": f"{crm.url}/calls", "find_url": f"{crm.url}/contacts", "secret": Secret(SECRET)}
        yield Living(settings, settings | {"secret": Secret(SECRET.swapcase().replace("WHSEC_", "whsec_"))}, WRITTEN)


@asynccontextmanager
async def rest_template() -> AsyncIterator[Living]:
    async with dolibarr() as (there, crm):
        for number in WRITTEN:
            there.add("contacts", {"lastname": number, "phone_mobile": number})
        there.add("users", {"login": "anna", "lastname": "Anna", "office_phone": "1001"})
        settings = {"template": "dolibarr16", "values": {"url": crm.url, "owner": "1"}}
        yield Living(settings | {"secrets": {"key": Secret(KEY)}}, settings | {"secrets": {"key": Secret("no")}}, WRITTEN)


@asynccontextmanager
async def vtiger() -> AsyncIterator[Living]:
    async with served_vtiger(FakeVtiger()) as crm:
        settings = {"url": crm.url, "login": "admin", "key": Secret("key")}
        yield Living(settings, settings | {"key": Secret("wrong")})


LIVING: dict[str, Callable[[], AbstractAsyncContextManager[Living]]] = {
    "bitrix24": bitrix24,
    "espocrm": espocrm,
    "hubspot": hubspot,
    "odoo": odoo,
    "rest_template": rest_template,
    "vtiger": vtiger,
    "webhook": webhook,
    "zammad_cti": zammad_cti,
    "zendesk": zendesk,
}


def made(name: str, settings: dict[str, Any]) -> CrmAdapter:
    manifest = plugin(name)
    adapter: CrmAdapter = load(manifest.create)(load(manifest.settings)(**settings), around(name))
    return adapter


async def report_of(name: str, living: Living) -> Report:
    def make(how: str) -> CrmAdapter:
        raw = living.wrong if how == "wrong key" else living.settings
        return made(name, elsewhere(raw) if how == "unreachable" else raw)

    adapter = make("same")
    abilities = frozenset(getattr(adapter, "abilities", plugin(name).abilities))
    bench = Bench(adapter=adapter, abilities=abilities, make=make, region="CN", now=NOW, numbers=living.numbers)
    try:
        return await try_out(name, bench)
    finally:
        await adapter.close()


def elsewhere(raw: Any) -> Any:
    """Return settings with every address one where nobody is."""
    if isinstance(raw, dict):
        return {name: elsewhere(value) for name, value in raw.items()}
    if isinstance(raw, Secret):
        return Secret(elsewhere(raw.reveal()))
    return re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:9", raw) if isinstance(raw, str) else raw


@pytest.mark.parametrize("name", LIVING)
async def test_the_adapter_keeps_the_rules(name: str) -> None:
    async with LIVING[name]() as living:
        report = await report_of(name, living)
    broken = [
        f"{each.name}: {each.cause}" for each in report.verdicts if each.state == "failed" and each.name not in living.limits
    ]
    assert broken == []
    passed = {each.name for each in report.verdicts if each.state == "passed"}
    assert passed >= {"check", "unreachable", "one_activity", "lost_answer", "at_once", "hard_texts", "long_note"}


@pytest.mark.parametrize("name", LIVING)
async def test_the_manifest_promises_what_the_adapter_does(name: str) -> None:
    async with LIVING[name]() as living:
        adapter = made(name, living.settings)
        does = {ability for ability, protocol in PROTOCOLS.items() if isinstance(adapter, protocol)}
        assert set(plugin(name).abilities) == does == set(getattr(adapter, "abilities", does))
        await adapter.close()


def test_each_ability_is_a_protocol() -> None:
    assert set(PROTOCOLS) == set(CrmAbility)
