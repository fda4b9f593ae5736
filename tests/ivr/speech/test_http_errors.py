import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ports.speech import SpeechProblem
from ivr.speech.http_errors import LONGEST_PAUSE_S, USUAL_PAUSE_S, error_of, pause_of

SUNDAY = "Sun, 06 Nov 1994 08:49:37 GMT"
HALF_A_MINUTE_LATER = "Sun, 06 Nov 1994 08:50:07 GMT"


@pytest.mark.parametrize(
    ("status", "problem", "cure"),
    [
        (401, SpeechProblem.REFUSED, "setting key"),
        (403, SpeechProblem.REFUSED, "setting key"),
        (302, SpeechProblem.REFUSED, "setting url"),
        (404, SpeechProblem.REFUSED, "setting url"),
        (408, SpeechProblem.LATE, "408"),
        (429, SpeechProblem.LIMITED, "used up"),
        (400, SpeechProblem.BROKEN, "400"),
        (422, SpeechProblem.BROKEN, "422"),
        (500, SpeechProblem.DOWN, "500"),
        (503, SpeechProblem.DOWN, "503"),
    ],
)
def test_a_status_is_a_problem_and_names_the_cure(status: int, problem: SpeechProblem, cure: str) -> None:
    error = error_of("openai", status, b"")
    assert error.problem is problem
    assert cure in str(error)
    assert str(error).startswith("openai: ")


def test_what_the_engine_says_is_told_but_never_of_a_key() -> None:
    body = b'{"error": {"message": "Language \'xx\'\\nis not supported.", "type": "invalid_request_error"}}'
    assert str(error_of("openai", 400, body)) == "openai: status 400: Language 'xx' is not supported."
    assert str(error_of("local", 500, b'{"error": "out of memory"}')) == "local: status 500: out of memory"
    assert str(error_of("local", 404, b'{"detail": "no such model"}')).endswith("url or model: no such model")
    nested = b'{"detail": {"error": {"message": "Unsupported response_format"}}}'
    assert str(error_of("local", 400, nested)) == "local: status 400: Unsupported response_format"
    refused = b'{"error": {"message": "Incorrect API key provided: sk-abc"}}'
    assert "sk-abc" not in str(error_of("openai", 401, refused))


def test_what_quotes_the_request_is_not_told() -> None:
    body = b'{"detail": [{"msg": "too long", "input": "my number is 5551234"}]}'
    assert str(error_of("local", 422, body)) == "local: status 422"


@given(st.integers(300, 999), st.binary(max_size=400))
def test_any_status_and_body_is_an_error(status: int, body: bytes) -> None:
    assert len(str(error_of("openai", status, body))) < 400


@pytest.mark.parametrize(
    ("headers", "pause_s"),
    [
        ({"Retry-After": "20"}, 20.0),
        ({"Retry-After": " 0 "}, 0.0),
        ({"Retry-After": "9" * 400}, LONGEST_PAUSE_S),
        ({"Retry-After": "1.5"}, USUAL_PAUSE_S),
        ({"Retry-After": "soon"}, USUAL_PAUSE_S),
        ({}, USUAL_PAUSE_S),
        ({"Retry-After": HALF_A_MINUTE_LATER, "Date": SUNDAY}, 30.0),
        ({"Retry-After": SUNDAY, "Date": HALF_A_MINUTE_LATER}, 0.0),
        ({"Retry-After": SUNDAY}, USUAL_PAUSE_S),
        ({"Retry-After": f"Sun, 06 Nov {10**20} 08:49:37 GMT", "Date": SUNDAY}, USUAL_PAUSE_S),
        ({"Retry-After": f"Sun, 06 Nov 1994 08:49:37 +{10**11}", "Date": SUNDAY}, USUAL_PAUSE_S),
        ({"Retry-After": SUNDAY, "Date": "Sun, 06 Nov 1994 08:49:37"}, USUAL_PAUSE_S),
    ],
)
def test_who_limits_us_says_for_how_long(headers: dict[str, str], pause_s: float) -> None:
    assert pause_of(headers) == pause_s


@given(st.text(max_size=60), st.sampled_from(["", SUNDAY, "Sat, 01 Jan 0001 00:00:00 GMT"]))
def test_any_header_is_a_pause_of_an_hour_at_most(wanted: str, date: str) -> None:
    assert 0.0 <= pause_of({"Retry-After": wanted, "Date": date}) <= LONGEST_PAUSE_S


@given(
    st.tuples(*(st.integers(0, 10**6) for _ in range(5)), st.sampled_from(["GMT", "+9999", "-9999", ""])).map(
        lambda parts: "Sun, {} Nov {} {}:{}:{} {}".format(*parts)
    )
)
def test_any_date_is_a_pause_of_an_hour_at_most(wanted: str) -> None:
    assert 0.0 <= pause_of({"Retry-After": wanted, "Date": SUNDAY}) <= LONGEST_PAUSE_S
