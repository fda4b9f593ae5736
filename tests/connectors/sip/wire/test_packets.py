from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sip import wire
from gateway.model.errors import PeerProtocolError

INFO = wire.CallInfo(
    call=wire.CallNumber(7),
    reference="",
    sip_call_id="a84b4c76e66710@pbx",
    account="trunk",
    incoming=True,
    state=wire.CallState.OFFERED,
    local="8000",
    remote="+8613800138000",
    remote_name="王芳",
    source="192.0.2.1:5060",
    headers=(("X-Ticket", "42"),),
    began_at=1795400000.25,
)
ORDERS: list[wire.Order] = [
    wire.Place(request=1, account="trunk", to="1001", reference="tieline-1"),
    wire.Answer(request=2, call=wire.CallNumber(7)),
    wire.ReferReplacing(request=3, call=wire.CallNumber(7), other=wire.CallNumber(8)),
    wire.Drain(request=4),
]
REPORTS: list[wire.Report] = [
    wire.Hello(protocol=1, pid=9, pjsip="2.17", codecs=("PCMA/8000",), max_calls=1024, fingerprint=None, draining=False),
    wire.CallListed(info=INFO),
    wire.CallArrived(info=INFO),
    wire.Failed(request=3, reason="no such call"),
    wire.Noted(severity=wire.Severity.INFO, event="started", facts={"calls": 0}),
]


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: type(order).__name__)
def test_orders_arrive_as_they_were_sent(order: wire.Order) -> None:
    assert wire.decode_order(wire.encode(order)) == order


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: type(report).__name__)
def test_reports_arrive_as_they_were_sent(report: wire.Report) -> None:
    assert wire.decode_report(wire.encode(report)) == report


def test_the_first_packet_says_what_a_connection_is_for() -> None:
    attach = wire.Attach(protocol=wire.PROTOCOL, kind=wire.Attachment.MEDIA)
    assert wire.decode_attach(wire.encode(attach)) == attach


@given(st.binary(max_size=200))
def test_garbage_is_read_or_refused_and_nothing_else(packet: bytes) -> None:
    for decode in (wire.decode_attach, wire.decode_order, wire.decode_report):
        with suppress(PeerProtocolError):
            decode(packet)


def test_a_report_is_no_order() -> None:
    with pytest.raises(PeerProtocolError):
        wire.decode_order(wire.encode(wire.Drained()))


def test_a_field_that_a_later_version_adds_is_passed_over() -> None:
    packet = msgspec.msgpack.encode({"type": "Drain", "request": 4, "deadline_s": 3})
    assert wire.decode_order(packet) == wire.Drain(request=4)


def test_a_message_longer_than_the_socket_takes_is_not_sent() -> None:
    with pytest.raises(PeerProtocolError, match="Noted"):
        wire.encode(wire.Noted(severity=wire.Severity.INFO, event="x" * wire.MAX_MESSAGE_BYTES))
