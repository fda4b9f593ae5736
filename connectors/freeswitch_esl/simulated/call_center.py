"""The simulated mod_callcenter: agents, their states and tiers.

Source: ``mod_callcenter.c`` of FreeSWITCH 1.10, ``callcenter_config agent`` and ``tier``.
"""

from collections.abc import Callable
from typing import Final

from connectors.freeswitch_esl.simulated.pbx_state import Fields

OK: Final = "+OK\n"
_AGENT: Final = ("name", "instance_id", "uuid", "type", "contact", "status", "state", "max_no_answer", "wrap_up_time")
_TIER: Final = ("queue", "agent", "state", "level", "position")
_STATUSES: Final = frozenset({"Logged Out", "Available", "Available (On Demand)", "On Break"})
_STATES: Final = frozenset({"Idle", "Waiting", "Receiving", "In a queue call"})


class CallCenter:
    """Agents and who serves what.

    Args:
        tell: Says a custom event: its subclass and headers.
    """

    def __init__(self, tell: Callable[[str, Fields], None]) -> None:
        self._tell = tell
        self.agents: dict[str, Fields] = {}
        self.tiers: dict[tuple[str, str], Fields] = {}

    def obey(self, words: list[str]) -> str:
        """Do what ``callcenter_config`` is told and return what it prints."""
        match words:
            case ["agent", "list"]:
                return _table(_AGENT, list(self.agents.values()))
            case ["tier", "list"]:
                return _table(_TIER, list(self.tiers.values()))
            case ["agent", "add", name, kind]:
                if name in self.agents:
                    return "-ERR Agent already exist!\n"
                row = dict.fromkeys(_AGENT, "0")
                self.agents[name] = row | {"name": name, "type": kind, "contact": "", "status": "Logged Out", "state": "Waiting"}
                return OK
            case ["agent", "set", key, name, value]:
                return self._set_agent(key, name, value)
            case ["tier", "add", queue, agent, level, position]:
                if (queue, agent) in self.tiers:
                    return "-ERR Tier already exist!\n"
                if agent not in self.agents:
                    return "-ERR Agent not found!\n"
                row = {"queue": queue, "agent": agent, "state": "Ready", "level": level, "position": position}
                self.tiers[queue, agent] = row
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

    def _set_agent(self, key: str, name: str, value: str) -> str:
        agent = self.agents.get(name)
        if agent is None:
            return "-ERR Agent not found!\n"
        if key == "status" and value not in _STATUSES:
            return "-ERR Invalid Agent Status!\n"
        if key == "state" and value not in _STATES:
            return "-ERR Invalid Agent State!\n"
        if key not in ("status", "state", "contact"):
            return "-ERR Invalid Agent Update KEY!\n"
        agent[key] = value
        if key != "contact":
            self._tell(
                "callcenter::info", {"CC-Agent": name, "CC-Action": f"agent-{key}-change", f"CC-Agent-{key.title()}": value}
            )
        return OK


def _table(columns: tuple[str, ...], rows: list[Fields]) -> str:
    return "\n".join(["|".join(columns), *("|".join(row[column] for column in columns) for row in rows), OK])
