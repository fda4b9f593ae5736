import json
import re
from typing import Any

from support.api_recorder import Recorder

TODAY = {"offered": 12, "answered": 9, "abandoned": 2, "service_level": 0.75}
QUEUE = {
    "pbx": "demo", "queue": "support", "length": 2, "longest_wait_since": "2026-11-22T18:00:00.000Z",
    "members": [{"member": "a"}, {"member": "b"}, {"member": "c"}], "agents": {"ready": 1, "talking": 2}, "today": TODAY,
}  # fmt: skip


async def test_queues_are_a_table_for_people_and_json_for_programs(tieline: Any, api: Recorder, monkeypatch: Any) -> None:
    quiet = QUEUE | {
        "queue": "vip",
        "length": 0,
        "longest_wait_since": None,
        "agents": {},
        "today": TODAY | {"service_level": None},
    }
    api.status, api.answer = 200, {"position": 1, "queues": [QUEUE, quiet]}
    monkeypatch.setattr("time.time", lambda: 1_795_370_483.0)  # 83 s after
    status, out, err = await tieline("queues --pbx demo")

    assert (status, err) == (0, "")
    assert api.asked == [("GET", "/api/v1/queues?pbx=demo", None)]
    assert [re.split(r"  +", line) for line in out.splitlines()] == [
        ["QUEUE", "PBX", "WAITING", "LONGEST", "READY", "AGENTS", "OFFERED", "ANSWERED", "ABANDONED", "IN TIME"],
        ["support", "demo", "2", "1:23", "1", "3", "12", "9", "2", "75%"],
        ["vip", "demo", "0", "0", "3", "12", "9", "2"],
    ]
    assert json.loads((await tieline("queues --json"))[1]) == api.answer
