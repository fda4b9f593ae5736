from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.customer_books import added, asked, served_customers
from support.gateways import Client

CUSTOMERS = "/api/v1/customers"


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    async with served_customers(tmp_path) as made:
        yield made


async def test_notes_are_written_edited_and_listed(client: Client) -> None:
    one = await added(client, name="Wang")
    path = f"{CUSTOMERS}/{one['customer_id']}/notes"
    first = await asked(client, "POST", path, {"text": "wants blue", "call_id": "c1"}, status=201)
    second = await asked(client, "POST", path, {"text": "wants red"}, status=201)

    edited = await asked(client, "PUT", f"{path}/{first['note_id']}", {"text": "wants green"})

    assert (edited["version"], edited["text"], edited["call_id"]) == (2, "wants green", "c1")
    assert edited["author"] == "the demo's visitor"
    assert (await asked(client, "GET", path))["notes"] == [second, edited]
    page = await asked(client, "GET", f"{path}?limit=1")
    assert (page["notes"], page["next"]) == ([second], second["note_id"])
    assert (await asked(client, "GET", f"{path}?limit=1&cursor={page['next']}"))["notes"] == [edited]
    assert (await asked(client, "GET", f"{path}/{first['note_id']}"))["notes"] == [first, edited]
    assert (await asked(client, "GET", f"{CUSTOMERS}/{one['customer_id']}"))["notes"] == [second, edited]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "kind"),
    [
        ("GET", "nobody/notes", None, 404, "not-found"),
        ("POST", "nobody/notes", {"text": "x"}, 404, "not-found"),
        ("POST", "nobody/notes", {"text": ""}, 422, "bad-body"),
        ("PUT", "nobody/notes/x", {"text": "x"}, 404, "not-found"),
        ("GET", "nobody/notes/x", None, 404, "not-found"),
    ],
)
async def test_what_cannot_be_done_is_a_problem(
    client: Client, method: str, path: str, body: dict[str, str] | None, status: int, kind: str
) -> None:
    problem = await asked(client, method, f"{CUSTOMERS}/{path}", body, status=status)
    assert problem["type"] == f"urn:tieline:problem:{kind}"
