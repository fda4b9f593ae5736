"""Reads the entries under ``media``: which PBX's callers are talked with, by what, and how their voice comes."""

from collections.abc import Collection
from typing import Any, Final

from gateway.model.ids import PbxName
from gateway.plugins.loader import installed, load, plugin
from gateway.plugins.manifest import PluginKind
from gateway.plugins.voice import MediaEntry
from gateway.settings.check import check, closest, convert, problem
from gateway.settings.file import Document, KeyPath, Problem

OWN_KEYS: Final = ("pbx", "plugin", "application")
"""Of an entry itself; the others are its plugin's."""


def read_media(document: Document, raw_entries: Any, pbxs: Collection[str]) -> tuple[list[MediaEntry], list[Problem]]:
    """Return the entries that are right, and all that is wrong with the others.

    Args:
        pbxs: The PBXs that are configured.
    """
    if raw_entries is None:
        return [], []
    if not isinstance(raw_entries, list):
        cure = "Write a list: `- pbx: NAME`, `application:` and the other keys below each"
        return [], [problem(document, ("media",), "this is no list", cure)]
    entries: list[MediaEntry] = []
    problems: list[Problem] = []
    for position, raw in enumerate(raw_entries):
        key: KeyPath = ("media", position)
        if not isinstance(raw, dict):
            problems.append(problem(document, key, "this is no mapping", "Write `- pbx: NAME` and the other keys below it"))
            continue
        found = _problems(document, raw, key, pbxs)
        problems += found
        if not found:
            entries.append(_entry(raw))
    return entries, problems


def _problems(document: Document, raw: dict[str, Any], key: KeyPath, pbxs: Collection[str]) -> list[Problem]:
    problems = []
    if raw.get("pbx") not in pbxs:
        what = "pbx is missing" if raw.get("pbx") is None else f"no PBX under `connectors` is called {raw['pbx']!r}"
        problems.append(problem(document, (*key, "pbx"), what, f"There is: {', '.join(sorted(pbxs)) or 'none'}"))
    problems += _unknown_plugin(document, raw, key, "application", PluginKind.APPLICATION)
    if raw.get("plugin") is not None:
        unknown = _unknown_plugin(document, raw, key, "plugin", PluginKind.MEDIA)
        problems += unknown or check(document, _own(raw), load(plugin(raw["plugin"]).settings), key)
    else:
        for name in _own(raw):
            what = "there is no such key without `plugin`"
            problems.append(problem(document, (*key, name), what, "Add `plugin:`, or take the key out"))
    return problems


def _unknown_plugin(document: Document, raw: dict[str, Any], key: KeyPath, name: str, kind: PluginKind) -> list[Problem]:
    known = [manifest.name for manifest in installed() if manifest.kind is kind]
    given = raw.get(name)
    if given in known:
        return []
    if given is None:
        return [problem(document, key, f"{name} is missing", f"Add `{name}:` with one of {', '.join(sorted(known))}")]
    return [problem(document, (*key, name), f"no {name} is called {given!r}", closest(str(given), known))]


def _own(raw: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in raw.items() if name not in OWN_KEYS}


def _entry(raw: dict[str, Any]) -> MediaEntry:
    name = raw.get("plugin")
    settings = None if name is None else convert(_own(raw), load(plugin(name).settings))
    return MediaEntry(pbx=PbxName(raw["pbx"]), application=raw["application"], plugin=name, settings=settings)
