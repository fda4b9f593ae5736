"""What can be configured of one FreeSWITCH."""

from typing import Annotated, Literal

import msgspec

from connectors._kit.stream import Where
from connectors._kit.tls import TlsSettings
from gateway.model.secret import Secret
from gateway.model.site import Site

Seconds = Annotated[float, msgspec.Meta(gt=0, le=3600)]
Bytes = Annotated[int, msgspec.Meta(ge=1024 * 1024, le=1024 * 1024 * 1024 * 1024)]


DialString = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z_./:@;=+-]*\{extension\}[0-9A-Za-z_./:@;=+-]*$")]
"""What FreeSWITCH dials, or names, with ``{extension}`` in it."""
Word = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z_.-]{1,80}$")]


class CommandSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How this PBX is told to do something."""

    context: Word | None = None
    """The dial plan's context in which the telephones dial (``default``; with FusionPBX the domain). Without it nothing can be
    dialled for them: no click-to-dial, no transfer."""
    dial: DialString = "user/{extension}"
    """How a telephone is called: ``user/{extension}@example.com`` where the PBX has several domains."""
    agent: DialString = "{extension}"
    """How mod_callcenter's agents are named, for one that is made here: ``{extension}@default``."""
    parking_lot: Word | None = None
    """The valet lot of the dial plan's ``valet_park``. Without it nothing can be parked."""
    parking_slots: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,10}-[0-9]{1,10}$")] = "6001-6099"
    """The lot's slots, from the first to the last, as the dial plan has them."""
    recordings: Annotated[str, msgspec.Meta(pattern=r"^[/A-Za-z][^\s'\"{},$`\\]*$")] = "/var/lib/freeswitch/recordings"
    """The folder on the PBX in which recordings are made."""
    recording_format: Literal["wav", "mp3", "ogg"] = "wav"
    """All but ``wav`` need a module of the PBX."""
    auto_answer: bool = False
    """Whether the agent's telephone is asked to pick up by itself on click-to-dial (``sip_auto_answer``)."""
    variables: dict[
        Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_]{1,80}$")],
        Annotated[str, msgspec.Meta(pattern=r"^[^\x00-\x20,'\"{}\[\]<>\\^$|&`]*$")],
    ] = {}
    """Set on the agent's leg of each call that we place."""


class FreeswitchSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of one FreeSWITCH, 1.10, by its event socket."""

    host: Annotated[str, msgspec.Meta(min_length=1)]
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 8021
    user: Annotated[str, msgspec.Meta(pattern=r"^[^\s:]+@[^\s:]+$")] | None = None
    """``user@domain`` of a directory user with ``esl-password``; None logs in with event_socket.conf.xml's own password."""
    secret: Secret
    """That password."""
    tls: TlsSettings | None = None
    """Where a stunnel or the like stands before the event socket. Without it everything goes unencrypted."""
    site: Site = Site()
    commands: CommandSettings = CommandSettings()

    connect_timeout_s: Seconds = 10.0
    """To connect, TLS included, and to be greeted."""
    login_timeout_s: Seconds = 10.0
    command_timeout_s: Seconds = 10.0
    """For an answer to a command."""
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

    memory_bytes: Bytes = 64 * 1024 * 1024
    """Of what the PBX said and nobody has read yet; then the disk is used. An event has some 5 kB."""
    spool_bytes: Bytes = 2 * 1024 * 1024 * 1024
    """Of the same on disk; then the connection is given up and a gap declared."""

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
            port=self.port,
            tls=self.tls,
            timeout_s=self.connect_timeout_s,
            if_nobody_listens="is FreeSWITCH running, with mod_event_socket and this address as `listen-ip` in "
            "event_socket.conf.xml?",
            if_no_tls="the event socket itself speaks none, `tls` is for a stunnel before it",
        )

    @property
    def address(self) -> str:
        """Return ``host:port`` as people write it."""
        return self.where.address
