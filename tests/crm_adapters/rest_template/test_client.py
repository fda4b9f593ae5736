"""A template's requests: signing in, pages, and answers that say what failed."""

from base64 import b64decode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from support.crm import Answered, Asked, ServedCrm, around, served
from support.crm_rest import captured

from crm_adapters.rest_template.client import Client
from crm_adapters.rest_template.plan import Plan, load, plan_of
from gateway.ports.crm import (
    CrmDeniedError,
    CrmError,
    CrmGoneError,
    CrmRefusedError,
    CrmUnavailableError,
)

TRYTON = """
crm: Tryton
values: {url: where it is, user: a user, key: his password}
base: "{{values.url}}"
sign_in:
  method: POST
  path: /rpc/
  json: {id: 1, method: common.db.login, params: ["{{values.user}}", {password: "{{values.key}}"}, en]}
  keep: {user: "{{answer.result[0]}}", key: "{{answer.result[1]}}"}
auth: {scheme: Session, basic: "{{values.user}}:{{session.user}}:{{session.key}}"}
failed:
  - {at: "error[0]", equals: "UserError", reason: "error[1][0]", cure: Look at the party}
  - {at: "error[0]", matches: "^'", means: denied, reason: "error[0]"}
  - {at: error, means: unavailable}
  - {at: errcode, differs: 0, means: gone, reason: errmsg}
  - {at: none, means: empty}
check: {method: POST, path: /rpc/, json: {method: common.version}, says: "Tryton {{answer.result}}"}
users: {path: /users, rows: items, pages: {query: page, most: 5}, user: {id: "{{row.id}}"}}
"""
VALUES = {"user": "admin", "key": "geheim"}


@asynccontextmanager
async def tryton(answer: Callable[[Asked], Answered]) -> AsyncIterator[tuple[Plan, Client, ServedCrm]]:
    async with served(answer) as crm:
        plan = plan_of(TRYTON, Path("tryton.yaml"))
        client = Client(plan, {**VALUES, "url": crm.url}, around("erp"))
        yield plan, client, crm
        await client.close()


def signed(asked: Asked, answer: Any, status: int = 200) -> Answered:
    """Answer somebody who signs in, and then this."""
    if asked.body and asked.json().get("method") == "common.db.login":
        wanted = ["admin", {"password": "geheim"}, "en"]
        return (
            Answered(body={"id": 1, "result": [3, "734a9a93", None]})
            if asked.json()["params"] == wanted
            else Answered(status=401)
        )
    return Answered(status=status, body=answer)


async def test_it_signs_in_once_and_says_so_with_each_request() -> None:
    async with tryton(lambda asked: signed(asked, {"result": "7.0"})) as (plan, client, crm):
        for _ in range(3):
            assert await client.ask(plan.check, client.known()) == {"result": "7.0"}
    assert len(crm.asked) == 4
    scheme, _, proof = crm.asked[1].headers["authorization"].partition(" ")
    assert (scheme, b64decode(proof)) == ("Session", b"admin:3:734a9a93")
    assert "authorization" not in crm.asked[0].headers


async def test_a_session_that_is_over_is_renewed_once() -> None:
    over = [401]

    def answer(asked: Asked) -> Answered:
        said = signed(asked, {"result": "7.0"})
        return Answered(status=over.pop()) if over and "authorization" in asked.headers else said

    async with tryton(answer) as (plan, client, crm):
        assert await client.ask(plan.check, client.known()) == {"result": "7.0"}
        assert len(crm.asked) == 4


async def test_a_wrong_password_is_denied() -> None:
    async with tryton(lambda _asked: Answered(status=401)) as (plan, client, _crm):
        with pytest.raises(CrmDeniedError, match="erp: status 401"):
            await client.ask(plan.check, client.known())
    async with tryton(lambda _asked: Answered(body={"result": None})) as (plan, client, _crm):
        with pytest.raises(CrmDeniedError, match="erp: signing in brought no key, user"):
            await client.ask(plan.check, client.known())


@pytest.mark.parametrize(
    ("said", "error", "text"),
    [
        (
            {"error": ["UserError", ["No valid number.", "", None]]},
            CrmRefusedError,
            "erp: POST failed: No valid number.. Look at",
        ),
        ({"error": ["'no.model'", ""]}, CrmDeniedError, "'no.model'"),
        ({"error": ["Odd", ""]}, CrmUnavailableError, "Odd"),
        ({"errcode": 40, "errmsg": "no such\x1b[2J row"}, CrmGoneError, "no such"),
    ],
)
async def test_status_200_is_not_success(said: Any, error: type[CrmError], text: str) -> None:
    async with tryton(lambda asked: signed(asked, said)) as (plan, client, _crm):
        with pytest.raises(CrmError, match=text) as caught:
            await client.ask(plan.check, client.known())
        assert type(caught.value) is error
        assert str(caught.value).isprintable()


@pytest.mark.parametrize("said", [{"none": True}, b""])
async def test_nothing_is_nothing(said: Any) -> None:
    async with tryton(lambda asked: signed(asked, said)) as (plan, client, _crm):
        assert await client.ask(plan.check, client.known()) is None


async def test_a_page_is_no_answer() -> None:
    async with tryton(lambda asked: signed(asked, b"<html>welcome</html>")) as (plan, client, _crm):
        with pytest.raises(CrmRefusedError, match="answered no JSON: look at the url"):
            await client.ask(plan.check, client.known())


@pytest.mark.parametrize(
    ("name", "error", "text"),
    [
        ("15-find-bad-filter", CrmRefusedError, "erp: GET failed: Service Unavailable: Error when retrieve contacts"),
        ("20-agendaevent-missing", CrmRefusedError, "erp: GET failed: Internal Server Error: Error creating event"),
        ("28-err-404-path", CrmDeniedError, "erp: GET failed: API not found"),
        ("02-auth-bad", CrmDeniedError, "erp: status 401: Unauthorized"),
        ("27-err-404", CrmGoneError, "erp: status 404: Not Found: Contact not found"),
    ],
)
async def test_what_a_dolibarr_answers_to_errors_is_told(name: str, error: type[CrmError], text: str) -> None:
    said = captured(name)
    if isinstance(said.body, str):
        said = Answered(status=said.status, body=said.body.encode())
    async with served(lambda _asked: said) as crm:
        plan = load(None, "dolibarr16")
        client = Client(plan, {"url": crm.url, "key": "k", "owner": "1"}, around("erp"))
        with pytest.raises(CrmError, match=text) as caught:
            await client.ask(plan.check, client.known())
        assert type(caught.value) is error
        await client.close()


async def test_pages_are_read_until_one_brings_nothing_new() -> None:
    pages = {"1": [{"id": 1}, {"id": 2}], "2": [{"id": 3}], "3": [{"id": 3}]}

    def answer(asked: Asked) -> Answered:
        return signed(asked, {"items": pages.get(asked.path.partition("page=")[2], [])})

    async with tryton(answer) as (plan, client, crm):
        assert plan.users is not None
        assert await client.rows(plan.users, client.known()) == [{"id": 1}, {"id": 2}, {"id": 3}]
        assert len(crm.asked) == 4
