import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.asterisk_media.protocol.websocket import (
    MAX_TEXT_BYTES,
    Complaint,
    DigitPressed,
    MediaMessage,
    MediaStarted,
    NoRoom,
    Other,
    RoomAgain,
    command,
    is_json,
    parse,
)
from gateway.model.errors import PeerProtocolError

# As Asterisk 22.10 writes them.
WORDS = (
    "MEDIA_START connection_id:tieline channel:WebSocket/tieline/0x7fdf980047b0 channel_id:cc1-1795402158.4 "
    "format:slin optimal_frame_size:320 ptime:20"
)
JSON = (
    '{"event":"MEDIA_START","connection_id":"tieline","channel":"WebSocket/tieline/0x7fdf980047b0",'
    '"channel_id":"cc1-1795402158.4","format":"slin","optimal_frame_size":320,"ptime":20,'
    '"channel_variables":{"MEDIA_WEBSOCKET_CONNECTION_ID":"tieline"}}'
)


@pytest.mark.parametrize(
    ("text", "variables"), [(WORDS, {}), (JSON, {"MEDIA_WEBSOCKET_CONNECTION_ID": "tieline"})], ids=["words", "json"]
)
def test_the_beginning_says_what_comes(text: str, variables: dict[str, str]) -> None:
    assert parse(text) == MediaStarted(
        connection_id="tieline",
        leg_name="WebSocket/tieline/0x7fdf980047b0",
        format="slin",
        frame_bytes=320,
        variables=variables,
    )
    assert is_json(text) is bool(variables)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("DTMF_END digit:5 channel_id:cc1-1.4", DigitPressed(digit="5")),
        ('{"event":"DTMF_END","channel_id":"cc1-1.4","digit":"#"}', DigitPressed(digit="#")),
        ("MEDIA_XOFF channel_id:cc1-1.4", NoRoom()),
        ('{"event":"MEDIA_XON","channel_id":"cc1-1.4"}', RoomAgain()),
        ("ERROR channel_id:cc1-1.4 error_text:FOO command unknown", Complaint(text="FOO command unknown")),
        ('{"event":"ERROR","error_text":"no"}', Complaint(text="no")),
        ("A_LATER_ONE with:more", Other(name="A_LATER_ONE")),
        ("QUEUE_DRAINED", Other(name="QUEUE_DRAINED")),
        ("STATUS channel_id:1 queue_length:3", Other(name="STATUS")),
        # Of an older Asterisk, which names no format.
        (
            "MEDIA_START connection_id:a channel:b optimal_frame_size:160",
            MediaStarted(connection_id="a", leg_name="b", format="", frame_bytes=160),
        ),
    ],
)
def test_each_message_says_one_thing(text: str, said: MediaMessage) -> None:
    assert parse(text) == said


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "{",
        "{}",
        '{"event":5}',
        "DTMF_END",
        "DTMF_END digit:12",
        "DTMF_END digit:x",
        "MEDIA_START optimal_frame_size:many",
        '{"event":"MEDIA_START","optimal_frame_size":{}}',
        "x" * (MAX_TEXT_BYTES + 1),
    ],
)
def test_what_is_none_of_them_is_refused(text: str) -> None:
    with pytest.raises(PeerProtocolError):
        parse(text)


@given(st.text(max_size=200) | st.text(alphabet='{}":, DTMF_ENDdigit5', max_size=60))
def test_garbage_is_parsed_or_refused_and_nothing_else(text: str) -> None:
    try:
        parse(text)
    except PeerProtocolError:
        return


def test_commands_are_written_as_asterisk_writes() -> None:
    assert command("FLUSH_MEDIA", as_json=False) == "FLUSH_MEDIA"
    assert command("FLUSH_MEDIA", as_json=True) == '{"command":"FLUSH_MEDIA"}'
