"""Asterisk's events in the words of CSTA. Pure: no socket, no clock.

The mapper keeps what an event does not repeat: which legs exist and under which names, where each is in the dial plan. It
never decides what a call is; that is the board's.

Source: docs.asterisk.org, "AMI Events"; where a real Asterisk differs, the line says so, and a capture holds it.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final

from connectors.asterisk_ami import dialplan, listings
from connectors.asterisk_ami.dialplan import Position
from connectors.asterisk_ami.protocol import AmiMessage
from gateway.model.events import (
    AgentCompleted,
    AgentConnected,
    BridgesMerged,
    ConferenceJoined,
    ConnectionLost,
    ConnectionMade,
    ConsultationStarted,
    DialAttempted,
    DialEnded,
    DialOutRequested,
    DialPlanFailed,
    DigitPressed,
    LegAlerting,
    LegBridged,
    LegCleared,
    LegConnected,
    LegCreated,
    LegDialled,
    LegDiverted,
    LegHeld,
    LegParked,
    LegPickedUp,
    LegRenumbered,
    LegRetrieved,
    LegSeen,
    LegsTwinned,
    LegTransferred,
    LegUnbridged,
    LegUnparked,
    MenuEntered,
    MenuExpired,
    MenuLeft,
    PbxEvent,
    PbxStopped,
    QueueJoined,
    QueueLeft,
    RecordingStarted,
    ReleaseRequested,
    ServiceStarted,
    SnapshotDone,
)
from gateway.model.ids import BridgeId, LegId, QueueName
from gateway.model.site import Site
from gateway.model.terms import BridgeKind, DialResult, DiversionReason, LegRole, QueueResult, Service, TransferKind

REMEMBERED_LEGS: Final = 4096
"""Ids of legs that are gone, kept so that what Asterisk says of them late does not bring them back."""

QUEUE_KEY_S: Final = 2.0
"""Seconds between a digit and leaving the queue within which the digit is why."""

HANDED_OVER_S: Final = 2.0
"""Seconds after a transfer or a parking time-out within which Asterisk moves the leg on account of that."""

FEATURE_CODE_S: Final = 2.5
"""Seconds between a code's last digit and its effect: Asterisk's ``featuredigittimeout`` is 1 or 2."""

_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
"""FreePBX puts ``FM`` before an extension whose follow-me it runs."""

_UNKNOWN: Final = frozenset({"", "<unknown>"})

_DIAL_RESULTS: Final = {
    "ANSWER": DialResult.ANSWERED,
    "BUSY": DialResult.BUSY,
    "NOANSWER": DialResult.NO_ANSWER,
    "CANCEL": DialResult.CANCELLED,
    "CHANUNAVAIL": DialResult.UNREACHABLE,
    "CONGESTION": DialResult.FAILED,
}
_SERVICES: Final = {
    "voicemail": Service.VOICEMAIL,
    "voicemailmain": Service.MAILBOX,
    "chanspy": Service.MONITOR,
    "extenspy": Service.MONITOR,
    "page": Service.PAGE,
    "audiosocket": Service.MEDIA,
    "stasis": Service.MEDIA,
}
_REFUSALS: Final = {"busy": 17, "congestion": 34}


class _Leg:
    """What the mapper keeps of a live leg."""

    __slots__ = (
        "bridge",
        "consulting",
        "digit_at",
        "handed_at",
        "held_at",
        "id",
        "last_bridge",
        "leaving",
        "moved_at",
        "moved_to",
        "name",
        "position",
        "queue",
        "root",
        "terminating",
    )

    def __init__(self, leg: LegId, name: str, root: LegId, *, terminating: bool) -> None:
        self.id = leg
        self.name = name
        self.root = root
        self.terminating = terminating
        self.position = Position()
        self.bridge: BridgeId | None = None
        self.last_bridge: BridgeId | None = None
        self.moved_to: str | None = None
        self.moved_at = 0.0
        self.queue: QueueName | None = None
        self.digit_at = 0.0
        self.handed_at = 0.0
        self.held_at = 0.0
        self.leaving = False
        self.consulting = False


class AmiMapper:
    """Turns one Asterisk's messages into events; it lives as long as the PBX is in the configuration."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._legs: dict[LegId, _Leg] = {}
        self._by_name: dict[str, _Leg] = {}
        self._gone: deque[LegId] = deque(maxlen=REMEMBERED_LEGS)
        self._gone_set: set[LegId] = set()
        self._seen: list[LegSeen] = []
        self._originated: dict[str, str] = {}
        self._consulted: dict[LegId, LegId] = {}

    def connection_made(self, at: float) -> list[PbxEvent]:
        """Say that the PBX is heard; its snapshot follows."""
        self._seen.clear()
        return [ConnectionMade(at=at)]

    def connection_lost(self, at: float) -> list[PbxEvent]:
        """Say that the PBX is heard no longer, from ``at`` on: the last byte's time."""
        return [ConnectionLost(at=at)]

    def receive(self, message: AmiMessage, at: float) -> list[PbxEvent]:
        """Return what one message says; ``at`` is its arrival, which Asterisk's own ``Timestamp`` overrides."""
        handler = _HANDLERS.get(message.name)
        if handler is None:
            return []
        stamp = message.get("Timestamp")
        if stamp:
            with suppress(ValueError):
                at = float(stamp)
        return handler(self, message, at)

    def sent(self, action: str, headers: Sequence[tuple[str, str]], at: float) -> list[PbxEvent]:
        """Return what an action of ours means for the calls, before Asterisk says anything."""
        fields = {key.lower(): value for key, value in headers}
        if action == "Originate" and fields.get("exten"):
            self._originated[fields.get("channelid") or fields.get("channel", "")] = fields["exten"]
            return []
        leg = self._by_name.get(fields.get("channel", ""))
        if leg is None:
            return []
        if action == "Hangup":
            return [ReleaseRequested(at=at, leg=leg.id, by_party=False, cause=0, sip=0)]
        return []

    # Legs

    def _new_channel(self, message: AmiMessage, at: float) -> list[PbxEvent]:
        leg_id = LegId(message.get("Uniqueid"))
        if not leg_id or leg_id in self._legs:
            return []
        name = message.get("Channel")
        root = LegId(message.get("Linkedid") or leg_id)
        state = message.get("ChannelState")
        terminating = root != leg_id or state in ("0", "5")
        helper = dialplan.is_helper(name)
        consultation = self._consultation(leg_id, name, root, at) if root != leg_id else None
        root = self._consulted.get(root, root) if root != leg_id else root
        leg = self._add(leg_id, name, root, terminating=terminating)
        context, extension = message.get("Context"), message.get("Exten")
        leg.position.context, leg.position.since = context, at
        events: list[PbxEvent] = [
            LegCreated(
                at=at,
                leg=leg_id,
                name=name,
                device=dialplan.parse_leg_name(name),
                role=LegRole.HELPER if helper else LegRole.TERMINATING if terminating else LegRole.ORIGINATING,
                root=root,
                number=_known(message.get("CallerIDNum")),
                display=_known(message.get("CallerIDName")),
                dialled=None if terminating or extension in ("", "s") else extension,
                place=context or None,
            )
        ]
        if helper:
            twin = self._by_name.get(dialplan.twin_name(name) or "")
            if twin is not None:
                events.append(LegsTwinned(at=at, leg=twin.id, twin=leg_id))
        if consultation is not None:
            events.append(consultation)
        target = self._originated.pop(leg_id, None)
        if target is None and terminating and root == leg_id:
            target = self._originated.pop(dialplan.parse_leg_name(name), None)
        if target is not None:
            events.append(DialOutRequested(at=at, leg=leg_id, target=target))
        return events

    def _consultation(self, helper: LegId, name: str, root: LegId, at: float) -> ConsultationStarted | None:
        """Return that a party consults by feature code, where this Local leg is the first that Asterisk makes for it.

        Until the third party answers, every new leg that Asterisk counts to the same call belongs to the consultation.
        """
        if not name.endswith(";1"):
            return None
        for leg in self._legs.values():
            if leg.consulting and leg.root == root:
                leg.consulting = False
                leg.handed_at = at
                self._consulted[root] = helper
                return ConsultationStarted(at=at, leg=leg.id, helper=helper, to=dialplan.local_number(name))
        return None

    def _add(self, leg_id: LegId, name: str, root: LegId, *, terminating: bool) -> _Leg:
        leg = _Leg(leg_id, name, root, terminating=terminating)
        self._legs[leg_id] = leg
        self._by_name[name] = leg
        return leg

    def _met(self, message: AmiMessage, at: float, events: list[PbxEvent], prefix: str = "") -> _Leg | None:
        """Return the leg that a message is about; one that was never announced is added to ``events`` as seen."""
        leg_id = LegId(message.get(prefix + "Uniqueid"))
        leg = self._legs.get(leg_id)
        if leg is not None:
            return leg
        name = message.get(prefix + "Channel")
        if not leg_id or not name or leg_id in self._gone_set:
            return None
        seen = listings.leg_seen(message, at, prefix)
        if seen is None:
            return None
        events.append(seen)
        leg = self._add(leg_id, name, seen.root, terminating=seen.role is LegRole.TERMINATING)
        leg.position.context, leg.position.since = message.get(prefix + "Context"), at
        return leg

    def _new_state(self, message: AmiMessage, at: float) -> list[PbxEvent]:
        state = message.get("ChannelState")
        if state not in ("5", "6"):
            return []
        events: list[PbxEvent] = []
        leg = self._met(message, at, events)
        if leg is None:
            return events
        if state == "5":
            events.append(LegAlerting(at=at, leg=leg.id))
            return events
        events.append(LegConnected(at=at, leg=leg.id))
        if not leg.position.application and message.get("Context") == dialplan.FREEPBX_VOICEMAIL:
            # A user who may not read the dial plan sees a mailbox answer by its context alone.
            events.append(ServiceStarted(at=at, leg=leg.id, service=Service.VOICEMAIL, detail=""))
        return events

    def _new_callerid(self, message: AmiMessage, at: float) -> list[PbxEvent]:
        number = _known(message.get("CallerIDNum"))
        leg = self._legs.get(LegId(message.get("Uniqueid")))
        if number is None or leg is None:
            return []
        return [LegRenumbered(at=at, leg=leg.id, number=number, display=_known(message.get("CallerIDName")))]

    def _rename(self, message: AmiMessage, at: float) -> list[PbxEvent]:
        leg = self._legs.get(LegId(message.get("Uniqueid")))
        if leg is not None:
            if self._by_name.get(leg.name) is leg:
                del self._by_name[leg.name]
            leg.name = message.get("Newname")
            self._by_name[leg.name] = leg
        return []

    def _hangup_request(self, message: AmiMessage, at: float) -> list[PbxEvent]:
        leg = self._legs.get(LegId(message.get("Uniqueid")))
        if leg is None:
            return []
        leg.leaving = True
        cause, sip = _cause(message)
        return [ReleaseRequested(at=at, leg=leg.id, by_party=True, cause=cause, sip=sip)]

    def _hangup(self, message: AmiMessage, at: float) -> list[PbxEvent]:
        leg_id = LegId(message.get("Uniqueid"))
        leg = self._legs.pop(leg_id, None)
        if leg is None:
            return []
        if self._by_name.get(leg.name) is leg:
            del self._by_name[leg.name]
        if len(self._gone) == REMEMBERED_LEGS:
            self._gone_set.discard(self._gone[0])
        self._gone.append(leg_id)
        self._gone_set.add(leg_id)
        if self._consulted and dialplan.is_helper(leg.name):
            self._end_consultation(leg)
        cause, sip = _cause(message)
        return [LegCleared(at=at, leg=leg_id, cause=cause, sip=sip)]

    # Dialling

    def _dial_begin(self, message: AmiMessage, at: float) -> list[PbxEvent]:
        events: list[PbxEvent] = []
        target = self._met(message, at, events, "Dest")
        if target is not None:
            events.append(
                LegDialled(
                    at=at,
                    leg=LegId(message.get("Uniqueid")) or None,
                    target=target.id,
                    number=dialplan.number_sent(message.get("DialString")),
                )
            )
        return events

    def _dial_end(self, message: AmiMessage, at: float) -> list[PbxEvent]:
        target = LegId(message.get("DestUniqueid"))
        forward = message.get("Forward")
        return [
            DialEnded(
                at=at,
                leg=LegId(message.get("Uniqueid")) or None,
                target=target,
                result=_DIAL_RESULTS.get(message.get("DialStatus"), DialResult.FAILED),
                forwarded_to=dialplan.number_sent(forward) if forward else None,
            )
        ]

    def _originate_response(self, message: AmiMessage, at: float) -> list[PbxEvent]:
        target, channel = message.get("Exten"), message.get("Channel")
        if not target:
            return []
        leg = self._legs.get(LegId(message.get("Uniqueid")))
        if leg is None:
            # Without a ChannelId of ours a failure names the endpoint only.
            for candidate in self._legs.values():
                device = dialplan.parse_leg_name(candidate.name)
                if candidate.terminating and candidate.root == candidate.id and device == channel:
                    leg = candidate
        return [] if leg is None else [DialOutRequested(at=at, leg=leg.id, target=target)]

    # Bridges

    def _bridge_enter(self, message: AmiMessage, at: float) -> list[PbxEvent]:
        events: list[PbxEvent] = []
        leg = self._met(message, at, events)
        if leg is None:
            return events
        leg.bridge = BridgeId(message.get("BridgeUniqueid"))
        if self._consulted and not leg.name.endswith(";1"):
            self._end_consultation(leg)
        holding = message.get("BridgeTechnology") == "holding_bridge"
        events.append(
            LegBridged(
                at=at,
                leg=leg.id,
                bridge=leg.bridge,
                kind=BridgeKind.HOLDING if holding else BridgeKind.TALK,
                replaced=LegId(message.get("SwapUniqueid")) or None,
            )
        )
        return events

    def _end_consultation(self, leg: _Leg) -> None:
        """The third party was reached, or its pipe is gone: new legs belong to the call itself again."""
        for root, helper in tuple(self._consulted.items()):
            if leg.root == helper:
                del self._consulted[root]

    def _bridge_leave(self, message: AmiMessage, at: float) -> list[PbxEvent]:
        leg = self._legs.get(LegId(message.get("Uniqueid")))
        if leg is None:
            return []
        left = BridgeId(message.get("BridgeUniqueid"))
        leg.bridge, leg.last_bridge = None, left
        events: list[PbxEvent] = []
        if 0.0 <= at - leg.digit_at < FEATURE_CODE_S and self._left_by_code(leg, left):
            events.append(ReleaseRequested(at=at, leg=leg.id, by_party=True, cause=0, sip=0))
        events.append(LegUnbridged(at=at, leg=leg.id, bridge=left))
        return events

    def _left_by_code(self, leg: _Leg, left: BridgeId) -> bool:
        """Tell whether this leg leaves because its party pressed the disconnect code: Asterisk requests no hang-up for it."""
        if leg.held_at >= leg.digit_at or leg.handed_at >= leg.digit_at or leg.moved_to is not None:
            return False
        return not any(other.leaving for other in self._legs.values() if left in (other.bridge, other.last_bridge))

    def _bridge_merge(self, message: AmiMessage, at: float) -> list[PbxEvent]:
        return [
            BridgesMerged(
                at=at,
                bridge=BridgeId(message.get("FromBridgeUniqueid")),
                into=BridgeId(message.get("ToBridgeUniqueid")),
            )
        ]

    def _local_bridge(self, message: AmiMessage, at: float) -> list[PbxEvent]:
        return [LegsTwinned(at=at, leg=LegId(message.get("LocalOneUniqueid")), twin=LegId(message.get("LocalTwoUniqueid")))]

    def _hold(self, message: AmiMessage, at: float) -> list[PbxEvent]:
        leg = self._legs.get(LegId(message.get("Uniqueid")))
        if leg is None:
            return []
        # Asterisk holds for a feature code as for a telephone; only the digits just before tell them apart.
        leg.held_at = at
        leg.consulting = leg.bridge is not None and 0.0 <= at - leg.digit_at < FEATURE_CODE_S
        leg.root = LegId(message.get("Linkedid")) or leg.root
        return [LegHeld(at=at, leg=leg.id, by_feature=leg.consulting)]

    def _unhold(self, message: AmiMessage, at: float) -> list[PbxEvent]:
        leg = self._legs.get(LegId(message.get("Uniqueid")))
        if leg is None:
            return []
        leg.consulting = False
        return [LegRetrieved(at=at, leg=leg.id)]

    def _confbridge_join(self, message: AmiMessage, at: float) -> list[PbxEvent]:
        return [ConferenceJoined(at=at, leg=LegId(message.get("Uniqueid")), room=message.get("Conference"))]

    # Menus and the dial plan

    def _dtmf_end(self, message: AmiMessage, at: float) -> list[PbxEvent]:
        if message.get("Direction") != "Received":
            return []
        events: list[PbxEvent] = []
        leg = self._met(message, at, events)
        if leg is None:
            return events
        leg.digit_at = at
        if leg.bridge is None and leg.queue is None and leg.position.application not in dialplan.NOT_A_MENU:
            events.append(DigitPressed(at=at, leg=leg.id, digit=message.get("Digit"), menu=message.get("Context")))
        return events

    def _new_exten(self, message: AmiMessage, at: float) -> list[PbxEvent]:
        leg = self._legs.get(LegId(message.get("Uniqueid")))
        extension = message.get("Extension")
        if leg is None or leg.position.hung_up:
            return []
        if extension == "h":
            leg.position.hung_up = True
            return []
        application, data = dialplan.application_of(message.get("Application"), message.get("AppData"))
        context, position = message.get("Context"), leg.position
        events: list[PbxEvent] = []
        if message.get("Priority") != "0" and position.is_moved_to(context, extension, application, data):
            leg.moved_to, leg.moved_at = extension, at
            if position.move(context, extension, at):
                position.menu = None
                events.append(MenuLeft(at=at, leg=leg.id))
            return events
        events += self._redirected(leg)
        if position.enter(context, extension, at):
            position.menu = None
            events.append(MenuLeft(at=at, leg=leg.id))
        if extension in ("t", "T", "i") and position.menu is not None:
            events.append(MenuExpired(at=at, leg=leg.id))
        if position.run(application, data):
            events.append(MenuEntered(at=at, leg=leg.id, menu=position.context, since=position.since))
        elif application == "dial":
            events += self._dials(leg, dialplan.dial_targets(data), at)
        elif application in _SERVICES:
            events.append(ServiceStarted(at=at, leg=leg.id, service=_SERVICES[application], detail=data.partition(",")[0]))
        elif application == "mixmonitor":
            events.append(RecordingStarted(at=at, leg=leg.id, file=data.partition(",")[0] or None))
        elif application in _REFUSALS:
            events.append(DialPlanFailed(at=at, leg=leg.id, cause=_REFUSALS[application]))
        elif application == "hangup" and data.isdigit():
            events.append(DialPlanFailed(at=at, leg=leg.id, cause=int(data)))
        return events

    def _redirected(self, leg: _Leg) -> list[PbxEvent]:
        """Somebody moved the leg, and by now no transfer or time-out has explained it: it was another application."""
        moved_to, leg.moved_to = leg.moved_to, None
        if moved_to is None or leg.moved_at - leg.handed_at < HANDED_OVER_S:
            return []
        return [
            LegTransferred(
                at=leg.moved_at,
                kind=TransferKind.REDIRECT,
                by=None,
                consult=None,
                transferee=leg.id,
                target=None,
                to=moved_to,
            )
        ]

    def _dials(self, leg: _Leg, targets: list[tuple[str, str | None]], at: float) -> list[PbxEvent]:
        """The dial plan dials; for somebody else than the extension that it does it for, that is a forward."""
        if not targets:
            return []
        device, number = targets[0]
        events: list[PbxEvent] = [DialAttempted(at=at, leg=leg.id, device=device, number=number)]
        wanted = leg.position.called_from.lstrip(_LETTERS)
        parties = [dialplan.dialled_party(*target) for target in targets]
        if self._site.is_extension(wanted) and wanted not in parties:
            events.append(
                LegDiverted(
                    at=at,
                    leg=leg.id,
                    diverted_from=wanted,
                    diverted_to=parties[0],
                    reason=DiversionReason.UNCONDITIONAL,
                )
            )
        return events

    # Queues

    def _queue_joined(self, message: AmiMessage, at: float) -> list[PbxEvent]:
        events: list[PbxEvent] = []
        leg = self._met(message, at, events)
        if leg is not None:
            leg.queue = QueueName(message.get("Queue"))
            events.append(QueueJoined(at=at, leg=leg.id, queue=leg.queue))
        return events

    def _queue_left(self, message: AmiMessage, at: float) -> list[PbxEvent]:
        leg_id = LegId(message.get("Uniqueid"))
        leg = self._legs.get(leg_id)
        if leg is None:
            return []
        leg.queue = None
        if leg.leaving:
            result = QueueResult.ABANDONED
        else:
            # QueueCallerAbandon comes on a time-out too, and when somebody redirects the caller.
            result = QueueResult.LEFT if 0.0 <= at - leg.digit_at < QUEUE_KEY_S else QueueResult.TIMEOUT
        return [QueueLeft(at=at, leg=leg_id, queue=QueueName(message.get("Queue")), result=result)]

    def _agent_connect(self, message: AmiMessage, at: float) -> list[PbxEvent]:
        return [
            AgentConnected(
                at=at,
                leg=LegId(message.get("Uniqueid")),
                queue=QueueName(message.get("Queue")),
                agent_leg=LegId(message.get("DestUniqueid")) or None,
                agent=message.get("MemberName"),
                interface=message.get("Interface"),
            )
        ]

    def _agent_complete(self, message: AmiMessage, at: float) -> list[PbxEvent]:
        return [
            AgentCompleted(
                at=at,
                leg=LegId(message.get("Uniqueid")),
                queue=QueueName(message.get("Queue")),
                agent=message.get("MemberName"),
                talk_s=listings.number(message.get("TalkTime")),
                ended_by_agent={"agent": True, "caller": False}.get(message.get("Reason")),
            )
        ]

    # Handing over

    def _blind_transfer(self, message: AmiMessage, at: float) -> list[PbxEvent]:
        if message.get("Result") != "Success":
            return []
        self._handed(message.get("TransfereeUniqueid"), at)
        self._handed(message.get("TransfererUniqueid"), at)
        return [
            LegTransferred(
                at=at,
                kind=TransferKind.BLIND,
                by=LegId(message.get("TransfererUniqueid")),
                consult=None,
                transferee=LegId(message.get("TransfereeUniqueid")) or None,
                target=None,
                to=_known(message.get("Extension")),
            )
        ]

    def _attended_transfer(self, message: AmiMessage, at: float) -> list[PbxEvent]:
        if message.get("Result") != "Success":
            return []
        return [
            LegTransferred(
                at=at,
                kind=TransferKind.ATTENDED,
                by=LegId(message.get("OrigTransfererUniqueid")),
                consult=LegId(message.get("SecondTransfererUniqueid")),
                transferee=LegId(message.get("TransfereeUniqueid")) or None,
                target=LegId(message.get("TransferTargetUniqueid")) or None,
                to=None,
            )
        ]

    def _parked(self, message: AmiMessage, at: float) -> list[PbxEvent]:
        self._handed(message.get("ParkeeUniqueid"), at)
        self._handed(message.get("ParkerUniqueid"), at)
        return [
            LegParked(
                at=at,
                leg=LegId(message.get("ParkeeUniqueid")),
                slot=message.get("ParkingSpace"),
                by=_known(message.get("ParkerDialString")),
            )
        ]

    def _handed(self, leg_id: str, at: float) -> None:
        """Take note that somebody handed the leg over, which explains where it goes now."""
        leg = self._legs.get(LegId(leg_id))
        if leg is not None:
            leg.handed_at = at

    def _unparked(self, message: AmiMessage, at: float) -> list[PbxEvent]:
        self._handed(message.get("ParkeeUniqueid"), at)
        return [
            LegUnparked(
                at=at,
                leg=LegId(message.get("ParkeeUniqueid")),
                by=LegId(message.get("RetrieverUniqueid")) or None,
                timed_out=message.name == "ParkedCallTimeOut",
            )
        ]

    def _picked_up(self, message: AmiMessage, at: float) -> list[PbxEvent]:
        return [LegPickedUp(at=at, leg=LegId(message.get("TargetUniqueid")), by=LegId(message.get("Uniqueid")))]

    # Snapshot, CDR, the PBX itself

    def _channel_listed(self, message: AmiMessage, at: float) -> list[PbxEvent]:
        seen = listings.leg_seen(message, at)
        if seen is None:
            return []
        leg = self._legs.get(seen.leg)
        if leg is None:
            leg = self._add(seen.leg, seen.name, seen.root, terminating=seen.role is LegRole.TERMINATING)
        leg.bridge = seen.bridge
        leg.position.context = message.get("Context")
        leg.position.application = message.get("Application").lower()
        self._seen.append(seen)
        return []

    def _channels_complete(self, message: AmiMessage, at: float) -> list[PbxEvent]:
        # Asterisk lists legs in no order; who began a call comes first.
        seen_legs = sorted(self._seen, key=lambda seen: (seen.leg != seen.root, -seen.age_s, seen.leg))
        self._seen.clear()
        twins = [
            LegsTwinned(at=at, leg=seen.leg, twin=twin.id)
            for seen in seen_legs
            if seen.name.endswith(";1") and (twin := self._by_name.get(dialplan.twin_name(seen.name) or "")) is not None
        ]
        return [*seen_legs, *twins, SnapshotDone(at=at)]

    def _shutdown(self, message: AmiMessage, at: float) -> list[PbxEvent]:
        return [PbxStopped(at=at)]

    def _listing(self, message: AmiMessage, at: float) -> list[PbxEvent]:
        return listings.event_of(message, at)


