import os
from pathlib import Path

import pytest
from support.sounds import white

from gateway.model.errors import ConfigurationError
from ivr.speech.recordings import Recordings
from ivr.speech.sound import wav

FIRST, SECOND = white(0.1, 100.0), white(0.1, 200.0)


def test_a_languages_own_recording_comes_first(tmp_path: Path) -> None:
    (tmp_path / "welcome.wav").write_bytes(wav(FIRST))
    (tmp_path / "welcome.zh.wav").write_bytes(wav(SECOND))
    recordings = Recordings(tmp_path)
    assert recordings.sound("welcome", "en") == FIRST
    assert recordings.sound("welcome.wav", "zh") == SECOND
    assert recordings.sound("goodbye", "en") is None
    assert Recordings(None).sound("welcome", "en") is None


def test_one_that_was_recorded_anew_is_played(tmp_path: Path) -> None:
    file = tmp_path / "welcome.wav"
    file.write_bytes(wav(FIRST))
    recordings = Recordings(tmp_path)
    assert recordings.sound("welcome", "en") == FIRST
    file.write_bytes(wav(SECOND))
    os.utime(file, (1.0, 1.0))
    assert recordings.sound("welcome", "en") == SECOND


@pytest.mark.parametrize("name", ["../welcome", "a/b", "", ".hidden", "x" * 200])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "welcome.wav").write_bytes(wav(FIRST))
    assert Recordings(tmp_path / "inner").sound(name, "en") is None


def test_what_cannot_be_played_is_named_with_its_cure(tmp_path: Path) -> None:
    (tmp_path / "welcome.wav").write_bytes(b"ID3")
    with pytest.raises(ConfigurationError, match=r"welcome\.wav cannot be played: it is no WAV file.*ffmpeg"):
        Recordings(tmp_path).sound("welcome", "en")
