import pytest
from support.building import Story

from gateway.model.events import (
    DialOutRequested,
    DialPlanFailed,
    LegDiverted,
)
from gateway.model.terms import DialResult, DiversionReason

# diversions


def test_a_302_is_a_deflection_once() -> None:
    story = Story().comes_in().rings("8001").later(1.0)
    for _ in range(2):
        story.dial_ends("8001", DialResult.FAILED, to="8002")
    deflected = {"diverted_from": "8001", "diverted_to": "8002", "reason": DiversionReason.DEFLECTED}
    story.says(LegDiverted, leg="caller", **deflected).clears("8001").rings("8002").answers("8002").hangs_up("caller", "8002")
    assert story.record()["diversions"] == [{"from": "8001", "to": "8002", "reason": "deflected"}]
    assert story.record()["answered_by"] == ["8002"]


@pytest.mark.parametrize(
    ("cause", "sip", "reason"),
    [(17, 486, "busy"), (0, 0, "no_answer")],
)
def test_a_forward_after_an_attempt_has_that_attempts_reason(cause: int, sip: int, reason: str) -> None:
    story = Story().comes_in().rings("8001").later(9.0)
    story = story.refuses("8001", cause, sip) if sip else story.dial_ends("8001", DialResult.NO_ANSWER).clears("8001", cause=0)
    unconditional = {"diverted_from": "8001", "diverted_to": "8002", "reason": DiversionReason.UNCONDITIONAL}
    assert story.says(LegDiverted, leg="caller", **unconditional).record()["diversions"] == [
        {"from": "8001", "to": "8002", "reason": reason}
    ]


def test_a_forward_before_any_attempt_is_unconditional_and_names_the_number_sent() -> None:
    to = {"diverted_from": "8001", "diverted_to": "013800138000", "reason": DiversionReason.UNCONDITIONAL}
    record = Story().comes_in().says(LegDiverted, leg="caller", **to).record()
    assert record["diversions"] == [{"from": "8001", "to": "13800138000", "reason": "unconditional"}]


# Attempts


def test_the_number_that_was_sent_is_the_far_partys() -> None:
    story = Story().phones("8001", "062551234").rings("trunk", by="8001", device="PJSIP/carrier", number="62551234")
    assert [(told["leg"], told["party"]) for told in story.data("call.alerting")] == [("trunk", "62551234")]


def test_of_two_trunks_that_are_tried_each_has_its_own_number() -> None:
    story = Story().phones("8001", "062551234").dials("one", by="8001", device="PJSIP/carrier", number="62551234").later(0.5)
    story.refuses("one", 34, 503, DialResult.FAILED, by="8001").dials("two", by="8001", device="PJSIP/backup", number="862551234")
    assert [leg.party for leg in story.call().legs.values()] == ["8001", "62551234", "862551234"]


def test_what_a_click_to_dial_calls_is_not_rewritten() -> None:
    story = Story().rings("8001", by=None).says(DialOutRequested, leg="8001", target="8002")
    assert story.says(DialOutRequested, leg="8001", target="8003").call().dial_target == "8002"


def test_a_refusal_of_the_dial_plan_is_the_callers_own() -> None:
    story = Story().comes_in().rings("8001").says(DialPlanFailed, leg="8001", cause=34)
    assert not story.call().dial_cause
    assert story.says(DialPlanFailed, leg="caller", cause=34).call().dial_cause == 34
