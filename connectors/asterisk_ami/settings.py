"""What can be configured of one Asterisk."""

from typing import Annotated, Literal

import msgspec

from connectors._kit.stream import Where
from connectors._kit.tls import TlsSettings
from gateway.model.secret import Secret
from gateway.model.site import Site

PLAIN_PORT = 5038
TLS_PORT = 5039

Seconds = Annotated[float, msgspec.Meta(gt=0, le=3600)]
Bytes = Annotated[int, msgspec.Meta(ge=1024 * 1024, le=1024 * 1024 * 1024 * 1024)]


Pattern = Annotated[str, msgspec.Meta(pattern=r"^[^\r\n,&]*\{extension\}[^\r\n,&]*$")]
"""A device's name with ``{extension}`` in it."""
Word = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z_.-]{1,80}$")]


class AstdbSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the dial plan looks up whom nobody may disturb and where calls are forwarded to; FreePBX's names by default."""

    do_not_disturb: Word | None = "DND"
    """The family in Asterisk's database whose keys are extensions; None where the dial plan knows no such thing."""
    unconditional: Word | None = "CF"
    busy: Word | None = "CFB"
    no_answer: Word | None = "CFU"
    device_states: bool = True
    """Whether lamps watch ``Custom:DND1001`` and ``Custom:CF1001``."""


class CommandSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How this PBX is told to do something."""

    context: Word | None = None
    """The dial plan's context in which the telephones dial (``from-internal`` with FreePBX). Without it nothing can be dialled
    for them: no click-to-dial, no transfer."""
    device: Pattern = "PJSIP/{extension}"
    """How a telephone is called: ``SIP/{extension}``, or ``Local/{extension}@from-internal`` with its forwards."""
    member: Pattern | None = None
    """How a queue calls a member, where that is not ``device``: ``Local/{extension}@from-queue/n`` with FreePBX."""
    member_state: Pattern | None = None
    """What tells whether such a member is busy: ``hint:{extension}@ext-local`` with FreePBX."""
    hold_context: Word | None = None
    """The context with the music for those on hold, as the snippet makes it; without it they hear silence."""
    parking_lot: Word | None = None
    """None is the PBX's own choice."""
    recording_format: Literal["wav", "wav49", "gsm", "ulaw", "alaw", "sln"] = "wav"
    auto_answer: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z-]+: [^\r\n,()]+$")] | None = None
    """A SIP header that lets the agent's telephone pick up by itself on click-to-dial: ``Alert-Info: info=alert-autoanswer``."""
    variables: dict[
        Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_]{1,80}$")], Annotated[str, msgspec.Meta(pattern=r"^[^\r\n,()]*$")]
    ] = {}
    """Of the dial plan, set on each call that we place."""
    astdb: AstdbSettings | None = None
    """None where the dial plan knows no do-not-disturb and no forwards; ``{}`` with FreePBX."""


class AsteriskSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of one Asterisk, 16 or newer, by its Manager Interface."""

    host: Annotated[str, msgspec.Meta(min_length=1)]
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] | None = None
    """None takes 5038, or 5039 with TLS."""
    username: Annotated[str, msgspec.Meta(pattern=r"^[^\r\n\x00]+$")]
    """The section's name in the PBX's ``manager.conf``."""
    secret: Secret
    login: Literal["md5", "plain"] = "md5"
    """``md5`` keeps the secret off the wire; ``plain`` is for proxies in between that know no MD5."""
    tls: TlsSettings | None = None
    """Without it everything goes unencrypted: only on a network that you trust."""
    site: Site = Site()
    commands: CommandSettings = CommandSettings()

    connect_timeout_s: Seconds = 10.0
    """To connect, TLS included, and to be greeted."""
    login_timeout_s: Seconds = 10.0
    action_timeout_s: Seconds = 10.0
    """For an answer to an action."""
    ping_interval_s: Seconds = 5.0
    dead_after_s: Seconds = 15.0
    """Seconds without a single byte, though asked, after which the PBX counts as gone."""
    retry_min_s: Seconds = 0.5
    retry_max_s: Seconds = 30.0
    """Seconds between attempts to reach a PBX that is away: from the one, longer each time, to the other, less some chance."""
    refused_retry_min_s: Seconds = 30.0
    refused_retry_max_s: Seconds = 900.0
    """The same for a PBX that refuses us: often enough to see the cure, too seldom to be locked out."""
    clock_limit_s: Seconds = 2.0
    """Seconds by which the PBX's clock may differ from ours before we raise an alarm: calls take their times from it."""

    memory_bytes: Bytes = 16 * 1024 * 1024
    """Of what the PBX said and nobody has read yet; then the disk is used."""
    spool_bytes: Bytes = 2 * 1024 * 1024 * 1024
    """Of the same on disk; then the connection is given up and a gap declared."""

    cdr_csv: str | None = None
    """The PBX's ``Master.csv`` where we can read it, with ``loguniqueid=yes`` and ``usegmtime=yes`` in ``cdr.conf``: it tells how
    calls ended while we were away."""
    queue_log: str | None = None
    """The PBX's ``queue_log`` where we can read it: it tells how long agents talked while we were away, which a CDR does not."""

    def __post_init__(self) -> None:
        if self.retry_min_s > self.retry_max_s:
            raise ValueError("retry_min_s is more than retry_max_s")
        if self.refused_retry_min_s > self.refused_retry_max_s:
            raise ValueError("refused_retry_min_s is more than refused_retry_max_s")
        if self.dead_after_s <= self.ping_interval_s:
            raise ValueError("dead_after_s must be more than ping_interval_s")

    @property
    def where(self) -> Where:
        """Return whom to connect to."""
        return Where(
            host=self.host,
            port=self.effective_port,
            tls=self.tls,
            timeout_s=self.connect_timeout_s,
            if_nobody_listens="is Asterisk running, with `enabled = yes` and this address in manager.conf?",
            if_no_tls="`tls` is for the port that manager.conf calls tlsbindaddr",
        )

    @property
    def address(self) -> str:
        """Return ``host:port`` as people write it."""
        return self.where.address

    @property
    def effective_port(self) -> int:
        """Return the port to connect to."""
        if self.port is not None:
            return self.port
        return PLAIN_PORT if self.tls is None else TLS_PORT
