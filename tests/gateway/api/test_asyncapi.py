import gzip
import json
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from jsonschema import Draft7Validator, Draft202012Validator
from support.gateways import served
from support.replaying import CAPTURES

from gateway.api.asyncapi import asyncapi
from gateway.api.event_types import EVENTS
from gateway.api.examples import EVENT

OFFICIAL: Final = Path(__file__).parent / "asyncapi-3.0.0.schema.json.gz"
"""The specification's own schema: of the package @asyncapi/specs 6.11.1, Apache-2.0."""
DOCUMENT: Final[dict[str, Any]] = msgspec.json.decode(msgspec.json.encode(asyncapi(EVENTS, "1.2.3")))
QUEUE: Final = CAPTURES / "asterisk" / "22" / "queue_caller_hangs"


def payload(name: str) -> Draft202012Validator:
    """What checks a message of this name."""
    return Draft202012Validator(DOCUMENT["components"]["messages"][name]["payload"] | {"components": DOCUMENT["components"]})


def pointed_at(reference: str) -> Any:
    found: Any = DOCUMENT
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found


def references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [each for value in node.values() for each in references(value)]
    return [each for value in node for each in references(value)] if isinstance(node, list) else []


def test_the_document_is_what_the_specification_asks_for() -> None:
    Draft7Validator(json.loads(gzip.decompress(OFFICIAL.read_bytes()))).validate(DOCUMENT)


def test_the_specification_refuses_what_is_wrong() -> None:
    official = Draft7Validator(json.loads(gzip.decompress(OFFICIAL.read_bytes())))

    assert not official.is_valid(DOCUMENT | {"channels": {"events": {"adress": "/"}}})
    assert not official.is_valid(DOCUMENT | {"operations": {"tell": {"action": "publish", "channel": {"$ref": "#/x"}}}})


def test_every_reference_leads_somewhere() -> None:
    found = references(DOCUMENT)

    assert found
    for reference in found:
        pointed_at(reference)


@pytest.mark.parametrize("name", ["subscribe", "ping", "subscribed", "pong", "error", *(event.name for event in EVENTS)])
def test_every_message_is_sent_or_heard(name: str) -> None:
    used = {each["$ref"].rpartition("/")[2] for operation in DOCUMENT["operations"].values() for each in operation["messages"]}
    replies = {
        each["$ref"].rpartition("/")[2]
        for operation in DOCUMENT["operations"].values()
        for each in operation.get("reply", {}).get("messages", ())
    }

    assert name in used | replies
    assert DOCUMENT["components"]["messages"][name]["summary"]


async def test_what_is_said_on_the_stream_is_described() -> None:
    async with served(QUEUE) as one:
        client = await one.client.ws_connect("/api/v1/events")
        subscribe: dict[str, Any] = {"type": "subscribe", "topics": ["*", "extension:1001"], "after": 999, "pbxs": ["pbx1"]}
        ping: dict[str, Any] = {"type": "ping", "id": "mine"}
        await client.send_json(subscribe)
        await one.play()
        await client.send_json(ping)
        told: list[dict[str, Any]] = []
        while not told or told[-1]["type"] != "call.ended":
            told.append(await client.receive_json())
        await client.send_json(subscribe)
        while told[-1]["type"] != "error":
            told.append(await client.receive_json())

    assert {"subscribed", "pong", "error", "call.answered", "agent.state_changed"} <= {each["type"] for each in told}
    for message in [subscribe, ping, *told]:
        payload(message["type"]).validate(message)


def test_the_example_is_what_a_recorded_pbx_makes() -> None:
    (example,) = DOCUMENT["components"]["messages"]["call.answered"]["examples"]

    assert example["payload"] == EVENT
    payload("call.answered").validate(EVENT)


async def test_the_example_is_told() -> None:
    async with served(QUEUE) as one:
        listener = one.hub.listen(["call.answered"])
        await one.play()
        (told,) = await listener.next_batch()

    answered = msgspec.json.decode(told.json)
    assert {**answered, "position": 0} == {**EVENT, "position": 0}
