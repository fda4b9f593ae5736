import json
import re
from typing import Any

import pytest
from support.api_recorder import Recorder
from support.gateways import served
from support.replaying import CAPTURES, records

from gateway.cli.calls import now_of

ENDED, LIVE = "01M826Q1689SVD2NT9EQFRD7FP", "01M826Q1689SVD2NT9EQFRD7FQ"


@pytest.fixture
async def answers(api: Recorder) -> dict[str, Any]:
    """A live call and an ended one, as a gateway tells them."""
    async with served(CAPTURES / "asterisk" / "22" / "hold") as one:
        kinds = [type(event).__name__ for event in one.events]
        await one.play(kinds.index("LegHeld") + 1)
        live = (await (await one.client.get("/api/v1/calls")).json())["calls"][0]
    (ended,) = records(CAPTURES / "asterisk" / "22" / "hold")
    api.status = 200
    api.answer = {"position": 1, "calls": [live | {"call_id": LIVE}, ended | {"call_id": ENDED}], "next": None}
    told: dict[str, Any] = api.answer
    return told


async def test_calls_are_a_table_for_people(tieline: Any, api: Recorder, answers: Any) -> None:
    status, out, err = await tieline("calls --state all --pbx pbx1 --limit 5")

    assert (status, err) == (0, "")
    assert api.asked == [("GET", "/api/v1/calls?state=all&pbx=pbx1&limit=5", None)]
    lines = [re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "THEN", line) for line in out.splitlines()]
    assert [re.split(r"  +", line) for line in lines] == [
        ["CALL", "PBX", "BEGAN", "DIRECTION", "CALLER", "NAME", "CALLED", "NOW", "WAITED", "TALKED"],
        [LIVE, "pbx1", "THEN", "inbound", "+85291234567", "Chan Tai Man", "551001", "held 1001"],
        [ENDED, "pbx1", "THEN", "inbound", "+85291234567", "Chan Tai Man", "551001", "answered", "0:04"],
    ]


async def test_programs_get_what_the_gateway_answers(tieline: Any, answers: Any) -> None:
    assert json.loads((await tieline("calls --json"))[1]) == answers


async def test_live_calls_alone_are_said_to_be_alone(tieline: Any, api: Recorder, answers: Any) -> None:
    api.answer["problem"] = {"detail": "the disk is full"}
    status, out, err = await tieline("calls")

    assert (status, err) == (1, "tieline: these are the live calls alone: the disk is full\n")
    assert LIVE in out


@pytest.mark.parametrize("line", [f"call {ENDED}", f"call show {ENDED}"])
async def test_a_call_is_shown_with_what_is_known_of_it(tieline: Any, api: Recorder, answers: Any, line: str) -> None:
    api.answer = answers["calls"][1]
    status, out, _ = await tieline(line)

    assert (status, api.asked) == (0, [("GET", f"/api/v1/calls/{ENDED}", None)])
    facts = dict(re.split(r"  +", text, maxsplit=1) for text in out.splitlines())
    assert facts.pop("call_id") == ENDED
    assert {name: facts[name] for name in ("state", "caller_name", "answered_by", "outcome", "talk_s", "hold_s")} == {
        "state": "ended",
        "caller_name": "Chan Tai Man",
        "answered_by": "1001",
        "outcome": "answered",
        "talk_s": "0:04",
        "hold_s": "0:02",
    }
    assert "queue" not in facts
    assert json.loads((await tieline(f"{line} --json"))[1]) == api.answer


async def test_a_call_that_became_a_part_of_another_names_it(tieline: Any, api: Recorder) -> None:
    api.status, api.answer = 200, {"call_id": ENDED, "pbx": "demo", "tenant": "default", "merged_into": LIVE}

    assert await tieline(f"call {ENDED}") == (0, f"{ENDED} is a part of {LIVE}\n", "")


def test_a_call_whose_end_nobody_saw_is_what_its_record_says() -> None:
    assert now_of({"state": "ended", "outcome": "unknown"}) == "unknown"
    assert now_of({"state": "active", "phase": {"name": "ringing", "parties": ["1001", "1002"]}}) == "ringing 1001 1002"
