import json
import re
from typing import Any

from support.api_recorder import Recorder

AGENT = {
    "pbx": "demo", "extension": "1001", "agent": "PJSIP/1001", "name": "周敏", "state": "not_ready", "reason": "lunch",
    "since": "2026-11-22T18:01:41.769Z", "call_id": None, "queue": None, "queues": ["support", "vip"], "memberships": [],
}  # fmt: skip


async def test_agents_are_a_table_for_people_and_json_for_programs(tieline: Any, api: Recorder) -> None:
    unnamed = AGENT | {"extension": "1002", "name": None, "state": "talking", "reason": None, "call_id": "01CALL"}
    api.status, api.answer = 200, {"position": 1, "agents": [AGENT, unnamed]}
    status, out, err = await tieline("agents --queue support --pbx demo --state ready")

    assert (status, err) == (0, "")
    assert api.asked == [("GET", "/api/v1/agents?pbx=demo&queue=support&state=ready", None)]
    lines = [re.split(r"  +", re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "THEN", line)) for line in out.splitlines()]
    assert lines == [
        ["EXTENSION", "NAME", "PBX", "STATE", "REASON", "SINCE", "QUEUES", "CALL"],
        ["1001", "周敏", "demo", "not_ready", "lunch", "THEN", "support vip"],
        ["1002", "PJSIP/1001", "demo", "talking", "THEN", "support vip", "01CALL"],
    ]
    assert json.loads((await tieline("agents --json"))[1]) == api.answer
