from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from jsonschema import Draft202012Validator
from support.replaying import asterisk_captures, name_of, pbx_events, records, run

from connectors.asterisk_ami.replay import site_of
from gateway.api.calls import told
from gateway.api.records import CallRecord, MergedCall

SHOWN_LIVE: Final = {"phase", "customer"}
"""Fields that the API adds to the record."""


def validator(kind: Any) -> Draft202012Validator:
    (schema,), components = msgspec.json.schema_components([kind], ref_template="#/$defs/{name}")
    strict = {name: _closed(component) for name, component in components.items()}
    return Draft202012Validator(schema | {"$defs": strict}, format_checker=Draft202012Validator.FORMAT_CHECKER)


def _closed(component: dict[str, Any]) -> dict[str, Any]:
    """Take no field that the schema does not know, so that it is found missing there."""
    return component | {"additionalProperties": False} if component.get("properties") else component


RECORD: Final = validator(CallRecord)
MERGED: Final = validator(MergedCall)


@pytest.mark.parametrize("folder", asterisk_captures(), ids=name_of)
def test_the_schema_takes_every_record_and_knows_each_of_its_fields(folder: Path) -> None:
    for record in records(folder):
        RECORD.validate(record)
        msgspec.convert(record, CallRecord)


@pytest.mark.parametrize("folder", [folder for folder in asterisk_captures()[::10] if "flood" not in folder.name], ids=name_of)
def test_the_schema_takes_a_call_at_every_moment_of_its_life(folder: Path) -> None:
    site = site_of(folder)
    events = pbx_events(folder)
    for until in range(0, len(events), 7):
        for call in run(events[:until], site)[0].values():
            sent = msgspec.json.decode(msgspec.json.encode(told(call, site)))
            (RECORD if call.merged_into is None else MERGED).validate(sent)


def test_every_field_of_the_schema_is_seen_somewhere() -> None:
    seen = {name for folder in asterisk_captures() for record in records(folder) for name in record}

    assert {field.encode_name for field in msgspec.structs.fields(CallRecord)} == seen | SHOWN_LIVE


def test_the_schema_refuses_what_no_record_is() -> None:
    (record, *_) = records(asterisk_captures()[0])

    assert not RECORD.is_valid(record | {"outcome": "lost"})
    assert not RECORD.is_valid(record | {"talk_s": -1.0})
    assert not RECORD.is_valid({name: value for name, value in record.items() if name != "caller"})
