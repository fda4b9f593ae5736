import json
import re
from typing import Any

import pytest
from support.api_recorder import Recorder

CRM = {
    "name": "odoo", "adapter": "odoo", "abilities": ["calls", "find"], "quota": None, "waiting": 212, "dead": 3, "told": 1_200,
    "failed": 17, "away_since": "2026-11-22T14:00:00.000Z", "why": "odoo: status 401", "lookups": 10, "lookups_at_hand": 90,
}  # fmt: skip


def rows(out: str) -> list[list[str]]:
    return [re.split(r"  +", line) for line in out.splitlines()]


async def test_crms_are_a_table_with_their_state(tieline: Any, api: Recorder) -> None:
    api.status, api.answer = 200, {"crms": [CRM, CRM | {"name": "zammad", "away_since": None, "why": None}]}

    status, out, err = await tieline("crm list")

    assert (status, err) == (0, "")
    head, away, works = rows(out)
    assert head == ["CRM", "ADAPTER", "STATE", "WAITING", "DEAD", "TOLD", "FAILED", "WHY"]
    assert away[2].startswith("away since 2026-11-22 ")
    assert (away[3:], works[2:]) == (["212", "3", "1200", "17", "odoo: status 401"], ["works", "212", "3", "1200", "17"])
    assert json.loads((await tieline("crm list --json"))[1]) == api.answer


async def test_one_crm_that_cannot_be_worked_with_is_a_failure(tieline: Any, api: Recorder) -> None:
    api.status, api.answer = 200, {"ok": False, "detail": "odoo: status 401. It does not know us: look at the key"}

    status, out, _ = await tieline("crm check odoo zammad")

    assert status == 1
    assert api.asked == [("POST", "/api/v1/crms/odoo/check", None), ("POST", "/api/v1/crms/zammad/check", None)]
    assert rows(out)[1] == ["odoo", "fails", "odoo: status 401. It does not know us: look at the key"]
    api.answer = {"ok": True, "detail": "Odoo 17 as tieline"}
    assert (await tieline("crm check odoo"))[0] == 0


async def test_without_a_name_all_are_checked(tieline: Any, api: Recorder) -> None:
    api.status, api.answer = 200, {"crms": [CRM], "ok": True, "detail": "Odoo 17 as tieline"}

    status, out, _ = await tieline("crm check")

    assert status == 0
    assert [(method, path) for method, path, _ in api.asked] == [("GET", "/api/v1/crms"), ("POST", "/api/v1/crms/odoo/check")]
    assert rows(out)[1] == ["odoo", "works", "Odoo 17 as tieline"]


async def test_dead_calls_are_a_table_that_says_how_to_go_on(tieline: Any, api: Recorder) -> None:
    one = {
        "position": 7,
        "call_id": "01CALL",
        "attempts": 12,
        "why": "odoo: \x1b[31m missing",
        "at": "2026-11-22T14:00:00Z",
    }
    api.status, api.answer = 200, {"dead": [one], "next": 7}

    status, out, _ = await tieline("crm dead odoo --limit 1")

    assert status == 0
    head, row, (more,) = rows(out)
    assert head == ["POSITION", "AT", "CALL", "ATTEMPTS", "WHY"]
    assert (row[0], row[2:]) == ("7", ["01CALL", "12", "odoo: ?[31m missing"])
    assert more == "There are more: tieline crm dead odoo --after 7"
    api.answer = {"dead": [], "next": None}
    assert (await tieline("crm dead odoo --after 7"))[1] == "(none)\n"
    assert [path for _, path, _ in api.asked] == [
        "/api/v1/crms/odoo/dead?after=0&limit=1",
        "/api/v1/crms/odoo/dead?after=7&limit=100",
    ]


@pytest.mark.parametrize(("line", "body"), [("odoo 01A 01B", {"calls": ["01A", "01B"]}), ("odoo", {})])
async def test_dead_calls_are_told_again(tieline: Any, api: Recorder, line: str, body: dict[str, Any]) -> None:
    api.status, api.answer = 202, {"count": 2}

    assert await tieline(f"crm replay {line}") == (0, "odoo is told of 2 calls again\n", "")
    assert api.asked == [("POST", "/api/v1/crms/odoo/replay", body)]
