"""Fuzz target: what a FreeSWITCH may send, from the first byte to the events of the model and the records of its calls.

`python tests/fuzz/esl_target.py [corpus folder] [libFuzzer options]` fuzzes for as long as one likes, guided by coverage, where
atheris is installed. The suite runs a bounded number of mutations of the captures (test_esl.py).
"""

import sys
from importlib import import_module

from connectors.freeswitch_esl.mapping import WANTED, EslMapper
from connectors.freeswitch_esl.mapping.snapshot import CALLS, CHANNELS, MEMBERS
from connectors.freeswitch_esl.protocol.commands import EslCommand
from connectors.freeswitch_esl.protocol.decoder import EslDecoder
from connectors.freeswitch_esl.protocol.message import EslMessage, Form, MessageKind
from gateway.model.board import Board
from gateway.model.errors import PeerProtocolError
from gateway.model.ids import PbxName
from gateway.model.record import record_of
from gateway.model.site import Site

SITE = Site(region="CN", extensions=r"^1\d{3}$", trunks=("sofia/gateway/carrier",), encoding_fallback="gb18030")
ASKED = (CHANNELS, CALLS, f"{MEMBERS} support")
"""What the answers to ``api`` are taken for, in turn."""

Heard = tuple[list[tuple[MessageKind, str, bytes, bytes]], bool]
"""The messages, and whether the peer was refused after them."""


def one_input(data: bytes) -> None:
    """Feed one input, whole and cut where its own first byte says; whatever is raised beside a refusal is a fault.

    Raises:
        AssertionError: What is heard depends on how the bytes were cut, or a header came out of another one's value.
    """
    step = (data[0] if data else 0) * 8 + 1
    whole, cut = heard(data[1:], len(data) + 1), heard(data[1:], step)
    assert whole == cut, f"cut every {step} bytes"
    follow(data[1:])


def heard(data: bytes, step: int) -> Heard:
    """Return what is heard of bytes that come ``step`` at a time."""
    decoder, messages = EslDecoder(encoding_fallback=SITE.encoding_fallback), []
    try:
        for start in range(0, len(data), step):
            messages += decoder.receive_data(data[start : start + step])
        # What was whole is told before the refusal of what follows.
        decoder.receive_data(b"")
    except PeerProtocolError:
        return [_told(message) for message in messages], True
    return [_told(message) for message in messages], False


def _told(message: EslMessage) -> tuple[MessageKind, str, bytes, bytes]:
    for key, _ in message.headers():
        assert isinstance(message.get(key), str)
        line = b"\n" + key.encode() + b":"
        assert message.form is not Form.PLAIN or line in message.raw or "\ufffd" in key, "a value made a header"
    assert isinstance(message.body, str)
    return message.kind, message.name, message.head, message.raw


def follow(data: bytes) -> None:
    """Follow the calls in these bytes to their records."""
    decoder, mapper, board = EslDecoder(WANTED, SITE.encoding_fallback), EslMapper(SITE), Board(PbxName("fuzz"), SITE)
    events = mapper.connection_made(0.0)
    for command in ASKED:
        events += mapper.sent(EslCommand(name="api", argument=command), 0.0)
    try:
        for message in decoder.receive_data(data):
            events += mapper.receive(message, 1.0)
    except PeerProtocolError:
        pass
    events += mapper.connection_lost(2.0)
    for event in events:
        for call in board.apply(event).calls:
            record_of(call, SITE)


if __name__ == "__main__":
    atheris = import_module("atheris")
    atheris.instrument_all()
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
