"""Handing over: transfers, parking, pick-up. Pure."""

from collections.abc import Mapping
from typing import Final

from connectors.asterisk_ami.mapping.state import Handler, Legs, known
from connectors.asterisk_ami.protocol import AmiMessage
from gateway.model.events import (
    LegParked,
    LegPickedUp,
    LegTransferred,
    LegUnparked,
    PbxEvent,
)
from gateway.model.ids import LegId
from gateway.model.terms import TransferKind


def _blind_transfer(state: Legs, message: AmiMessage, at: float) -> list[PbxEvent]:
    if message.get("Result") != "Success":
        return []
    state.hand_over(message.get("TransfereeUniqueid"), at)
    state.hand_over(message.get("TransfererUniqueid"), at)
    return [
        LegTransferred(
            at=at,
            kind=TransferKind.BLIND,
            by=LegId(message.get("TransfererUniqueid")),
            consult=None,
            transferee=LegId(message.get("TransfereeUniqueid")) or None,
            target=None,
            to=known(message.get("Extension")),
        )
    ]


def _attended_transfer(state: Legs, message: AmiMessage, at: float) -> list[PbxEvent]:
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


def _parked(state: Legs, message: AmiMessage, at: float) -> list[PbxEvent]:
    state.hand_over(message.get("ParkeeUniqueid"), at)
    state.hand_over(message.get("ParkerUniqueid"), at)
    return [
        LegParked(
            at=at,
            leg=LegId(message.get("ParkeeUniqueid")),
            slot=message.get("ParkingSpace"),
            by=known(message.get("ParkerDialString")),
        )
    ]


def _unparked(state: Legs, message: AmiMessage, at: float) -> list[PbxEvent]:
    state.hand_over(message.get("ParkeeUniqueid"), at)
    return [
        LegUnparked(
            at=at,
            leg=LegId(message.get("ParkeeUniqueid")),
            by=LegId(message.get("RetrieverUniqueid")) or None,
            timed_out=message.name == "ParkedCallTimeOut",
        )
    ]


def _picked_up(state: Legs, message: AmiMessage, at: float) -> list[PbxEvent]:
    return [LegPickedUp(at=at, leg=LegId(message.get("TargetUniqueid")), by=LegId(message.get("Uniqueid")))]


HANDLERS: Final[Mapping[str, Handler]] = {
    "BlindTransfer": _blind_transfer,
    "AttendedTransfer": _attended_transfer,
    "ParkedCall": _parked,
    "UnParkedCall": _unparked,
    "ParkedCallTimeOut": _unparked,
    "ParkedCallGiveUp": _unparked,
    "Pickup": _picked_up,
}
