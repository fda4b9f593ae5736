import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sip_mirror.protocol.message_summary import MAX_SUMMARY_BYTES, MessageSummary, read_message_summary
from gateway.model.errors import PeerProtocolError


def summary(waiting: bool, *counts: int) -> MessageSummary:
    new, old, urgent = (*counts, None, None, None)[:3]
    return MessageSummary(waiting=waiting, new=new, old=old, urgent=urgent)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("Messages-Waiting: yes\r\nMessage-Account: sip:1001@192.0.2.1\r\nVoice-Message: 2/8 (1/2)\r\n", summary(True, 2, 8, 1)),
        ("Messages-Waiting: no\r\nVoice-Message: 0/3 (0/0)\r\n\r\nSubject: old\r\n", summary(False, 0, 3, 0)),
        ("messages-waiting:YES\nvoice-message:4/0\n", summary(True, 4, 0)),
        ("Messages-Waiting : yes\r\nFax-Message: 3/0 (0/0)\r\n", summary(True)),
        ("Messages-Waiting: yes\r\nVoice-Message: many\r\n", summary(True)),
        ("Messages-Waiting: no\r\nMessages-Waiting: yes\r\n", summary(False)),
    ],
)
def test_a_summary_says_what_waits(text: str, meant: MessageSummary) -> None:
    assert read_message_summary(text.encode()) == meant


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"Voice-Message: 1/0",
        b"Messages-Waiting: perhaps",
        b"\xff\xfe",
        b"Messages-Waiting: yes\r\n" + b" " * MAX_SUMMARY_BYTES,
    ],
)
def test_what_says_nothing_is_refused(data: bytes) -> None:
    with pytest.raises(PeerProtocolError):
        read_message_summary(data)


@given(st.binary(max_size=300) | st.text("Messages-Waiting: yno\r\nVoice-Message/()0123456789", max_size=200).map(str.encode))
def test_anything_is_read_or_refused(data: bytes) -> None:
    try:
        found = read_message_summary(data)
    except PeerProtocolError:
        return
    assert found.new is None or found.new >= 0
