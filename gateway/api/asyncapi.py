"""The AsyncAPI document of the event stream, made of the types of its events and messages.

Source: AsyncAPI Specification 3.0.0 (asyncapi.com). It is written from the gateway's side: what it sends its clients hear.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from gateway.api.event_types import EventType
from gateway.api.examples import EVENT
from gateway.api.stream_messages import Ping, Pong, Refused, Subscribe, Subscribed

_SCHEMAS: Final = "#/components/schemas/{name}"
_CHANNEL: Final = {"$ref": "#/channels/events"}
_CONTROL: Final = {"subscribe": Subscribe, "ping": Ping, "subscribed": Subscribed, "pong": Pong, "error": Refused}


def asyncapi(events: Sequence[EventType], version: str) -> dict[str, Any]:
    """Return the document that describes these events, of the product's ``version``."""
    kinds: list[Any] = [*_CONTROL.values(), *(event.data for event in events)]
    schemas, components = msgspec.json.schema_components(kinds, ref_template=_SCHEMAS)
    schema_of = dict(zip(kinds, schemas, strict=True))
    messages: dict[str, Any] = {
        name: {"name": name, "summary": (kind.__doc__ or "").partition("\n")[0], "payload": schema_of[kind]}
        for name, kind in _CONTROL.items()
    }
    messages |= {event.name: _message(event, schema_of[event.data]) for event in events}
    messages[EVENT["type"]]["examples"] = [{"payload": EVENT}]
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Tieline events",
            "version": version,
            "description": _INTRODUCTION,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "gateway": {
                "host": "{host}",
                "protocol": "ws",
                "description": "The gateway, over wss where it has a certificate.",
                "variables": {"host": {"default": "localhost:8470"}},
                "security": [{"$ref": "#/components/securitySchemes/token"}],
            }
        },
        "channels": {
            "events": {
                "address": "/api/v1/events",
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
                "bindings": {"ws": {"method": "GET"}},
            }
        },
        "operations": {
            "subscribe": _operation("receive", ["subscribe"], reply=["subscribed", "error"]),
            "ping": _operation("receive", ["ping"], reply=["pong"]),
            "tell": _operation("send", [event.name for event in events]),
            "refuse": _operation("send", ["error"]),
        },
        "components": {
            "schemas": components,
            "messages": messages,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": "Or `token` in the subscription."}},
        },
    }


def _message(event: EventType, data: dict[str, Any]) -> dict[str, Any]:
    payload = {
        "type": "object",
        "properties": {
            "id": {"type": "string", "description": "Unique; the same when it is told again."},
            "type": {"const": event.name},
            "time": {"type": "string", "format": "date-time", "description": "By the PBX's clock where it sends one."},
            "tenant": {"type": "string"},
            "pbx": {"type": "string", "description": "Absent where it is about none."},
            "call_id": {"type": "string", "description": "Absent where it is about no call."},
            "position": {"type": "integer", "description": "Its place in the one order of all events."},
            "data": data,
        },
        "required": ["id", "type", "time", "tenant", "position", "data"],
    }
    return {"name": event.name, "title": event.name, "summary": event.summary, "payload": payload}


def _operation(action: str, names: Sequence[str], reply: Sequence[str] = ()) -> dict[str, Any]:
    operation: dict[str, Any] = {"action": action, "channel": _CHANNEL, "messages": _in_channel(names)}
    if reply:
        operation["reply"] = {"channel": _CHANNEL, "messages": _in_channel(reply)}
    return operation


def _in_channel(names: Sequence[str]) -> list[dict[str, str]]:
    return [{"$ref": f"#/channels/events/messages/{name}"} for name in names]


_INTRODUCTION: Final = """\
A client opens the WebSocket, sends `subscribe` first, and hears every event on its topics from then on, one envelope a message, \
in one order for all. It keeps the `position` of the last one; when it comes back it subscribes `after` that and misses nothing. \
Who was away too long is refused by `position-lost` (close code 4410): he then loads the calls anew \
and listens after the position given with them. One that takes events more slowly than they come is told `too-slow` (4429) with \
the `position` after which to come back. An event may be told twice: `id` tells."""
