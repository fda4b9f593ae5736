"""Reads the entries under ``crms``, and makes the adapters of them."""

from collections.abc import Mapping, Sequence
from typing import Any

from gateway.crm.entries import CrmEntry, CrmSettings
from gateway.model.errors import ConfigurationError
from gateway.plugins.loader import installed, load, plugin
from gateway.plugins.manifest import Manifest, PluginKind
from gateway.ports.crm import CrmAdapter, CrmSurroundings
from gateway.settings.check import check, closest, convert, problem
from gateway.settings.file import Document, KeyPath, Problem

COMMON_KEYS = CrmSettings.__struct_fields__
"""Of an entry itself; the others are its adapter's."""
DEFAULT_REGION = "US"


def read_crms(document: Document, raw_entries: Any, regions: Sequence[str]) -> tuple[list[CrmEntry], list[Problem]]:
    """Return the entries that are right, and all that is wrong with the others.

    Args:
        regions: Countries of the PBXs, the first one's first.
    """
    if raw_entries is None:
        return [], []
    if not isinstance(raw_entries, list):
        cure = "Write a list: `- name: sales`, `adapter: odoo` and the adapter's own keys below it"
        return [], [problem(document, ("crms",), "this is no list", cure)]
    adapters = {manifest.name: manifest for manifest in installed() if manifest.kind is PluginKind.CRM_ADAPTER}
    entries: list[CrmEntry] = []
    problems: list[Problem] = []
    for position, raw in enumerate(raw_entries):
        key: KeyPath = ("crms", position)
        if not isinstance(raw, dict):
            cure = "Write `- name: NAME`, `adapter:` and the other keys below it"
            problems.append(problem(document, key, "this is no mapping", cure))
            continue
        found = _problems(document, raw, key, adapters)
        if not found and raw["name"] in [entry.common.name for entry in entries]:
            found = [problem(document, (*key, "name"), f"two CRMs are called {raw['name']}", "Call one of them otherwise")]
        problems += found
        if not found:
            entries.append(_entry(raw, adapters[raw["adapter"]], regions))
    return entries, problems


def entry_of(raw: Mapping[str, Any], region: str = DEFAULT_REGION) -> CrmEntry:
    """Return an entry that is checked already.

    Raises:
        UnknownPluginError: No adapter is called so.
    """
    return _entry(dict(raw), plugin(raw["adapter"]), [region])


def adapter_of(entry: CrmEntry, around: CrmSurroundings) -> CrmAdapter:
    """Make a CRM's adapter by its manifest.

    Raises:
        ConfigurationError: It is no adapter, or cannot work with its settings.
    """
    manifest = plugin(entry.common.adapter)
    if manifest.kind is not PluginKind.CRM_ADAPTER:
        raise ConfigurationError(f"{manifest.name} is no CRM's adapter but a {manifest.kind}")
    made: CrmAdapter = load(manifest.create)(entry.settings, around)
    return made


def _entry(raw: dict[str, Any], manifest: Manifest, regions: Sequence[str]) -> CrmEntry:
    common = convert({name: value for name, value in raw.items() if name in COMMON_KEYS}, CrmSettings)
    return CrmEntry(
        common=common,
        settings=convert(_own(raw), load(manifest.settings)),
        region=common.region or (regions[0] if regions else DEFAULT_REGION),
        quota=common.quota or manifest.quota,
        abilities=frozenset(manifest.abilities),
    )


def _problems(document: Document, raw: dict[str, Any], key: KeyPath, adapters: Mapping[str, Manifest]) -> list[Problem]:
    name = raw.get("adapter")
    if name is None:
        return [problem(document, key, "adapter is missing", f"Add `adapter:` with one of {', '.join(sorted(adapters))}")]
    if name not in adapters:
        what = f"no CRM adapter is called {name!r}"
        return [problem(document, (*key, "adapter"), what, closest(str(name), list(adapters)))]
    common = {each: value for each, value in raw.items() if each in COMMON_KEYS}
    wanted = load(adapters[name].settings)
    return [*check(document, common, CrmSettings, key), *check(document, _own(raw), wanted, key)]


def _own(raw: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in raw.items() if name not in COMMON_KEYS}
