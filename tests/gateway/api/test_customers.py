from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from support.customer_books import added, asked, served_customers
from support.gateways import Client

from gateway.api.problems import CONTENT_TYPE
from gateway.model.contacts import EXPORTED

CUSTOMERS = "/api/v1/customers"
SHARED = "/api/v1/shared-identities"
NUMBER = "+8613800138000"


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    async with served_customers(tmp_path) as made:
        yield made


async def found(client: Client, query: str = "") -> list[str]:
    listed = await asked(client, "GET", f"{CUSTOMERS}{query}")
    return [each["name"] for each in listed["customers"]]


async def test_a_customer_is_added_and_shown(client: Client) -> None:
    response = await client.post(
        CUSTOMERS,
        json={
            "name": "王芳",
            "company": "ACME",
            "language": "zh-CN",
            "vip": True,
            "tags": ["gold"],
            "external_id": "7",
            "numbers": ["138 0013 8000"],
            "identities": [{"kind": "email", "value": "W@Example.com", "evidence": "crm", "label": "work"}],
        },
    )
    made = await response.json()

    assert (response.status, response.headers["Location"]) == (201, f"{CUSTOMERS}/{made['customer_id']}")
    email, phone = made.pop("identities")
    assert made == {
        "customer_id": made["customer_id"],
        "customer_ids": [made["customer_id"]],
        "name": "王芳",
        "company": "ACME",
        "language": "zh-CN",
        "vip": True,
        "tags": ["gold"],
        "external_ids": ["7"],
        "merges": [],
        "created_at": "2027-01-15T08:00:00.000Z",
        "changed_at": "2027-01-15T08:00:00.000Z",
        "notes": [],
    }
    assert (phone["kind"], phone["value"], phone["evidence"], phone["by"]) == ("phone", NUMBER, "typed", "demo")
    assert (email["value"], email["evidence"], email["label"]) == ("w@example.com", "crm", "work")
    shown = await asked(client, "GET", response.headers["Location"])
    assert shown == made | {"identities": [email, phone], "calls": []}


async def test_who_is_behind_a_number_is_found_however_it_is_written(client: Client) -> None:
    await added(client, name="Wang", numbers=[NUMBER])
    for number in ("%2B8613800138000", "+8613800138000", "13800138000", "138-0013-8000", "008613800138000"):
        answer = await asked(client, "GET", f"{CUSTOMERS}?number={number}")
        assert ([each["name"] for each in answer["customers"]], answer["matches"], answer["shared"]) == (["Wang"], 1, False)
    assert await asked(client, "GET", f"{CUSTOMERS}?number=13900139000") == {
        "customers": [],
        "next": None,
        "matches": 0,
        "shared": False,
    }
    await added(client, name="Li", numbers=[NUMBER])
    assert (await asked(client, "GET", f"{CUSTOMERS}?number=13800138000&limit=1"))["matches"] == 2


async def test_customers_are_found_by_words_and_listed_by_pages(client: Client) -> None:
    for name in ("Anna", "Bodo", "Änne"):
        await added(client, name=name, identities=[{"kind": "web", "value": name}])

    assert await found(client, "?q=ann") == ["Anna"]
    assert await found(client, "?q=ÄNN") == ["Änne"]
    assert await found(client, "?identity=web:Bodo") == ["Bodo"]
    first = await asked(client, "GET", f"{CUSTOMERS}?limit=2")
    assert [each["name"] for each in first["customers"]] == ["Anna", "Bodo"]
    assert await found(client, f"?limit=2&cursor={first['next']}") == ["Änne"]


async def test_a_customer_is_changed_as_far_as_is_said(client: Client) -> None:
    one = await added(client, name="Wang", company="ACME", vip=True)

    changed = await asked(client, "PATCH", f"{CUSTOMERS}/{one['customer_id']}", {"company": None, "tags": ["new"]})

    assert (changed["name"], changed["company"], changed["vip"], changed["tags"]) == ("Wang", None, True, ["new"])


async def test_an_identity_is_claimed_and_revoked(client: Client) -> None:
    one = await added(client, name="Wang")
    path = f"{CUSTOMERS}/{one['customer_id']}/identities"

    claimed = await asked(client, "POST", path, {"kind": "phone", "value": "13800138000", "evidence": "attested"})
    (identity,) = claimed["identities"]
    assert (identity["value"], identity["evidence"]) == (NUMBER, "attested")

    assert (await asked(client, "DELETE", f"{path}/{identity['claim_id']}"))["identities"] == []
    assert await found(client, "?number=13800138000") == []


