"""``/api/v1/dial-rules``: which numbers each role may reach, and what the rules make of one number."""

from collections.abc import Mapping
from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta

from gateway.api.operations import Asked, Nothing, Operation, answer
from gateway.api.problems import bad_parameter
from gateway.model.dial_rules import Allowed, DialRules, RoleRules, judge
from gateway.model.ids import PbxName
from gateway.model.number_kinds import NumberKind
from gateway.model.principals import Role, Scope
from gateway.model.site import Site


class DialRulesView(msgspec.Struct, frozen=True, kw_only=True):
    """The rules, as the configuration has them."""

    roles: dict[Role, RoleRules]
    emergency_numbers: Annotated[tuple[str, ...], Meta(description="Beside those of the region; they pass before every rule.")]


class Trial(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A number that somebody may want to reach. Nothing is dialled."""

    number: Annotated[str, Meta(min_length=1, max_length=64)]
    role: Role
    extension: Annotated[str, Meta(max_length=64, description="From which telephone.")] | None = None
    pbx: Annotated[str, Meta(max_length=100, description="May be left out where there is only one.")] | None = None


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What the rules make of a number."""

    allowed: bool
    kind: NumberKind | None
    dialled: Annotated[str | None, Meta(description="What the PBX dials.")]
    e164: str | None
    shown: Annotated[str | None, Meta(description="What the far end sees; null is what the PBX shows for the telephone.")]
    reason: Annotated[str | None, Meta(description="Why not, with the line of the configuration to change.")]


class DialRulesShown:
    """Shows the rules, and tries numbers on them."""

    def __init__(self, rules: DialRules, sites: Mapping[PbxName, Site]) -> None:
        self._rules = rules
        self._sites = sites

    def operations(self) -> list[Operation]:
        """Return what is answered where."""
        return [
            Operation(
                method="GET",
                path="/api/v1/dial-rules",
                handler=self._show,
                summary="Show which numbers each role may reach",
                tag="call control",
                scope=Scope.SYSTEM_READ,
                answers={200: DialRulesView},
            ),
            Operation(
                method="POST",
                path="/api/v1/dial-rules/try",
                handler=self._try,
                summary="Ask whether a role may reach a number; nothing is dialled",
                tag="call control",
                scope=Scope.SYSTEM_READ,
                body=Trial,
                examples={"a mobile": {"number": "+8613800138000", "role": "agent"}},
                answers={200: Verdict},
            ),
        ]

    async def _show(self, _asked: Asked[Nothing, None]) -> web.Response:
        rules = self._rules
        return answer(DialRulesView(roles={role: rules.of(role) for role in Role}, emergency_numbers=rules.emergency_numbers))

    async def _try(self, asked: Asked[Nothing, Trial]) -> web.Response:
        trial = asked.body
        judged = judge(trial.number, self._site(trial.pbx), self._rules, trial.role, extension=trial.extension)
        if not isinstance(judged, Allowed):
            return answer(Verdict(allowed=False, kind=None, dialled=None, e164=None, shown=None, reason=judged.reason))
        to = judged.destination
        verdict = Verdict(allowed=True, kind=to.kind, dialled=to.dialled, e164=to.e164, shown=judged.caller_number, reason=None)
        return answer(verdict)

    def _site(self, pbx: str | None) -> Site:
        if pbx is None and len(self._sites) == 1:
            return next(iter(self._sites.values()))
        site = None if pbx is None else self._sites.get(PbxName(pbx))
        if site is None:
            raise bad_parameter("pbx", f"name one of: {', '.join(self._sites)}")
        return site
