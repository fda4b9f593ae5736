"""Rules one after the other, and what they leave."""

from support.crm_memory import MemoryCrm, bench_of

from gateway.crm_conformance.rules import RULES
from gateway.crm_conformance.suite import Verdict, try_out


async def test_an_adapter_that_keeps_all_rules_conforms_and_its_crm_is_clean() -> None:
    crm = MemoryCrm()
    told: list[Verdict] = []
    report = await try_out("memory", bench_of(crm), told.append)
    assert [(each.name, each.cause) for each in report.verdicts if each.state != "passed"] == []
    assert report.conforms
    assert tuple(told) == report.verdicts
    assert len(told) == len(RULES)
    assert crm.calls == []
    assert crm.cards == []
    assert report.left == ("contact 0", "ticket 0")


async def test_what_shall_be_kept_is_kept_and_named() -> None:
    crm = MemoryCrm()
    report = await try_out("memory", bench_of(crm, keep=True))
    assert {f"call {call_id}" for call_id, _ in crm.calls} == {each for each in report.left if each.startswith("call")}
    assert crm.calls


async def test_without_a_check_nothing_else_is_tried() -> None:
    crm = MemoryCrm()
    report = await try_out("memory", bench_of(crm, "check"))
    assert [each.state for each in report.verdicts] == ["failed"] + ["skipped"] * (len(RULES) - 1)
    assert crm.calls == []


async def test_what_an_adapter_does_not_claim_is_not_tried() -> None:
    bench = bench_of(MemoryCrm())
    bench.abilities = frozenset()
    report = await try_out("memory", bench)
    assert report.conforms
    assert {each.name for each in report.verdicts if each.state == "passed"} == {"check", "wrong_key", "unreachable"}


class _Bare:
    async def check(self) -> str:
        return "bare"

    async def close(self) -> None: ...


async def test_what_it_claims_and_has_not_is_told() -> None:
    bench = bench_of(MemoryCrm())
    bench.adapter = _Bare()
    report = await try_out("bare", bench)
    (cause,) = [each.cause for each in report.verdicts if each.name == "users"]
    assert cause == "it claims users and is no ListsUsers: add the method, or take it out of the manifest"
