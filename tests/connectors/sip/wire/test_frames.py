import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sip import wire
from gateway.model.errors import PeerProtocolError

SOUND = bytes(range(256)) + bytes(64)


@pytest.mark.parametrize(
    "frame",
    [
        wire.Frame(wire.FrameKind.AUDIO, wire.CallNumber(2**32 - 1), 2**32 - 1, SOUND),
        wire.Frame(wire.FrameKind.CLEAR, wire.CallNumber(1), 0),
    ],
)
def test_frames_arrive_as_they_were_sent(frame: wire.Frame) -> None:
    packet = wire.encode_frame(frame)
    assert len(packet) <= wire.MAX_FRAME_BYTES
    assert wire.decode_frame(packet) == frame


@pytest.mark.parametrize("length", [0, wire.FRAME_BYTES - 1, wire.FRAME_BYTES + 1])
def test_sound_that_is_not_of_20_ms_is_refused(length: int) -> None:
    packet = wire.HEADER.pack(wire.FrameKind.AUDIO, 1, 1) + bytes(length)
    with pytest.raises(PeerProtocolError, match=str(len(packet))):
        wire.decode_frame(packet)


@given(st.binary(max_size=400))
def test_garbage_is_read_or_refused_and_nothing_else(packet: bytes) -> None:
    try:
        frame = wire.decode_frame(packet)
    except PeerProtocolError:
        return
    # The three bytes between kind and call mean nothing.
    assert wire.encode_frame(frame) == packet[:1] + bytes(3) + packet[4:]
