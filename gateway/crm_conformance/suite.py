"""Runs the rules one after the other, and takes away what they made."""

import asyncio
from collections.abc import Callable
from typing import Final, Literal

import msgspec

from gateway.crm_conformance.bench import Bench, BrokenError, SkippedError
from gateway.crm_conformance.rules import RULES, Rule
from gateway.model.errors import TielineError
from gateway.ports.crm import WithdrawsCalls

RULE_S: Final = 300.0
"""Seconds for one rule; a CRM's quota may stretch it."""

CLEAR_S: Final = 60.0
"""Seconds for taking one call away."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a rule."""

    name: str
    what: str
    why: str
    state: Literal["passed", "failed", "skipped"]
    cause: str = ""
    """Of a failed or a skipped one; of a passed one what was seen, where that is worth telling."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What came of an adapter."""

    adapter: str
    verdicts: tuple[Verdict, ...]
    left: tuple[str, ...]
    """What stays in the CRM, to be deleted there."""

    @property
    def conforms(self) -> bool:
        """Whether no rule is broken."""
        return all(verdict.state != "failed" for verdict in self.verdicts)


async def try_out(name: str, bench: Bench, told: Callable[[Verdict], None] = lambda _verdict: None) -> Report:
    """Try all rules. ``told`` hears each verdict at once. The adapter is not closed; when ``check`` fails, no more is tried."""
    verdicts: list[Verdict] = []
    try:
        for rule in RULES:
            if verdicts and verdicts[0].state == "failed":
                verdict = _verdict(rule, "skipped", "check failed")
            else:
                verdict = await _tried(rule, bench)
            verdicts.append(verdict)
            told(verdict)
    finally:
        await _clear(bench)
    return Report(adapter=name, verdicts=tuple(verdicts), left=tuple(bench.left))


async def _tried(rule: Rule, bench: Bench) -> Verdict:
    try:
        async with asyncio.timeout(RULE_S):
            seen = await rule.tried(bench)
    except SkippedError as error:
        return _verdict(rule, "skipped", str(error))
    except BrokenError as error:
        return _verdict(rule, "failed", str(error))
    except TimeoutError:
        return _verdict(rule, "failed", f"it still waited after {RULE_S:g} s: bound each request")
    except TielineError as error:
        return _verdict(rule, "failed", f"{type(error).__name__}: {error}")
    except Exception as error:  # noqa: BLE001  # an adapter may be anybody's
        return _verdict(rule, "failed", f"it raised {type(error).__name__}, which is no CrmError: {error}")
    return _verdict(rule, "passed", seen or "")


def _verdict(rule: Rule, state: Literal["passed", "failed", "skipped"], cause: str) -> Verdict:
    return Verdict(name=rule.name, what=rule.what, why=rule.why, state=state, cause=cause)


async def _clear(bench: Bench) -> None:
    for call_id, (activity, memo) in bench.calls.items():
        if bench.keep or not isinstance(bench.adapter, WithdrawsCalls):
            bench.left.append(f"call {call_id}")
            continue
        try:
            async with asyncio.timeout(CLEAR_S):
                await bench.adapter.withdraw_call(activity, memo)
        except Exception:  # noqa: BLE001  # an adapter may be anybody's
            bench.left.append(f"call {call_id}")
