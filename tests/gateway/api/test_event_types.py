import ast
import re
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from jsonschema import Draft202012Validator
from support.gateways import served
from support.replaying import PBX, asterisk_captures, name_of, pbx_events, run

from connectors.asterisk_ami.replay import site_of
from gateway.api.event_types import EVENTS
from gateway.ports.connector import Gap, LinkStatus

TOP: Final = Path(__file__).parents[3]
TYPE: Final = re.compile(
    r"(agent|call|callback|command|conversation|customer|gateway|mailbox|queue|recording|session)\.(?!html)[a-z]+(_[a-z]+)*"
)


def validators() -> dict[str, Draft202012Validator]:
    kinds = [event.data for event in EVENTS]
    schemas, components = msgspec.json.schema_components(kinds, ref_template="#/$defs/{name}")
    # Closed, so that what the types do not know is found missing there.
    closed = {name: part | ({"additionalProperties": False} if "properties" in part else {}) for name, part in components.items()}
    return {event.name: Draft202012Validator(schema | {"$defs": closed}) for event, schema in zip(EVENTS, schemas, strict=True)}


VALIDATORS: Final = validators()


@pytest.mark.parametrize("folder", asterisk_captures(), ids=name_of)
def test_every_event_of_a_recorded_pbxs_calls_is_what_its_type_says(folder: Path) -> None:
    for event in run(pbx_events(folder), site_of(folder))[1]:
        VALIDATORS[event.type].validate(event.data)


@pytest.mark.parametrize("folder", [folder for folder in asterisk_captures()[::10] if "flood" not in folder.name], ids=name_of)
async def test_every_event_of_a_recorded_pbx_is_what_its_type_says(folder: Path) -> None:
    async with served(folder) as one:
        listener = one.hub.listen(["*"])
        await one.play()
        told: list[dict[str, Any]] = []
        while len(told) < one.hub.position - 999:
            told += [msgspec.json.decode(each.json) for each in await listener.next_batch()]

    for event in told:
        VALIDATORS[event["type"]].validate(event["data"])


async def test_what_the_gateway_tells_of_itself_is_what_its_type_says() -> None:
    async with served(asterisk_captures()[0]) as one:
        listener = one.hub.listen(["gateway"])
        await one.link(LinkStatus.CONNECTED)
        await one.engine.declare_gap(PBX, Gap(began_at=1.0, ended_at=2.5, reason="cut"))
        await one.committer.settled()
        told = [msgspec.json.decode(each.json) for each in await listener.next_batch()]

    assert [event["type"] for event in told] == ["gateway.link_changed", "gateway.gap"]
    for event in told:
        VALIDATORS[event["type"]].validate(event["data"])


def test_every_type_is_named_once() -> None:
    names = [event.name for event in EVENTS]

    assert len(names) == len(set(names))
    assert all(TYPE.fullmatch(name) for name in names)
    assert all(event.summary and not event.summary.endswith(".") for event in EVENTS)


def test_every_type_that_the_product_tells_is_described() -> None:
    """Types are written out where they are told; a comparison with one is no telling, but names one that is told."""
    written = set[str]()
    for module in [*(TOP / "gateway").rglob("*.py"), *(TOP / "connectors").rglob("*.py")]:
        # Pages are files, and their names look like types.
        if module.parts[-2:] != ("api", "event_types.py") and "web" not in module.parts:
            for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and TYPE.fullmatch(node.value):
                    written.add(node.value)

    assert written - {event.name for event in EVENTS} == set()
