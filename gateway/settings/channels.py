"""Reads the entries under ``channels`` and ``applications``: where visitors write, who answers, and with which settings."""

from typing import Any, Final

from gateway.plugins.channels import ApplicationEntry, ChannelEntry
from gateway.plugins.loader import installed, load, plugin
from gateway.plugins.manifest import Manifest, PluginKind
from gateway.settings.check import check, closest, convert, problem
from gateway.settings.file import Document, KeyPath, Problem

OWN_KEYS: Final = ("channel", "application")
"""Of an entry itself; the others are its plugin's."""


def read_applications(document: Document, raw: Any) -> tuple[list[ApplicationEntry], list[Problem]]:
    """Return the settings of applications by name that are right, and all that is wrong with the others."""
    if raw is None:
        return [], []
    if not isinstance(raw, dict):
        cure = "Write `NAME:` of each application and its settings below it"
        return [], [problem(document, ("applications",), "this is no mapping", cure)]
    entries: list[ApplicationEntry] = []
    problems: list[Problem] = []
    for name, own in raw.items():
        key: KeyPath = ("applications", name)
        manifest = _plugins(PluginKind.APPLICATION).get(str(name))
        if manifest is None:
            what = f"no application is called {name!r}"
            problems.append(problem(document, key, what, closest(str(name), list(_plugins(PluginKind.APPLICATION)))))
            continue
        wanted = load(manifest.settings)
        found = list(check(document, own or {}, wanted, key))
        problems += found
        if not found:
            entries.append(ApplicationEntry(application=manifest.name, settings=convert(own or {}, wanted)))
    return entries, problems


def read_channels(document: Document, raw_entries: Any) -> tuple[list[ChannelEntry], list[Problem]]:
    """Return the entries that are right, and all that is wrong with the others."""
    if raw_entries is None:
        return [], []
    if not isinstance(raw_entries, list):
        cure = "Write a list: `- channel: webchat`, `application:` and the other keys below each"
        return [], [problem(document, ("channels",), "this is no list", cure)]
    entries: list[ChannelEntry] = []
    problems: list[Problem] = []
    for position, raw in enumerate(raw_entries):
        key: KeyPath = ("channels", position)
        if not isinstance(raw, dict):
            cure = "Write `- channel: webchat` and the other keys below it"
            problems.append(problem(document, key, "this is no mapping", cure))
            continue
        found = _problems(document, raw, key)
        if not found and raw["channel"] in [each.channel for each in entries]:
            cure = "Take one of the two entries out"
            found = [problem(document, (*key, "channel"), f"{raw['channel']} is there twice", cure)]
        problems += found
        if not found:
            settings = convert(_own(raw), load(plugin(raw["channel"]).settings))
            entries.append(ChannelEntry(channel=raw["channel"], application=raw.get("application"), settings=settings))
    return entries, problems


def _problems(document: Document, raw: dict[str, Any], key: KeyPath) -> list[Problem]:
    channels, applications = _plugins(PluginKind.CHANNEL), _plugins(PluginKind.APPLICATION)
    name, application = raw.get("channel"), raw.get("application")
    problems = []
    if name is None:
        problems.append(problem(document, key, "channel is missing", f"Add `channel:` with one of {', '.join(sorted(channels))}"))
    elif name not in channels:
        problems.append(
            problem(document, (*key, "channel"), f"no channel is called {name!r}", closest(str(name), list(channels)))
        )
    else:
        problems += check(document, _own(raw), load(channels[name].settings), key)
    if application is not None and application not in applications:
        what = f"no application is called {application!r}"
        problems.append(problem(document, (*key, "application"), what, closest(str(application), list(applications))))
    elif application is not None and applications[application].converse is None:
        able = ", ".join(sorted(each for each, manifest in applications.items() if manifest.converse is not None))
        what = f"the application {application} talks with callers only"
        problems.append(problem(document, (*key, "application"), what, f"Name one that answers visitors: {able}"))
    return problems


def _plugins(kind: PluginKind) -> dict[str, Manifest]:
    return {manifest.name: manifest for manifest in installed() if manifest.kind is kind}


def _own(raw: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in raw.items() if name not in OWN_KEYS}
