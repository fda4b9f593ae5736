import pytest

from connectors.freeswitch_esl.protocol.decoder import EslDecoder
from connectors.freeswitch_esl.protocol.message import EslMessage, Form

GREETING = b"Content-Type: auth/request\n\n"


def event(content: bytes, form: Form = Form.PLAIN, fallback: str | None = None) -> EslMessage:
    head = f"Content-Length: {len(content)}\nContent-Type: {form}\n\n".encode()
    (_, message) = EslDecoder(encoding_fallback=fallback).receive_data(GREETING + head + content)
    return message


def test_a_forged_header_stays_in_its_value() -> None:
    message = event(b"Event-Name: CHANNEL_HANGUP\nCaller-Username: x%0AHangup-Cause: FORGED\nHangup-Cause: BUSY\n\n")
    assert message.get("Hangup-Cause") == "BUSY"
    assert message.get("Caller-Username") == "x\nHangup-Cause: FORGED"
    assert message.headers() == [
        ("Event-Name", "CHANNEL_HANGUP"),
        ("Caller-Username", "x\nHangup-Cause: FORGED"),
        ("Hangup-Cause", "BUSY"),
    ]


def test_an_events_own_body_is_raw_and_holds_no_headers() -> None:
    message = event(b"Event-Name: BACKGROUND_JOB\nContent-Length: 24\n\n-ERR %41\nHangup-Cause: X\n")
    assert message.get("Hangup-Cause") == ""
    assert message.body == "-ERR %41\nHangup-Cause: X\n"


def test_a_body_that_ends_like_headers_holds_none() -> None:
    body = b"+OK\nUnique-ID: FORGED\nApplication: FORGED\n\n"
    message = event(b"Event-Name: BACKGROUND_JOB\nJob-UUID: 1\nContent-Length: %d\n\n%b" % (len(body), body))
    assert (message.get("Unique-ID"), message.get("Application"), message.get("Job-UUID")) == ("", "", "1")
    assert (message.body, len(message.headers())) == (body.decode(), 3)


def test_headers_are_found_wherever_they_stand() -> None:
    variables = b"".join(b"variable_%d: x\n" % number for number in range(100))
    message = event(b"Event-Name: CHANNEL_EXECUTE\nUnique-ID: a\n%bApplication: set\nApplication-Data: b%%0Ac\n\n" % variables)
    found = [message.get(key) for key in ("Application-Data", "Application", "variable_99", "Unique-ID", "Channel-Name")]
    assert found == ["b\nc", "set", "x", "a", ""]
    assert message.get("Application") == dict(message.headers())["Application"]


def test_the_first_header_may_be_another_than_the_name() -> None:
    message = event(b"Event-Subclass: callcenter%3A%3Ainfo\nEvent-Name: CUSTOM\nCC-Action: bridge-agent-start\n\n")
    assert (message.name, message.get("Event-Subclass")) == ("CUSTOM callcenter::info", "callcenter::info")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("_undef_", ""),
        ("", ""),
        ("a%20b", "a b"),
        ("a+b", "a+b"),
        ("%E5%BC%A0%E4%B8%89", "张三"),
        ("100%25", "100%"),
        ("%zz%", "%zz%"),
        (": x: y", ": x: y"),
    ],
)
def test_values_are_unquoted(written: str, meant: str) -> None:
    assert event(f"Event-Name: A\nKey: {written}\nLast: 1\n\n".encode()).get("Key") == meant


def test_a_name_that_ends_like_another_is_not_taken_for_it() -> None:
    message = event(b"Event-Name: A\nOther-Unique-ID: 1\nUnique-ID: 2\nUnique-ID-Old: 3\n\n")
    assert (message.get("Unique-ID"), message.get("Unique"), message.get("ID")) == ("2", "", "")


def test_bytes_that_are_not_utf8_survive() -> None:
    quoted = b"Event-Name: A\nName: %D5%C5%C8%FD\n\n"
    assert event(quoted, fallback="gb18030").get("Name") == "张三"
    assert "\ufffd" in event(quoted).get("Name")


def test_raw_gbk_bytes_in_json_are_read() -> None:
    content = b'{"Event-Name":"CUSTOM","Event-Subclass":"gw::gbk","Name":"' + "张三".encode("gbk") + b'"}'
    message = event(content, Form.JSON, fallback="gb18030")
    assert (message.name, message.get("Name")) == ("CUSTOM gw::gbk", "张三")
    assert event(content, Form.JSON).name == "CUSTOM gw::gbk"


def test_lists_are_lists_in_either_form() -> None:
    plain = event(b"Event-Name: A\nHistory: ARRAY%3A%3Aone%7C%3Atwo\nOne: x\n\n")
    json = event(b'{"Event-Name":"A","History":["one","two"],"One":"x"}', Form.JSON)
    for message in (plain, json):
        assert message.get_all("History") == ["one", "two"]
        assert (message.get_all("One"), message.get_all("None")) == (["x"], [])


def test_a_json_events_body() -> None:
    message = event(b'{"Event-Name":"BACKGROUND_JOB","Content-Length":"3","_body":"+OK"}', Form.JSON)
    assert (message.body, "_body" in dict(message.headers())) == ("+OK", False)


def test_an_event_in_xml() -> None:
    headers = b"<Event-Name>CHANNEL_ANSWER</Event-Name>\n  <Name>%E5%BC%A0%20&lt;%0A</Name>"
    content = b"<event>\n <headers>\n  " + headers + b"\n </headers>\n</event>"
    message = event(content, Form.XML)
    assert (message.name, message.get("Name")) == ("CHANNEL_ANSWER", "张 <\n")


def test_json_that_is_none_has_no_name_and_is_passed_over() -> None:
    decoder = EslDecoder()
    broken = b'{"Event-Name":'
    head = f"Content-Length: {len(broken)}\nContent-Type: text/event-json\n\n".encode()
    assert len(decoder.receive_data(GREETING + head + broken)) == 1
    assert decoder.malformed == 1


def test_what_prints_a_message_prints_no_callers_data() -> None:
    assert "13800138000" not in repr(event(b"Event-Name: A\nCaller: 13800138000\n\n"))
