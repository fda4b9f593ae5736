"""What a client of the event stream and the gateway say to each other beside the events."""

from typing import Annotated

import msgspec
from msgspec import Meta

from gateway.api.problems import Problem
from gateway.model.topics import EVERYTHING

Position = Annotated[int, Meta(description="Who comes back after it misses nothing, and may hear some again.")]


class Subscribe(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="subscribe", forbid_unknown_fields=True):
    """The first message of a client. Without `topics` it hears all that it may, without `after` what comes from now on."""

    topics: Annotated[
        tuple[str, ...],
        Meta(
            description="Types, or what they begin with up to a dot (`call`, `call.ended`), `*`, or whom they are about: "
            "`extension:1001` (calls in which it has or had a leg, its agent's state), `agent:Alice`, `queue:support`, "
            "`call:01M81G2HX26T1BW0K9REE1GTYE`. An event of any of them is told, once."
        ),
    ] = (EVERYTHING,)
    after: Annotated[int | None, Meta(description="The position of the last event that the client has.")] = None
    pbxs: Annotated[tuple[str, ...] | None, Meta(description="Only what is about these, or about no PBX.")] = None
    token: Annotated[str | None, Meta(description="Where it cannot stand in the request's header, as in a browser.")] = None


class Ping(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="ping", forbid_unknown_fields=True):
    """Asks whether the gateway is there."""

    id: Annotated[str | int | None, Meta(description="Comes back in the answer.")] = None


class Subscribed(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="subscribed"):
    """Answers a subscription; events follow."""

    position: Position
    topics: Annotated[tuple[str, ...], Meta(description="What the client hears: `*` becomes all that it may hear.")]


class Pong(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="pong"):
    """Answers a ping."""

    id: str | int | None
    position: Position


class Refused(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="error"):
    """The last message before the gateway closes, with 4000 and the problem's status as the code."""

    problem: Problem
