from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.asterisk_media.protocol.audiosocket import (
    MAX_PAYLOAD_BYTES,
    AudioSocketReader,
    Kind,
    Packet,
    digit_of,
    id_of,
    packet,
)
from gateway.model.errors import PeerProtocolError

# What Asterisk 22.10 sent: its UUID, 4 samples, the key 5, and the hang-up.
SENT = bytes.fromhex("01 0010 634466e50b6dbaa8f95c619290ea02bb 10 0008 0000 0100 ffff 0200 03 0001 35 00 0000")
SAID = [
    Packet(Kind.ID, bytes.fromhex("634466e50b6dbaa8f95c619290ea02bb")),
    Packet(Kind.SOUND, bytes.fromhex("00000100ffff0200")),
    Packet(Kind.DIGIT, b"5"),
    Packet(Kind.HANG_UP, b""),
]


@given(st.lists(st.integers(0, len(SENT)), max_size=8))
def test_packets_do_not_depend_on_how_bytes_were_cut(cuts: list[int]) -> None:
    reader, at, packets = AudioSocketReader(), 0, []
    for cut in [*sorted(cuts), len(SENT)]:
        packets += reader.receive_data(SENT[at:cut])
        at = cut
    assert packets == SAID


@given(st.binary(max_size=3000))
def test_garbage_is_parsed_or_refused_and_nothing_else(data: bytes) -> None:
    reader = AudioSocketReader()
    try:
        packets = reader.receive_data(data)
    except PeerProtocolError:
        return
    assert sum(3 + len(each.payload) for each in packets) <= len(data)


def test_a_packet_of_more_than_the_limit_is_refused_before_it_is_collected() -> None:
    assert AudioSocketReader().receive_data(b"\x10" + MAX_PAYLOAD_BYTES.to_bytes(2, "big")) == []
    with pytest.raises(PeerProtocolError, match="8193 bytes: this is no AudioSocket"):
        AudioSocketReader().receive_data(b"\x10" + (MAX_PAYLOAD_BYTES + 1).to_bytes(2, "big"))


def test_what_is_sent_can_be_read() -> None:
    data = packet(Kind.SOUND, b"\1\2" * 160) + packet(Kind.HANG_UP)
    assert AudioSocketReader().receive_data(data) == [Packet(Kind.SOUND, b"\1\2" * 160), Packet(Kind.HANG_UP, b"")]


def test_ids_are_uuids() -> None:
    uuid = UUID("634466e5-0b6d-baa8-f95c-619290ea02bb")
    assert id_of(uuid.bytes) == uuid.hex
    for wrong in (b"", uuid.bytes[1:], uuid.bytes + b"\0"):
        with pytest.raises(PeerProtocolError):
            id_of(wrong)


@pytest.mark.parametrize(("payload", "digit"), [(b"0", "0"), (b"#", "#"), (b"*", "*"), (b"d", "D")])
def test_keys_are_those_of_a_telephone(payload: bytes, digit: str) -> None:
    assert digit_of(payload) == digit


@pytest.mark.parametrize("payload", [b"", b"12", b"x", b"\xff", b"\n"])
def test_other_keys_are_refused(payload: bytes) -> None:
    with pytest.raises(PeerProtocolError):
        digit_of(payload)
