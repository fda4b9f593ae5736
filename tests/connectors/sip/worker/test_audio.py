import wave
from pathlib import Path

import pytest

from connectors.sip.wire import FRAME_BYTES
from connectors.sip.worker.audio import Prompt
from gateway.model.errors import CommandRefusedError


def wav(path: Path, sound: bytes, rate: int = 8000) -> str:
    with wave.open(str(path), "wb") as out:
        out.setparams((1, 2, rate, 0, "NONE", ""))
        out.writeframes(sound)
    return str(path)


def test_prompt_is_cut_into_frames_the_last_filled_with_silence(tmp_path: Path) -> None:
    prompt = Prompt(wav(tmp_path / "a.wav", b"\x01\x02" * 200), loop=False)
    first, second = prompt.next(), prompt.next()
    assert first == b"\x01\x02" * 160
    assert second == b"\x01\x02" * 40 + bytes(240)
    assert prompt.next() is None


def test_prompt_that_loops_has_no_end(tmp_path: Path) -> None:
    prompt = Prompt(wav(tmp_path / "a.wav", bytes(FRAME_BYTES)), loop=True)
    assert [prompt.next() for _ in range(5)] == [bytes(FRAME_BYTES)] * 5
    assert Prompt(wav(tmp_path / "empty.wav", b""), loop=True).next() is None


def test_what_cannot_be_played_is_refused_and_named(tmp_path: Path) -> None:
    with pytest.raises(CommandRefusedError, match="is not 8 kHz"):
        Prompt(wav(tmp_path / "fast.wav", b"", 16000), loop=False)
    (tmp_path / "text.wav").write_text("no sound")
    for name in ("text.wav", "missing.wav"):
        with pytest.raises(CommandRefusedError, match=f"{name} cannot be played"):
            Prompt(str(tmp_path / name), loop=False)
