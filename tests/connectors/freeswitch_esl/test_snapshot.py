import pytest

from connectors.freeswitch_esl import snapshot
from connectors.freeswitch_esl.login import Rights
from connectors.freeswitch_esl.protocol.decoder import EslDecoder
from connectors.freeswitch_esl.protocol.frames import encode_frame
from connectors.freeswitch_esl.protocol.message import EslMessage

QUEUES = "name|strategy|moh_sound\nsupport@default|longest-idle-agent|silence\nsales@default|ring-all|silence\n+OK\n"


class Pbx:
    """Answers what it is asked, and remembers it."""

    def __init__(self, queues: str = QUEUES) -> None:
        self.asked: list[str] = []
        self._queues = queues

    async def ask(self, command: str) -> EslMessage:
        self.asked.append(command)
        text = self._queues if command == "callcenter_config queue list" else ""
        _, message = EslDecoder().receive_data(b"Content-Type: auth/request\n\n" + encode_frame("api/response", text))
        return message


async def test_legs_come_first_then_bridges_then_who_waits_in_each_queue() -> None:
    pbx = Pbx()
    assert await snapshot.take_snapshot(pbx.ask, Rights()) == []
    assert pbx.asked == [
        "show channels as json",
        "show calls as json",
        "callcenter_config queue list",
        "callcenter_config queue list members support@default",
        "callcenter_config queue list members sales@default",
    ]


@pytest.mark.parametrize("text", ["", "-ERR callcenter_config Command not found!\n", "name|strategy\n+OK\n", "+OK\n"])
async def test_without_queues_nobody_is_asked_for(text: str) -> None:
    pbx = Pbx(text)
    await snapshot.take_snapshot(pbx.ask, Rights())
    assert pbx.asked[-1] == "callcenter_config queue list"


@pytest.mark.parametrize(
    ("allowed", "missing", "asked"),
    [
        ({"show"}, ["callcenter_config"], ["show channels as json", "show calls as json"]),
        ({"status"}, ["show", "callcenter_config"], []),
    ],
)
async def test_what_the_user_may_not_ask_is_told_and_not_asked(allowed: set[str], missing: list[str], asked: list[str]) -> None:
    pbx = Pbx()
    assert await snapshot.take_snapshot(pbx.ask, Rights(commands=frozenset(allowed))) == missing
    assert pbx.asked == asked


async def test_more_queues_than_anybody_has_are_not_all_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "MAX_QUEUES", 1)
    pbx = Pbx()
    await snapshot.take_snapshot(pbx.ask, Rights())
    assert pbx.asked[-1] == "callcenter_config queue list members support@default"
