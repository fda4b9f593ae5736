import pytest
from support.building import START
from support.speaking_asterisk import SpeakingAsterisk

from gateway.model.events import LegParked, LegPickedUp, LegTransferred, LegUnparked
from gateway.model.ids import LegId
from gateway.model.terms import TransferKind

BLIND = {"TransfererUniqueid": "1.1", "TransfereeUniqueid": "1.0", "Extension": "8002"}
ATTENDED = {
    "OrigTransfererUniqueid": "1.1",
    "SecondTransfererUniqueid": "1.2",
    "TransfereeUniqueid": "1.0",
    "TransferTargetUniqueid": "1.3",
}


def test_a_blind_transfer_says_who_handed_whom_to_which_number() -> None:
    assert SpeakingAsterisk().says("BlindTransfer", Result="Success", **BLIND) == [
        LegTransferred(
            at=START,
            kind=TransferKind.BLIND,
            by=LegId("1.1"),
            consult=None,
            transferee=LegId("1.0"),
            target=None,
            to="8002",
        )
    ]


def test_an_attended_transfer_names_both_legs_of_who_transferred() -> None:
    assert SpeakingAsterisk().says("AttendedTransfer", Result="Success", **ATTENDED) == [
        LegTransferred(
            at=START,
            kind=TransferKind.ATTENDED,
            by=LegId("1.1"),
            consult=LegId("1.2"),
            transferee=LegId("1.0"),
            target=LegId("1.3"),
            to=None,
        )
    ]


@pytest.mark.parametrize("name", ["BlindTransfer", "AttendedTransfer"])
@pytest.mark.parametrize("result", ["Fail", "Invalid", "Not Permitted", ""])
def test_a_transfer_that_asterisk_refused_is_none(name: str, result: str) -> None:
    assert SpeakingAsterisk().says(name, Result=result, **(ATTENDED | BLIND)) == []


def test_a_transfer_that_names_no_one_names_none() -> None:
    (event,) = SpeakingAsterisk().says("AttendedTransfer", Result="Success", OrigTransfererUniqueid="1.1")
    assert isinstance(event, LegTransferred)
    assert (event.transferee, event.target) == (None, None)


def test_parking_names_the_slot_and_who_parked() -> None:
    assert SpeakingAsterisk().says("ParkedCall", ParkeeUniqueid="1.0", ParkingSpace="71", ParkerDialString="PJSIP/8001") == [
        LegParked(at=START, leg=LegId("1.0"), slot="71", by="PJSIP/8001")
    ]


@pytest.mark.parametrize(
    ("name", "retriever", "by", "timed_out"),
    [
        ("UnParkedCall", "1.4", "1.4", False),
        ("ParkedCallTimeOut", "", None, True),
        ("ParkedCallGiveUp", "", None, False),
    ],
)
def test_a_parked_caller_is_fetched_or_sent_back_or_gives_up(name: str, retriever: str, by: str | None, timed_out: bool) -> None:
    assert SpeakingAsterisk().says(name, ParkeeUniqueid="1.0", RetrieverUniqueid=retriever) == [
        LegUnparked(at=START, leg=LegId("1.0"), by=None if by is None else LegId(by), timed_out=timed_out)
    ]


def test_a_pick_up_names_what_rang_and_who_took_it() -> None:
    assert SpeakingAsterisk().says("Pickup", "1.4", TargetUniqueid="1.1") == [
        LegPickedUp(at=START, leg=LegId("1.1"), by=LegId("1.4"))
    ]
