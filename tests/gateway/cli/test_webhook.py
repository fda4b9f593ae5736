import json
import re
from pathlib import Path
from typing import Any

import pytest
from support.api_recorder import Recorder

WEBHOOK = {
    "webhook_id": "01HOOK", "name": "CRM", "url": "https://crm.example/hook", "topics": ["call.ended", "customer"], "pbxs": [],
    "queues": [], "template": None, "enabled": True, "disabled_why": None, "created_at": "2026-11-22T14:00:00.000Z",
    "created_by": "demo", "position": 7, "waiting": 3, "dead": 1, "away_since": "2026-11-22T14:00:00.000Z",
    "why": "503 Service Unavailable", "signing_keys": 1,
}  # fmt: skip
PATH = "/api/v1/webhooks/01HOOK"


def rows(out: str) -> list[list[str]]:
    return [re.split(r"  +", line) for line in out.splitlines()]


async def test_webhooks_are_a_table_with_their_state(tieline: Any, api: Recorder) -> None:
    off = WEBHOOK | {"enabled": False, "disabled_why": "410 Gone", "why": None}
    api.status, api.answer = 200, {"webhooks": [WEBHOOK, WEBHOOK | {"away_since": None, "why": None}, off]}

    status, out, err = await tieline("webhook list")

    assert (status, err) == (0, "")
    head, away, works, disabled = rows(out)
    assert head == ["WEBHOOK", "NAME", "URL", "TOPICS", "STATE", "WAITING", "DEAD", "WHY"]
    assert away[4].startswith("away since 2026-11-22 ")
    assert (away[5:], works[4:]) == (["3", "1", "503 Service Unavailable"], ["works", "3", "1"])
    assert (disabled[4], disabled[7]) == ("disabled", "410 Gone")
    assert json.loads((await tieline("webhook list --json"))[1]) == api.answer


async def test_a_webhook_is_added_and_its_secret_shown(tieline: Any, api: Recorder, tmp_path: Path) -> None:
    template = tmp_path / "template.json"
    template.write_text('{"text": "{{data.caller}}"}')
    api.status, api.answer = 201, WEBHOOK | {"secret": "whsec_abc"}

    status, out, _ = await tieline(
        "webhook add https://crm.example/hook --name CRM --topic call.ended --topic customer --pbx hq --queue support "
        f"--template {template}"
    )

    assert status == 0
    body = {
        "name": "CRM",
        "url": "https://crm.example/hook",
        "topics": ["call.ended", "customer"],
        "pbxs": ["hq"],
        "queues": ["support"],
        "template": '{"text": "{{data.caller}}"}',
    }
    assert api.asked == [("POST", "/api/v1/webhooks", body)]
    assert out == (
        "webhook 01HOOK sends call.ended, customer to https://crm.example/hook\n"
        "secret  whsec_abc\n"
        "Give it to the receiver now: it is not shown again.\n"
    )
    await tieline("webhook add https://crm.example/hook --name CRM")
    assert api.asked[1][2]["topics"] == ["*"]


async def test_a_template_that_is_not_there_is_told(tieline: Any, api: Recorder) -> None:
    status, _, err = await tieline("webhook add https://crm.example/ --name CRM --template none.json")

    assert status != 0
    assert "none.json cannot be read: No such file or directory" in err
    assert api.asked == []


@pytest.mark.parametrize(
    ("line", "method", "path", "body", "answer", "said"),
    [
        (
            "rotate 01HOOK",
            "POST",
            f"{PATH}/rotate",
            {},
            WEBHOOK | {"secret": "whsec_new"},
            "secret  whsec_new\nGive it to the receiver now: it is not shown again.\n",
        ),
        (
            "ping 01HOOK",
            "POST",
            f"{PATH}/ping",
            None,
            {"arrived": True, "status": 204, "why": None, "took_s": 0.25},
            "it arrived: 204 after 0.25 s\n",
        ),
        (
            "replay 01HOOK 7 9 --since 2026-11-22T14:00:00Z",
            "POST",
            f"{PATH}/replay",
            {"positions": [7, 9], "since": "2026-11-22T14:00:00Z"},
            {"count": 2},
            "2 messages are tried again\n",
        ),
        ("replay 01HOOK", "POST", f"{PATH}/replay", {}, {"count": 0}, "0 messages are tried again\n"),
        ("enable 01HOOK", "PATCH", PATH, {"enabled": True}, WEBHOOK, "503 Service Unavailable\n"),
        ("disable 01HOOK", "PATCH", PATH, {"enabled": False}, WEBHOOK, "503 Service Unavailable\n"),
        ("remove 01HOOK", "DELETE", PATH, None, None, "webhook 01HOOK is removed\n"),
    ],
)
async def test_what_is_asked_is_done_and_told(
    tieline: Any, api: Recorder, line: str, method: str, path: str, body: Any, answer: Any, said: str
) -> None:
    api.status, api.answer = 200, answer

    status, out, err = await tieline(f"webhook {line}")

    assert (status, err) == (0, "")
    assert api.asked == [(method, path, body)]
    assert out.endswith(said)


async def test_a_test_message_that_does_not_arrive_is_a_failure(tieline: Any, api: Recorder) -> None:
    api.status, api.answer = 200, {"arrived": False, "status": None, "why": "no answer within 15 s", "took_s": 15.0}

    assert await tieline("webhook ping 01HOOK") == (1, "it did not arrive: no answer within 15 s\n", "")
    assert (await tieline("webhook ping 01HOOK --json"))[0] == 1


async def test_the_dead_and_the_log_are_tables(tieline: Any, api: Recorder) -> None:
    one = {"position": 7, "event_id": "c:1", "type": "call.ended", "at": "2026-11-22T14:00:00.000Z"}
    api.status = 200
    api.answer = {"dead": [one | {"call_id": "c", "attempts": 10, "why": "400 Bad Request"}], "next": None}
    _, out, _ = await tieline("webhook dead 01HOOK --limit 5")
    head, row = rows(out)
    assert (head, row[0], row[2:]) == (
        ["POSITION", "AT", "TYPE", "EVENT", "WHY"],
        "7",
        ["call.ended", "c:1", "400 Bad Request"],
    )
    api.answer = {"attempts": [one | {"status": 204, "why": None, "took_s": 0.1234}]}
    _, out, _ = await tieline("webhook log 01HOOK")
    head, row = rows(out)
    assert (head, row[1:]) == (["AT", "TYPE", "EVENT", "STATUS", "SECONDS", "WHY"], ["call.ended", "c:1", "204", "0.123"])
    assert [asked[1] for asked in api.asked] == [f"{PATH}/dead?limit=5", f"{PATH}/attempts?limit=20"]
