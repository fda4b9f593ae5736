"""From a file to checked :class:`~gateway.settings.values.Settings`, or to all that is wrong with it."""

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import msgspec

from gateway.model.errors import ConfigurationError
from gateway.model.ids import PbxName
from gateway.model.site import Site
from gateway.plugins.channels import ChannelEntry
from gateway.plugins.loader import UnknownPluginError, installed, load, plugin
from gateway.plugins.manifest import PluginKind
from gateway.settings.api import api_problems
from gateway.settings.channels import read_applications, read_channels
from gateway.settings.check import check, closest, convert, problem
from gateway.settings.crms import read_crms
from gateway.settings.dialling import dialling_problems
from gateway.settings.file import Document, KeyPath, Problem, SettingsError, read
from gateway.settings.media import read_media
from gateway.settings.recordings import recordings_problems
from gateway.settings.values import DEMO_PBX, PBX_NAME_PATTERN, ConnectorEntry, Sections, Settings, StoreSettings
from gateway.store.urls import MEMORY, parse_url

CONNECTING_KINDS: Final = (PluginKind.CONNECTOR, PluginKind.SIMULATOR)
"""Plugins that an entry under ``connectors`` may name."""
_SIMULATOR: Final = "simulator"
_CHAT: Final = "webchat"
_DIALOG: Final = "itr"
"""What the embedded default is made of."""


def embedded_default() -> Settings:
    """Return what the gateway runs on without a file: a simulated PBX and a chat with a dialog, in memory, on loopback."""
    manifest = plugin(_SIMULATOR)
    entry = ConnectorEntry(pbx=DEMO_PBX, plugin=manifest.name, settings=convert({}, load(manifest.settings)))
    chat = ChannelEntry(channel=_CHAT, application=_DIALOG, settings=convert({}, load(plugin(_CHAT).settings)))
    return Settings(connectors=(entry,), channels=(chat,), store=StoreSettings(url=MEMORY), is_demo=True)


def load_settings(file: Path) -> Settings:
    """Read and check the file with its ``conf.d``.

    Raises:
        SettingsError: It is wrong; the error lists all problems, by their place.
        ManifestError: A plugin that is installed is broken.
    """
    document = read(file)
    data = {name: value for name, value in document.data.items() if value is not None}
    raw_entries, raw_media = data.pop("connectors", None), data.pop("media", None)
    raw_channels, raw_applications = data.pop("channels", None), data.pop("applications", None)
    raw_crms = data.pop("crms", None)
    problems = list(check(document, data, Sections, ()))
    entries = []
    if not isinstance(raw_entries, list) or not raw_entries:
        cure = "Add a list `connectors:` with `- pbx: NAME` and `plugin:` for each, as in config/tieline.example.yaml"
        problems.append(problem(document, ("connectors",), "no PBX is configured", cure))
    else:
        for position, raw in enumerate(raw_entries):
            found = list(_entry_problems(document, raw, position))
            problems += found
            if not found:
                entries.append(_entry(raw))
    problems += _names_taken_twice(document, raw_entries)
    media, found = read_media(document, raw_media, _names(raw_entries))
    problems += found
    channels, found = read_channels(document, raw_channels)
    problems += found
    applications, found = read_applications(document, raw_applications)
    problems += found
    crms, found = read_crms(document, raw_crms, [entry.site.region for entry in entries])
    problems += found
    if not problems:
        sections = convert(data, Sections)
        settings = Settings(
            **msgspec.structs.asdict(sections),
            connectors=tuple(entries),
            media=tuple(media),
            channels=tuple(channels),
            applications=tuple(applications),
            crms=tuple(crms),
        )
        problems = [*api_problems(document, settings.api), *_store_problems(document, settings)]
        problems += dialling_problems(document, settings.dialling)
        problems += recordings_problems(document, settings.recordings, [entry.pbx for entry in entries])
        if not problems:
            return settings
    raise SettingsError(sorted(problems, key=lambda each: (str(each.place.file), each.place.line)))


