import json
import re
from typing import Any

from support.api_recorder import Recorder

CUSTOMER = {
    "customer_id": "01CUSTOMER", "name": "陈大文", "company": None, "vip": True, "tags": ["dealer"],
    "identities": [{"value": "+85291234567"}, {"value": "+85228001234"}],
}  # fmt: skip


async def test_customers_are_a_table_for_people_and_json_for_programs(tieline: Any, api: Recorder) -> None:
    api.status, api.answer = 200, {"customers": [CUSTOMER], "next": None}
    status, out, err = await tieline("customers Chan Tai --number +85291234567 --limit 3")

    assert (status, err) == (0, "")
    assert api.asked == [("GET", "/api/v1/customers?q=Chan Tai&number=+85291234567&limit=3", None)]
    assert [re.split(r"  +", line) for line in out.splitlines()] == [
        ["CUSTOMER", "NAME", "COMPANY", "IDENTITIES", "TAGS"],
        ["01CUSTOMER", "陈大文", "+85291234567 +85228001234", "VIP dealer"],
    ]
    assert json.loads((await tieline("customers --json"))[1]) == api.answer
    assert api.asked[1] == ("GET", "/api/v1/customers?limit=20", None)
