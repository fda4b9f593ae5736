from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

import aiohttp
import pytest

from ivr.example.back_end import served
from ivr.example.company import Company


@asynccontextmanager
async def example() -> AsyncIterator[tuple[Company, aiohttp.ClientSession]]:
    company = Company(today=date(2026, 11, 23))
    async with served(company) as address, aiohttp.ClientSession(address) as client:
        yield company, client


async def test_a_parcel_tells_its_state_and_place_in_both_languages() -> None:
    async with example() as (_, client), client.get("/parcels", params={"order": "SF87654321", "phone": ""}) as response:
        assert (response.status, await response.json()) == (
            200,
            {
                "order": "SF87654321",
                "state": "sorted",
                "said": {"zh": "正在分拣中心，明天送到", "en": "in the sorting centre, it comes tomorrow"},
                "events": [{"place": {"zh": "武汉", "en": "Wuhan"}}],
            },
        )


async def test_a_bill_tells_amount_and_day() -> None:
    async with example() as (_, client), client.get("/members/M100001/bill") as response:
        assert await response.json() == {"amount": "86.50", "due": "2026-12-10"}


async def test_a_plan_is_changed_and_a_password_reset() -> None:
    async with example() as (company, client):
        async with client.put("/members/M100001/plan", json={"plan": "premium"}) as response:
            assert response.status == 200
        async with client.post("/passwords", json={"phone": "+8613800138000"}) as response:
            assert response.status == 202

        assert (company.members["M100001"].plan, company.resets) == ("premium", ["+8613800138000"])


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/parcels?order=SF00000000", None, 404),
        ("GET", "/parcels", None, 422),
        ("GET", "/members/M999999/bill", None, 404),
        ("PUT", "/members/M999999/plan", {"plan": "premium"}, 404),
        ("PUT", "/members/M100001/plan", {"plan": "gold"}, 422),
        ("PUT", "/members/M100001/plan", ["premium"], 400),
        ("POST", "/passwords", {"phone": "+8613100131000"}, 404),
        ("POST", "/passwords", {}, 400),
        ("GET", "/elsewhere", None, 404),
    ],
)
async def test_what_cannot_be_is_refused_and_changes_nothing(method: str, path: str, body: Any, status: int) -> None:
    async with example() as (company, client), client.request(method, path, json=body) as response:
        assert response.status == status
        assert company == Company(today=company.today)


async def test_a_switch_puts_the_systems_out_of_order_and_back() -> None:
    async with example() as (company, client):
        statuses = []
        for down in (True, False):
            async with client.put("/switch", json={"down": down}) as response:
                assert await response.json() == {"down": down}
            async with client.get("/parcels?member=M100001") as response:
                statuses.append(response.status)

        assert (statuses, company.is_down) == ([503, 200], False)
