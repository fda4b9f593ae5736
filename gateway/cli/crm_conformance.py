"""``tieline crm conformance``: tries a CRM's adapter against a living CRM, and prints which rules it keeps."""

import argparse
import asyncio
import sys
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import msgspec

from gateway.crm_conformance.bench import Bench, SteadyPace
from gateway.crm_conformance.report import junit_of, line_of, summary_of
from gateway.crm_conformance.suite import Report, Verdict, try_out
from gateway.model.errors import UsageError
from gateway.model.secret import Secret
from gateway.model.yaml_text import parse, read_text
from gateway.plugins.loader import load, plugin
from gateway.plugins.manifest import Manifest, PluginKind
from gateway.ports.crm import CrmAdapter, CrmSurroundings
from gateway.settings.secrets import REFERENCE, resolve

NOWHERE = "127.0.0.1:9"
"""Where no CRM is: the port that discards."""


def run(options: argparse.Namespace) -> int:
    """Try an adapter; returns 1 when a rule is broken."""
    manifest = plugin(options.adapter)
    if manifest.kind is not PluginKind.CRM_ADAPTER:
        raise UsageError(f"{options.adapter} is no CRM's adapter but a {manifest.kind}")
    report = asyncio.run(_report(options, manifest, _settings(options)))
    if options.json:
        sys.stdout.write(f"{msgspec.json.encode(report).decode()}\n")
    else:
        sys.stdout.write(f"{summary_of(report)}\n")
    if options.junit is not None:
        options.junit.write_text(junit_of(report), "utf-8")
    return 0 if report.conforms else 1


async def _report(options: argparse.Namespace, manifest: Manifest, raw: dict[str, Any]) -> Report:
    pace = SteadyPace(manifest.quota)
    around = CrmSurroundings(name=manifest.name, pace=pace, now=time.time, region=options.region)
    wanted, create = load(manifest.settings), load(manifest.create)

    def made(changed: Mapping[str, Any]) -> CrmAdapter:
        try:
            settings = msgspec.convert(changed, wanted, strict=False, dec_hook=_decode)
        except msgspec.ValidationError as error:
            raise UsageError(f"the settings of {manifest.name}: {error}") from error
        adapter: CrmAdapter = create(settings, around)
        return adapter

    def make(how: str) -> CrmAdapter | None:
        if how == "same":
            return made(raw)
        changed = _changed(raw, how, _secrets_of(wanted))
        return None if changed == raw else made(changed)

    adapter = made(raw)
    bench = Bench(
        adapter=adapter,
        abilities=frozenset(getattr(adapter, "abilities", manifest.abilities)),
        make=make,
        region=options.region,
        now=time.time(),
        numbers=options.number or (),
        keep=options.keep,
    )
    try:
        return await try_out(manifest.name, bench, lambda _verdict: None if options.json else _tell(_verdict))
    finally:
        await adapter.close()


def _tell(verdict: Verdict) -> None:
    sys.stdout.write(f"{line_of(verdict)}\n")
    sys.stdout.flush()


def _settings(options: argparse.Namespace) -> dict[str, Any]:
    """Return the adapter's settings: those of a file, and above them what the command line says."""
    raw: dict[str, Any] = {}
    if options.settings is not None:
        raw = parse(read_text(options.settings), options.settings, "url").data
    pairs = [("url", options.url)] if options.url is not None else []
    for text in options.set or ():
        key, is_pair, value = text.partition("=")
        if not is_pair:
            raise UsageError(f"--set {text} has no value: write KEY=VALUE, such as --set key=abc")
        pairs.append((key, value))
    for key, value in pairs:
        *above, last = key.split(".")
        inside = raw
        for name in above:
            inside = inside.setdefault(name, {})
            if not isinstance(inside, dict):
                raise UsageError(f"--set {key}: {name} is no mapping")
        inside[last] = value
    return raw


def _decode(wanted: type, value: Any) -> Any:
    if wanted is not Secret or not isinstance(value, str):
        raise NotImplementedError(f"a setting of type {wanted.__name__}")
    # A key on the command line is a test's: here it may be written out.
    return resolve(value) if REFERENCE.fullmatch(value) else Secret(value)


def _secrets_of(wanted: type) -> frozenset[str]:
    """Return the settings that are secrets, or hold some."""
    hints = msgspec.structs.fields(wanted)
    return frozenset(field.encode_name for field in hints if "Secret" in str(field.type))


def _changed(raw: dict[str, Any], how: str, secrets: frozenset[str]) -> dict[str, Any]:
    """Return settings with another key, or with an address where nobody is."""

    def change(value: Any, secret: bool) -> Any:
        if isinstance(value, dict):
            return {name: change(each, secret or name in secrets) for name, each in value.items()}
        if not isinstance(value, str):
            return value
        plain = resolve(value).reveal() if secret and REFERENCE.fullmatch(value) else value
        if how == "unreachable":
            return _elsewhere(plain) if plain.startswith(("http://", "https://")) else plain
        return _another(plain) if secret else plain

    return {name: change(value, name in secrets) for name, value in raw.items()}


def _elsewhere(url: str) -> str:
    return urlunsplit(urlsplit(url)._replace(netloc=NOWHERE))


def _another(secret: str) -> str:
    """Return a key of the same shape: of an address its last part is changed, of what has a prefix the rest."""
    if "://" in secret:
        head, _, tail = secret.rstrip("/").rpartition("/")
        return f"{head}/{_turned(tail)}"
    head, stroke, tail = secret.rpartition("_")
    return head + stroke + _turned(tail)


def _turned(text: str) -> str:
    def turn(character: str) -> str:
        if not character.isascii() or not character.isalnum():
            return character
        if character.isdigit():
            return str((int(character) + 1) % 10)
        first = "a" if character.islower() else "A"
        return chr(ord(first) + (ord(character) - ord(first) + 1) % 26)

    return "".join(turn(character) for character in text)
