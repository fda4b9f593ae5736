"""Who serves the queues of mod_callcenter: its agents, what they do, and the tiers that tie them to queues. Pure.

An agent has one status for all queues. Events tell statuses and states as they change; which telephone is an agent's, how long he
writes after a call and which queues he serves stand in the lists alone: when those change, ``CallCenter.stale`` asks for them.

Source: ``mod_callcenter.c`` of FreeSWITCH 1.10 (``cc_agent_update``, ``agents_callback``, ``callcenter_config``); captures
resync_midcall and ivr_queue_agent_plain.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Final

import msgspec

from connectors.freeswitch_esl.mapping.dialstring import attempts, number_of
from connectors.freeswitch_esl.mapping.marks import Mark
from connectors.freeswitch_esl.protocol.message import EslMessage
from gateway.model.events import PbxEvent
from gateway.model.ids import QueueName
from gateway.model.reports import MemberChanged, QueueSeen, QueuesListed
from gateway.model.site import Site

CONFIG: Final = "callcenter_config"
AGENTS: Final = f"{CONFIG} agent list"
TIERS: Final = f"{CONFIG} tier list"
QUEUES: Final = f"{CONFIG} queue list"
LISTS: Final = (QUEUES, AGENTS, TIERS)
LOGGED_OUT: Final = "Logged Out"
AVAILABLE: Final = frozenset({"Available", "Available (On Demand)"})
ON_BREAK: Final = "On Break"
IDLE: Final = "Idle"
"""The state of an agent whom nobody is given: after each call of one who is available on demand, until he asks for the next."""
_RECEIVING: Final = "Receiving"
_IN_QUEUE_CALL: Final = "In a queue call"
_ACTIVE: Final = "Active Inbound"
"""The state of the tier whose queue gave the call."""
_DEVICE_STATES: Final = {_RECEIVING: 6, _IN_QUEUE_CALL: 2}
"""Asterisk's numbers for a telephone that rings or talks; of the others nobody says what they do."""
_CHANGING: Final = frozenset({"add", "del", "set", "load", "unload", "reload"})
_SECOND: Final = 1.0
"""The lists tell times in whole seconds."""
_SOON_S: Final = 15.0
"""Seconds after which a command that was sent has had its effect, or has none."""
_CONTACT: Final = 4
"""The column of ``agent list`` that may hold the lists' own separator."""
_LONGEST_NUMBER: Final = 18
_MAX_MISSED: Final = 10_000

Row = dict[str, str]
Tier = tuple[QueueName, str]
"""A queue, and the name of an agent who serves it."""


def rows_of(text: str) -> list[Row]:
    """Return the rows of a list: its first line names the columns. An empty list has no such line."""
    head, *lines = text.split("\n")
    keys = head.split("|")
    found: list[Row] = []
    for line in lines:
        if "|" not in line:
            continue
        cells = line.split("|")
        extra = len(cells) - len(keys)
        if extra > 0 and "contact" in keys:
            # Telephones that are called one after the other.
            cells[_CONTACT : _CONTACT + extra + 1] = ["|".join(cells[_CONTACT : _CONTACT + extra + 1])]
        found.append(dict(zip(keys, cells, strict=False)))
    return found


def telephone_of(contact: str, site: Site) -> str | None:
    """Return the number that an agent's contact calls, an extension where there is one: of ``[leg_timeout=10]user/1001@default``
    ``1001``; None where it names none."""
    numbers = [number for number in map(number_of, attempts(contact)) if number is not None]
    return next((number for number in numbers if site.is_extension(number)), numbers[0] if numbers else None)


class CenterAgent:
    """One agent, as far as he is known."""

    __slots__ = (
        "changed_at",
        "interface",
        "last_call",
        "logged_in_at",
        "name",
        "reason",
        "serving",
        "state",
        "status",
        "wrap_up_s",
    )

    def __init__(self, name: str, interface: str) -> None:
        self.name = name
        self.interface = interface
        """``user/1001``, whatever his contact looks like."""
        self.status = ""
        self.state = ""
        self.changed_at = 0.0
        """When his status became what it is, in seconds since the epoch."""
        self.logged_in_at: float | None = None
        self.reason = ""
        self.serving: QueueName | None = None
        """The queue that gave him a caller."""
        self.wrap_up_s = 0.0
        self.last_call: float | None = None

    @property
    def is_logged_out(self) -> bool:
        """Whether no queue gives him anybody, nor will."""
        return self.status == LOGGED_OUT

    @property
    def is_paused(self) -> bool:
        """Whether he is there and takes nobody."""
        return self.status not in AVAILABLE or self.state == IDLE


