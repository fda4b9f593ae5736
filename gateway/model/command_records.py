"""What is written down of a command: before it is sent, and what came of it."""

from enum import StrEnum
from hashlib import sha256
from typing import Final

import msgspec

from gateway.model.commands import Command, CommandId, SendDigits, name_of
from gateway.model.ids import CallId, LegId, PbxName, Tenant
from gateway.model.principals import Role
from gateway.model.refusals import Refusal


class CommandState(StrEnum):
    SENDING = "sending"
    """Written down; it is being sent, or was when the gateway stopped."""
    ACCEPTED = "accepted"
    """The PBX took it; what came of it is told by the call's events."""
    REFUSED = "refused"
    """Nothing happened: a rule or the PBX refused it."""
    FAILED = "failed"
    """Nothing was sent: the PBX went away before."""
    UNANSWERED = "unanswered"
    """It was sent, and nobody knows whether it was done; it is never sent again."""


class CommandRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One command, who gave it, and what came of it. Times are seconds since the epoch."""

    id: CommandId
    tenant: Tenant
    principal: str
    """The id of who gave it."""
    principal_name: str
    role: Role
    pbx: PbxName | None
    """None where it was refused because no PBX could be told."""
    command: Command
    state: CommandState
    asked_at: float
    call_id: CallId | None = None
    """The call that it is about; of :class:`~gateway.model.commands.PlaceCall` the one that it began."""
    began: CallId | None = None
    """The call that it began."""
    first_leg: LegId | None = None
    """Of the call that it begins."""
    key: str | None = None
    """Of its ``Idempotency-Key``, see :func:`key_of`; None where the key is not spent by it."""
    asked: str | None = None
    """What was asked with the key, see :func:`fingerprint_of`."""
    settled_at: float | None = None
    """When it was known what came of it."""
    refusal: Refusal | None = None
    reason: str | None = None
    """For a person: why nothing, or nobody knows what, came of it."""

    @property
    def kind(self) -> str:
        """The command's ``type``: ``place_call``."""
        return name_of(type(self.command))

    @property
    def is_settled(self) -> bool:
        """Whether it is known what came of it."""
        return self.state is not CommandState.SENDING

    @property
    def event_id(self) -> str:
        """Of the one event that tells what came of it."""
        return f"{self.id}:1"


MASK: Final = "x"


def masked(command: Command) -> Command:
    """Return the command as it may be kept: without the digits that were sent, which may be a card's."""
    return SendDigits(by=command.by, digits=MASK * len(command.digits)) if isinstance(command, SendDigits) else command


def key_of(principal: str, route: str, key: str) -> str:
    """Return what an ``Idempotency-Key`` is found by: each caller and route has keys of its own."""
    return sha256(f"{principal}\0{route}\0{key}".encode("utf-8", "surrogatepass")).hexdigest()


def fingerprint_of(key: str, asked: bytes) -> str:
    """Return what tells one request from another under a key; who does not know the key cannot guess the request from it."""
    return sha256(key.encode("utf-8", "surrogatepass") + b"\0" + asked).hexdigest()
