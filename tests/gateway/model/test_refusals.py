from gateway.model.errors import CommandError
from gateway.model.refusals import CommandNotDoneError, Refusal


def test_a_refusal_has_a_word_for_programs_and_a_text_for_people() -> None:
    error = CommandNotDoneError(Refusal.TOO_MANY_CALLS, "CRM has begun 20 calls", retry_after_s=3.5)

    assert isinstance(error, CommandError)
    assert (str(error), error.detail) == ("CRM has begun 20 calls", "CRM has begun 20 calls")
    assert (error.refusal, error.retry_after_s) == ("too-many-calls", 3.5)
    assert CommandNotDoneError(Refusal.CALL_ENDED, "x").retry_after_s is None
