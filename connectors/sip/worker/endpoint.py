"""PJSIP as a whole: begun with the process, made what the gateway wants, and taken down in the order that it survives."""

import os
from contextlib import suppress
from typing import Any, Final

from connectors.sip import wire
from connectors.sip.worker import binding
from connectors.sip.worker.binding import pj
from gateway.model.errors import CommandRefusedError

ANY_IPV6: Final = ":"
JITTER_MS: Final = (40, 200, 400)
"""What is kept of a peer's sound before it is heard, at least and at most, and what is taken at all. PJSIP's own least is one
frame: of 60 ms of jitter it loses 3 frames of a hundred, with two frames one (``bench.sip_jitter``)."""
_KIND: Final = {
    wire.Protocol.UDP: ("PJSIP_TRANSPORT_UDP", "PJSIP_TRANSPORT_UDP6"),
    wire.Protocol.TCP: ("PJSIP_TRANSPORT_TCP", "PJSIP_TRANSPORT_TCP6"),
    wire.Protocol.TLS: ("PJSIP_TRANSPORT_TLS", "PJSIP_TRANSPORT_TLS6"),
}


def _pollers() -> set[int]:
    """Return this process's epoll descriptors."""
    found = set()
    for name in os.listdir("/proc/self/fd"):
        with suppress(OSError):
            if os.readlink(f"/proc/self/fd/{name}") == "anon_inode:[eventpoll]":
                found.add(int(name))
    return found


class Endpoint:
    """The one Endpoint of the process; a second one would hang it."""

    def __init__(self) -> None:
        binding.quiet()
        self._pj: Any = pj.Endpoint()
        before = _pollers()
        self._pj.libCreate()
        made = _pollers() - before
        assert len(made) == 1, "PJSIP was built with epoll"
        self.fd = made.pop()
        """Readable when PJSIP has something to do; its timers are not seen there."""
        self.version = str(self._pj.libVersion().full)
        self._silence: Any = None

    def configure(self, configured: wire.Configure) -> None:
        """Be what the gateway wants.

        Raises:
            CommandRefusedError: PJSIP cannot; the text says what of it.
        """
        try:
            self._pj.libInit(self._config(configured))
        except pj.Error as error:
            raise CommandRefusedError(f"PJSIP does not begin: {error.reason}") from error
        guard = configured.guard
        for network in guard.allow:
            if not binding.guard_allow(network):
                raise CommandRefusedError(f"guard: {network} is no network, or one too many")
        if not binding.guard_start(guard.requests_per_s, guard.burst, guard.max_failures, guard.lockout_s):
            raise CommandRefusedError("guard: PJSIP does not take it")
        if all(transport.protocol is not wire.Protocol.UDP for transport in configured.transports):
            binding.without_udp()
        for transport in configured.transports:
            self._listen(transport)
        try:
            self._pj.libStart()
        except pj.Error as error:
            raise CommandRefusedError(f"PJSIP does not begin: {error.reason}") from error
        self._choose_codecs(configured.codecs)
        devices = self._pj.audDevManager()
        devices.setNullDev()
        self._silence = devices.getCaptureDevMedia()

    def poll(self) -> None:
        """Let PJSIP do what there is to do, without waiting."""
        self._pj.libHandleEvents(0)

    def silence(self) -> Any:
        """Return the bridge's own port, which says nothing."""
        return self._silence

    def close(self) -> None:
        """Take PJSIP down; all calls have ended, all accounts are shut down."""
        with suppress(pj.Error):
            self._pj.audDevManager().setNoDev()
        self._silence = None
        with suppress(pj.Error):
            self._pj.libDestroy()

    def _config(self, configured: wire.Configure) -> Any:
        config = pj.EpConfig()
        config.uaConfig.maxCalls = binding.max_calls()
        config.uaConfig.threadCnt = 0
        config.uaConfig.userAgent = configured.user_agent
        for server in configured.stun:
            config.uaConfig.stunServer.append(server)
        config.logConfig.level = config.logConfig.consoleLevel = 0
        media = config.medConfig
        media.clockRate = media.sndClockRate = 8000
        media.audioFramePtime = 20
        media.channelCount = 1
        media.noVad = True
        media.ecTailLen = 0
        media.jbMinPre, media.jbMaxPre, media.jbMax = JITTER_MS
        media.jbInit = media.jbMinPre
        media.maxMediaPorts = 4096
        # The bridge's own clock is exact, and there is no sound card.
        media.quality = 4
        return config

    def _listen(self, transport: wire.Transport) -> None:
        config = pj.TransportConfig()
        config.port = transport.port
        config.boundAddress = transport.address
        if transport.public_address is not None:
            config.publicAddress = transport.public_address
        if transport.protocol is wire.Protocol.TLS:
            for file in (transport.certificate, transport.key, transport.authorities):
                # PJSIP looks at them with the first connection, and tells nobody.
                if file is not None and not os.access(file, os.R_OK):
                    raise CommandRefusedError(f"TLS port {transport.port}: {file} cannot be read")
            tls = config.tlsConfig
            tls.certFile, tls.privKeyFile = transport.certificate or "", transport.key or ""
            tls.CaListFile = transport.authorities or ""
            tls.verifyServer = transport.verify_peer
            tls.verifyClient = False
        kind = getattr(pj, _KIND[transport.protocol][ANY_IPV6 in transport.address])
        try:
            self._pj.transportCreate(kind, config)
        except pj.Error as error:
            where = f"{transport.protocol.upper()} port {transport.port} of {transport.address}"
            raise CommandRefusedError(f"{where} cannot be listened at: {error.reason}") from error

    def _choose_codecs(self, wanted: tuple[str, ...]) -> None:
        for codec in self._pj.codecEnum2():
            name = codec.codecId.rpartition("/")[0]
            priority = 255 - wanted.index(name) if name in wanted else 0
            self._pj.codecSetPriority(codec.codecId, priority)