def _known(text: str) -> str | None:
    return None if text in _UNKNOWN else text


def _cause(message: AmiMessage) -> tuple[int, int]:
    """Return the Q.850 cause and the SIP code (``TechCause``, Asterisk 22), 0 where there is none."""
    return listings.number(message.get("Cause")), listings.number(message.get("TechCause").removeprefix("SIP "))


_HANDLERS: Final[Mapping[str, Callable[[AmiMapper, AmiMessage, float], list[PbxEvent]]]] = {
    "Newchannel": AmiMapper._new_channel,
    "Newstate": AmiMapper._new_state,
    "NewCallerid": AmiMapper._new_callerid,
    "Rename": AmiMapper._rename,
    "HangupRequest": AmiMapper._hangup_request,
    "Hangup": AmiMapper._hangup,
    "DialBegin": AmiMapper._dial_begin,
    "DialEnd": AmiMapper._dial_end,
    "OriginateResponse": AmiMapper._originate_response,
    "BridgeEnter": AmiMapper._bridge_enter,
    "BridgeLeave": AmiMapper._bridge_leave,
    "BridgeMerge": AmiMapper._bridge_merge,
    "LocalBridge": AmiMapper._local_bridge,
    "Hold": AmiMapper._hold,
    "Unhold": AmiMapper._unhold,
    "ConfbridgeJoin": AmiMapper._confbridge_join,
    "DTMFEnd": AmiMapper._dtmf_end,
    "Newexten": AmiMapper._new_exten,
    "QueueCallerJoin": AmiMapper._queue_joined,
    "QueueCallerAbandon": AmiMapper._queue_left,
    "QueueCallerLeave": AmiMapper._queue_left,
    "AgentConnect": AmiMapper._agent_connect,
    "AgentComplete": AmiMapper._agent_complete,
    "BlindTransfer": AmiMapper._blind_transfer,
    "AttendedTransfer": AmiMapper._attended_transfer,
    "ParkedCall": AmiMapper._parked,
    "UnParkedCall": AmiMapper._unparked,
    "ParkedCallTimeOut": AmiMapper._unparked,
    "ParkedCallGiveUp": AmiMapper._unparked,
    "Pickup": AmiMapper._picked_up,
    "CoreShowChannel": AmiMapper._channel_listed,
    "CoreShowChannelsComplete": AmiMapper._channels_complete,
    "Shutdown": AmiMapper._shutdown,
} | dict.fromkeys(listings.NAMES, AmiMapper._listing)

WANTED: Final = frozenset(_HANDLERS)
"""The events that the mapper reads; all others may be skipped before they are decoded."""