class CallCenter:
    """All agents and tiers of one mod_callcenter."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._agents: dict[str, CenterAgent] = {}
        self._tiers: dict[Tier, int] = {}
        """The level of each."""
        self._strategies: dict[QueueName, str] = {}
        self._told: dict[Tier, MemberChanged] = {}
        self._joining: dict[Tier, float] = {}
        """When a tier was made that no list has shown yet."""
        self._joined: dict[Tier, float] = {}
        """The same of those that were shown since."""
        self._reasons: dict[str, tuple[str, float]] = {}
        """What was given for a break that has not begun yet, and when."""
        self._listed = False
        self._missed: set[object] = set()
        """What events named and the lists did not show."""
        self.stale = False
        """Whether something has changed that only the lists tell."""

    @property
    def is_there(self) -> bool:
        """Whether it was ever listed: other FreeSWITCHes have none."""
        return bool(self._agents or self._strategies)

    def connection_made(self) -> None:
        """All will be listed."""
        self._listed = self.stale = False
        self._tiers.clear()
        self._strategies.clear()
        self._told.clear()
        self._joining.clear()
        self._missed.clear()

    def interface_of(self, agent: str) -> str:
        """Return what stands for his telephone."""
        known = self._agents.get(agent)
        return f"user/{agent}" if known is None else known.interface

    def listed(self, command: str, text: str, at: float, waiting: Mapping[QueueName, int]) -> list[PbxEvent]:
        """Return what an answer to one of the lists says; nothing is told before the tiers, which come last.

        Args:
            command: The list.
            text: What was printed.
            at: Seconds since the epoch.
            waiting: How many callers wait in each queue.
        """
        if text.startswith("-"):
            # Not loaded, or not allowed: then there are none that we could know.
            return self._done(at) if command == QUEUES else []
        rows = rows_of(text)
        match command:
            case _ if command == QUEUES:
                strategies = {QueueName(row["name"]): row.get("strategy", "") for row in rows if row.get("name")}
                new = [queue for queue in strategies if self._strategies.get(queue) != strategies[queue]]
                self._strategies = strategies
                return [QueueSeen(at=at, queue=queue, waiting=waiting.get(queue, 0), strategy=strategies[queue]) for queue in new]
            case _ if command == AGENTS:
                self._agents = {row["name"]: self._read(row) for row in rows if row.get("name")}
                return []
            case _:
                return self._tiers_listed(rows, at)

    def _read(self, row: Row) -> CenterAgent:
        name = row["name"]
        number = telephone_of(row.get("contact", ""), self._site)
        agent = CenterAgent(name, f"user/{number or name}")
        agent.status, agent.state = row.get("status", ""), row.get("state", "")
        agent.changed_at = float(_number(row.get("last_status_change", "")))
        agent.wrap_up_s = float(_number(row.get("wrap_up_time", "")))
        agent.last_call = float(_number(row.get("last_bridge_end", ""))) or None
        before = self._agents.get(name)
        if before is not None:
            agent.serving = before.serving
            if before.status == agent.status and abs(before.changed_at - agent.changed_at) <= _SECOND:
                agent.changed_at, agent.reason = before.changed_at, before.reason
            if not agent.is_logged_out and not before.is_logged_out:
                agent.logged_in_at = before.logged_in_at
        return agent

    def _tiers_listed(self, rows: list[Row], at: float) -> list[PbxEvent]:
        before, self._tiers = self._tiers, {}
        for row in rows:
            tier = (QueueName(row.get("queue", "")), row.get("agent", ""))
            # A tier may stand for an agent who was deleted.
            agent = self._agents.get(tier[1])
            if not tier[0] or agent is None:
                continue
            self._tiers[tier] = _number(row.get("level", ""))
            joined_at = self._joining.pop(tier, None)
            if joined_at is not None and tier not in before:
                self._joined[tier] = joined_at
            if row.get("state") == _ACTIVE and agent.state == _IN_QUEUE_CALL:
                agent.serving = tier[0]
        self._joining = {tier: since for tier, since in self._joining.items() if at - since < _SOON_S}
        self._joined = {tier: since for tier, since in self._joined.items() if tier in self._tiers}
        events: list[PbxEvent] = []
        for tier in [tier for tier in before if tier not in self._tiers]:
            events += self._removed(tier, at)
        events += self._tell(self._tiers, at)
        return events + self._done(at)

    def _removed(self, tier: Tier, at: float) -> list[PbxEvent]:
        told = self._told.pop(tier, None)
        if told is None or told.removed or (told.queue, told.interface) in self._served():
            return []
        return [msgspec.structs.replace(told, at=at, removed=True, listed=False)]

    def _done(self, at: float) -> list[PbxEvent]:
        if self._listed:
            return []
        self._listed = True
        return [QueuesListed(at=at)]

    def _tell(self, tiers: Iterable[Tier], at: float) -> list[PbxEvent]:
        """Tell the members that are not what they were told to be."""
        events: list[PbxEvent] = []
        served: Collection[tuple[QueueName, str]] | None = None
        for tier in tiers:
            now, told = self._member(tier, at), self._told.get(tier)
            if told is not None:
                if msgspec.structs.replace(told, at=at, listed=now.listed) == now:
                    continue
                if told.interface != now.interface:
                    events += self._removed(tier, at)
            self._told[tier] = now
            if now.removed:
                # At a shared desk somebody else may have the telephone now.
                served = self._served() if served is None else served
                if (now.queue, now.interface) in served:
                    continue
            events.append(now)
        return events

    def _served(self) -> Collection[tuple[QueueName, str]]:
        """Return the telephones that serve a queue, whoever has them."""
        agents = ((queue, self._agents[name]) for queue, name in self._tiers)
        return {(queue, agent.interface) for queue, agent in agents if not agent.is_logged_out}

    def _member(self, tier: Tier, at: float) -> MemberChanged:
        queue, agent = tier[0], self._agents[tier[1]]
        gone = agent.is_logged_out
        paused = agent.is_paused and not gone
        since = max(agent.logged_in_at or 0.0, self._joined.get(tier, 0.0))
        return MemberChanged(
            at=at,
            queue=queue,
            member=agent.name,
            interface=agent.interface,
            device_state=_DEVICE_STATES.get(agent.state, 0),
            paused=paused,
            reason=agent.reason if paused else "",
            penalty=self._tiers[tier],
            removed=gone,
            last_call=agent.last_call,
            last_pause=(agent.changed_at or None) if agent.status == ON_BREAK else None,
            logged_in_at=None if gone else since or None,
            wrap_up_s=agent.wrap_up_s,
            in_call=agent.state == _IN_QUEUE_CALL and agent.serving == queue,
            listed=not self._listed,
        )

    def note(self, message: EslMessage, at: float) -> list[PbxEvent]:
        """Return what one ``callcenter::info`` says of an agent."""
        name, action = message.get("CC-Agent"), message.get("CC-Action")
        if not name:
            return []
        agent = self._agents.get(name)
        if agent is None:
            self._miss(name)
            return []
        match action:
            case "agent-status-change":
                self._change_status(agent, message.get("CC-Agent-Status"), at)
            case "agent-state-change":
                agent.state = message.get("CC-Agent-State")
                if agent.state not in _DEVICE_STATES:
                    agent.serving = None
            case "agent-offering" | "bridge-agent-start":
                queue = QueueName(message.get("CC-Queue"))
                agent.serving = queue or None
                if (queue, name) not in self._tiers:
                    self._miss((queue, name))
            case _:
                return []
        return self._tell([tier for tier in self._tiers if tier[1] == name], at) if self._listed else []

    def _miss(self, what: object) -> None:
        """Somebody is not in the lists: he came since. Once is asked for him, for one who never shows up too."""
        if what not in self._missed and len(self._missed) < _MAX_MISSED:
            self._missed.add(what)
            self.stale = True

    def _change_status(self, agent: CenterAgent, status: str, at: float) -> None:
        reason, given_at = self._reasons.pop(agent.name, ("", at))
        if abs(at - given_at) > _SOON_S:
            reason = ""
        if status == agent.status and not reason:
            # Said again: the break goes on, and what it is for.
            return
        if agent.is_logged_out and status != LOGGED_OUT:
            agent.logged_in_at = at
        elif status == LOGGED_OUT:
            agent.logged_in_at = None
        agent.status, agent.changed_at = status, at
        agent.reason = reason if status == ON_BREAK else ""

    def asked(self, argument: str, at: float, mark: Mark) -> None:
        """Take note of a ``callcenter_config`` that we are about to send."""
        match argument.split():
            case ["agent", "set", "status", name, *_] if mark.reason:
                self._reasons[name] = mark.reason, at
            case ["tier", "add", queue, name, *_]:
                self._joining[QueueName(queue), name] = at
            case _:
                pass

    def changed(self, argument: str, at: float) -> None:
        """Take note of a ``callcenter_config`` of anybody's that has been done."""
        words = argument.split()
        if len(words) < 2 or words[1] not in _CHANGING or words[1:3] in (["set", "status"], ["set", "state"]):
            return
        if words[:2] == ["tier", "add"] and len(words) > 3:
            self._joining.setdefault((QueueName(words[2]), words[3]), at)
        self.stale = True


def _number(text: str) -> int:
    return int(text) if len(text) <= _LONGEST_NUMBER and text.isascii() and text.isdigit() else 0
