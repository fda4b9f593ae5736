"""HubSpot's API: its errors, its two quotas and its account."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from support.crm import NOW, Answered, FreePace, around
from support.crm_hubspot import KEY, Account, failed
from support.crm_schema import SPECS
from support.virtual_time import in_virtual_time

from crm_adapters.hubspot.client import MAX_SEARCH_WAIT_S, PATIENT_S, HubSpot, SearchTurns, midnight_in_s
from crm_adapters.hubspot.client import Account as Whose
from crm_adapters.hubspot.settings import HubSpotSettings
from gateway.model.secret import Secret
from gateway.ports.crm import (
    CrmDeniedError,
    CrmError,
    CrmGoneError,
    CrmRefusedError,
    CrmSurroundings,
    CrmUnavailableError,
)


def limited(policy: str) -> dict[str, Any]:
    """Return the body of a 429 as developers.hubspot.com shows it."""
    return {
        "status": "error",
        "message": f"You have reached your {policy.lower()} limit.",
        "errorType": "RATE_LIMIT",
        "correlationId": "c033cdaa-2c40-4a64-ae48-b4cec88dad24",
        "policyName": policy,
    }


@pytest.fixture
def surroundings() -> CrmSurroundings:
    return around("sales")


@pytest.fixture
async def opened(account: Account, surroundings: CrmSurroundings) -> AsyncIterator[HubSpot]:
    hubspot = HubSpot(surroundings, HubSpotSettings(url=account.url, key=Secret(KEY)))
    yield hubspot
    await hubspot.close()


@pytest.mark.parametrize(
    ("body", "headers", "pause_s"),
    [
        (limited("SECONDLY"), {}, 1.0),
        (limited("TEN_SECONDLY_ROLLING"), {}, 10.0),
        (limited("SECONDLY"), {"Retry-After": "7"}, 7.0),
        # An account in Berlin has its midnight in half a day and more; an hour is what the kit waits at most.
        (limited("DAILY"), {}, 3_600.0),
        ({}, {}, 10.0),
    ],
)
async def test_who_asks_too_often_leaves_it_alone(
    account: Account,
    opened: HubSpot,
    surroundings: CrmSurroundings,
    body: dict[str, Any],
    headers: dict[str, str],
    pause_s: float,
) -> None:
    account.failing = Answered(status=429, body=body, headers=headers)
    with pytest.raises(CrmUnavailableError) as raised:
        await opened.owners(None)
    assert raised.value.retry_after_s == pause_s
    assert isinstance(surroundings.pace, FreePace)
    assert surroundings.pace.pauses == [pause_s]
    assert ("midnight" in str(raised.value)) is (body.get("policyName") == "DAILY")


@pytest.mark.parametrize(
    ("zone", "seconds"),
    [
        ("UTC", 45_238.0),
        ("Europe/Berlin", 41_638.0),
        ("Asia/Shanghai", 16_438.0),
        ("US/Nowhere", 45_238.0),
        ("", 45_238.0),
        ("../x", 45_238.0),
    ],
)
def test_a_day_ends_where_the_account_is(zone: str, seconds: float) -> None:
    assert midnight_in_s(NOW, zone) == seconds


@pytest.mark.parametrize(
    ("answer", "kind", "text"),
    [
        (failed(401, "Authentication credentials not found.", "INVALID_AUTHENTICATION"), CrmDeniedError, "look at the key"),
        (failed(403, "no", "MISSING_SCOPES"), CrmDeniedError, "status 403: no"),
        (
            failed(403, "no", "MISSING_SCOPES", errors=[{"message": "x", "context": {"a": ["tickets"]}}]),
            CrmDeniedError,
            "one of tickets",
        ),
        (failed(404, "Object not found.  objectId are usually numeric.", "OBJECT_NOT_FOUND"), CrmGoneError, "Object not found"),
        (Answered(status=404, body=b"<html>nginx</html>"), CrmRefusedError, "status 404"),
        (failed(409, "A conflict", "CONFLICT"), CrmRefusedError, "A conflict"),
        (failed(500, "internal error", "INTERNAL"), CrmUnavailableError, "internal error"),
    ],
)
async def test_what_an_error_means(account: Account, opened: HubSpot, answer: Answered, kind: type[CrmError], text: str) -> None:
    account.failing = answer
    with pytest.raises(CrmError, match=r"^sales: ") as raised:
        await opened.change("calls", "7", {"hs_call_title": "x"})
    assert type(raised.value) is kind
    assert text in str(raised.value)
    assert KEY not in str(raised.value)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("06-contacts-noauth", CrmDeniedError),
        ("07-contacts-force-429", CrmUnavailableError),
        ("08-contacts-force-409", CrmRefusedError),
    ],
)
async def test_what_the_vendors_mock_answered(account: Account, opened: HubSpot, name: str, kind: type[CrmError]) -> None:
    there = msgspec.json.decode((SPECS / "hubspot-prism" / f"{name}.json").read_bytes())["response"]
    account.failing = Answered(status=there["status"], body=there["body"])
    with pytest.raises(CrmError, match=r"Invalid input \(details will vary based on the error\)") as raised:
        await opened.create("contacts", {"firstname": "x"})
    assert type(raised.value) is kind


async def test_the_vendors_mock_makes_a_record_that_we_read(account: Account, opened: HubSpot) -> None:
    there = msgspec.json.decode((SPECS / "hubspot-prism" / "10-calls-create-ok.json").read_bytes())["response"]
    account.failing = Answered(status=there["status"], body=there["body"])
    assert (await opened.create("calls", {}))["id"] == "512"


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"results": 7}', b'{"id": 7, "properties": {}}'])
async def test_200_without_a_record_is_an_error(account: Account, opened: HubSpot, body: bytes) -> None:
    account.strict = False
    account.failing = Answered(body=body)
    with pytest.raises(CrmRefusedError, match=r"^sales: "):
        await opened.create("calls", {})


async def test_the_account_is_asked_for_once(account: Account, opened: HubSpot) -> None:
    assert (await opened.account()).pages == "https://app-eu1.hubspot.com"
    assert (await opened.account()).portal == "4711"
    assert len(account.asked) == 1


@pytest.mark.parametrize("domain", ["evil.example", "app.hubspot.com.evil.example", 'x"y.hubspot.com', "", None, 7])
def test_only_pages_of_hubspot_are_linked(domain: Any) -> None:
    assert Whose({"portalId": 1, "uiDomain": domain}).pages == "https://app.hubspot.com"


@in_virtual_time
async def test_searches_have_a_quota_of_their_own() -> None:
    turns = SearchTurns("sales")
    loop = asyncio.get_running_loop()
    began = loop.time()
    at = []
    for patient in (True, False) * 4:
        await turns.turn(patient=patient)
        at.append(loop.time() - began)
    assert at == pytest.approx([0.0, 0.0, 0.0, 0.0, 0.25, 0.5, 0.75, 1.0])


@in_virtual_time
async def test_who_asks_who_calls_does_not_wait_for_those_who_have_time() -> None:
    turns = SearchTurns("sales")
    loop = asyncio.get_running_loop()
    async with asyncio.TaskGroup() as tasks:
        for _ in range(60):
            tasks.create_task(turns.turn(patient=True))
        await asyncio.sleep(1.0)
        began = loop.time()
        await turns.turn(patient=False)
        assert loop.time() - began <= 0.5


@in_virtual_time
async def test_a_search_that_would_come_too_late_is_refused() -> None:
    turns = SearchTurns("sales")
    async with asyncio.TaskGroup() as tasks:
        for _ in range(16):
            tasks.create_task(turns.turn(patient=False))
        await asyncio.sleep(0)
        with pytest.raises(CrmUnavailableError, match="sales: too many searches") as raised:
            await turns.turn(patient=False)
    assert raised.value.retry_after_s is not None
    assert raised.value.retry_after_s > MAX_SEARCH_WAIT_S


@in_virtual_time
async def test_those_who_have_time_have_not_all_time() -> None:
    turns = SearchTurns("sales")
    began = asyncio.get_running_loop().time()
    waiting = await asyncio.gather(*(turns.turn(patient=True) for _ in range(140)), return_exceptions=True)
    late = [each for each in waiting if each is not None]
    # Four at once, and four in each second until then.
    assert len(late) == pytest.approx(140 - 4 - PATIENT_S * 4, abs=1)
    assert all(isinstance(each, CrmUnavailableError) and each.retry_after_s == PATIENT_S for each in late)
    assert asyncio.get_running_loop().time() - began == pytest.approx(PATIENT_S)
