"""The JSON Schema of a dialog's file, for editors: made from the types that check it."""

from typing import Any, Final

import msgspec

from ivr.definition.values import Dialog

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def schema() -> dict[str, Any]:
    """Return the schema."""
    (top,), components = msgspec.json.schema_components([Dialog], ref_template="#/$defs/{name}")
    dialog = components.pop(top["$ref"].removeprefix("#/$defs/"))
    return {"$schema": DIALECT, **dialog, "title": "Tieline dialog", "$defs": components}


def schema_text() -> str:
    """Return the schema as ``config/itr.schema.json`` holds it."""
    text = msgspec.json.format(msgspec.json.encode(schema(), order="deterministic"), indent=2).decode()
    return text + "\n"
