"""One call as PJSIP has it: what becomes of it is told to the gateway, its sound is connected as it is wanted."""

import time
from contextlib import suppress
from typing import Any, Final, Protocol

from connectors.sip import wire
from connectors.sip.worker import messages
from connectors.sip.worker.binding import pj
from connectors.sip.worker.sound import Sound, Studio
from gateway.model.errors import CommandRefusedError

PJ_EINVALIDOP: Final = 70013
"""pj/errno.h; here: another offer is on its way."""
DTMF_IS_UPDATE: Final = 1
"""pjmedia/stream.h: the key was told before, and is still down, or up by now."""


class Exchange(Studio, Protocol):
    """What a call needs of the process."""

    def over(self, call: "Call") -> None:
        """Take note: it is over."""


class Call(pj.Call):  # type: ignore[misc]  # SWIG's classes carry no types
    """One SIP dialog. PJSIP's thread has it; digits alone come from another one."""

    def __init__(self, exchange: Exchange, account: Any, info: wire.CallInfo, pj_id: int | None = None) -> None:
        super().__init__(account, pj.PJSUA_INVALID_ID if pj_id is None else pj_id)
        self.number = info.call
        self.account = account
        self._exchange = exchange
        self._info = info
        self._held_back: list[wire.Report] | None = None if info.incoming else []
        self.give_up_at: float | None = None
        """Seconds of the loop's clock at which it has rung for long enough."""
        self.ending = False
        """We have asked for its end."""
        self.sound = Sound(info.call, exchange)
        self._held = self._held_by_peer = False
        self._wanted_hold: bool | None = None
        self._state = info.state
        self._connected_at: float | None = None
        self._sip_call_id = info.sip_call_id

    @property
    def info(self) -> wire.CallInfo:
        """The call as it stands."""
        return wire.CallInfo(
            **{name: getattr(self._info, name) for name in self._info.__struct_fields__ if name not in _CHANGING},
            sip_call_id=self._sip_call_id,
            state=self._state,
            connected_at=self._connected_at,
            joined=self.sound.joined,
            held=self._held,
            held_by_peer=self._held_by_peer,
            recording=self.sound.recording,
            media_open=self.sound.is_open,
        )

    @property
    def is_connected(self) -> bool:
        """Tell whether it was answered and is not over."""
        return self._state is wire.CallState.CONNECTED

    def say(self, report: wire.Report) -> None:
        """Tell the gateway, but nothing of a call that it does not know yet."""
        if self._held_back is None:
            self._exchange.say(report)
        else:
            self._held_back.append(report)

    def known(self) -> None:
        """Tell what was held back: the gateway knows the call's number now."""
        waiting, self._held_back = self._held_back or [], None
        for report in waiting:
            self._exchange.say(report)

    # What PJSIP tells of it.

    def onCallState(self, prm: Any) -> None:  # noqa: N802  # PJSIP's name
        """Tell its new state."""
        info = self.getInfo()
        if not self._sip_call_id:
            self._sip_call_id = info.callIdString
        match info.state:
            case pj.PJSIP_INV_STATE_EARLY:
                if self._state is not wire.CallState.ALERTING:
                    self._change(wire.CallState.ALERTING, info)
            case pj.PJSIP_INV_STATE_CONFIRMED:
                if self._state is not wire.CallState.CONNECTED:
                    self.give_up_at = None
                    self._connected_at = time.time()
                    self._change(wire.CallState.CONNECTED, info)
            case pj.PJSIP_INV_STATE_DISCONNECTED:
                self._end(prm, info)
            case _:
                pass

    def onCallMediaState(self, prm: Any) -> None:  # noqa: N802  # PJSIP's name
        """Connect its sound anew: an offer may have changed all of it."""
        info = self.getInfo()
        audio: Any = None
        active, codec, encrypted, remote, held = False, "", False, "", False
        for index, media in enumerate(info.media):
            if media.type != pj.PJMEDIA_TYPE_AUDIO:
                continue
            held = media.status == pj.PJSUA_CALL_MEDIA_REMOTE_HOLD
            if media.status in (pj.PJSUA_CALL_MEDIA_ACTIVE, pj.PJSUA_CALL_MEDIA_REMOTE_HOLD, pj.PJSUA_CALL_MEDIA_LOCAL_HOLD):
                with suppress(pj.Error):
                    audio = self.getAudioMedia(index)
                    stream = self.getStreamInfo(index)
                    active = media.status == pj.PJSUA_CALL_MEDIA_ACTIVE
                    codec = f"{stream.codecName}/{stream.codecClockRate}"
                    encrypted = bool(stream.proto & pj.PJMEDIA_TP_PROFILE_SRTP)
                    remote = stream.remoteRtpAddress
            break
        self.say(wire.MediaChanged(call=self.number, active=active, codec=codec, encrypted=encrypted, remote=remote))
        if held != self._held_by_peer:
            self._held_by_peer = held
            self.say(wire.HoldChanged(call=self.number, by_peer=True, held=held, at=time.time()))
        self.sound.changed(audio)

    def onDtmfEvent(self, prm: Any) -> None:  # noqa: N802  # PJSIP's name
        """Tell a key, once, when it goes down."""
        if prm.flags & DTMF_IS_UPDATE:
            return
        by = wire.DigitsBy.INFO if prm.method == pj.PJSUA_DTMF_METHOD_SIP_INFO else wire.DigitsBy.RTP
        self.say(wire.DigitHeard(call=self.number, digit=prm.digit.upper(), by=by, at=time.time()))

    def onCallTransferStatus(self, prm: Any) -> None:  # noqa: N802  # PJSIP's name
        """Tell how the transfer goes that we asked for."""
        code = int(prm.statusCode)
        self.say(
            wire.TransferProgress(call=self.number, code=code, reason=prm.reason, final=bool(prm.finalNotify), at=time.time())
        )
        if prm.finalNotify:
            prm.cont = False
            if code // 100 == 2 and not self.ending:
                # The peer is with somebody else now.
                self.end(0, 16)

    def onCallTransferRequest(self, prm: Any) -> None:  # noqa: N802  # PJSIP's name
        """Decline: whoever may send REFER could dial at the site's cost."""
        prm.statusCode = pj.PJSIP_SC_DECLINE
        self.say(wire.ReferAsked(call=self.number, to=prm.dstUri, at=time.time()))

    def onCallRedirected(self, prm: Any) -> Any:  # noqa: N802  # PJSIP's name
        """Follow nobody: who deflects could have us dial at the site's cost."""
        return pj.PJSIP_REDIRECT_REJECT

    def onCallReplaceRequest(self, prm: Any) -> None:  # noqa: N802  # PJSIP's name
        """Decline: a call that takes another's place would be none that the gateway let in."""
        prm.statusCode = pj.PJSIP_SC_DECLINE

    # What the gateway wants of it.

    def answer(self, code: int, headers: tuple[wire.Header, ...] = ()) -> None:
        """Respond to its INVITE; 300 and more end it."""
        if self._state is wire.CallState.CONNECTED:
            raise CommandRefusedError("the call is answered already")
        if code >= 300:
            self.ending = True
        super().answer(parameters(headers, code))

    def refuse(self, code: int) -> None:
        """Refuse it without a word to the gateway."""
        self._held_back = []
        self.answer(code)

    def end(self, code: int, cause: int) -> None:
        """End it in whatever state it is."""
        if self.ending:
            return
        self.ending = True
        headers = (messages.reason_header(cause),) if cause else ()
        # A code is for an INVITE that came in; PJSIP would report it of a BYE too.
        self.hangup(parameters(headers, 0 if self.is_connected else code))

    def hold(self, *, held: bool) -> None:
        """Hold the peer, or take it back, with a re-INVITE."""
        if not self.is_connected:
            raise CommandRefusedError("the call is not answered")
        if held == (self._held if self._wanted_hold is None else self._wanted_hold):
            raise CommandRefusedError("the call is held already" if held else "the call is not held")
        self._wanted_hold = held
        self.settle()

    def settle(self) -> None:
        """Send the re-INVITE that is wanted, as soon as no other one is on its way."""
        held = self._wanted_hold
        if held is None:
            return
        asked = parameters(())
        try:
            if held:
                self.setHold(asked)
            else:
                asked.opt.flag = pj.PJSUA_CALL_UNHOLD
                self.reinvite(asked)
        except pj.Error as error:
            if error.status == PJ_EINVALIDOP:
                return
            raise
        self._wanted_hold, self._held = None, held
        self.say(wire.HoldChanged(call=self.number, by_peer=False, held=held, at=time.time()))

    def send_digits(self, digits: str, by: wire.DigitsBy) -> None:
        """Press keys."""
        self.sound.need()
        pressed = pj.CallSendDtmfParam()
        pressed.digits = digits
        by_info = by is wire.DigitsBy.INFO
        pressed.method = pj.PJSUA_DTMF_METHOD_SIP_INFO if by_info else pj.PJSUA_DTMF_METHOD_RFC2833
        self.sendDtmf(pressed)

    def _change(self, state: wire.CallState, info: Any) -> None:
        self._state = state
        self.say(
            wire.CallChanged(
                call=self.number,
                state=state,
                code=int(info.lastStatusCode),
                reason=info.lastReason,
                cause=0,
                by_peer=not self._info.incoming,
                at=time.time(),
            )
        )

    def _end(self, prm: Any, info: Any) -> None:
        self.sound.end()
        self._state = wire.CallState.ENDED
        event = prm.e.body.tsxState
        code = int(info.lastStatusCode)
        came = prm.e.type == pj.PJSIP_EVENT_TSX_STATE and event.type == pj.PJSIP_EVENT_RX_MSG
        by_peer = not self.ending and (came or (self._info.incoming and code == pj.PJSIP_SC_REQUEST_TERMINATED))
        cause = messages.cause_of(event.src.rdata.wholeMsg) if came else 0
        self.say(
            wire.CallChanged(
                call=self.number,
                state=wire.CallState.ENDED,
                code=code,
                reason=info.lastReason,
                cause=cause,
                by_peer=by_peer,
                at=time.time(),
            )
        )
        self._exchange.over(self)


_CHANGING: Final = frozenset(
    {"sip_call_id", "state", "connected_at", "joined", "held", "held_by_peer", "recording", "media_open"}
)


def parameters(headers: tuple[wire.Header, ...], code: int = 0) -> Any:
    """Return PJSIP's parameters of a call: its kinds of media, and headers.

    Raises:
        CommandRefusedError: A header holds more than itself.
    """
    asked = pj.CallOpParam()
    asked.opt.audioCount, asked.opt.videoCount, asked.opt.textCount = 1, 0, 0
    asked.statusCode = code
    for header in headers:
        if not messages.is_header(header):
            raise CommandRefusedError(f"{header[0]!r} with this value is no header")
        added = pj.SipHeader()
        added.hName, added.hValue = header
        asked.txOption.headers.append(added)
    return asked