async def test_a_merge_shows_why_and_is_undone(client: Client) -> None:
    elder, younger = await added(client, name="Wang"), await added(client, name="W.", company="ACME")
    one, two = elder["customer_id"], younger["customer_id"]

    merged = await asked(client, "POST", f"{CUSTOMERS}/{two}/merge", {"customer_id": one})

    assert (merged["customer_id"], merged["customer_ids"], merged["company"]) == (one, [one, two], "ACME")
    (merge,) = merged["merges"]
    assert {merge["first"], merge["second"]} == {one, two}
    assert await found(client) == ["Wang"]
    assert (await asked(client, "GET", f"{CUSTOMERS}/{two}"))["customer_id"] == one

    parted = await asked(client, "POST", f"{CUSTOMERS}/{one}/merge/{merge['claim_ids'][0]}/undo")
    assert [each["customer_id"] for each in parted["customers"]] == [one, two]


async def test_all_customers_are_exported(client: Client) -> None:
    one = await added(client, name="王芳", external_id="7", numbers=[NUMBER])
    await added(client, name="=cmd()")

    response = await client.get(f"{CUSTOMERS}.csv")
    text = (await response.read()).decode("utf-8-sig")

    assert (response.status, response.content_type) == (200, "text/csv")
    header, first, second = text.splitlines()
    assert header == ",".join(EXPORTED)
    assert first == f"{one['customer_id']},7,王芳,,,,,{NUMBER},"
    assert ",'=cmd()," in second


async def test_a_person_is_erased(client: Client) -> None:
    one = await added(client, name="Wang", numbers=[NUMBER])
    path = f"{CUSTOMERS}/{one['customer_id']}"

    await asked(client, "DELETE", path, status=204)

    await asked(client, "GET", path, status=404)
    assert await found(client) == []


async def test_a_shared_number_is_nobodys(client: Client) -> None:
    await added(client, name="Wang", numbers=[NUMBER])

    shared = await asked(client, "POST", SHARED, {"kind": "phone", "value": "13800138000"})

    assert (shared["kind"], shared["value"], shared["by"]) == ("phone", NUMBER, "demo")
    assert (await asked(client, "GET", SHARED))["identities"] == [shared]
    assert (await asked(client, "GET", f"{CUSTOMERS}?number=13800138000"))["shared"] is True
    await asked(client, "DELETE", f"{SHARED}/phone/{NUMBER}", status=204)
    await asked(client, "DELETE", f"{SHARED}/phone/{NUMBER}", status=404)
    await asked(client, "DELETE", f"{SHARED}/carrier-pigeon/1", status=404)
    assert (await asked(client, "GET", SHARED))["identities"] == []


NUMBERLESS = {"kind": "phone", "value": "1234"}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "kind"),
    [
        ("GET", f"{CUSTOMERS}?number=1234", None, 400, "bad-parameter"),
        ("GET", f"{CUSTOMERS}?identity=pigeon:1", None, 400, "bad-parameter"),
        ("GET", f"{CUSTOMERS}?identity=customer:1", None, 400, "bad-parameter"),
        ("GET", f"{CUSTOMERS}?identity=email:x", None, 400, "bad-parameter"),
        ("GET", f"{CUSTOMERS}?identity=email", None, 400, "bad-parameter"),
        ("GET", f"{CUSTOMERS}?number=%2B8613800138000&q=x", None, 400, "bad-parameter"),
        ("GET", f"{CUSTOMERS}/nobody", None, 404, "not-found"),
        ("POST", CUSTOMERS, {"numbers": ["1234"]}, 422, "bad-identity"),
        ("POST", CUSTOMERS, {"identities": [{"kind": "customer", "value": "x"}]}, 422, "bad-body"),
        ("POST", CUSTOMERS, {"external_id": "7"}, 409, "customer-conflict"),
        ("POST", CUSTOMERS, {"nmae": "Wang"}, 422, "bad-body"),
        ("PATCH", f"{CUSTOMERS}/nobody", {"name": "x"}, 404, "not-found"),
        ("POST", f"{CUSTOMERS}/nobody/merge", {"customer_id": "x"}, 404, "not-found"),
        ("POST", f"{CUSTOMERS}/nobody/identities", NUMBERLESS, 422, "bad-identity"),
        ("POST", SHARED, NUMBERLESS, 422, "bad-identity"),
    ],
)
async def test_what_cannot_be_done_is_a_problem(
    client: Client, method: str, path: str, body: Any, status: int, kind: str
) -> None:
    await added(client, name="Wang", external_id="7")

    problem = await asked(client, method, path, body, status=status)

    assert problem["type"] == f"urn:tieline:problem:{kind}"
    assert problem["detail"]


async def test_a_problem_says_what_to_write_instead(client: Client) -> None:
    response = await client.post(CUSTOMERS, json={"numbers": ["1234"]})

    assert response.content_type == CONTENT_TYPE
    assert (await response.json(content_type=CONTENT_TYPE))["detail"] == (
        "'1234' cannot be read: write it with + and its country."
    )
