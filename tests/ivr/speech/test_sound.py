import pytest
from support.sounds import floats as samples_of
from support.sounds import loudness, silence, white

from ivr.speech.sound import KEPT, LEVEL, PEAK, floats, from_wav, pcm, resampled, telephone, wav


def test_what_an_engine_made_is_trimmed_and_as_loud_as_people() -> None:
    engine = floats(silence(1.0, comfort=0.5) + white(1.0, 300.0) + silence(1.0, comfort=0.5))
    made = telephone(resampled(engine, 8000, 24_000), 24_000)
    assert len(made) / 2 == pytest.approx(8000 + 2 * KEPT, abs=200)
    assert loudness(samples_of(made)) == pytest.approx(LEVEL, rel=0.1)


def test_a_peak_is_not_cut() -> None:
    engine = floats(white(0.5, 300.0))
    engine[1000] = 1.0
    assert abs(samples_of(telephone(engine, 8000))).max() <= PEAK + 1


def test_nothing_is_no_sound() -> None:
    assert telephone(floats(bytes(1600)), 8000) == b""
    assert telephone(floats(b""), 8000) == b""


def test_a_recording_is_read_at_any_usual_rate() -> None:
    sound = white(0.5, 500.0)
    assert from_wav(wav(sound)) == sound
    assert len(from_wav(wav(pcm(resampled(floats(sound), 8000, 16_000) * 32768), 16_000))) == pytest.approx(len(sound), abs=4)


def test_another_format_is_refused_by_what_it_is() -> None:
    with pytest.raises(ValueError, match="at 4000 Hz"):
        from_wav(wav(white(0.1, 100.0), 4000))
    with pytest.raises(ValueError, match="no WAV file"):
        from_wav(b"ID3 something else")
