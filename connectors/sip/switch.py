"""What follows when a SIP call changes: the second leg of a click-to-dial, who hears whom, and applications for callers.

A call that nobody wants is refused, never passed on: whoever reaches our port reaches an application or nobody.
"""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Final

import structlog

from connectors.sip import wire
from connectors.sip.commands import Commander
from connectors.sip.consulting import Consultations
from connectors.sip.dialler import TARGET_RINGS_S, Ask, Dialler
from connectors.sip.events import NORMAL, SipMapper
from connectors.sip.legs import Key, Reference, SipLeg
from connectors.sip.media_session import SipSession
from gateway.model.errors import CommandError, PeerError
from gateway.model.events import PbxEvent
from gateway.model.ids import LegId, PbxName
from gateway.ports.media import CallApplication, LegCommands, SessionEndedBy, SessionId, SessionInfo

NOBODY_HERE: Final = 480
"""SIP, to callers whom no application answers; the PBX goes on with its plan."""
LOOP: Final = 482
"""SIP, to a call that is here already by its Call-ID."""
_NO_ANSWER_CAUSE: Final = 20

log = structlog.get_logger(__name__)


class Switch:
    """Holds the calls of one PBX's workers together.

    Args:
        pbx: Its name.
        mapper: Knows the legs.
        commander: Waits for what peers say of transfers.
        dialler: Places calls.
        consultations: Knows who consults.
        ask: Gives a worker an order.
        send: Sends a worker, by its number, a frame.
        tell: Takes the events that come of it.
        start: Runs something beside, to its end or the connector's.
        now: Seconds since the epoch.
    """

    def __init__(
        self,
        pbx: PbxName,
        mapper: SipMapper,
        commander: Commander,
        dialler: Dialler,
        consultations: Consultations,
        ask: Ask,
        send: Callable[[int, wire.Frame], None],
        tell: Callable[[Sequence[PbxEvent]], None],
        start: Callable[[Coroutine[Any, Any, None], str], None],
        now: Callable[[], float],
    ) -> None:
        self._pbx = pbx
        self._mapper = mapper
        self._commander = commander
        self._dialler = dialler
        self._consultations = consultations
        self._ask = ask
        self._send = send
        self._tell = tell
        self._start = start
        self._now = now
        self._served_by: tuple[CallApplication, LegCommands] | None = None
        self._sessions: dict[Key, SipSession] = {}
        self._log = log.bind(pbx=pbx)

    def serve(self, application: CallApplication, commands: LegCommands) -> None:
        """Let the application have each call that comes from now on."""
        self._served_by = application, commands

    @property
    def sessions(self) -> int:
        """Calls that the application has."""
        return len(self._sessions)

    def attached(self, worker: int, calls: Sequence[wire.CallInfo]) -> None:
        """Take over the calls that a worker has when we come to it."""
        self._tell(self._mapper.listed(worker, calls, self._now()))
        for info in calls:
            leg = self._mapper.leg((worker, info.call))
            if leg is None:
                # Of another's making, or of a version that we cannot read: nobody would ever end it.
                self._start(self._attempt(worker, wire.HangUp(call=info.call)), "sip.end_unknown")
            else:
                self._go_on(leg, info.headers)

    def lost(self, worker: int, reason: str) -> None:
        """End the calls of a worker that is gone."""
        self._tell(self._mapper.lost(worker, self._now()))
        for key, session in tuple(self._sessions.items()):
            if key[0] == worker:
                session.end(SessionEndedBy.FAULT, reason)

    def heard(self, worker: int, frame: wire.Frame) -> None:
        """Take a media frame; of a call that no application has it is nothing."""
        session = self._sessions.get((worker, frame.call))
        if session is not None and frame.kind is wire.FrameKind.AUDIO:
            session.put(frame)

    def reported(self, worker: int, report: wire.Report) -> None:
        """Take what a worker says of a call."""
        if isinstance(report, wire.CallArrived):
            self._arrived(worker, report.info)
            return
        number = getattr(report, "call", None)
        leg = None if number is None else self._mapper.leg((worker, number))
        if leg is None:
            return
        partner = leg.joined
        self._tell(self._mapper.report(worker, report, self._now()))
        if isinstance(report, wire.CallChanged):
            self._commander.changed(leg.leg, report)
        match report:
            case wire.CallChanged(state=wire.CallState.CONNECTED):
                self._go_on(leg, ())
            case wire.CallChanged(state=wire.CallState.ENDED):
                self._ended(leg, partner, report)
            case wire.MediaChanged(active=True):
                # Who is called rings: whoever calls him hears the PBX's own tone.
                self._join(leg)
            case wire.DigitHeard():
                session = self._sessions.get(leg.key)
                if session is not None:
                    session.press(report.digit)
            case wire.TransferProgress():
                self._commander.progressed(leg.leg, report)
            case wire.ReferAsked():
                self._log.warning("sip_transfer_declined", leg=leg.leg, **{"pii.to": report.to})
            case wire.RecordingEnded() if report.error:
                self._log.error("sip_recording_failed", file=report.file, reason=report.error)
            case _:
                pass

    def _arrived(self, worker: int, info: wire.CallInfo) -> None:
        events = self._mapper.arrived(worker, info)
        leg = self._mapper.leg((worker, info.call))
        if leg is None:
            self._start(self._attempt(worker, wire.Reject(call=info.call, code=LOOP)), "sip.refuse")
            return
        self._tell(events)
        self._go_on(leg, info.headers)

    def _go_on(self, leg: SipLeg, headers: Sequence[wire.Header]) -> None:
        """Do what is next for a leg as it stands."""
        if leg.incoming:
            if leg.joined is None and leg.key not in self._sessions:
                self._serve(leg, headers)
        elif leg.connected_at is not None:
            self._join(leg)
            if leg.reference is not None and leg.reference.then and not self._others(leg):
                self._start(self._call_target(leg, leg.reference), "sip.call_target")

    def _ended(self, leg: SipLeg, partner: SipLeg | None, report: wire.CallChanged) -> None:
        self._commander.progressed(leg.leg, None)
        session = self._sessions.get(leg.key)
        if session is not None:
            session.end()
        if self._goes_on_without(leg, partner) or self._stays_with_application(leg, partner):
            return
        # Who has come together with somebody else is no concern of this one's any more.
        others = {other.key: other for other in self._others(leg) if other.joined is None or other.joined is leg}
        if partner is not None:
            others[partner.key] = partner
        for other in others.values():
            # With the cause, so that who is left hears the right tone.
            cause = report.cause or NORMAL
            self._start(self._attempt(other.key[0], wire.HangUp(call=other.key[1], cause=cause)), "sip.end_other")

    def _stays_with_application(self, leg: SipLeg, partner: SipLeg | None) -> bool:
        """Tell whether this was somewhere that a caller could not be sent to, so that he is still talked with."""
        caller = self._mapper.find(leg.root)
        redirected = leg.reference is not None and leg.reference.redirected
        return redirected and partner is None and caller is not None and caller.key in self._sessions

    def _goes_on_without(self, leg: SipLeg, partner: SipLeg | None) -> bool:
        """Tell whether a consultation decides who stays together, and see to it."""
        host = None if leg.consulted_by is None else self._mapper.find(leg.consulted_by)
        waiting = None if host is None else self._consultations.waiting(host)
        if host is not None and waiting is not None:
            self._start(self._consultations.back(host, waiting), "sip.consulted_gone")
            return True
        third, waiting = self._consultations.third(leg), self._consultations.waiting(leg)
        if third is not None and waiting is not None and third.connected_at is not None:
            # Who hangs up while he consults gives the one to the other, as on any telephone.
            self._start(self._consultations.hand_over(leg, third, waiting), "sip.hand_over")
            return True
        if third is not None:
            self._start(self._attempt(third.key[0], wire.HangUp(call=third.key[1])), "sip.end_third")
        # Whoever waited for a consultation is gone: it goes on.
        return leg.held_by is not None

    def _others(self, leg: SipLeg) -> list[SipLeg]:
        return [other for other in self._mapper.legs if other.root == leg.root and other is not leg]

    async def _call_target(self, leg: SipLeg, reference: Reference) -> None:
        target = Reference(
            leg=LegId(f"{leg.leg}-2"),
            root=leg.leg,
            number=reference.then,
            shown=reference.then_shown,
            urgent=reference.urgent,
        )
        try:
            # By the same worker: sound is joined within one.
            await self._dialler.call(target, leg.key[0], leg.account, TARGET_RINGS_S)
        except (CommandError, PeerError) as error:
            self._log.warning("sip_target_not_called", leg=leg.leg, reason=str(error))
            await self._attempt(leg.key[0], wire.HangUp(call=leg.key[1], cause=_NO_ANSWER_CAUSE))
            return
        if self._mapper.leg(leg.key) is None:
            # The agent hung up meanwhile.
            for other in self._others(leg):
                await self._attempt(other.key[0], wire.HangUp(call=other.key[1]))

    def _join(self, leg: SipLeg) -> None:
        """Let a leg and the one that it was called for hear each other."""
        if leg.joined is not None:
            return
        caller = self._mapper.find(leg.root if leg.consulted_by is None else leg.consulted_by)
        if caller is not None and caller is not leg and caller.joined is None:
            session = self._sessions.get(caller.key)
            if session is not None:
                session.end(SessionEndedBy.TRANSFER)
            self._tell(self._mapper.joined(caller, leg, self._now()))
            self._start(self._attempt(leg.key[0], wire.Join(call=caller.key[1], other=leg.key[1])), "sip.join")

    async def _attempt(self, worker: int, order: wire.Order) -> None:
        """Give an order that may come too late."""
        try:
            await self._ask(worker, order, None)
        except (CommandError, PeerError) as error:
            self._log.info("sip_order_not_done", order=type(order).__name__, reason=str(error))

    def _serve(self, leg: SipLeg, headers: Sequence[wire.Header]) -> None:
        if self._served_by is None:
            call = leg.key[1]
            answered = leg.connected_at is not None
            order = wire.HangUp(call=call) if answered else wire.Reject(call=call, code=NOBODY_HERE)
            self._start(self._attempt(leg.key[0], order), "sip.refuse")
            return
        application, commands = self._served_by

        async def ask(order: wire.Order) -> wire.Done:
            return await self._ask(leg.key[0], order, None)

        async def transfer(to: str, context: Mapping[str, str]) -> None:
            # As everybody's: within the rules, and written down.
            await commands.transfer(leg.leg, to, context)

        info = SessionInfo(id=SessionId(leg.leg), pbx=self._pbx, leg=leg.leg, way="sip", variables=dict(headers))
        session = SipSession(info, leg.key[1], ask, lambda frame: self._send(leg.key[0], frame), transfer)
        self._sessions[leg.key] = session
        self._start(self._talk(leg, session, application), f"sip.talk.{leg.name}")

    async def _talk(self, leg: SipLeg, session: SipSession, application: CallApplication) -> None:
        """Let the application talk with a caller, from the answer to the end."""
        call = leg.key[1]
        try:
            if leg.connected_at is None:
                await self._ask(leg.key[0], wire.Answer(call=call), None)
            await self._ask(leg.key[0], wire.OpenMedia(call=call), None)
            self._tell(self._mapper.served(leg, type(application).__name__, self._now()))
            self._start(session.run(), f"sip.say.{leg.name}")
            await application.run(session)
        except (CommandError, PeerError) as error:
            self._log.warning("sip_call_not_served", leg=leg.leg, reason=str(error))
        except Exception:  # noqa: BLE001  # an application's fault costs this one call
            self._log.exception("application_failed", leg=leg.leg)
        finally:
            self._sessions.pop(leg.key, None)
        await session.hang_up()
        session.end()
        if self._mapper.leg(leg.key) is not None:
            # He goes on with somebody else.
            await self._attempt(leg.key[0], wire.CloseMedia(call=call))