def _entry(raw: dict[str, Any]) -> ConnectorEntry:
    manifest = plugin(raw["plugin"])
    own = {name: value for name, value in raw.items() if name not in ("pbx", "plugin")}
    return ConnectorEntry(pbx=PbxName(raw["pbx"]), plugin=manifest.name, settings=convert(own, load(manifest.settings)))


def _entry_problems(document: Document, raw: Any, position: int) -> Iterator[Problem]:
    key: KeyPath = ("connectors", position)
    if not isinstance(raw, dict):
        yield problem(document, key, "this is no mapping", "Write `- pbx: NAME` and the other keys below it")
        return
    name = raw.get("pbx")
    if not isinstance(name, str) or re.search(PBX_NAME_PATTERN, name) is None:
        what = "pbx is missing" if name is None else f"{name!r} is no name for a PBX"
        cure = "Write `pbx:` with up to 32 small letters, digits, - and _, beginning with a letter or digit"
        yield problem(document, (*key, "pbx"), what, cure)
    manifest = None
    with suppress(UnknownPluginError):
        manifest = plugin(str(raw.get("plugin")))
    if manifest is None or manifest.kind not in CONNECTING_KINDS:
        yield _no_such_plugin(document, key, raw.get("plugin"))
        return
    own = {name: value for name, value in raw.items() if name not in ("pbx", "plugin")}
    wanted = load(manifest.settings)
    found = list(check(document, own, wanted, key))
    yield from found
    if not found:
        yield from _site_problems(document, (*key, "site"), convert(own, wanted).site)


def _no_such_plugin(document: Document, key: KeyPath, name: Any) -> Problem:
    known = [manifest.name for manifest in installed() if manifest.kind in CONNECTING_KINDS]
    if name is None:
        return problem(document, key, "plugin is missing", f"Add `plugin:` with one of {', '.join(sorted(known))}")
    return problem(document, (*key, "plugin"), f"no plugin is called {name!r}", closest(str(name), known))


def _site_problems(document: Document, key: KeyPath, site: Site) -> Iterator[Problem]:
    from phonenumbers import SUPPORTED_REGIONS  # its metadata takes longer to import than the rest of a check

    if site.region not in SUPPORTED_REGIONS:
        cure = "Write the country's two capital letters of ISO 3166, such as CN, DE, GB or US"
        yield problem(document, (*key, "region"), f"{site.region!r} is no country", cure)
    try:
        re.compile(site.extensions)
    except re.error as error:
        cure = r"Write one that every extension matches, such as ^8\d{3}$"
        yield problem(document, (*key, "extensions"), f"{site.extensions!r} is no regular expression: {error}", cure)
    if site.encoding_fallback is not None:
        try:
            b"?".decode(site.encoding_fallback, "replace")  # empty bytes are decoded without a look at the name
        except LookupError:
            cure = "Write a name such as gb18030, big5 or latin-1, or take the key out"
            yield problem(document, (*key, "encoding_fallback"), f"{site.encoding_fallback!r} is no known encoding", cure)


def _names(raw_entries: Any) -> list[str]:
    entries = raw_entries if isinstance(raw_entries, list) else []
    names = (raw.get("pbx") for raw in entries if isinstance(raw, dict))
    return [name for name in names if isinstance(name, str)]


def _names_taken_twice(document: Document, raw_entries: Any) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for position, raw in enumerate(raw_entries if isinstance(raw_entries, list) else []):
        name = raw.get("pbx") if isinstance(raw, dict) else None
        if not isinstance(name, str):
            continue
        if name in seen:
            first = document.place(("connectors", seen[name], "pbx"))
            what = f"{name!r} is the name of another PBX, at {first.file}:{first.line}"
            yield problem(document, ("connectors", position, "pbx"), what, "Give each its own")
        seen.setdefault(name, position)


def _store_problems(document: Document, settings: Settings) -> Iterator[Problem]:
    url = settings.store.url
    if url is None or url == MEMORY:
        return
    try:
        parsed = parse_url(url)
    except ConfigurationError as error:
        yield problem(document, ("store", "url"), str(error), "Correct it, or take the key out")
        return
    if parsed.password is not None:
        cure = "Write it as `password: ${env:NAME}` beside the url: configuration files are copied and mailed"
        yield problem(document, ("store", "url"), "a secret is written out", cure)
