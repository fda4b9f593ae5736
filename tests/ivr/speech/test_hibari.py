import sys

import pytest
from support.sounds import floats, loudness

from gateway.model.errors import ConfigurationError
from gateway.ports.speech import Voice
from ivr.speech.hibari import HibariSettings, speaker


def test_it_speaks_english_slower_where_wanted_and_the_same_each_time() -> None:
    speak = speaker(HibariSettings())
    text = "Your order is on its way."
    usual, slow = speak(text, Voice(language="en")), speak(text, Voice(language="en", speed=0.7))
    assert 1.0 < len(usual) / 16_000 < 4.0
    assert len(slow) > 1.2 * len(usual)
    assert loudness(floats(usual)) > 1000
    assert speak(text, Voice(language="en")) == usual


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hibari", None)
    with pytest.raises(ConfigurationError, match="make speech"):
        speaker(HibariSettings())
