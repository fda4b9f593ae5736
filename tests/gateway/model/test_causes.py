import pytest

from gateway.model.causes import attempt_outcome


@pytest.mark.parametrize(
    ("cause", "outcome"),
    [
        (17, "busy"),
        (21, "rejected"),
        (1, "unreachable"),
        (3, "unreachable"),
        (20, "unreachable"),
        (34, "failed"),
        (38, "failed"),
        (41, "failed"),
        (42, "failed"),
    ],
)
def test_a_cause_says_why_nobody_was_reached(cause: int, outcome: str) -> None:
    assert attempt_outcome(cause, 0) == outcome


@pytest.mark.parametrize("cause", [0, 16, 19, 26, 31, 127])
def test_a_cause_that_says_nothing_against_the_party_is_no_outcome(cause: int) -> None:
    assert attempt_outcome(cause, 0) is None


@pytest.mark.parametrize(
    ("sip", "outcome"),
    [
        (486, "busy"),
        (600, "busy"),
        (403, "rejected"),
        (603, "rejected"),
        (404, "unreachable"),
        (408, "unreachable"),
        (500, "failed"),
        (503, "failed"),
        (599, "failed"),
    ],
)
def test_the_sip_code_is_the_closer_witness(sip: int, outcome: str) -> None:
    for cause in (0, 1, 17, 21, 34):
        assert attempt_outcome(cause, sip) == outcome


@pytest.mark.parametrize("sip", [0, 180, 200, 487, 604])
def test_a_code_that_says_nothing_leaves_it_to_the_cause(sip: int) -> None:
    assert attempt_outcome(21, sip) == "rejected"
    assert attempt_outcome(16, sip) is None
