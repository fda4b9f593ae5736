"""Each rule finds the adapter that breaks it."""

import pytest
from support.crm_memory import MemoryCrm, bench_of

from gateway.crm_conformance.rules import RULES
from gateway.crm_conformance.suite import try_out


@pytest.mark.parametrize(
    ("breaks", "text"),
    [
        ("check", "check returned ''"),
        ("wrong_key", "check succeeded with a wrong key"),
        ("unreachable", "it is CrmDeniedError, not CrmUnavailableError"),
        ("users", "two users have one id"),
        ("contact_once", "the same number became 0 and 1"),
        ("find", "nobody was found: ask for all of the query's forms"),
        ("no_false_match", "give `numbers` as the CRM keeps them"),
        ("unknown", "it raised KeyError, which is no CrmError"),
        ("lost_answer", "calls_of says 2 activities"),
        ("hard_texts", "it raised ValueError"),
        ("recording", "the second time the memo is another"),
        ("ticket", "one call became the tickets 0 and 1"),
        ("withdrawn", "calls_of says 1 activities"),
    ],
)
async def test_a_broken_rule_is_found_and_told(breaks: str, text: str) -> None:
    report = await try_out("memory", bench_of(MemoryCrm(), breaks))
    causes = {each.name: each.cause for each in report.verdicts if each.state == "failed"}
    assert text in causes[breaks]
    assert not report.conforms


def test_each_rule_has_a_name_and_a_reason() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert all(rule.what and rule.why for rule in RULES)


async def test_a_crm_without_calls_of_nobody_may_say_so() -> None:
    report = await try_out("memory", bench_of(MemoryCrm(), "withheld"))
    (verdict,) = [each for each in report.verdicts if each.name == "withheld"]
    assert (verdict.state, verdict.cause) == ("skipped", "the CRM takes none: memory: no call without a number")
