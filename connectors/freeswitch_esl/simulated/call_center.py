"""The simulated mod_callcenter: agents, their states and tiers. Those of recordings that are played are known as they act.

Source: ``mod_callcenter.c`` of FreeSWITCH 1.10, ``callcenter_config agent`` and ``tier``; capture resync_midcall.
"""

from collections.abc import Callable, Iterable
from typing import Final

from connectors.freeswitch_esl.simulated.pbx_state import SUBCLASS, Fields

OK: Final = "+OK\n"
_AGENT: Final = (
    *("name", "instance_id", "uuid", "type", "contact", "status", "state", "max_no_answer", "wrap_up_time"),
    *("reject_delay_time", "busy_delay_time", "no_answer_delay_time", "last_bridge_start", "last_bridge_end"),
    *("last_offered_call", "last_status_change", "no_answer_count", "calls_answered", "talk_time", "ready_time"),
    "external_calls_count",
)
_TIER: Final = ("queue", "agent", "state", "level", "position")
_STATUSES: Final = frozenset({"Logged Out", "Available", "Available (On Demand)", "On Break"})
_STATES: Final = frozenset({"Idle", "Waiting", "Receiving", "In a queue call"})
_SETTABLE: Final = frozenset({"status", "state", "contact", "wrap_up_time"})
_READY: Final = "Ready"
_ACTIVE: Final = "Active Inbound"
_SECOND_DIGITS: Final = 10


class CallCenter:
    """Agents and who serves what.

    Args:
        tell: Says a custom event: its subclass and headers.
        clock: Seconds since the epoch.
    """

    def __init__(self, tell: Callable[[str, Fields], None], clock: Callable[[], float]) -> None:
        self._tell = tell
        self._clock = clock
        self.agents: dict[str, Fields] = {}
        self.tiers: dict[tuple[str, str], Fields] = {}

    def obey(self, words: list[str]) -> str:
        """Do what ``callcenter_config`` is told and return what it prints."""
        match words:
            case ["agent", "list"]:
                return _table(_AGENT, self.agents.values())
            case ["tier", "list"]:
                return _table(_TIER, self.tiers.values())
            case ["agent", "add", name, kind]:
                if name in self.agents:
                    return "-ERR Agent already exist!\n"
                self._add(name)
                self.agents[name] |= {"type": kind, "contact": ""}
                return OK
            case ["agent", "set", key, name, value]:
                return self._set_agent(key, name, value)
            case ["tier", "add", queue, agent, level, position]:
                if (queue, agent) in self.tiers:
                    return "-ERR Tier already exist!\n"
                if agent not in self.agents:
                    return "-ERR Agent not found!\n"
                self.tiers[queue, agent] = _tier(queue, agent) | {"level": level, "position": position}
                return OK
            case ["tier", "set", "level", queue, agent, level]:
                if (queue, agent) not in self.tiers:
                    return "-ERR Tier not found!\n"
                self.tiers[queue, agent]["level"] = level
                return OK
            case ["tier", "del", queue, agent]:
                return "-ERR Tier not found!\n" if self.tiers.pop((queue, agent), None) is None else OK
            case _:
                return "-ERR Invalid!\n"

    def _add(self, name: str) -> None:
        row = dict.fromkeys(_AGENT, "0") | {"name": name, "instance_id": "single_box", "uuid": "", "type": "callback"}
        self.agents[name] = row | {"contact": f"user/{name}", "status": "Logged Out", "state": "Waiting"}

    def _set_agent(self, key: str, name: str, value: str) -> str:
        agent = self.agents.get(name)
        if agent is None:
            return "-ERR Agent not found!\n"
        if key == "status" and value not in _STATUSES:
            return "-ERR Invalid Agent Status!\n"
        if key == "state" and value not in _STATES:
            return "-ERR Invalid Agent State!\n"
        if key not in _SETTABLE:
            return "-ERR Invalid Agent Update KEY!\n"
        agent[key] = value
        if key == "status":
            agent["last_status_change"] = str(int(self._clock()))
        if key in ("status", "state"):
            told = {"CC-Agent": name, "CC-Action": f"agent-{key}-change", f"CC-Agent-{key.title()}": value}
            self._tell("callcenter::info", told)
        return OK

    def hear(self, event: Fields) -> None:
        """Take note of what an event tells of an agent: its own ones tell nothing new."""
        name = event.get("CC-Agent", "")
        if event.get(SUBCLASS) != "callcenter::info" or not name:
            return
        if name not in self.agents:
            self._add(name)
        agent, queue, second = (
            self.agents[name],
            event.get("CC-Queue", ""),
            event.get("Event-Date-Timestamp", "")[:_SECOND_DIGITS],
        )
        if queue:
            self.tiers.setdefault((queue, name), _tier(queue, name))
        match event.get("CC-Action"):
            case "agent-status-change":
                agent |= {"status": event.get("CC-Agent-Status", ""), "last_status_change": second}
            case "agent-state-change":
                agent["state"] = event.get("CC-Agent-State", "")
            case "bridge-agent-start":
                agent["last_bridge_start"] = second
                self.tiers[queue, name]["state"] = _ACTIVE
            case "bridge-agent-end":
                agent["last_bridge_end"] = second
                self.tiers[queue, name]["state"] = _READY
            case _:
                pass


def _tier(queue: str, agent: str) -> Fields:
    return {"queue": queue, "agent": agent, "state": _READY, "level": "1", "position": "1"}


def _table(columns: tuple[str, ...], rows: Iterable[Fields]) -> str:
    lines = ["|".join(row[column] for column in columns) for row in rows]
    # An empty table has no head.
    return "\n".join([*(["|".join(columns)] if lines else []), *lines, OK])
