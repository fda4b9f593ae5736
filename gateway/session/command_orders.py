"""From what somebody asks to an order for a PBX: which call, which telephone, which PBX, and whether it may be.

Nothing is sent and nothing is written here.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from gateway.model.calls import Call
from gateway.model.commands import Command, CommandId, Order, PlaceCall, SetForwarding, name_of
from gateway.model.dial_rules import Allowance, DialRules, Refused, judge
from gateway.model.errors import PeerUnavailableError
from gateway.model.ids import CallId, PbxName
from gateway.model.number_kinds import NumberKind, is_emergency
from gateway.model.permits import acting_device, check_devices, check_listening, own_device, target_of, with_consultation
from gateway.model.principals import Principal
from gateway.model.refusals import CommandNotDoneError, Refusal
from gateway.model.times import rfc3339
from gateway.ports.connector import CommandingConnector, Connector, LinkStatus
from gateway.ports.store import Store
from gateway.session.engine import Engine
from gateway.session.pbx_state import PbxState

MAX_MERGES: Final = 8
"""How often a call may have been folded into another until we give up following."""


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """A command as it is asked for."""

    principal: Principal
    kind: type[Command]
    fields: dict[str, Any]
    """The command's own, but ``by``; an ``extension`` of None is the principal's."""
    route: str
    """What was asked of the API: each has idempotency keys of its own."""
    asked: bytes = b""
    """All that was asked, so that a key is not used for two things."""
    pbx: PbxName | None = None
    """None where there is only one, or where the call tells."""
    call_id: CallId | None = None
    by: str | None = None
    """The extension that gives it; None leaves it to the call."""
    key: str | None = None
    """The ``Idempotency-Key``."""
    needs_key: bool = False
    """Refuse it without one, unless somebody calls for help."""


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """What can be sent."""

    order: Order
    connector: CommandingConnector
    is_emergency: bool


class Orders:
    """Makes orders.

    Args:
        connector: The one that runs for a PBX now.
        now: Seconds since the epoch.
    """

    def __init__(
        self,
        engine: Engine,
        store: Store,
        rules: DialRules,
        connector: Callable[[PbxName], Connector | None],
        *,
        now: Callable[[], float],
    ) -> None:
        self._engine = engine
        self._store = store
        self._rules = rules
        self._connector = connector
        self._now = now
        self._allowance = Allowance()

    async def prepare(self, wish: Wish, command_id: CommandId) -> Prepared:
        """Return the order that the wish means.

        Raises:
            CommandNotDoneError: It cannot be, or must not.
            StoreUnavailableError: It is about a call that is not live, and the store does not answer.
        """
        call, consultation = None, None
        fields = dict(wish.fields)
        if wish.call_id is not None:
            state, call = await self._call(wish.call_id, wish.principal)
            device = acting_device(wish.kind, call, wish.principal, wish.by)
            if device is not None:
                call, consultation = with_consultation(wish.kind, call, device, state.live)
            if "by" in wish.kind.__struct_fields__:
                fields["by"] = device
        else:
            state, device = self._pbx(wish.pbx, wish.principal), None
        if "extension" in fields:
            fields["extension"] = device = own_device(wish.principal, fields["extension"], state.pbx)
        command = wish.kind(**fields)
        check_devices(command, state.site, state.pbx)
        if call is not None:
            check_listening(command, call)
        command, kind = self._within_rules(command, wish.principal, state, device)
        for_help = kind is NumberKind.EMERGENCY
        if wish.needs_key and wish.key is None and not for_help:
            detail = "send an Idempotency-Key header, such as a UUID, so that an answer that is lost does not make two calls"
            raise CommandNotDoneError(Refusal.KEY_MISSING, detail)
        connector = self._commanding(state, wish.kind)
        if kind is not None and not for_help:
            self._take_one(wish.principal)
        order = Order(id=command_id, pbx=state.pbx, command=command, call=call, consultation=consultation, is_emergency=for_help)
        return Prepared(order=order, connector=connector, is_emergency=for_help)

    def pbx_of(self, wish: Wish) -> PbxName | None:
        """Return the PBX that a wish is about, as far as it can be told."""
        if wish.call_id is not None:
            return next((pbx for pbx, state in self._engine.pbxs.items() if state.find([wish.call_id])), None)
        if wish.pbx is None and len(self._engine.pbxs) == 1:
            return next(iter(self._engine.pbxs))
        return wish.pbx if wish.pbx in self._engine.pbxs else None

    def is_emergency(self, wish: Wish) -> bool:
        """Tell whether somebody calls for help."""
        pbx, number = self.pbx_of(wish), wish.fields.get("number")
        if pbx is None or wish.kind is not PlaceCall or not isinstance(number, str):
            return False
        return is_emergency(number, self._engine.pbxs[pbx].site, self._rules.emergency_numbers)

    def _pbx(self, name: PbxName | None, principal: Principal) -> PbxState:
        known = {pbx: state for pbx, state in self._engine.pbxs.items() if state.tenant == principal.tenant}
        if name is None and principal.pbx in known:
            name = principal.pbx
        if name is None and len(known) == 1:
            return next(iter(known.values()))
        if name is None or name not in known:
            what = "say at which PBX, as `pbx`" if name is None else f"no PBX is called {name!r}"
            raise CommandNotDoneError(Refusal.NO_SUCH_PBX, f"{what}; there is: {', '.join(known)}")
        return known[name]

    async def _call(self, call_id: CallId, principal: Principal) -> tuple[PbxState, Call]:
        wanted = call_id
        for _ in range(MAX_MERGES):
            for state in self._engine.pbxs.values():
                if state.tenant == principal.tenant and (live := state.find([wanted])):
                    return state, live[0]
            kept = await self._store.find(principal.tenant, [wanted])
            if not kept:
                break
            (call,) = kept
            if call.merged_into is None:
                ended = "" if call.ended_at is None else f" at {rfc3339(call.ended_at)}"
                raise CommandNotDoneError(Refusal.CALL_ENDED, f"the call {call_id} ended{ended}")
            wanted = call.merged_into
        raise CommandNotDoneError(Refusal.NO_SUCH_CALL, f"No call {call_id} is live or kept.")

    def _within_rules(
        self, command: Command, principal: Principal, state: PbxState, device: str | None
    ) -> tuple[Command, NumberKind | None]:
        """Return the command with its number as it is dialled at the PBX, and what that number is."""
        target = target_of(command)
        if target is None:
            return command, None
        field, number = target
        wanted = command.caller_number if isinstance(command, PlaceCall) else None
        verdict = judge(number, state.site, self._rules, principal.role, extension=device, caller_number=wanted)
        if isinstance(verdict, Refused):
            raise CommandNotDoneError(Refusal.NUMBER_NOT_ALLOWED, verdict.reason)
        kind = verdict.destination.kind
        if isinstance(command, SetForwarding) and kind is NumberKind.EMERGENCY:
            detail = f"{number} is an emergency number: callers are not forwarded there unasked"
            raise CommandNotDoneError(Refusal.NUMBER_NOT_ALLOWED, detail)
        changes: dict[str, Any] = {field: verdict.destination.dialled}
        if isinstance(command, PlaceCall):
            changes["caller_number"] = verdict.caller_number
        return msgspec.structs.replace(command, **changes), kind

    def _commanding(self, state: PbxState, kind: type[Command]) -> CommandingConnector:
        connector = self._connector(state.pbx)
        if connector is None or state.link.status is not LinkStatus.CONNECTED:
            raise CommandNotDoneError(Refusal.PBX_UNAVAILABLE, state.link.detail)
        if not isinstance(connector, CommandingConnector):
            raise CommandNotDoneError(Refusal.COMMAND_NOT_SUPPORTED, f"{state.pbx}: its connector takes no commands")
        name = name_of(kind)
        if name not in connector.commands:
            try:
                reason = connector.why_not(name)
            except PeerUnavailableError as error:
                raise CommandNotDoneError(Refusal.PBX_UNAVAILABLE, str(error)) from error
            raise CommandNotDoneError(Refusal.COMMAND_NOT_SUPPORTED, reason)
        return connector

    def _take_one(self, principal: Principal) -> None:
        limit = self._rules.of(principal.role).calls_per_minute
        wait_s = self._allowance.take(principal.id, limit, self._now())
        if wait_s is not None:
            detail = f"{principal.name} has begun {limit} calls within a minute, which is all that "
            detail += f"dialling.{principal.role}.calls_per_minute allows"
            raise CommandNotDoneError(Refusal.TOO_MANY_CALLS, detail, retry_after_s=wait_s)
