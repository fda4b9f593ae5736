import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ports.speech import Heard, Voice, Wanted
from ivr.speech.workers.protocol import (
    LENGTH,
    MAX_BYTES,
    Answer,
    BrokenError,
    Failed,
    Make,
    Ready,
    Speak,
    Transcribe,
    encoded,
    from_worker,
    length_of,
    to_worker,
)


def test_messages_come_out_as_they_went_in() -> None:
    for asked in (
        Make("m:f", "m:S", b"{}"),
        Transcribe(b"\x01", Wanted(language="zh")),
        Speak("hello", Voice(language="en")),
    ):
        data = encoded(asked)
        assert length_of(data[:LENGTH]) == len(data) - LENGTH
        assert to_worker(data[LENGTH:]) == asked
    for said in (Ready(12.0), Answer(heard=Heard(text="x")), Answer(sound=b"\x01"), Failed("why", is_final=True)):
        assert from_worker(encoded(said)[LENGTH:]) == said


@pytest.mark.parametrize("head", [bytes(4), (MAX_BYTES + 1).to_bytes(4, "big"), b"\xff" * 4])
def test_a_length_that_cannot_be_is_refused(head: bytes) -> None:
    with pytest.raises(BrokenError):
        length_of(head)


@given(st.binary(max_size=200))
def test_nonsense_is_no_message(data: bytes) -> None:
    for read in (from_worker, to_worker):
        try:
            read(data)
        except BrokenError:
            continue
