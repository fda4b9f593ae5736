"""What the descriptions of the API show as answers and messages; a test holds them to what a recorded PBX makes of them."""

from typing import Any, Final

CALL: Final[dict[str, Any]] = {
    "call_id": "01M81G2HX26T1BW0K9REE1GTYE",
    "pbx": "pbx1",
    "pbx_ids": ["cc1-1795346745.6", "cc1-1795346745.7"],
    "tenant": "default",
    "state": "ended",
    "version": 1,
    "complete": True,
    "started_at": "2026-11-22T11:25:45.250Z",
    "answered_at": "2026-11-22T11:25:46.786Z",
    "ended_at": "2026-11-22T11:25:49.782Z",
    "direction": "inbound",
    "caller": "+85291234567",
    "caller_name": "Chan Tai Man",
    "caller_e164": "+85291234567",
    "called": "5000",
    "called_e164": None,
    "digits": "",
    "ivr_path": [],
    "ivr_s": None,
    "queue": "support",
    "queues": [
        {
            "queue": "support",
            "joined_at": "2026-11-22T11:25:45.754Z",
            "left_at": "2026-11-22T11:25:46.782Z",
            "wait_s": 1.028,
            "result": "answered",
        }
    ],
    "wait_s": 1.028,
    "rang": ["1001"],
    "answered_by": ["1001"],
    "agents": [{"agent": "Agent One", "extension": "1001", "talk_s": 2.996}],
    "transfers": [],
    "diversions": [],
    "talk_s": 2.996,
    "hold_s": 0.0,
    "conference": None,
    "parties": [],
    "recording": "cc1-1795346745.6.wav",
    "legs": [
        {
            "id": "cc1-1795346745.6",
            "name": "PJSIP/carrier-00000006",
            "device": "PJSIP/carrier",
            "number": "+85291234567",
            "state_times": {
                "initiated": "2026-11-22T11:25:45.250Z",
                "connected": "2026-11-22T11:25:45.250Z",
                "cleared": "2026-11-22T11:25:49.782Z",
            },
            "cause": 16,
        },
        {
            "id": "cc1-1795346745.7",
            "name": "PJSIP/1001-00000007",
            "device": "PJSIP/1001",
            "number": "1001",
            "state_times": {
                "initiated": "2026-11-22T11:25:45.754Z",
                "alerting": "2026-11-22T11:25:45.775Z",
                "connected": "2026-11-22T11:25:46.779Z",
                "cleared": "2026-11-22T11:25:49.782Z",
            },
            "cause": 16,
        },
    ],
    "outcome": "answered",
    "stage": None,
    "ended_by": "caller",
}
CALLS: Final[dict[str, Any]] = {"position": 1042, "calls": [CALL], "next": None}
EVENT: Final[dict[str, Any]] = {
    "id": "01M81G2HX26T1BW0K9REE1GTYE:7",
    "type": "call.answered",
    "time": "2026-11-22T11:25:46.786Z",
    "tenant": "default",
    "pbx": "pbx1",
    "call_id": "01M81G2HX26T1BW0K9REE1GTYE",
    "position": 1008,
    "data": {"by": "1001", "leg": "cc1-1795346745.7"},
}
