"""What the API says of a call, as types: the call record (docs/architecture.md, "Call record") and what goes with it.

:func:`gateway.model.record.record_of` makes the records; these types describe them, and ``/openapi.json`` is made of them.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from gateway.model.phase import PhaseName
from gateway.model.terms import DiversionReason, QueueResult, TransferKind

Time = Annotated[str, Meta(extra_json_schema={"format": "date-time"}, description="UTC, RFC 3339, with milliseconds.")]
Seconds = Annotated[float, Meta(ge=0)]

Direction = Literal["inbound", "outbound", "internal"]
OutcomeName = Literal[
    "answered", "abandoned", "no_answer", "busy", "rejected", "unreachable", "failed", "voicemail", "self_served", "unknown"
]
Stage = Literal["route", "ivr", "queue", "ringing", "agent_leg"]
EndedBy = Literal["caller", "called", "pbx", "cti"]
TransferResult = Literal["completed", "busy", "no_answer", "abandoned", "failed"]


class QueueRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One time in one queue."""

    queue: str
    joined_at: Time | None
    left_at: Time | None
    wait_s: Seconds | None
    result: QueueResult | None


class AgentRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody whom a queue gave the caller to."""

    agent: str
    extension: str | None
    talk_s: Seconds | None


class TransferRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One transfer, or an attempt at one."""

    kind: TransferKind
    by: str | None
    to: str | None
    result: TransferResult | None
    consult_s: Annotated[Seconds | UnsetType | None, Meta(description="Seconds of the talk before; of attended ones.")] = UNSET
    slot: Annotated[str | UnsetType, Meta(description="Where it was parked.")] = UNSET


class DiversionRecord(msgspec.Struct, frozen=True, kw_only=True, rename={"diverted_from": "from", "diverted_to": "to"}):
    """A forward, a redirection by a telephone, an overflow."""

    diverted_from: str
    diverted_to: str
    reason: DiversionReason


class LegRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One party's connection to the PBX."""

    id: Annotated[str, Meta(description="The PBX's own id of it.")]
    name: str
    device: str
    number: Annotated[str | None, Meta(description="The raw text that the PBX gave.")]
    state_times: Annotated[dict[str, Time], Meta(description="When it was `initiated`, `alerting`, `connected`, `cleared`.")]
    cause: Annotated[int, Meta(description="Q.850; 0 when the PBX gave none.")]


class PhaseRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What a live call is doing now."""

    name: PhaseName
    since: Time | None
    parties: Annotated[tuple[str, ...], Meta(description="Whom the caller's side talks to, holds or waits for.")]


class CustomerSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A customer as a call shows him."""

    customer_id: str
    name: str | None
    company: str | None
    language: str | None
    vip: bool
    tags: list[str]


class CustomerBehind(msgspec.Struct, frozen=True, kw_only=True):
    """Who is on the outside end of a call, as far as his number tells."""

    number: Annotated[str, Meta(description="E.164.")]
    matches: Annotated[int, Meta(description="How many customers use the number.")]
    shared: Annotated[bool, Meta(description="It is known to be several people's, such as a switchboard's.")]
    customer: CustomerSeen | None
    candidates: Annotated[list[CustomerSeen], Meta(description="Among whom to choose where it is not known.")]


class CallRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A call, from its first ring to its last hang-up. What is not known is null, never guessed."""

    call_id: Annotated[str, Meta(description="A ULID, the same live and in every replay.")]
    pbx: str
    pbx_ids: Annotated[list[str], Meta(description="The PBX's own ids seen in it.")]
    tenant: str
    state: Literal["active", "ended"]
    version: Annotated[int, Meta(ge=1, description="Counts corrections.")]
    complete: Annotated[bool, Meta(description="False where a gap or a late start hides part of it.")]
    started_at: Time | None
    answered_at: Time | None
    ended_at: Time | None
    direction: Direction | None
    caller: Annotated[str | None, Meta(description="Who began it, as first seen; null when withheld.")]
    caller_name: str | None
    caller_e164: str | None
    called: Annotated[str | None, Meta(description="Whom the caller wanted; never rewritten by menus, queues or transfers.")]
    called_e164: str | None
    digits: Annotated[str, Meta(description="What the caller pressed in menus; data is masked.")]
    ivr_path: Annotated[list[str], Meta(description="The menus passed.")]
    ivr_s: Seconds | None
    queue: Annotated[str | None, Meta(description="The last queue joined.")]
    queues: list[QueueRecord]
    wait_s: Seconds | None
    rang: Annotated[list[str], Meta(description="Extensions that rang, sorted.")]
    answered_by: Annotated[list[str], Meta(description="Parties that talked with the caller's side, in order.")]
    agents: list[AgentRecord]
    transfers: list[TransferRecord]
    diversions: list[DiversionRecord]
    talk_s: Seconds | None
    hold_s: Seconds | None
    conference: Annotated[str | None, Meta(description="The room.")]
    parties: Annotated[list[str], Meta(description="Who was in the room, sorted.")]
    recording: Annotated[str | None, Meta(description="Where a recording is, as the PBX named it.")]
    legs: list[LegRecord]
    outcome: Annotated[OutcomeName | UnsetType, Meta(description="Once it is known.")] = UNSET
    stage: Annotated[Stage | UnsetType | None, Meta(description="Where a call ended that was not answered.")] = UNSET
    ended_by: Annotated[EndedBy | UnsetType | None, Meta(description="Of an ended call.")] = UNSET
    phase: Annotated[PhaseRecord | UnsetType, Meta(description="Of a live call.")] = UNSET
    customer: Annotated[
        CustomerBehind | UnsetType,
        Meta(description="Where one call is shown to somebody who may read customers, and its customer's side has a number."),
    ] = UNSET


class MergedCall(msgspec.Struct, frozen=True, kw_only=True):
    """A call that was folded into another: a consultation that became a transfer, a call picked up."""

    call_id: str
    pbx: str
    tenant: str
    merged_into: Annotated[str, Meta(description="The `call_id` of the call that it is part of.")]


Shown = Annotated[
    Any,
    Meta(
        extra_json_schema={
            "anyOf": [{"$ref": "#/components/schemas/CallRecord"}, {"$ref": "#/components/schemas/MergedCall"}],
            "title": "ShownCall",
        }
    ),
]
"""A call's record, or where it went."""
