"""The JSON Schema of a configuration file, for editors: made from the types that check it."""

from typing import Any

import msgspec

from gateway.crm.entries import CrmSettings
from gateway.model.secret import Secret
from gateway.plugins.loader import built_in, load
from gateway.plugins.manifest import PluginKind
from gateway.settings.load import CONNECTING_KINDS
from gateway.settings.secrets import REFERENCE
from gateway.settings.values import PBX_NAME_PATTERN, Sections

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema() -> dict[str, Any]:
    """Return the schema, with the settings of the built-in plugins: others' are not known to whoever reads the file."""
    plugins = [
        each
        for each in built_in()
        if each.kind in (*CONNECTING_KINDS, PluginKind.MEDIA, PluginKind.CHANNEL, PluginKind.APPLICATION, PluginKind.CRM_ADAPTER)
    ]
    types = [Sections, CrmSettings, *(load(each.settings) for each in plugins)]
    (sections, common, *settings), components = msgspec.json.schema_components(
        types, schema_hook=_of_secret, ref_template="#/$defs/{name}"
    )
    top = components.pop(_name(sections))
    pbx = {"type": "string", "pattern": PBX_NAME_PATTERN, "description": "The PBX's name, yours to choose."}
    applications = [each.name for each in built_in() if each.kind is PluginKind.APPLICATION]
    talks = {"pbx": pbx, "application": {"enum": applications, "description": "What talks with the callers."}}
    by_itself = {"type": "object", "properties": talks, "required": list(talks), "additionalProperties": False}
    connecting: list[dict[str, Any]] = []
    media: list[dict[str, Any]] = [by_itself]
    channels: list[dict[str, Any]] = []
    crms: list[dict[str, Any]] = []
    of_all_crms = components.pop(_name(common))["properties"]
    named: dict[str, Any] = {}
    lists = {PluginKind.MEDIA: media, PluginKind.CHANNEL: channels, PluginKind.CRM_ADAPTER: crms}
    answers = [each.name for each in plugins if each.converse is not None]
    own: dict[str, Any]
    required: dict[str, Any]
    for manifest, reference in zip(plugins, settings, strict=True):
        entry = components[_name(reference)]
        entry["description"] = manifest.summary
        if manifest.kind is PluginKind.APPLICATION:
            named[manifest.name] = reference
            continue
        if manifest.kind is PluginKind.CHANNEL:
            own = required = {"channel": {"const": manifest.name}}
            if answers:
                own = {**own, "application": {"enum": answers, "description": "What answers; without it agents do."}}
        elif manifest.kind is PluginKind.CRM_ADAPTER:
            required = {"name": of_all_crms["name"], "adapter": {"const": manifest.name}}
            own = {**of_all_crms, **required}
        else:
            own = required = {
                **(talks if manifest.kind is PluginKind.MEDIA else {"pbx": pbx}),
                "plugin": {"const": manifest.name},
            }
        entry["properties"] = {**own, **entry["properties"]}
        entry["required"] = [*required, *entry.get("required", [])]
        lists.get(manifest.kind, connecting).append(reference)
    top["properties"]["connectors"] = {"type": "array", "minItems": 1, "items": {"oneOf": connecting}}
    top["properties"]["media"] = {"type": "array", "items": {"oneOf": media}}
    top["properties"]["channels"] = {"type": "array", "items": {"oneOf": channels}}
    top["properties"]["crms"] = {"type": "array", "items": {"oneOf": crms}}
    top["properties"]["applications"] = {"type": "object", "properties": named, "additionalProperties": False}
    top["required"] = ["connectors"]
    return {"$schema": DIALECT, **top, "title": "Tieline configuration", "$defs": components}


def schema_text() -> str:
    """Return the schema as ``config/tieline.schema.json`` holds it."""
    text = msgspec.json.format(msgspec.json.encode(schema(), order="deterministic"), indent=2).decode()
    return text + "\n"


def _of_secret(wanted: type) -> dict[str, Any]:
    if wanted is Secret:
        return {"type": "string", "pattern": f"^{_pattern_of_ecma()}$", "description": "${env:NAME} or ${file:/path}"}
    raise NotImplementedError(wanted.__name__)


def _pattern_of_ecma() -> str:
    """Return the reference's pattern without the group names, which JSON Schema's dialect writes otherwise."""
    return REFERENCE.pattern.replace("?P<kind>", "?:").replace("?P<where>", "?:")


def _name(reference: dict[str, Any]) -> str:
    return str(reference["$ref"]).removeprefix("#/$defs/")
