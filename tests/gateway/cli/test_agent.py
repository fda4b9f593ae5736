from typing import Any

import pytest
from support.api_recorder import Recorder


@pytest.mark.parametrize(
    ("line", "path", "body"),
    [
        ("log-in 1001 support", "queues/support/log-in", {}),
        (
            "log-in 1001 support --penalty 2 --name Ivy --pbx demo",
            "queues/support/log-in",
            {"penalty": 2, "name": "Ivy", "pbx": "demo"},
        ),
        ("log-out 1001 support", "queues/support/log-out", {}),
        ("pause 1001 --reason lunch", "pause", {"reason": "lunch"}),
        ("pause 1001 --queue support", "pause", {"queue": "support"}),
        ("resume 1001 --queue support", "resume", {"queue": "support"}),
        ("penalty 1001 5 --queue support", "penalty", {"penalty": 5, "queue": "support"}),
        ("do-not-disturb 1001 on", "do-not-disturb", {"on": True}),
        ("do-not-disturb 1001 off", "do-not-disturb", {"on": False}),
        ("forward 1001 1002 --kind busy", "forwarding", {"to": "1002", "kind": "busy"}),
        ("forward 1001", "forwarding", {}),
    ],
)
async def test_a_command_is_one_that_the_api_takes(tieline: Any, api: Recorder, line: str, path: str, body: object) -> None:
    status, _, err = await tieline(f"agent {line}")

    assert (status, err) == (0, "")
    assert api.asked == [("POST", f"/api/v1/agents/1001/{path}", body)]
