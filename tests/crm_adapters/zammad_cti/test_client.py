"""Zammad's REST API: what its errors mean, and what is in no error's text."""

from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from support.crm import Answered, around
from support.crm_zammad import KEY, TOKEN, Helpdesk

from crm_adapters.zammad_cti.client import Zammad
from crm_adapters.zammad_cti.settings import ZammadSettings
from gateway.model.secret import Secret
from gateway.ports.crm import CrmDeniedError, CrmError, CrmUnavailableError

EVENT = {"event": "newCall", "direction": "in", "callId": "c1", "from": "861", "to": "862"}


@pytest.fixture
async def client(helpdesk: Helpdesk) -> AsyncIterator[Zammad]:
    opened = Zammad(around("help"), ZammadSettings(url=helpdesk.url, token=Secret(TOKEN), key=Secret(KEY)))
    yield opened
    await opened.close()


@pytest.mark.parametrize(
    ("answer", "kind", "cure"),
    [
        (
            Answered(status=422, body={"error": "Feature is disabled, please contact your administrator!"}),
            CrmDeniedError,
            "Switch on",
        ),
        (
            Answered(status=422, body={"error": "Feature not configured, please contact your admin!"}),
            CrmDeniedError,
            "save its settings",
        ),
        (Answered(status=401, body={"error": "Invalid token, please contact your admin!"}), CrmDeniedError, "look at the key"),
        (Answered(status=404, body=b"<html>"), CrmDeniedError, "Switch on"),
        (
            Answered(status=500, body={"error": "Error ID x: Please contact your administrator."}),
            CrmUnavailableError,
            "Error ID x",
        ),
        (Answered(status=502, body=b"<html>"), CrmUnavailableError, "502"),
        (
            Answered(status=301, headers={"Location": f"https://new.example.com/api/v1/cti/{TOKEN}"}),
            CrmDeniedError,
            "new.example.com:",
        ),
    ],
)
async def test_each_failure_says_its_cure_and_no_token(
    helpdesk: Helpdesk, client: Zammad, answer: Answered, kind: type[CrmError], cure: str
) -> None:
    helpdesk.failing = answer
    with pytest.raises(CrmError, match=r"^help: ") as raised:
        await client.tell(EVENT)
    assert type(raised.value) is kind
    assert cure in str(raised.value)
    assert TOKEN not in str(raised.value)


async def test_a_second_new_call_is_done(helpdesk: Helpdesk, client: Zammad) -> None:
    await client.tell(EVENT)
    await client.tell(EVENT)
    assert len(helpdesk.events) == 1


async def test_it_is_asked_whether_it_listens_without_a_trace(helpdesk: Helpdesk, client: Zammad) -> None:
    await client.listens()
    assert not helpdesk.events
    helpdesk.failing = Answered(status=422, body={"error": "Feature is disabled, please contact your administrator!"})
    with pytest.raises(CrmDeniedError, match="Switch on CTI"):
        await client.listens()


async def test_a_key_without_the_right_is_told(helpdesk: Helpdesk, client: Zammad) -> None:
    helpdesk.failing = Answered(status=403, body={"error": "Not authorized"})
    with pytest.raises(CrmDeniedError, match=r"Not authorized\. Give the key's user the role Agent"):
        await client.search("1")


async def test_what_is_no_json_is_an_error(helpdesk: Helpdesk, client: Zammad) -> None:
    helpdesk.failing = Answered(body=b"<html>sign in</html>")
    with pytest.raises(CrmError, match=r"help: /api/v1/users/search answered no JSON"):
        await client.search("1")


async def test_a_token_is_one_part_of_the_endpoint(helpdesk: Helpdesk) -> None:
    opened = Zammad(around("help"), ZammadSettings(url=helpdesk.url, token=Secret("../users?x=")))
    with pytest.raises(CrmDeniedError):
        await opened.tell(EVENT)
    await opened.close()


@pytest.mark.parametrize("said", [None, True, "x", 7, [], [None, 7], {}, {"error": 7}, {"login": []}, [{"id": None}]])
@pytest.mark.parametrize("status", [200, 422, 500])
async def test_garbage_is_understood_or_refused_and_nothing_else(
    helpdesk: Helpdesk, client: Zammad, said: object, status: int
) -> None:
    helpdesk.failing = Answered(status=status, body=said)
    for asked in (client.tell(EVENT), client.listens(), client.me(), client.search("1")):
        with suppress(CrmError):
            await asked
