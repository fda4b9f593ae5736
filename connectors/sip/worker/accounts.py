"""Identities at PBXs: registered, or trunks that are asked by OPTIONS whether they are there."""

import re
from collections.abc import Callable
from typing import Any, Final

from connectors.sip import wire
from connectors.sip.worker.binding import pj

REFUSED: Final = frozenset({401, 403, 404, 407})
"""Codes by which a registrar says that it does not want us; it is asked again all the same."""
RETRY_S: Final = 15
"""Seconds after which a registration that failed is tried again."""
_HOST: Final = re.compile(r"^sips?:(?:[^@]*@)?(\[[^\]]+\]|[^:;]+)")
_SRTP: Final = {
    wire.Srtp.OFF: "PJMEDIA_SRTP_DISABLED",
    wire.Srtp.OPTIONAL: "PJMEDIA_SRTP_OPTIONAL",
    wire.Srtp.REQUIRED: "PJMEDIA_SRTP_MANDATORY",
}


def host_of(uri: str) -> str:
    """Return the host of a URI, without brackets."""
    found = _HOST.match(uri)
    return "" if found is None else found[1].strip("[]").lower()


class Account(pj.Account):  # type: ignore[misc]  # SWIG's classes carry no types
    """One identity.

    Args:
        settings: What it is.
        configured: What the whole worker is.
        say: Tells the gateway.
        arrived: Takes an incoming call.
    """

    def __init__(
        self,
        settings: wire.SipAccount,
        configured: wire.Configure,
        say: Callable[[wire.Report], None],
        arrived: Callable[["Account", Any], None],
    ) -> None:
        super().__init__()
        self.settings = settings
        self.host = host_of(settings.target)
        self._configured = configured
        self._say = say
        self._arrived = arrived
        self._told: wire.AccountChanged | None = None
        self._asking = False
        self._next_s = 0.0
        self._last_code = 0

    def begin(self, *, default: bool) -> None:
        """Register, or be there; the default one takes calls that fit none.

        Raises:
            pj.Error: PJSIP does not take it.
        """
        self.create(self._config(), default)
        if self.settings.registrar is None and not self.settings.keepalive_s:
            self._change(wire.AccountState.USABLE, 0, "")
        else:
            self._change(wire.AccountState.TRYING, 0, "")

    def tell(self) -> None:
        """Say how it stands."""
        if self._told is not None:
            self._say(self._told)

    def tick(self, now_s: float) -> None:
        """Ask the trunk whether it is there, or the registrar again, when it is time."""
        if now_s < self._next_s:
            return
        self._next_s = now_s + (self.settings.keepalive_s or RETRY_S)
        if self.settings.registrar is not None:
            if self._told is not None and self._told.state is wire.AccountState.REFUSED:
                self._register(renew=True)
        elif self.settings.keepalive_s and not self._asking:
            self._ask()

    def leave(self) -> None:
        """Unregister."""
        if self.settings.registrar is not None:
            self._register(renew=False)

    def onIncomingCall(self, prm: Any) -> None:  # noqa: N802  # PJSIP's name
        """Take a call."""
        self._arrived(self, prm)

    def onRegState(self, prm: Any) -> None:  # noqa: N802  # PJSIP's name
        """Take note of what the registrar says."""
        code = int(prm.code)
        if code // 100 == 2:
            state = wire.AccountState.USABLE if prm.expiration else wire.AccountState.TRYING
        elif code in REFUSED:
            state = wire.AccountState.REFUSED
        else:
            state = wire.AccountState.UNREACHABLE
        self._change(state, code, prm.reason)

    def onSendRequest(self, prm: Any) -> None:  # noqa: N802  # PJSIP's name
        """Take note of an OPTIONS' end."""
        self._asking = False
        transaction = prm.e.body.tsxState.tsx
        code = int(transaction.statusCode)
        if code in (401, 407):
            state = wire.AccountState.REFUSED
        elif code in (408, 503):
            state = wire.AccountState.UNREACHABLE
        else:
            # Any other answer is one of somebody who is there.
            state = wire.AccountState.USABLE
        self._change(state, code, transaction.statusText)

    def _ask(self) -> None:
        asked = pj.SendRequestParam()
        asked.method = "OPTIONS"
        asked.txOption.targetUri = self.settings.target
        try:
            self.sendRequest(asked)
        except pj.Error as error:
            self._change(wire.AccountState.UNREACHABLE, 503, error.reason)
        else:
            self._asking = True

    def _register(self, *, renew: bool) -> None:
        try:
            self.setRegistration(renew)
        except pj.Error as error:
            self._change(wire.AccountState.UNREACHABLE, 503, error.reason)

    def _change(self, state: wire.AccountState, code: int, reason: str) -> None:
        told = wire.AccountChanged(account=self.settings.name, state=state, code=code, reason=reason)
        if told != self._told:
            self._told = told
            self._say(told)

    def _config(self) -> Any:
        settings, whole = self.settings, self._configured
        config = pj.AccountConfig()
        config.idUri = settings.identity
        if settings.registrar is not None:
            config.regConfig.registrarUri = settings.registrar
            config.regConfig.timeoutSec = settings.expires_s
            config.regConfig.retryIntervalSec = config.regConfig.firstRetryIntervalSec = RETRY_S
            config.regConfig.randomRetryIntervalSec = 2
        if settings.password:
            config.sipConfig.authCreds.append(pj.AuthCredInfo("digest", "*", settings.user, 0, settings.password))
        config.callConfig.timerSessExpiresSec = whole.session_expires_s
        config.callConfig.timerMinSESec = min(90, whole.session_expires_s)
        media = config.mediaConfig
        media.transportConfig.port = whole.rtp_first
        media.transportConfig.portRange = whole.rtp_last - whole.rtp_first
        first = whole.transports[0]
        if first.address not in ("0.0.0.0", "::"):  # noqa: S104  # what is asked for, compared
            media.transportConfig.boundAddress = first.address
        if first.public_address is not None:
            media.transportConfig.publicAddress = first.public_address
        media.srtpUse = getattr(pj, _SRTP[settings.srtp])
        # Keys go in clear text over UDP where the site wants it so: its trunk may be in a VPN.
        media.srtpSecureSignaling = 0
        # Left to choose, PJSIP asks for this machine's name with every call, and a name server may take seconds.
        family = pj.PJSUA_IPV6_ENABLED_USE_IPV6_ONLY if ":" in self.host else pj.PJSUA_IPV6_DISABLED
        config.sipConfig.ipv6Use = media.ipv6Use = family
        config.natConfig.iceEnabled = whole.ice
        config.natConfig.sipStunUse = pj.PJSUA_STUN_USE_DISABLED
        if not whole.ice:
            # PJSIP's one thread would wait for the server with each call.
            config.natConfig.mediaStunUse = pj.PJSUA_STUN_USE_DISABLED
        # The Contact is what the transport is told to be; nothing is asked of a PBX that looks at addresses.
        if first.public_address is not None:
            config.natConfig.contactRewriteUse = 0
        config.videoConfig.autoShowIncoming = config.videoConfig.autoTransmitOutgoing = False
        return config
