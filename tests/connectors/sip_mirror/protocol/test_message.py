import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sip_mirror.protocol import message as module
from connectors.sip_mirror.protocol.message import SipDecoder, parameter, parse, render, respond, uri_in
from gateway.model.errors import PeerProtocolError

HEADERS = [
    ("Via", "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1"),
    ("From", '"A ;tag=no" <sip:a@b;tag=no>;tag=f'),
    ("To", "<sip:c@d>"),
    ("Call-ID", "x"),
    ("CSeq", "7 NOTIFY"),
]
NOTIFY = render("NOTIFY sip:c@d SIP/2.0", HEADERS, b"body")

# RFC 4475: what is odd and right, and what is wrong. Shortened to what makes each of them so.
TORTUROUS = (
    b"""INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0\r
TO :\r
 sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n\r
from   : "J Rosenberg \\\\\\""       <sip:jdrosen@example.com>\r
  ;\r
  tag = 98asjd8\r
MaX-fOrWaRdS: 0068\r
Call-ID: wsinv.ndaksdj@192.0.2.1\r
Content-Length   : 150\r
cseq: 0009\r
  INVITE\r
Via  : SIP  /   2.0\r
 /UDP\r
    192.0.2.2;branch=390skdjuw\r
s :\r
NewFangledHeader:   newfangled value\r
 continued newfangled value\r
UnknownHeaderWithUnusualValue: ;;,,;;,;\r
v:  SIP  / 2.0  / TCP     spindle.example.com   ;\r
  branch  =   z9hG4bK9ikj8  ,\r
 SIP  /    2.0   / UDP  192.168.255.111   ; branch=\r
 z9hG4bK30239\r
m:"Quoted string \\"\\"" <sip:jdrosen@example.com> ; newparam =\r
      newvalue ;\r
  secondparam ; q = 0.33\r
\r
"""
    + b"v" * 150
)
UNKNOWN_METHOD = NOTIFY.replace(b"NOTIFY", b"!interesting-Method0123456789_*+`.%indeed'~")
ESCAPED_NULLS = NOTIFY.replace(b"sip:c@d SIP", b"sip:null-%00-null@d SIP")
UNKNOWN_SCHEME = NOTIFY.replace(b"sip:c@d SIP", b"nobodyKnowsThisScheme:totallyopaquecontent SIP")
MORE_BEHIND = NOTIFY + b"NOTIFY sip:c@d SIP/2.0\r\n"
WRONG = {
    "clerr: Content-Length larger than the message": NOTIFY.replace(b"Length: 4", b"Length: 9999"),
    "ncl: negative Content-Length": NOTIFY.replace(b"Length: 4", b"Length: -999"),
    "scalar02: CSeq beyond 2**32": NOTIFY.replace(b"7 NOTIFY", b"36893488147419103232 NOTIFY"),
    "ltgtruri: the URI in <>, with a blank": NOTIFY.replace(b"sip:c@d SIP", b"<sip:c@d; a> SIP"),
    "lwsruri: blanks in the URI": NOTIFY.replace(b"sip:c@d SIP", b"sip:c@d; lr SIP"),
    "lwsstart: blanks between the start line's parts": NOTIFY.replace(b"sip:c@d SIP", b" sip:c@d  SIP"),
    "trws: a blank at the start line's end": NOTIFY.replace(b"sip:c@d SIP/2.0", b"sip:c@d SIP/2.0 "),
    "badvers: another version": NOTIFY.replace(b"sip:c@d SIP/2.0", b"sip:c@d SIP/7.0"),
    "mismatch01: the method is not CSeq's": NOTIFY.replace(b"7 NOTIFY", b"7 OPTIONS"),
    "bigcode: a status that is none": NOTIFY.replace(b"NOTIFY sip:c@d SIP/2.0", b"SIP/2.0 4294967301 better not"),
    "insuf: no Call-ID": NOTIFY.replace(b"Call-ID", b"Other"),
    "badinv01: a line that is no header": NOTIFY.replace(b"To: ", b"To "),
    "two lengths": NOTIFY.replace(b"Content-Length: 4", b"Content-Length: 4\r\nl: 3"),
    "nothing": b"",
    "text": b"hello\r\n\r\n",
}


def test_a_message_is_read() -> None:
    message = parse(NOTIFY)
    assert (message.method, message.code, message.uri, message.sequence, message.body) == ("NOTIFY", 0, "sip:c@d", 7, b"body")
    assert (message.call_id, message.branch, message.text) == ("x", "z9hG4bK1", "NOTIFY sip:c@d")
    assert parameter(message.get("from"), "tag") == "f"
    assert parameter(message.get("to"), "tag") == ""
    assert uri_in(message.get("from")) == "sip:a@b;tag=no"
    assert uri_in("sip:a@b;x=1") == "sip:a@b"
    assert message.raw == NOTIFY


def test_a_torturous_message_is_read() -> None:
    message = parse(TORTUROUS)
    assert (message.method, message.sequence, len(message.body)) == ("INVITE", 9, 150)
    assert parameter(message.get("from"), "tag") == "98asjd8"
    assert uri_in(message.get("contact")) == "sip:jdrosen@example.com"


@pytest.mark.parametrize("data", [UNKNOWN_METHOD, ESCAPED_NULLS, UNKNOWN_SCHEME, MORE_BEHIND])
def test_what_is_odd_and_right_is_read(data: bytes) -> None:
    assert parse(data).body == b"body"


@pytest.mark.parametrize("data", WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_refused(data: bytes) -> None:
    with pytest.raises(PeerProtocolError):
        parse(data)


def test_too_many_headers_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_HEADERS", 5)
    with pytest.raises(PeerProtocolError, match="more than 5"):
        parse(NOTIFY)


@given(st.lists(st.integers(1, 40), min_size=1, max_size=30))
def test_messages_do_not_depend_on_how_bytes_were_cut(cuts: list[int]) -> None:
    data, decoder, seen = (NOTIFY + b"\r\n\r\n") * 3, SipDecoder(), []
    for cut in [*cuts, len(data)]:
        seen += decoder.receive_data(data[:cut])
        data = data[cut:]
    assert [message.raw for message in seen] == [NOTIFY] * 3
    assert decoder.unfinished == 0


@pytest.mark.parametrize("data", [b"x" * 20, b"NOTIFY sip:c@d SIP/2.0\r\nl: 11\r\n\r\n"])
def test_a_stream_s_message_has_a_limit(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(module, "MAX_MESSAGE_BYTES", 10)
    with pytest.raises(PeerProtocolError, match="longer than 10"):
        SipDecoder().receive_data(data)


@given(st.binary(max_size=200), st.integers(0, len(NOTIFY)))
def test_garbage_is_read_or_refused_and_nothing_else(garbage: bytes, at: int) -> None:
    for data in (garbage, NOTIFY[:at] + garbage + NOTIFY[at:]):
        for read in (parse, SipDecoder().receive_data):
            with contextlib.suppress(PeerProtocolError):
                read(data)


def test_a_response_repeats_what_the_request_says() -> None:
    answer = parse(respond(parse(NOTIFY), 200, "OK", "ours", [("Allow", "NOTIFY")]))
    assert (answer.code, answer.method, answer.text) == (200, "NOTIFY", "200 OK")
    assert parameter(answer.get("to"), "tag") == "ours"
    assert [answer.get(name) for name in ("via", "from", "call-id", "allow")] == [
        "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1", '"A ;tag=no" <sip:a@b;tag=no>;tag=f', "x", "NOTIFY",
    ]  # fmt: skip
