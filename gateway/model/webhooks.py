"""Webhooks: who gets which events, what became of each, and when it is tried again.

Source: Standard Webhooks, "Retry schedule" and "Response codes" (spec version 1.0.0).
"""

from typing import Final, NewType

import msgspec

from gateway.model.ids import CallId

WebhookId = NewType("WebhookId", str)
"""A ULID."""

RETRIES_S: Final = (5.0, 300.0, 1_800.0, 7_200.0, 18_000.0, 36_000.0, 50_400.0, 72_000.0, 86_400.0)
"""Seconds between two attempts, as the standard recommends; after the last one the message is dead."""
JITTER: Final = 0.2
"""Share by which a wait is longer at most, so that many messages do not come back at once."""
OPEN_AFTER: Final = 5
"""Failures in a row after which an endpoint counts as away: then it is only looked at, and its events stay in the outbox."""
LOOK_FIRST_S: Final = 5.0
LOOK_AT_MOST_S: Final = 300.0
"""Seconds between two looks at an endpoint that is away; they double from the first to this."""
OVERLAP_S: Final = 86_400.0
"""Seconds for which the former key signs too, after it was changed."""
MAX_RETRY_AFTER_S: Final = 86_400.0
"""Of ``Retry-After``: who asks for more is asked again after a day."""


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """By which messages are signed."""

    secret: str
    """``whsec_…``; it must be readable, for it is needed to sign."""
    created_at: float
    retires_at: float | None = None
    """Until when it signs, in seconds since the epoch; None is the one in use."""


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Somewhere that events are sent to."""

    id: WebhookId
    name: str
    url: str
    topics: tuple[str, ...]
    """Types, or beginnings of them up to a dot, or ``*``; see :mod:`gateway.model.topics`."""
    pbxs: tuple[str, ...] = ()
    """Only these; none is all."""
    queues: tuple[str, ...] = ()
    """Only what is about these queues, or calls that were in them; none is all."""
    template: str | None = None
    """What is sent, see :mod:`gateway.model.templates`; None is the event's envelope."""
    keys: tuple[Key, ...]
    """The newest first."""
    enabled: bool = True
    disabled_why: str | None = None
    created_at: float
    created_by: str

    def signing(self, now: float) -> tuple[Key, ...]:
        """Return the keys that sign now."""
        return tuple(key for key in self.keys if key.retires_at is None or key.retires_at > now)


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """A message that did not arrive yet."""

    position: int
    """Of its event."""
    event_id: str
    type: str
    call_id: CallId | None
    envelope: bytes
    at: float
    """When its event happened, in seconds since the epoch."""
    attempts: int = 0
    retry_at: float = 0.0
    """When it is tried again; messages of the same call wait behind it."""
    dead: bool = False
    why: str | None = None
    """What came of the last attempt."""


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One try to deliver one message, for the log."""

    at: float
    position: int
    event_id: str
    type: str
    status: int | None
    """HTTP's; None where no answer came."""
    why: str | None
    """What went wrong; None when it arrived."""
    took_s: float


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of an attempt."""

    status: int | None
    why: str | None = None
    """What went wrong, for a person; None when it arrived."""
    retry_after_s: float | None = None
    """For how long the receiver asks to be left alone."""
    took_s: float = 0.0

    @property
    def arrived(self) -> bool:
        """Whether the receiver has it."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def gone(self) -> bool:
        """Whether the receiver wants no more, ever (410)."""
        return self.status == 410

    @property
    def away(self) -> bool:
        """Whether the receiver itself fails; else it refuses this message."""
        return self.status is None or self.status >= 500 or self.status in (408, 429)


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How an endpoint stands."""

    position: int
    """Every event up to it was delivered, or is kept as a delivery."""
    waiting: int
    dead: int
    away_since: float | None
    """Since when it does not answer; None while it does."""
    why: str | None
    """What it answered last, where that was a failure."""


def retry_at(attempts: int, now: float, jitter: float, retry_after_s: float | None) -> float | None:
    """Return when a message that was tried so often is tried again; None when it was tried enough.

    Args:
        attempts: Until now.
        now: Seconds since the epoch.
        jitter: By chance, from 0 to 1.
        retry_after_s: What the receiver asked for.
    """
    if attempts > len(RETRIES_S):
        return None
    wait_s = RETRIES_S[attempts - 1] * (1.0 + JITTER * jitter)
    return now + max(wait_s, min(retry_after_s or 0.0, MAX_RETRY_AFTER_S))


def look_again_s(looks: int, jitter: float, retry_after_s: float | None) -> float:
    """Return for how long an endpoint that is away is left alone after so many looks at it."""
    wait_s = min(LOOK_FIRST_S * 2.0 ** min(looks, 16), LOOK_AT_MOST_S) * (1.0 + JITTER * jitter)
    return max(wait_s, min(retry_after_s or 0.0, MAX_RETRY_AFTER_S))


def rotated(endpoint: Endpoint, secret: str, now: float) -> Endpoint:
    """Return the endpoint with a new key; the one in use until now goes on signing for a while."""
    former = [
        msgspec.structs.replace(key, retires_at=now + OVERLAP_S) if key.retires_at is None else key
        for key in endpoint.signing(now)
    ]
    return msgspec.structs.replace(endpoint, keys=(Key(secret=secret, created_at=now), *former))


def concerns(endpoint: Endpoint, subjects: tuple[str, ...]) -> bool:
    """Tell whether an event of these subjects (``queue:support``) is about what the endpoint asked for."""
    return not endpoint.queues or any(f"queue:{queue}" in subjects for queue in endpoint.queues)
