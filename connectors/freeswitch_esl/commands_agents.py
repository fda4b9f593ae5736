"""What a command about an agent is at this PBX: agents' states and tiers of mod_callcenter. Pure.

An agent has one status for all queues: whoever takes a break takes it everywhere. A penalty is the level of his tier.

Source: ``mod_callcenter.c`` of FreeSWITCH 1.10, ``callcenter_config``.
"""

from collections.abc import Sequence
from typing import Final

from connectors.freeswitch_esl.commands_plan import Act
from connectors.freeswitch_esl.commands_values import level, name, number
from connectors.freeswitch_esl.mapping.agents import IDLE, LOGGED_OUT, ON_BREAK, rows_of, telephone_of
from connectors.freeswitch_esl.settings import CommandSettings
from gateway.model.commands import LogIn, LogOut, SetPause, SetPenalty
from gateway.model.errors import CommandRefusedError
from gateway.model.site import Site

_POSITION: Final = "1"


class Roster:
    """Who serves what at one PBX, as it was listed just now.

    Args:
        pbx: Its name, for those who are refused.
        settings: How it names its agents.
        site: Its numbers.
        agents: What ``agent list`` printed.
        tiers: What ``tier list`` printed.
    """

    def __init__(self, pbx: str, settings: CommandSettings, site: Site, agents: str, tiers: str) -> None:
        self._pbx = pbx
        self._settings = settings
        self._site = site
        self._agents = rows_of(agents)
        self._tiers = rows_of(tiers)

    def plan(self, command: LogIn | LogOut | SetPause | SetPenalty) -> list[Act]:
        """Return what a command takes.

        Raises:
            CommandRefusedError: A value is none, or the device is no agent, or not of this queue.
        """
        extension = number(command.extension, "the extension")
        match command:
            case LogIn():
                return self._log_in(command, extension)
            case LogOut():
                return self._log_out(command, extension)
            case SetPause():
                return self._pause(command, extension)
            case SetPenalty():
                agents = self._agents_of(extension)
                return [
                    Act(f"callcenter_config tier set level {name(queue, 'the queue')} {name(agent, 'the agent')} {rank}")
                    for rank in (level(command.penalty),)
                    for queue, agent in self._serving(extension, agents, command.queue)
                ]

    def _log_in(self, command: LogIn, extension: str) -> list[Act]:
        queue, rank = name(command.queue, "the queue"), level(command.penalty)
        acts: list[Act] = []
        agents = self._found(extension)
        if not agents:
            agent = self._settings.agent.replace("{extension}", extension)
            contact = self._settings.dial.replace("{extension}", extension)
            acts += [
                Act(f"callcenter_config agent add {agent} callback"),
                Act(f"callcenter_config agent set contact {agent} {contact}"),
            ]
            agents = [agent]
        agent = name(agents[0], "the agent")
        served = {tier.get("queue"): tier for tier in self._tiers if tier.get("agent") in agents}
        if queue not in served:
            acts.append(Act(f"callcenter_config tier add {queue} {agent} {rank} {_POSITION}"))
        elif served[queue].get("level") != rank:
            acts.append(Act(f"callcenter_config tier set level {queue} {served[queue].get('agent')} {rank}"))
        return [*acts, _status(agent, "Available"), Act(f"callcenter_config agent set state {agent} Waiting")]

    def _log_out(self, command: LogOut, extension: str) -> list[Act]:
        agents = self._agents_of(extension)
        leaving = self._serving(extension, agents, command.queue)
        acts = [
            Act(f"callcenter_config tier del {name(queue, 'the queue')} {name(agent, 'the agent')}") for queue, agent in leaving
        ]
        for agent in agents:
            stays = [tier for tier in self._tiers if tier.get("agent") == agent and tier.get("queue") != command.queue]
            if not stays:
                acts.append(_status(name(agent, "the agent"), LOGGED_OUT))
        return acts

    def _pause(self, command: SetPause, extension: str) -> list[Act]:
        agents = self._agents_of(extension)
        if command.queue is not None:
            served = {queue for queue, _ in self._serving(extension, agents, None)}
            if served != {command.queue}:
                raise CommandRefusedError(f"FreeSWITCH at {self._pbx} pauses an agent in all his queues at once: name none")
        if command.paused:
            return [_status(name(agent, "the agent"), ON_BREAK) for agent in agents]
        acts = [_status(name(agent, "the agent"), "Available") for agent in agents]
        # Who was on demand is given nobody, whatever his status, until he waits again.
        idle = [row["name"] for row in self._agents if row.get("name") in agents and row.get("state") == IDLE]
        return acts + [Act(f"callcenter_config agent set state {name(agent, 'the agent')} Waiting") for agent in idle]

    def _serving(self, extension: str, agents: Sequence[str], queue: str | None) -> list[tuple[str, str]]:
        """Return the queues that these agents serve, and who of them."""
        pairs = [(tier.get("queue", ""), tier.get("agent", "")) for tier in self._tiers if tier.get("agent") in agents]
        pairs = [pair for pair in pairs if queue in (None, pair[0])]
        if not pairs:
            raise CommandRefusedError(
                f"{extension} serves {'no queue' if queue is None else f'not queue {queue!r}'} at {self._pbx}"
            )
        return pairs

    def _agents_of(self, extension: str) -> list[str]:
        agents = self._found(extension)
        if not agents:
            raise CommandRefusedError(f"{extension} is no agent of mod_callcenter at {self._pbx}: none has it as `contact`")
        return agents

    def _found(self, extension: str) -> list[str]:
        """Return the agents whose calls ring this extension."""
        return [
            row["name"]
            for row in self._agents
            if row.get("name") and telephone_of(row.get("contact", ""), self._site) == extension
        ]


def _status(agent: str, status: str) -> Act:
    quoted = f"'{status}'" if " " in status else status
    return Act(f"callcenter_config agent set status {agent} {quoted}")
