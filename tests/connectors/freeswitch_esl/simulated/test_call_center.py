import pytest

from connectors.freeswitch_esl.mapping.agents import rows_of
from connectors.freeswitch_esl.simulated.call_center import CallCenter


def center(told: list[tuple[str, dict[str, str]]]) -> CallCenter:
    return CallCenter(lambda subclass, fields: told.append((subclass, fields)), lambda: 1_795_000_000.5)


def test_an_agent_is_added_changed_and_listed() -> None:
    told: list[tuple[str, dict[str, str]]] = []
    made = center(told)
    assert made.obey(["agent", "list"]) == "+OK\n"
    assert made.obey(["agent", "add", "a", "callback"]) == "+OK\n"
    assert made.obey(["agent", "add", "a", "callback"]).startswith("-ERR")
    assert made.obey(["agent", "set", "contact", "a", "user/1001"]) == "+OK\n"
    assert told == []
    assert made.obey(["agent", "set", "status", "a", "On Break"]) == "+OK\n"
    assert told == [
        ("callcenter::info", {"CC-Agent": "a", "CC-Action": "agent-status-change", "CC-Agent-Status": "On Break"}),
    ]
    (row,) = rows_of(made.obey(["agent", "list"]))
    assert (row["contact"], row["status"], row["last_status_change"]) == ("user/1001", "On Break", "1795000000")


def test_tiers_come_and_go() -> None:
    made = center([])
    assert made.obey(["tier", "add", "q", "a", "1", "1"]) == "-ERR Agent not found!\n"
    made.obey(["agent", "add", "a", "callback"])
    assert made.obey(["tier", "add", "q", "a", "1", "1"]) == "+OK\n"
    assert made.obey(["tier", "add", "q", "a", "1", "1"]) == "-ERR Tier already exist!\n"
    assert made.obey(["tier", "set", "level", "q", "a", "4"]) == "+OK\n"
    assert "q|a|Ready|4|1" in made.obey(["tier", "list"])
    assert made.obey(["tier", "del", "q", "a"]) == "+OK\n"
    assert made.obey(["tier", "del", "q", "a"]) == made.obey(["tier", "set", "level", "q", "a", "4"]) == "-ERR Tier not found!\n"


def test_agents_of_recordings_are_known_as_they_act() -> None:
    made = center([])
    acts: list[dict[str, str]] = [
        {"CC-Action": "agent-status-change", "CC-Agent-Status": "Available"},
        {"CC-Action": "agent-offering", "CC-Queue": "q"},
        {"CC-Action": "agent-state-change", "CC-Agent-State": "In a queue call"},
        {"CC-Action": "bridge-agent-start", "CC-Queue": "q"},
    ]
    for act in acts:
        made.hear({"Event-Subclass": "callcenter::info", "CC-Agent": "1001@x", "Event-Date-Timestamp": "1795000007000000"} | act)
    (agent,) = rows_of(made.obey(["agent", "list"]))
    (tier,) = rows_of(made.obey(["tier", "list"]))
    assert (agent["contact"], agent["status"], agent["state"]) == ("user/1001@x", "Available", "In a queue call")
    assert (tier["queue"], tier["state"]) == ("q", "Active Inbound")
    made.hear({"Event-Subclass": "callcenter::info", "CC-Agent": "1001@x", "CC-Queue": "q", "CC-Action": "bridge-agent-end"})
    made.hear({"Event-Subclass": "callcenter::info", "CC-Queue": "q", "CC-Action": "members-count"})
    assert rows_of(made.obey(["tier", "list"]))[0]["state"] == "Ready"


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["agent"],
        ["agent", "set", "status", "nobody", "Available"],
        ["agent", "set", "status", "a", "Sleeping"],
        ["agent", "set", "state", "a", "Sleeping"],
        ["agent", "set", "shoe-size", "a", "42"],
    ],
)
def test_what_makes_no_sense_is_refused(words: list[str]) -> None:
    told: list[tuple[str, dict[str, str]]] = []
    made = center(told)
    made.obey(["agent", "add", "a", "callback"])
    assert made.obey(words).startswith("-ERR")
    assert told == []
