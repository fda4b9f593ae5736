from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.dial_rules import (
    MINUTE_S,
    Allowance,
    Allowed,
    DialRules,
    ExtensionNumber,
    Refused,
    RoleRules,
    judge,
    misspelt,
)
from gateway.model.number_kinds import NumberKind
from gateway.model.principals import Role
from gateway.model.site import Site

CN = Site(region="CN", extensions=r"^8\d{3}$", outside_prefix="0")
NATIONAL, ABROAD, PREMIUM_GB = "001062551234", "00085291234567", "000449011234567"


def verdict(number: str, **rules: Any) -> Allowed | Refused:
    return judge(number, CN, DialRules(agent=RoleRules(**rules)), Role.AGENT, extension="8001")


@pytest.mark.parametrize("number", ["8001", "4001", NATIONAL, "062551234", "+8613800138000"])
def test_without_a_rule_the_site_and_its_country_can_be_reached(number: str) -> None:
    assert isinstance(judge(number, CN, DialRules(), Role.AGENT, extension="8001"), Allowed)


@pytest.mark.parametrize(
    ("number", "word"),
    [
        (ABROAD, "international"),
        (PREMIUM_GB, "premium"),
        ("04001234567", "shared_cost"),
        ("010086", "short"),
        ("*72", "code"),
        ("13800138000", "unknown"),
    ],
)
def test_what_is_refused_names_what_it_is_and_the_line_to_change(number: str, word: str) -> None:
    refused = judge(number, CN, DialRules(), Role.AGENT, extension="8001")
    assert isinstance(refused, Refused)
    assert number in refused.reason
    assert f"`{word}`" in refused.reason
    assert "dialling.agent.allow" in refused.reason
    assert isinstance(verdict(number, allow=(word,)), Allowed)


def test_what_is_no_number_is_refused_whatever_is_allowed() -> None:
    refused = verdict("1001&PJSIP/carrier/900", allow=("any",))
    assert isinstance(refused, Refused)
    assert "is no number" in refused.reason


@pytest.mark.parametrize(
    ("pattern", "number", "matches"),
    [
        ("any", PREMIUM_GB, True),
        ("+852*", ABROAD, True),
        ("+853*", ABROAD, False),
        ("+85291234567", ABROAD, True),
        ("+8529123456", ABROAD, False),
        ("+852xxxxxxxx", ABROAD, True),
        ("+852xxxxxxx", ABROAD, False),
        ("8xxx", "8001", True),
        ("8xx", "8001", False),
        ("*97", "*97", True),
        ("*97", "*978", False),
        ("*7*", "*72", True),
        ("00085*", ABROAD, True),
        ("international", NATIONAL, False),
    ],
)
def test_a_pattern_matches_a_kind_an_e164_number_or_what_is_dialled(pattern: str, number: str, matches: bool) -> None:
    assert isinstance(verdict(number, allow=(pattern,)), Allowed) is matches


def test_what_is_denied_is_refused_though_it_is_allowed() -> None:
    refused = verdict(ABROAD, allow=("any",), deny=("+852*",))
    assert isinstance(refused, Refused)
    assert "`+852*` in dialling.agent.deny" in refused.reason


def test_each_role_has_rules_of_its_own() -> None:
    rules = DialRules(supervisor=RoleRules(allow=("international",)))
    assert isinstance(judge(ABROAD, CN, rules, Role.SUPERVISOR, extension=None), Allowed)
    assert isinstance(judge(ABROAD, CN, rules, Role.AGENT, extension=None), Refused)


def test_help_is_reached_though_everything_is_denied_and_shown_the_telephones_own_number() -> None:
    for number in ("110", "0110", "122", "6000"):
        rules = DialRules(
            agent=RoleRules(allow=(), deny=("any",), caller_numbers=("02162550000",)),
            extensions=(ExtensionNumber(extension="8001", caller_number="02162550001"),),
            emergency_numbers=("6000",),
        )
        allowed = judge(number, CN, rules, Role.AGENT, extension="8001", caller_number="02162550000")
        assert isinstance(allowed, Allowed)
        assert (allowed.destination.kind, allowed.destination.dialled) == (NumberKind.EMERGENCY, number)
        assert allowed.caller_number is None


