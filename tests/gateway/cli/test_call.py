from typing import Any
from uuid import UUID

import pytest
from support.api_recorder import Recorder

CALL = "01M826Q1689SVD2NT9EQFRD7FP"


@pytest.mark.parametrize(
    ("line", "path", "body"),
    [
        ("hang-up ID", "hang-up", {}),
        ("hang-up ID --by 1001", "hang-up", {"by": "1001"}),
        ("hold ID --by 1001", "hold", {"by": "1001"}),
        ("retrieve ID", "retrieve", {}),
        ("transfer ID 1002 --by 1001", "transfer", {"by": "1001", "to": "1002"}),
        ("consult ID +85291234567", "consult", {"to": "+85291234567"}),
        ("complete-transfer ID", "complete-transfer", {}),
        ("cancel-transfer ID --by 1001", "cancel-transfer", {"by": "1001"}),
        ("redirect ID 1003", "redirect", {"to": "1003"}),
        ("park ID --slot 701", "park", {"slot": "701"}),
        ("digits ID 12#", "digits", {"digits": "12#"}),
        ("record ID start", "recording/start", {}),
        ("record ID stop", "recording/stop", {}),
        ("record ID pause", "recording/pause", {}),
        ("record ID resume", "recording/resume", {}),
        ("monitor ID 1001", "monitor", {"agent": "1001", "mode": "listen"}),
        ("monitor ID 1001 --mode whisper --extension 1009", "monitor", {"agent": "1001", "mode": "whisper", "extension": "1009"}),
    ],
)
async def test_a_command_is_one_that_the_api_takes(tieline: Any, api: Recorder, line: str, path: str, body: object) -> None:
    status, out, err = await tieline(f"call {line.replace('ID', CALL)}")

    assert (status, err) == (0, "")
    assert api.asked == [("POST", f"/api/v1/calls/{CALL}/{path}", body)]
    assert out == "Hold: accepted, call 01CALL, command 01COMMAND\n"


async def test_a_call_is_placed_with_a_key_of_its_own(tieline: Any, api: Recorder) -> None:
    assert (await tieline("call place +85291234567 --extension 1001 --pbx demo --caller-number 28001234 --ring-s 20"))[0] == 0
    assert (await tieline("call place 1002 --extension 1001 --key mine"))[0] == 0

    whole = {"number": "+85291234567", "extension": "1001", "pbx": "demo", "caller_number": "28001234", "ring_s": 20.0}
    assert api.asked == [
        ("POST", "/api/v1/calls", whole),
        ("POST", "/api/v1/calls", {"number": "1002", "extension": "1001"}),
    ]
    assert UUID(api.headers[0]["Idempotency-Key"]).version == 4
    assert api.headers[1]["Idempotency-Key"] == "mine"
