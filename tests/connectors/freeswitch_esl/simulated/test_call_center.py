import pytest

from connectors.freeswitch_esl.simulated.call_center import CallCenter


def center(told: list[tuple[str, dict[str, str]]]) -> CallCenter:
    return CallCenter(lambda subclass, fields: told.append((subclass, fields)))


def test_an_agent_is_added_changed_and_listed() -> None:
    told: list[tuple[str, dict[str, str]]] = []
    made = center(told)
    assert made.obey(["agent", "add", "a", "callback"]) == "+OK\n"
    assert made.obey(["agent", "add", "a", "callback"]).startswith("-ERR")
    assert made.obey(["agent", "set", "contact", "a", "user/1001"]) == "+OK\n"
    assert told == []
    assert made.obey(["agent", "set", "status", "a", "On Break"]) == "+OK\n"
    assert told == [
        ("callcenter::info", {"CC-Agent": "a", "CC-Action": "agent-status-change", "CC-Agent-Status": "On Break"}),
    ]
    assert "a|0|0|callback|user/1001|On Break|Waiting|0|0" in made.obey(["agent", "list"])


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