@pytest.mark.parametrize(
    ("wanted", "shown"), [(None, "02162550000"), ("02162550000", "02162550000"), ("02162550009", "02162550009")]
)
def test_the_far_end_is_shown_a_number_of_the_role(wanted: str | None, shown: str) -> None:
    rules = DialRules(agent=RoleRules(caller_numbers=("02162550000", "02162550009")))
    allowed = judge(NATIONAL, CN, rules, Role.AGENT, extension="8001", caller_number=wanted)
    assert isinstance(allowed, Allowed)
    assert allowed.caller_number == shown


@pytest.mark.parametrize("numbers", [(), ("02162550000",)])
def test_another_number_is_not_shown(numbers: tuple[str, ...]) -> None:
    rules = DialRules(agent=RoleRules(caller_numbers=numbers))
    refused = judge(NATIONAL, CN, rules, Role.AGENT, extension="8001", caller_number="110")
    assert isinstance(refused, Refused)
    assert "dialling.agent.caller_numbers" in refused.reason


def test_a_telephones_own_number_goes_before_its_users() -> None:
    rules = DialRules(
        agent=RoleRules(caller_numbers=("02162550000",)),
        extensions=(ExtensionNumber(extension="8001", caller_number="02162550001"),),
    )
    allowed = judge(NATIONAL, CN, rules, Role.AGENT, extension="8001")
    assert isinstance(allowed, Allowed)
    assert allowed.caller_number == "02162550001"
    assert isinstance(judge(NATIONAL, CN, rules, Role.AGENT, extension="8001", caller_number="02162550000"), Refused)


@pytest.mark.parametrize("pattern", ["any", "internal", "xxxx", "x", "+8529*", "*72", "8xxx"])
def test_what_is_well_spelt_is_left_alone(pattern: str) -> None:
    assert misspelt(pattern) is None


@pytest.mark.parametrize("pattern", ["interal", "all", "none"])
def test_a_misspelt_kind_is_told(pattern: str) -> None:
    assert "there is: any, code, emergency, internal" in (misspelt(pattern) or "")


@pytest.mark.parametrize("pattern", ["", "8 001", "80-01", "+", "Any"])
def test_what_is_no_pattern_is_refused_when_it_is_read(pattern: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"agent": {"allow": [pattern]}}, DialRules)


def test_so_many_calls_a_minute_are_one_callers_own() -> None:
    allowance = Allowance()
    assert [allowance.take("a", 2, now) for now in (0.0, 10.0)] == [None, None]
    assert allowance.take("a", 2, 20.0) == 40.0
    assert allowance.take("b", 2, 20.0) is None
    assert allowance.take("a", 2, 60.0) is None
    assert allowance.take("a", 2, 60.0) == 10.0


def test_a_limit_of_none_lets_nobody_call() -> None:
    allowance = Allowance()
    assert allowance.take("a", 0, 5.0) == MINUTE_S
    assert allowance.take("b", 1, 5.0) is None


@given(st.lists(st.floats(min_value=0, max_value=300), max_size=60).map(sorted), st.integers(min_value=0, max_value=5))
def test_no_minute_has_more_calls_than_allowed(times: list[float], limit: int) -> None:
    allowance = Allowance()
    taken = [now for now in times if allowance.take("a", limit, now) is None]
    for start in taken:
        assert sum(start <= other < start + MINUTE_S for other in taken) <= max(limit, 0)


@given(st.text(alphabet="0123456789+*#", min_size=1, max_size=16), st.sampled_from(list(Role)))
def test_nothing_dear_or_far_is_reached_without_a_rule(number: str, role: Role) -> None:
    allowed = judge(number, CN, DialRules(), role, extension="8001")
    if isinstance(allowed, Allowed):
        assert allowed.destination.kind in (
            NumberKind.INTERNAL,
            NumberKind.NATIONAL,
            NumberKind.LOCAL,
            NumberKind.EMERGENCY,
        )
