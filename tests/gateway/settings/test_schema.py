import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from gateway.settings.file import read
from gateway.settings.load import load_settings
from gateway.settings.schema import schema, schema_text

CONFIG = Path(__file__).parents[3] / "config"
EXAMPLE = CONFIG / "tieline.example.yaml"


@pytest.fixture(autouse=True)
def secrets_are_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEAD_OFFICE_SECRET", "s")
    monkeypatch.setenv("BRANCH_SECRET", "s")


def test_the_schema_file_is_what_the_types_say() -> None:
    stale = "config/tieline.schema.json is stale: run `tieline schema >config/tieline.schema.json`"

    assert (CONFIG / "tieline.schema.json").read_text("utf-8") == schema_text(), stale


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())


def test_the_example_is_right_by_the_gateway_and_by_the_schema() -> None:
    settings = load_settings(EXAMPLE)

    assert [entry.pbx for entry in settings.connectors] == ["head-office", "branch"]
    jsonschema.validate(read(EXAMPLE).data, schema())


def keys(part: Any) -> set[str]:
    found: set[str] = set()
    if isinstance(part, dict):
        found |= set(part.get("properties", ()))
        for value in part.values():
            found |= keys(value)
    elif isinstance(part, list):
        for value in part:
            found |= keys(value)
    return found


def test_the_example_shows_every_key() -> None:
    text = EXAMPLE.read_text("utf-8")
    missing = {key for key in keys(schema()) if not re.search(rf"^[\s#-]*{key}:", text, re.MULTILINE)}

    assert missing == set()


@pytest.mark.parametrize(
    "change",
    [
        {"apy": {}},
        {"connectors": []},
        {"connectors": [{"pbx": "a", "plugin": "none"}]},
        {"connectors": [{"pbx": "A B", "plugin": "simulator"}]},
        {"connectors": [{"pbx": "a", "plugin": "asterisk_ami", "host": "h", "username": "u", "secret": "written out"}]},
        {"api": {"port": 70000}},
    ],
)
def test_the_schema_refuses_what_the_gateway_refuses(change: dict[str, Any]) -> None:
    data = {"connectors": [{"pbx": "a", "plugin": "simulator"}], **change}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, json.loads(schema_text()))
