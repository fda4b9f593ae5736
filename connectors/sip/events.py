"""What SIP workers report, as the events of their PBX. Pure.

Tieline itself is the PBX's peer here: each SIP call is a leg. A call that came in is a call of its own, answered by an
application; of a click-to-dial the first leg rings the agent, and the second, to whom he wants, belongs to the same call.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from connectors.sip import wire
from connectors.sip.legs import Key, Reference, SipLeg, bridge_of, read_reference, seen
from gateway.model.events import (
    ConsultationStarted,
    DialEnded,
    DialOutRequested,
    DigitPressed,
    LegAlerting,
    LegBridged,
    LegCleared,
    LegConnected,
    LegCreated,
    LegCutOff,
    LegDialled,
    LegHeld,
    LegRetrieved,
    LegTransferred,
    LegUnbridged,
    PbxEvent,
    RecordingChanged,
    RecordingStarted,
    ReleaseRequested,
    ServiceStarted,
)
from gateway.model.ids import LegId
from gateway.model.site import Site
from gateway.model.terms import BridgeKind, DialResult, LegRole, Service, TransferKind

TEMPORARY_FAILURE: Final = 41
"""Q.850, of calls whose worker died."""
NORMAL: Final = 16
_SIP_BY_CAUSE: Final = {
    1: (404, 485, 604),
    16: (487,),
    17: (486, 600),
    18: (480,),
    21: (401, 402, 403, 407, 603),
    22: (410,),
    25: (482, 483),
    28: (484,),
    31: (488, 606),
    38: (502,),
    41: (481, 500, 503),
    63: (405,),
    79: (406, 415, 501),
    102: (408, 504),
    127: (413, 414, 416, 420, 421, 423, 505, 513),
}
"""RFC 3398, section 7.2.4.1: the Q.850 cause of SIP responses that bring none."""
_CAUSES: Final = {code: cause for cause, codes in _SIP_BY_CAUSE.items() for code in codes}
_RESULTS: Final = {
    1: DialResult.UNREACHABLE,
    3: DialResult.UNREACHABLE,
    17: DialResult.BUSY,
    18: DialResult.UNREACHABLE,
    19: DialResult.NO_ANSWER,
    20: DialResult.UNREACHABLE,
    102: DialResult.UNREACHABLE,
}
_NOBODY_ANSWERED: Final = 19
_TEMPORARILY_UNAVAILABLE: Final = 480
_REQUEST_TERMINATED: Final = 487


class SipMapper:
    """The legs of all workers of one PBX."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._legs: dict[Key, SipLeg] = {}
        self._by_id: dict[LegId, SipLeg] = {}

    def leg(self, key: Key) -> SipLeg | None:
        """Return a live call's leg."""
        return self._legs.get(key)

    def find(self, leg: LegId) -> SipLeg | None:
        """Return a live leg by its id."""
        return self._by_id.get(leg)

    @property
    def legs(self) -> Sequence[SipLeg]:
        """All live legs."""
        return tuple(self._legs.values())

    def arrived(self, worker: int, info: wire.CallInfo) -> list[PbxEvent]:
        """Take a call that came in; nothing when its Call-ID is that of another one, which the caller must refuse."""
        if LegId(info.sip_call_id) in self._by_id:
            return []
        leg = self._add(worker, info, None)
        return [
            LegCreated(
                at=info.began_at,
                leg=leg.leg,
                name=leg.name,
                device=leg.device,
                role=LegRole.ORIGINATING,
                root=leg.root,
                number=leg.number or None,
                display=leg.display or None,
                dialled=leg.dialled or None,
                place=None,
            )
        ]

    def placed(self, worker: int, call: wire.CallNumber, account: str, reference: Reference, at: float) -> list[PbxEvent]:
        """Take a call of ours that begins."""
        leg = self._add_placed(worker, call, account, reference, at)
        dialler = None if leg.root == leg.leg else leg.root
        events: list[PbxEvent] = [
            LegCreated(
                at=at,
                leg=leg.leg,
                name=leg.name,
                device=leg.device,
                role=LegRole.TERMINATING,
                root=leg.root,
                number=reference.number,
                display=None,
                dialled=None,
                place=None,
            ),
            LegDialled(at=at, leg=dialler, target=leg.leg, number=reference.number),
        ]
        if reference.then:
            events.append(DialOutRequested(at=at, leg=leg.leg, target=reference.then))
        consulting = None if reference.consults is None else self._by_id.get(reference.consults)
        if consulting is not None:
            # By feature, as PBXs say: who holds is in the consultation with the same leg.
            events.append(LegHeld(at=at, leg=consulting.leg, by_feature=True))
            events.append(ConsultationStarted(at=at, leg=consulting.leg, helper=leg.leg, to=reference.number))
            events += self.parted(consulting, at)
        return events

    def listed(self, worker: int, calls: Iterable[wire.CallInfo], at: float) -> list[PbxEvent]:
        """Take the calls that a worker has when we come to it: those of an earlier gateway."""
        found: dict[wire.CallNumber, tuple[SipLeg, wire.CallInfo]] = {}
        for info in calls:
            reference = read_reference(info.reference)
            if info.incoming:
                leg = self._add(worker, info, None)
            elif reference is not None:
                leg = self._add_placed(worker, info.call, info.account, reference, info.began_at)
            else:
                continue
            leg.connected_at = info.connected_at
            leg.alerting = info.state is wire.CallState.ALERTING
            leg.recording = info.recording
            found[info.call] = leg, info
        for leg, info in found.values():
            other = None if info.joined is None else found.get(info.joined)
            if other is not None:
                leg.joined = other[0]
                if leg.connected_at is not None and other[0].connected_at is not None:
                    leg.bridged = bridge_of(leg, other[0])
        return [seen(leg, at) for leg, _ in found.values()]

    def seen(self, at: float) -> list[PbxEvent]:
        """Return all live legs as a snapshot lists them."""
        return [seen(leg, at) for leg in self._legs.values()]

    def lost(self, worker: int, at: float) -> list[PbxEvent]:
        """End the calls of a worker that is gone: nobody in them asked for it."""
        events: list[PbxEvent] = []
        for leg in [leg for leg in self._legs.values() if leg.key[0] == worker]:
            events.append(LegCutOff(at=at, leg=leg.leg))
            events += self._gone(leg, TEMPORARY_FAILURE, 0, at)
        return events

    def joined(self, one: SipLeg, other: SipLeg, at: float) -> list[PbxEvent]:
        """Two legs hear each other; for the world they do once both have answered."""
        one.joined, other.joined = other, one
        return self._bridge_if_connected(one, at)

    def parted(self, leg: SipLeg, at: float) -> list[PbxEvent]:
        """A leg hears its other one no more."""
        other, leg.joined = leg.joined, None
        if other is None:
            return []
        other.joined = None
        events: list[PbxEvent] = []
        for each in (leg, other):
            if each.bridged is not None:
                events.append(LegUnbridged(at=at, leg=each.leg, bridge=each.bridged))
                each.bridged = None
        return events

    def handed_over(self, by: SipLeg, target: SipLeg, held: SipLeg, at: float) -> list[PbxEvent]:
        """A party gave the one whom it held to the one whom it consulted."""
        transferred = LegTransferred(
            at=at,
            kind=TransferKind.ATTENDED,
            by=by.leg,
            consult=by.leg,
            transferee=held.leg,
            target=target.leg,
            to=target.number,
        )
        held.held_by = target.consulted_by = None
        return [transferred, *self.parted(by, at), *self.joined(target, held, at)]

    def served(self, leg: SipLeg, application: str, at: float) -> list[PbxEvent]:
        """An application has the call."""
        leg.application = application
        return [ServiceStarted(at=at, leg=leg.leg, service=Service.MEDIA, detail=application)]

    def recorded(self, leg: SipLeg, file: str, at: float) -> list[PbxEvent]:
        """A recording began."""
        leg.recording = file
        return [RecordingStarted(at=at, leg=leg.leg, file=file)]

    def recording_paused(self, leg: SipLeg, paused: bool, at: float) -> list[PbxEvent]:
        """A recording holds its breath, or goes on."""
        return [RecordingChanged(at=at, leg=leg.leg, paused=paused, stopped=False)]

    def report(self, worker: int, report: wire.Report, at: float) -> list[PbxEvent]:
        """Take what a worker says of a call; what it says of none, or of one that is over, is nothing.

        Args:
            at: For reports that bear no time.
        """
        number = getattr(report, "call", None)
        leg = None if number is None else self._legs.get((worker, number))
        if leg is None:
            return []
        match report:
            case wire.CallChanged():
                return self._changed(leg, report)
            case wire.HoldChanged():
                return self._hold_changed(leg, report)
            case wire.DigitHeard() if leg.application and leg.joined is None:
                return [DigitPressed(at=report.at, leg=leg.leg, digit=report.digit, menu=leg.application)]
            case wire.TransferProgress() if report.final:
                return self._transferred(leg, report)
            case wire.RecordingEnded():
                leg.recording = None
                return [RecordingChanged(at=at, leg=leg.leg, paused=False, stopped=True)]
            case _:
                return []

    def _changed(self, leg: SipLeg, report: wire.CallChanged) -> list[PbxEvent]:
        match report.state:
            case wire.CallState.ALERTING if not leg.incoming:
                leg.alerting = True
                return [LegAlerting(at=report.at, leg=leg.leg)]
            case wire.CallState.CONNECTED if leg.connected_at is None:
                leg.connected_at = report.at
                events: list[PbxEvent] = [LegConnected(at=report.at, leg=leg.leg)]
                if not leg.incoming:
                    events.append(self._dial_ended(leg, DialResult.ANSWERED, report.at))
                if leg.reference is not None and leg.reference.redirected:
                    events.append(_redirected(leg, report.at))
                return events + self._bridge_if_connected(leg, report.at)
            case wire.CallState.ENDED:
                return self._ended(leg, report)
            case _:
                return []

    def _ended(self, leg: SipLeg, report: wire.CallChanged) -> list[PbxEvent]:
        cause = report.cause or _CAUSES.get(report.code, NORMAL)
        if report.code == _TEMPORARILY_UNAVAILABLE and not report.cause and leg.alerting:
            # It rang, so somebody is there.
            cause = _NOBODY_ANSWERED
        code = 0 if leg.connected_at is not None or 200 <= report.code < 300 else report.code
        events: list[PbxEvent] = []
        if report.by_peer or leg.ended_by_command:
            events.append(ReleaseRequested(at=report.at, leg=leg.leg, by_party=report.by_peer, cause=cause, sip=code))
        if leg.connected_at is None and not leg.incoming:
            given_up = not report.by_peer or code == _REQUEST_TERMINATED
            result = DialResult.NO_ANSWER if given_up else _RESULTS.get(cause, DialResult.FAILED)
            events.append(self._dial_ended(leg, result, report.at))
        return events + self._gone(leg, cause, code, report.at)

    def _dial_ended(self, leg: SipLeg, result: DialResult, at: float) -> DialEnded:
        dialler = None if leg.root == leg.leg else leg.root
        return DialEnded(at=at, leg=dialler, target=leg.leg, result=result, forwarded_to=None)

    def _gone(self, leg: SipLeg, cause: int, sip: int, at: float) -> list[PbxEvent]:
        events = self.parted(leg, at)
        del self._legs[leg.key]
        self._by_id.pop(leg.leg, None)
        return [*events, LegCleared(at=at, leg=leg.leg, cause=cause, sip=sip)]

    def _hold_changed(self, leg: SipLeg, report: wire.HoldChanged) -> list[PbxEvent]:
        # Whom we hold is held by the one whom he talks to; for a consultation it is told with that.
        holder = leg if report.by_peer else leg.joined
        if holder is None or leg.held_by is not None:
            return []
        if report.held:
            return [LegHeld(at=report.at, leg=holder.leg, by_feature=False)]
        return [LegRetrieved(at=report.at, leg=holder.leg)]

    def _transferred(self, leg: SipLeg, report: wire.TransferProgress) -> list[PbxEvent]:
        to, leg.transfer_to = leg.transfer_to, None
        if to is None or not 200 <= report.code < 300:
            return []
        by = leg.joined
        return [
            LegTransferred(
                at=report.at,
                kind=TransferKind.REDIRECT if by is None else TransferKind.BLIND,
                by=None if by is None else by.leg,
                consult=None,
                transferee=leg.leg,
                target=None,
                to=to,
            )
        ]

    def _bridge_if_connected(self, leg: SipLeg, at: float) -> list[PbxEvent]:
        other = leg.joined
        if other is None or leg.bridged is not None or leg.connected_at is None or other.connected_at is None:
            return []
        bridge = bridge_of(leg, other)
        leg.bridged = other.bridged = bridge
        return [
            LegBridged(at=at, leg=each.leg, bridge=bridge, kind=BridgeKind.TALK, replaced=None)
            # Who began the call was there first.
            for each in sorted((leg, other), key=lambda each: each.began_at)
        ]

    def _add(self, worker: int, info: wire.CallInfo, reference: Reference | None) -> SipLeg:
        leg = LegId(info.sip_call_id)
        return self._keep(
            SipLeg(
                key=(worker, info.call),
                leg=leg,
                root=leg,
                device=self._device(info.remote, info.account or info.source),
                account=info.account,
                name="",
                incoming=True,
                number=info.remote,
                display=info.remote_name,
                dialled=info.local,
                began_at=info.began_at,
                reference=reference,
            )
        )

    def _add_placed(self, worker: int, call: wire.CallNumber, account: str, reference: Reference, at: float) -> SipLeg:
        return self._keep(
            SipLeg(
                key=(worker, call),
                leg=reference.leg,
                root=reference.root,
                device=self._device(reference.number, account),
                account=account,
                name="",
                incoming=False,
                number=reference.number,
                display="",
                dialled="",
                began_at=at,
                reference=reference,
                consulted_by=reference.consults,
            )
        )

    def _keep(self, leg: SipLeg) -> SipLeg:
        leg.name = f"{leg.device}-{leg.key[0]}.{leg.key[1]}"
        self._legs[leg.key] = self._by_id[leg.leg] = leg
        return leg

    def _device(self, number: str, account: str) -> str:
        return f"SIP/{number if self._site.is_extension(number) else account}"


def _redirected(leg: SipLeg, at: float) -> LegTransferred:
    """Return that the call's first party was sent to this one, who has answered."""
    return LegTransferred(
        at=at,
        kind=TransferKind.REDIRECT,
        by=None,
        consult=None,
        transferee=leg.root,
        target=leg.leg,
        to=leg.number,
    )
