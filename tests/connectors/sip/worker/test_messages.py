import pytest

from connectors.sip.worker import messages

INVITE = (
    "INVITE sip:%2B861234@192.0.2.1:5070;transport=udp SIP/2.0\r\n"
    "Via: SIP/2.0/UDP 192.0.2.7\r\n"
    'f: "Anna \\"A\\" Li" <sip:1001@pbx>;tag=1\r\n'
    "i: abc@pbx\r\n"
    "X-Ticket: 17\r\n 4\r\n"
    'Reason: SIP;cause=200, Q.850;cause=17;text="busy"\r\n'
    "\r\n"
    "X-Body: no header\r\n"
)


def test_headers_are_those_of_the_head_with_folded_lines_joined() -> None:
    headers = messages.headers_of(INVITE)
    assert messages.first(headers, "call-id") == "abc@pbx"
    assert messages.told(headers) == (("X-Ticket", "17 4"),)
    assert messages.requested_user(INVITE) == "+861234"
    assert messages.caller_of(headers) == ("1001", 'Anna "A" Li')
    assert messages.cause_of(INVITE) == 17


@pytest.mark.parametrize(
    ("headers", "caller"),
    [
        ([("From", "Bo <sip:1001@pbx>"), ("P-Asserted-Identity", "<tel:+85290000000>")], ("+85290000000", "Bo")),
        ([("From", "Bo <sip:1001@pbx>"), ("Privacy", "header;id")], ("", "")),
        ([("From", '"Anonymous" <sip:anonymous@anonymous.invalid>')], ("", "")),
        ([("From", "<sip:pbx.example>")], ("", "")),
        ([("From", "sip:1001@pbx;tag=2")], ("1001", "")),
        ([], ("", "")),
    ],
)
def test_caller_is_whom_the_pbx_asserts_and_nobody_where_he_is_withheld(
    headers: list[tuple[str, str]], caller: tuple[str, str]
) -> None:
    assert messages.caller_of(headers) == caller


@pytest.mark.parametrize("message", ["", "\r\n", "BYE\r\nReason", "BYE sip:a SIP/2.0\r\nReason: SIP;cause=200\r\n\r\n"])
def test_what_has_no_cause_has_none(message: str) -> None:
    assert messages.cause_of(message) == 0


def test_number_goes_before_the_accounts_target_and_a_uri_goes_as_it_is() -> None:
    assert messages.uri_of("sip:192.0.2.1:5060;transport=tcp", "*72#1") == "sip:*72%231@192.0.2.1:5060;transport=tcp"
    assert messages.uri_of("sip:192.0.2.1", "sip:a@b") == "sip:a@b"
    assert messages.address_of("sip:tieline@pbx", "400800", 'A "B"') == '"A \\"B\\"" <sip:400800@pbx>'
    assert messages.refer_to("sip:1@pbx", [("X-Ctx", "a b&c")]) == "<sip:1@pbx?X-Ctx=a%20b%26c>"
    assert messages.refer_to("sip:1@pbx", []) == "<sip:1@pbx>"


@pytest.mark.parametrize("header", [("X-A", "1\r\nRoute: <sip:evil>"), ("X A", "1"), ("", "1"), ("X:A", "1")])
def test_header_that_would_be_more_than_one_is_none(header: tuple[str, str]) -> None:
    assert not messages.is_header(header)
    assert messages.is_header(("User-to-User", "48656c6c6f;encoding=hex"))
