"""Who hears whom: talking, holding, and who has answered."""

import msgspec

from gateway.model.calls import AgentTalk, Call
from gateway.model.change import Change
from gateway.model.events import LegHeld, LegRetrieved
from gateway.model.ids import BridgeId
from gateway.model.legs import Leg, PartyKind
from gateway.model.terms import BridgeKind, QueueResult


def _in_bridge(call: Call, bridge: BridgeId) -> list[Leg]:
    """Return the parties that hear each other in this bridge, also through helper legs."""
    legs = call.legs
    parties = []
    seen = {bridge}
    todo = [bridge]
    while todo:
        here = todo.pop()
        for leg in legs.values():
            if leg.bridge != here or leg.bridge_kind is BridgeKind.HOLDING:
                continue
            if leg.is_party:
                parties.append(leg)
            elif leg.twin is not None:
                other = legs.get(leg.twin)
                if other is not None and other.bridge is not None and other.bridge not in seen:
                    seen.add(other.bridge)
                    todo.append(other.bridge)
    return parties


def connected_parties(call: Call) -> list[Leg]:
    """Return the parties that the caller's side hears now, the caller himself left out."""
    caller = call.caller
    if caller is None:
        return []
    if caller.bridge is not None:
        if caller.bridge_kind is BridgeKind.HOLDING:
            return []
        return [leg for leg in _in_bridge(call, caller.bridge) if leg.id != caller.id]
    if caller.cleared_at is None and not caller.transferred:
        return []
    for leg in call.legs.values():
        if leg.bridge is not None and leg.is_party:
            parties = _in_bridge(call, leg.bridge)
            if len(parties) > 1:
                return parties
    return []


def update(change: Change) -> None:
    """Bring talk and answers up to date with who is bridged now."""
    call, at = change.call, change.at
    parties = connected_parties(call)
    if call.held_by_feature:
        _follow_feature_hold(change, parties)
    if not parties:
        if call.talk_since is not None and not (call.held_by_feature and call.hold_is_talk):
            stop(change)
        return
    if call.talk_since is None:
        call.talk_since = at
    release = call.release
    if release is not None and release.by == "called" and all(leg.id != release.leg for leg in parties):
        # One of several left; the others talk on.
        call.release = None
    new = [leg for leg in parties if leg.party not in call.answered_by]
    for leg in sorted(new, key=lambda leg: leg.bridged_at):
        _answered(change, leg)
    if call.agents:
        _seat_agents(call, parties)
        present = {leg.party for leg in parties}
        call.agents = tuple(_agent_now(agent, agent.extension in present, at) for agent in call.agents)


def _follow_feature_hold(change: Change, parties: list[Leg]) -> None:
    """A hold by feature code ends when somebody else hears the caller, or when the one who held him is back."""
    call = change.call
    holder_here = any(leg.id == call.held_by for leg in parties)
    if len(parties) > holder_here or (holder_here and call.held_alone):
        end_hold(change)
    elif not holder_here:
        call.held_alone = True


def _answered(change: Change, leg: Leg) -> None:
    call, at = change.call, change.at
    if leg.party is None or leg.party in call.answered_by:
        return
    call.answered_by += (leg.party,)
    if call.answered_at is None and call.talk_known:
        call.answered_at = at
    if call.queues and call.queues[-1].left_at is None:
        call.queues = (*call.queues[:-1], msgspec.structs.replace(call.queues[-1], left_at=at, result=QueueResult.ANSWERED))
    if call.menu is not None:
        call.menu = None
        call.menus_left_at = at
    call.attempted = None
    change.tell("call.answered", by=leg.party, leg=leg.id)


def _seat_agents(call: Call, parties: list[Leg]) -> None:
    """Find out where an agent sits who has no telephone of his own: at the first one that the queue's caller hears."""
    inside = [leg.party for leg in parties if leg.kind is PartyKind.EXTENSION]
    if len(inside) == 1 and call.answered_by == (inside[0],) and not call.transfers:
        call.agents = tuple(
            msgspec.structs.replace(agent, extension=inside[0]) if agent.extension is None else agent for agent in call.agents
        )


def _agent_now(agent: AgentTalk, talking: bool, at: float) -> AgentTalk:
    if talking and agent.since is None:
        return msgspec.structs.replace(agent, since=at)
    if not talking and agent.since is not None:
        return msgspec.structs.replace(agent, since=None, talk_s=agent.talk_s + max(at - agent.since, 0.0))
    return agent


def stop(change: Change) -> None:
    """The caller's side hears nobody any more."""
    call, at = change.call, change.at
    if call.talk_since is not None:
        call.talk_s += max(at - call.talk_since, 0.0)
        call.talk_since = None
    _end_own_hold(change)
    if not call.held_by_feature:
        end_hold(change)
    if call.agents:
        call.agents = tuple(_agent_now(agent, False, at) for agent in call.agents)


def end_hold(change: Change) -> None:
    """The caller is held no longer."""
    call = change.call
    if call.held_since is not None:
        until = change.at if call.unheld_at is None else call.unheld_at
        call.hold_s += max(until - call.held_since, 0.0)
        call.held_since = call.held_by = call.unheld_at = None
        call.held_by_feature = call.held_alone = False
        call.hold_is_talk = True
        change.tell("call.retrieved")


def held(change: Change, event: LegHeld) -> None:
    """Somebody holds: only the other side's holding counts as the caller being held."""
    call = change.call
    leg = change.leg(event.leg)
    if leg is None:
        return
    if event.leg == call.caller_leg:
        _begin_own_hold(change, leg, event)
        return
    if call.held_since is not None:
        call.held_by_feature |= event.by_feature and call.held_by == leg.id
        return
    if all(party.id != leg.id for party in connected_parties(call)):
        return
    call.held_since, call.held_by, call.held_by_feature = change.at, leg.id, event.by_feature
    change.tell("call.held", by=leg.party, leg=leg.id)


def retrieved(change: Change, event: LegRetrieved) -> None:
    """The one who held takes the caller back."""
    call = change.call
    if event.leg == call.caller_leg:
        _end_own_hold(change)
    if call.held_by != event.leg:
        return
    if call.held_by_feature:
        call.unheld_at = change.at
    else:
        end_hold(change)


def _begin_own_hold(change: Change, leg: Leg, event: LegHeld) -> None:
    """A caller of the site holds whom he called, for a desktop to show; of one outside nobody here needs to know it.

    A feature code's hold is a consultation's, which is told as one.
    """
    call = change.call
    if leg.kind is PartyKind.EXTENSION and not event.by_feature and call.own_hold_since is None and connected_parties(call):
        call.own_hold_since = change.at
        change.tell("call.held", by=leg.party, leg=leg.id)


def _end_own_hold(change: Change) -> None:
    if change.call.own_hold_since is not None:
        change.call.own_hold_since = None
        change.tell("call.retrieved")
