"""The JSON Schema of a configuration file, for editors: made from the types that check it."""

from typing import Any

import msgspec

from gateway.model.secret import Secret
from gateway.plugins.loader import built_in, load
from gateway.settings.load import CONNECTING_KINDS
from gateway.settings.secrets import REFERENCE
from gateway.settings.values import PBX_NAME_PATTERN, Sections

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema() -> dict[str, Any]:
    """Return the schema, with the settings of the built-in plugins: others' are not known to whoever reads the file."""
    plugins = {each.name: (each, load(each.settings)) for each in built_in() if each.kind in CONNECTING_KINDS}
    types = [Sections, *(settings for _, settings in plugins.values())]
    (sections, *settings), components = msgspec.json.schema_components(
        types, schema_hook=_of_secret, ref_template="#/$defs/{name}"
    )
    top = components.pop(_name(sections))
    for (name, (manifest, _)), reference in zip(plugins.items(), settings, strict=True):
        entry = components[_name(reference)]
        entry["description"] = manifest.summary
        entry["properties"] = {
            "pbx": {"type": "string", "pattern": PBX_NAME_PATTERN, "description": "The PBX's name, yours to choose."},
            "plugin": {"const": name},
            **entry["properties"],
        }
        entry["required"] = ["pbx", "plugin", *entry.get("required", [])]
    top["properties"]["connectors"] = {"type": "array", "minItems": 1, "items": {"oneOf": settings}}
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
