"""What agents are told to do agrees with the records of the calls, on every capture: the same seconds from the other side."""

from collections import defaultdict
from pathlib import Path
from typing import Final

import pytest
from support.replaying import PBX, asterisk_captures, name_of, pbx_events, run

from connectors.asterisk_ami.replay import site_of
from gateway.model.agent_states import Agent, AgentState
from gateway.model.agents import AgentBook
from gateway.model.board import Board
from gateway.model.queue_figures import DayBook
from gateway.model.terms import QueueResult

TOLERANCE_S: Final = 0.4


def talks_of_agents(folder: Path) -> dict[str, float]:
    """Return the seconds for which each agent was told to talk."""
    site = site_of(folder)
    board, book = Board(PBX, site), AgentBook(site)
    before: dict[str, Agent] = {}
    talks: dict[str, float] = defaultdict(float)
    for event in pbx_events(folder):
        book.apply(event, board.apply(event).calls)
        for change in book.take_changes():
            now, old = change.agent, before.get(change.agent.extension)
            over = old is not None and old.state is AgentState.TALKING and (now.state, now.call_id) != (old.state, old.call_id)
            if old is not None and over and old.since is not None and now.since is not None:
                talks[now.extension] += now.since - old.since
            before[now.extension] = now
    assert all(agent.state is not AgentState.TALKING for agent in book.agents), "somebody talks when all is over"
    return talks


@pytest.mark.parametrize("folder", asterisk_captures(), ids=name_of)
def test_agents_talk_as_long_as_the_records_say(folder: Path) -> None:
    calls, _ = run(pbx_events(folder), site_of(folder))
    recorded: dict[str, float] = defaultdict(float)
    for call in calls.values():
        if call.merged_into is None and call.changed_at > 0.0:
            for agent in call.agents:
                if agent.extension is not None:
                    recorded[agent.extension] += agent.talk_s
    told = talks_of_agents(folder)
    for extension in {*told, *recorded}:
        assert abs(told[extension] - recorded[extension]) <= TOLERANCE_S, extension


@pytest.mark.parametrize("folder", asterisk_captures()[::4], ids=name_of)
def test_every_caller_of_a_queue_is_counted_once(folder: Path) -> None:
    site = site_of(folder)
    calls, _ = run(pbx_events(folder), site)
    ended = [call for call in calls.values() if call.ended and call.merged_into is None]
    at = max((call.began_at for call in ended), default=0.0)
    watched, read = DayBook(site), DayBook(site)
    board = Board(PBX, site)
    for event in pbx_events(folder):
        for call in board.apply(event).calls:
            watched.put(call)
    read.put_stored(ended)
    for queue in {stay.queue for call in ended for stay in call.queues}:
        stays = [stay for call in ended for stay in call.queues if stay.queue == queue]
        figures = watched.today(queue, at)
        assert figures.offered == len(stays)
        assert figures.answered == sum(stay.result is QueueResult.ANSWERED for stay in stays)
        assert figures == read.today(queue, at)
