import msgspec
import pytest

from gateway.model.ids import QueueName
from gateway.model.queue_rules import QueueRule, QueueRules

SUPPORT, SALES = QueueName("support"), QueueName("sales")


def test_a_queue_without_a_rule_has_the_usual_one() -> None:
    rule = QueueRules(()).of(SUPPORT)
    assert (rule.service_level_s, rule.short_abandon_s, rule.wrap_up_s) == (20.0, 5.0, 0.0)


def test_a_rule_for_all_is_for_those_without_their_own() -> None:
    rules = QueueRules((QueueRule(queue="*", wrap_up_s=10.0), QueueRule(queue="support", name="Help", service_level_s=30.0)))
    assert rules.of(SALES).wrap_up_s == 10.0
    assert (rules.of(SUPPORT).wrap_up_s, rules.of(SUPPORT).service_level_s) == (0.0, 30.0)
    assert rules.named == (SUPPORT,)


def test_a_queue_is_dialled_by_its_number_or_by_a_name_that_is_one() -> None:
    rules = QueueRules(
        (QueueRule(queue="support", number="5000"), QueueRule(queue="7001", number="*45"), QueueRule(queue="sales"))
    )
    numbers = [rules.number_of(QueueName(queue)) for queue in ("support", "7001", "7002", "sales", "other")]
    assert numbers == ["5000", "*45", "7002", None, None]


@pytest.mark.parametrize("wrong", [{"number": "50 00"}, {"service_level_s": -1}, {"wrap_up_s": 90_000}, {"servicelevel": 20}, {}])
def test_a_rule_that_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"queue": "support"} | wrong if wrong else {}, QueueRule)
