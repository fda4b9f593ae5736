from support.sounds import floats

from ivr.voice.filler import LASTS_S, filler


def test_it_is_soft_and_ends_in_silence() -> None:
    samples = floats(filler())
    assert len(samples) == LASTS_S * 8000
    assert 500 < abs(samples).max() < 4000
    assert abs(samples[-4000:]).max() < 20
