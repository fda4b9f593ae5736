"""Each adapter keeps the rules that its vendor tries it by, against the CRM of its tests."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, NamedTuple

import pytest
from support.crm import NOW, around
from support.crm_rest import KEY, dolibarr
from support.crm_webhook import SECRET, shop

from gateway.crm_conformance.bench import Bench
from gateway.crm_conformance.suite import Report, try_out
from gateway.model.secret import Secret
from gateway.plugins.loader import load, plugin
from gateway.ports.crm import CrmAdapter

WRITTEN = ("+8613900139001", "139 0013 9002", "13900139003", "+86 139 0013 9004", "0086-13900139005", "139-0013-9006")
"""Ways in which people write numbers in CRMs."""


class Living(NamedTuple):
    """An adapter's CRM."""

    settings: dict[str, Any]
    wrong: dict[str, Any]
    """Settings with another key."""


@asynccontextmanager
async def webhook() -> AsyncIterator[Living]:
    async with shop() as (kept, crm):
        kept.contacts = [{"id": number, "name": number, "numbers": [number]} for number in WRITTEN]
        settings = {"url": f"{crm.url}/calls", "find_url": f"{crm.url}/contacts", "secret": Secret(SECRET)}
        yield Living(settings, settings | {"secret": Secret(SECRET.swapcase().replace("WHSEC_", "whsec_"))})


@asynccontextmanager
async def rest_template() -> AsyncIterator[Living]:
    async with dolibarr() as (there, crm):
        for number in WRITTEN:
            there.add("contacts", {"lastname": number, "phone_mobile": number})
        there.add("users", {"login": "anna", "lastname": "Anna", "office_phone": "1001"})
        settings = {"template": "dolibarr16", "values": {"url": crm.url, "owner": "1"}}
        yield Living(settings | {"secrets": {"key": Secret(KEY)}}, settings | {"secrets": {"key": Secret("no")}})


LIVING: dict[str, Callable[[], AbstractAsyncContextManager[Living]]] = {"webhook": webhook, "rest_template": rest_template}


async def report_of(name: str, living: Living) -> Report:
    manifest = plugin(name)
    wanted, create = load(manifest.settings), load(manifest.create)

    def make(how: str) -> CrmAdapter:
        raw = living.wrong if how == "wrong key" else living.settings
        if how == "unreachable":
            raw = elsewhere(raw)
        adapter: CrmAdapter = create(wanted(**raw), around(name))
        return adapter

    adapter = make("same")
    abilities = frozenset(getattr(adapter, "abilities", manifest.abilities))
    bench = Bench(adapter=adapter, abilities=abilities, make=make, region="CN", now=NOW, numbers=WRITTEN)
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
    assert [f"{each.name}: {each.cause}" for each in report.verdicts if each.state == "failed"] == []
    assert [each.name for each in report.verdicts if each.state == "passed"][:3] == ["check", "wrong_key", "unreachable"]
