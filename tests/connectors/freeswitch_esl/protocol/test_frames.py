import pytest
from support.esl_captures import FREESWITCH, wire_of

from connectors.freeswitch_esl.protocol.decoder import EslDecoder
from connectors.freeswitch_esl.protocol.frames import encode_event, encode_frame, encode_reply
from connectors.freeswitch_esl.protocol.message import EslMessage, Form, MessageKind


def events_of(kind: str) -> list[EslMessage]:
    wire = wire_of(FREESWITCH / f"ivr_queue_agent_{kind}")
    return [message for message in EslDecoder().receive_data(wire) if message.kind is MessageKind.EVENT]


def test_real_events_are_written_as_freeswitch_writes_them() -> None:
    events = events_of("plain")
    assert events
    for event in events:
        headers = [(key, value) for key, value in event.headers() if key != "Content-Length"]
        assert encode_event(headers, event.body or None).endswith(event.raw[1:])


def test_events_in_json_come_back() -> None:
    for event in events_of("json"):
        headers = [(key, value) for key, value in event.headers() if key != "Content-Length"]
        (written,) = EslDecoder().receive_data(encode_event(headers, event.body or None, Form.JSON))
        assert (written.headers(), written.body) == (event.headers(), event.body)


def test_replies_and_frames_come_back() -> None:
    wire = (
        encode_reply("+OK accepted")
        + encode_frame("api/response", "中\n")
        + encode_event([("Event-Name", "A"), ("B", "")], "x\n\ny")
    )
    reply, api, event = EslDecoder().receive_data(wire)
    assert (reply.name, api.body, event.get("B"), event.body) == ("+OK accepted", "中\n", "", "x\n\ny")


def test_no_other_form_is_written() -> None:
    with pytest.raises(ValueError, match="not written"):
        encode_event([], form=Form.XML)
