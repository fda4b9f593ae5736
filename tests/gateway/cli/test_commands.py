import json
from typing import Any

import pytest
from support.api_recorder import ACCEPTED, Recorder


async def test_programs_get_what_the_gateway_answers(tieline: Any) -> None:
    status, out, _ = await tieline("call hold 01CALL --json")

    assert (status, json.loads(out)) == (0, ACCEPTED)


@pytest.mark.parametrize(
    ("state", "reason", "said"),
    [
        ("unanswered", "demo: the PBX did not answer within 10 s", "demo: the PBX did not answer within 10 s"),
        ("failed", None, "the command is failed"),
    ],
)
async def test_what_was_not_done_is_no_success(tieline: Any, api: Recorder, state: str, reason: str | None, said: str) -> None:
    api.answer = ACCEPTED | {"state": state, "reason": reason}

    assert await tieline("call hold 01CALL") == (1, f"Hold: {state}, call 01CALL, command 01COMMAND\n", f"tieline: {said}\n")


async def test_a_command_without_a_call_names_none(tieline: Any, api: Recorder) -> None:
    api.answer = ACCEPTED | {"state": "sending", "call_id": None}

    assert await tieline("call hold 01CALL") == (0, "Hold: sending, command 01COMMAND\n", "")
