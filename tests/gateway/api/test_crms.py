"""``/api/v1/crms``."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from support.dispatching import Handed
from support.workplaces import SUPERVISOR

from gateway.api.crms import CrmsApi
from gateway.api.guard import guard
from gateway.api.operations import operations_of, routes_of
from gateway.model.crm import CrmAbility, CrmContact, Made, NewContact, NewTicket
from gateway.model.ids import CallId
from gateway.model.limits import Rate
from gateway.model.principals import Principal, Scope
from gateway.ports.crm import CallbackAnswer, CrmDeniedError, CrmRefusedError, CrmUnavailableError
from gateway.ports.crm_log import CrmCall
from gateway.ports.crms import CrmAbilityError, CrmStanding, UnknownCrmError

Client = TestClient[web.Request, web.Application]
WEI = CrmContact(id="c1", name="Wei", numbers=("+8613800138000",), url="https://crm.example/c1")
NUMBER = "%2B8613800138000"


class Crms:
    """One CRM; what is set in ``fault`` is raised."""

    def __init__(self) -> None:
        self.fault: Exception | None = None
        self.said: list[Any] = []

    def _heard(self, *what: Any) -> None:
        self.said.append(what)
        if self.fault is not None:
            raise self.fault

    async def all(self) -> Sequence[CrmStanding]:
        return [
            CrmStanding(
                name="sales",
                adapter="odoo",
                abilities=frozenset({CrmAbility.FIND, CrmAbility.CALLS}),
                quota=Rate(per_second=2.0, burst=5),
                waiting=3,
                dead=1,
                told=10,
                failed=2,
                away_since=1_800_000_000.0,
                why="sales: cannot be reached",
                lookups=4,
                lookups_at_hand=6,
            )
        ]

    async def check(self, crm: str) -> str:
        self._heard("check", crm)
        return "Odoo 14"

    async def dead(self, crm: str, *, after: int, limit: int) -> Sequence[CrmCall]:
        self._heard("dead", crm, after, limit)
        calls = [
            CrmCall(call_id=CallId(f"c{number}"), position=number, heard=number, why="no", attempts=1, changed_at=1.8e9)
            for number in range(1, 4)
        ]
        return calls[:limit]

    async def replay(self, crm: str, calls: Sequence[CallId] | None) -> int:
        self._heard("replay", crm, calls)
        return 2

    async def find(self, crm: str, number: str) -> Sequence[CrmContact]:
        self._heard("find", crm, number)
        return [WEI]

    async def matched(self, call_id: CallId) -> Sequence[Mapping[str, Any]]:
        return [{"crm": "sales", "number": "+86", "contact": None, "matches": [], "problem": "away"}]

    async def choose(self, crm: str, call_id: CallId, contact_id: str) -> CrmContact:
        self._heard("choose", crm, call_id, contact_id)
        return WEI

    async def make_contact(self, crm: str, new: NewContact, call_id: CallId | None, by: Principal) -> CrmContact:
        self._heard("make_contact", crm, new, call_id, by.name)
        return WEI

    async def make_ticket(self, crm: str, new: NewTicket, by: Principal) -> Made:
        self._heard("make_ticket", crm, new, by.name)
        return Made(id="7", url=None)

    async def called_back(self, crm: str, headers: Mapping[str, str], body: bytes) -> CallbackAnswer:
        raise NotImplementedError


@pytest.fixture
async def served() -> AsyncIterator[tuple[Client, Crms]]:
    crms = Crms()
    application = web.Application(middlewares=[guard])
    application.add_routes(routes_of(operations_of([CrmsApi(crms)]), Handed(SUPERVISOR)))
    async with TestClient(TestServer(application)) as client:
        yield client, crms


async def test_each_crm_is_listed_with_how_it_stands(served: tuple[Client, Crms]) -> None:
    client, _ = served
    (crm,) = (await (await client.get("/api/v1/crms")).json())["crms"]
    assert (crm["abilities"], crm["quota"]) == (["calls", "find"], {"per_second": 2.0, "burst": 5})
    assert (crm["waiting"], crm["dead"], crm["away_since"]) == (3, 1, "2027-01-15T08:00:00.000Z")


async def test_signing_in_says_what_it_is_or_what_is_wrong(served: tuple[Client, Crms]) -> None:
    client, crms = served
    assert await (await client.post("/api/v1/crms/sales/check")).json() == {"ok": True, "detail": "Odoo 14"}
    crms.fault = CrmDeniedError("sales: status 401: change its key")
    told = await (await client.post("/api/v1/crms/sales/check")).json()
    assert told == {"ok": False, "detail": "sales: status 401: change its key"}


async def test_the_dead_are_paged_and_told_again(served: tuple[Client, Crms]) -> None:
    client, crms = served
    page = await (await client.get("/api/v1/crms/sales/dead?limit=2")).json()
    assert ([each["call_id"] for each in page["dead"]], page["next"]) == (["c1", "c2"], 2)
    response = await client.post("/api/v1/crms/sales/replay", json={"calls": ["c1"]})
    assert (response.status, await response.json()) == (202, {"count": 2})
    await client.post("/api/v1/crms/sales/replay", json={})
    assert crms.said[-2:] == [("replay", "sales", ["c1"]), ("replay", "sales", None)]


async def test_an_agent_finds_adds_and_chooses(served: tuple[Client, Crms]) -> None:
    client, crms = served
    (found,) = (await (await client.get(f"/api/v1/crms/sales/contacts?number={NUMBER}")).json())["contacts"]
    assert found["url"] == WEI.url
    response = await client.post("/api/v1/crms/sales/contacts", json={"name": "Wei", "call_id": "x", "kind": "lead"})
    assert (response.status, (await response.json())["id"]) == (201, "c1")
    assert crms.said[-1][2].kind == "lead"
    response = await client.post("/api/v1/crms/sales/tickets", json={"title": "Broken", "call_id": "x"})
    assert (response.status, await response.json()) == (201, {"id": "7", "url": None})
    response = await client.put("/api/v1/calls/x/crms/sales", json={"contact": "c1"})
    assert (await response.json())["name"] == "Wei"
    (known,) = (await (await client.get("/api/v1/calls/x/crms")).json())["crms"]
    assert known["problem"] == "away"


@pytest.mark.parametrize(
    ("fault", "status", "kind"),
    [
        (UnknownCrmError("no CRM is called sales"), 404, "not-found"),
        (CrmAbilityError("sales cannot find"), 409, "crm-cannot"),
        (CrmRefusedError("sales: no"), 422, "crm-refused"),
        (CrmUnavailableError("sales: away"), 502, "crm-unavailable"),
        (TimeoutError(), 502, "crm-unavailable"),
    ],
    ids=["unknown", "cannot", "refused", "away", "silent"],
)
async def test_what_cannot_be_done_is_a_problem(served: tuple[Client, Crms], fault: Exception, status: int, kind: str) -> None:
    client, crms = served
    crms.fault = fault
    response = await client.get(f"/api/v1/crms/sales/contacts?number={NUMBER}")
    assert (response.status, (await response.json())["type"].rpartition(":")[2]) == (status, kind)


def test_what_is_done_to_a_crm_needs_another_right_than_what_is_done_in_it() -> None:
    scopes = {operation.path.rpartition("/")[2]: operation.scope for operation in CrmsApi(Crms()).operations()}
    assert scopes["replay"] is Scope.CRMS_MANAGE
    assert scopes["tickets"] is Scope.CUSTOMERS_WRITE
