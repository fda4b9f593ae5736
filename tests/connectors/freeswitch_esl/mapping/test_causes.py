import pytest

from connectors.freeswitch_esl.mapping.causes import CAUSES, cause_of


@pytest.mark.parametrize(
    ("name", "cause"), [("USER_BUSY", 17), ("NO_ANSWER", 19), ("CALL_REJECTED", 21), ("NONSENSE", 0), ("", 0)]
)
def test_words_are_q850_causes(name: str, cause: int) -> None:
    assert cause_of(name) == cause


def test_every_cause_is_one_of_q850() -> None:
    assert all(1 <= cause <= 127 for cause in CAUSES.values())
