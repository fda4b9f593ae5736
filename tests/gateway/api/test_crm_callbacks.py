"""Where CRMs call us."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from gateway.api.crm_callbacks import MAX_BYTES, callback_routes
from gateway.ports.crm import CallbackAnswer, CrmRefusedError
from gateway.ports.crms import CrmAbilityError, UnknownCrmError

Client = TestClient[web.Request, web.Application]


class Called:
    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    async def called_back(self, crm: str, headers: Mapping[str, str], body: bytes) -> CallbackAnswer:
        if crm == "deaf":
            raise CrmAbilityError("deaf takes no callbacks")
        if crm == "broken":
            raise CrmRefusedError("broken: no")
        if crm != "sales":
            raise UnknownCrmError("no CRM is called so")
        self.bodies.append(body)
        return CallbackAnswer(status=200 if headers.get("x-key") == "k" else 401, body=b'{"ok":true}')


@pytest.fixture
async def crm() -> AsyncIterator[tuple[Client, Called]]:
    called = Called()
    service: Any = called
    application = web.Application()
    application.add_routes(callback_routes(service))
    async with TestClient(TestServer(application)) as client:
        yield client, called


async def test_what_a_crm_sends_is_its_adapters(crm: tuple[Client, Called]) -> None:
    client, called = crm
    response = await client.post("/crm/sales/callback", data=b"a=1", headers={"X-Key": "k"})
    assert (response.status, await response.json()) == (200, {"ok": True})
    assert called.bodies == [b"a=1"]
    assert (await client.post("/crm/sales/callback", data=b"a=1")).status == 401


@pytest.mark.parametrize(("name", "status"), [("other", 404), ("deaf", 404), ("broken", 503)])
async def test_others_get_nothing(crm: tuple[Client, Called], name: str, status: int) -> None:
    client, _ = crm
    assert (await client.post(f"/crm/{name}/callback", data=b"x")).status == status


async def test_what_is_too_long_or_without_a_length_is_not_read(crm: tuple[Client, Called]) -> None:
    client, called = crm
    assert (await client.post("/crm/sales/callback", data=b"x" * (MAX_BYTES + 1))).status == 413

    async def pieces() -> AsyncIterator[bytes]:
        yield b"x"

    assert (await client.post("/crm/sales/callback", data=pieces())).status == 413
    assert called.bodies == []
