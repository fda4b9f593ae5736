import pytest

from gateway.model.errors import PeerError
from gateway.ports.speech import SpeechError, SpeechProblem


def test_an_error_names_the_engine_and_may_pass_by_itself() -> None:
    with pytest.raises(PeerError, match=r"^whisper: no answer after 4 s$") as caught:
        raise SpeechError("whisper", SpeechProblem.LATE, "no answer after 4 s")
    assert caught.value.retryable
