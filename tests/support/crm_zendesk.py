"""A Zendesk for tests: users, agents, tickets with comments, and the idempotency of their creation.

It answers as developer.zendesk.com says; its search index lags when told so, its database never.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from support.crm import LOST, Answered, Asked, served

EMAIL: Final = "tieline@example.com"
KEY: Final = "s3cr3tkey"
BASIC: Final = "Basic dGllbGluZUBleGFtcGxlLmNvbS90b2tlbjpzM2NyM3RrZXk="
BEARER: Final = f"Bearer {KEY}"
ME: Final = 900


def invalid(field: str, description: str, error: str) -> Answered:
    """Return status 422 as Zendesk says it."""
    details = {field: [{"description": description, "error": error}]}
    return Answered(status=422, body={"error": "RecordInvalid", "description": "Record validation errors", "details": details})


NOT_FOUND: Final = Answered(status=404, body={"error": "RecordNotFound", "description": "Not found"})


class Desk:
    """What a Zendesk keeps. ``lost`` requests are done and their answers are lost."""

    def __init__(self) -> None:
        self.users: dict[int, dict[str, Any]] = {
            ME: {"id": ME, "name": "Tieline", "email": EMAIL, "role": "admin", "active": True}
        }
        self.organizations: dict[int, str] = {}
        self.identities: dict[int, list[dict[str, Any]]] = {}
        self.tickets: dict[int, dict[str, Any]] = {}
        self.comments: dict[int, list[dict[str, Any]]] = {}
        self.shown: list[tuple[int, str, int]] = []
        self.lost: list[str] = []
        self.failing: Answered | None = None
        self.partner = True
        """Whether it has the Talk Partner Edition."""
        self.refuses: Answered | None = None
        """What new tickets are answered."""
        self.takes_numbers = True
        """Whether a ticket may make its caller a user."""
        self.filters = True
        """Whether it knows the filter of tickets."""
        self.blind = 0
        """How many lists of tickets miss what is there."""
        self.asked: list[Asked] = []
        self.url = ""
        self._keys: dict[str, tuple[bytes, dict[str, Any]]] = {}
        self._next = 1000

    def add_user(self, **said: Any) -> int:
        """Make a user and return his id."""
        self._next += 1
        whole = {"id": self._next, "role": "end-user", "active": True, "suspended": False, "organization_id": None}
        self.users[self._next] = whole | said
        return self._next

    def answer(self, asked: Asked) -> Answered:
        """Answer a request."""
        self.asked.append(asked)
        assert asked.headers["accept"] == "application/json"
        said = self._answer(asked)
        place = f"{asked.method} {urlsplit(asked.path).path}"
        if self.lost and place == self.lost[0]:
            self.lost.pop(0)
            return LOST
        return said

    def _answer(self, asked: Asked) -> Answered:
        if self.failing is not None:
            return self.failing
        parts = urlsplit(asked.path)
        query = parse_qs(parts.query)
        known = asked.headers.get("authorization") in (BASIC, BEARER)
        if parts.path == "/api/v2/users/me":
            # Nobody is a user too.
            return Answered(
                body={"user": self.users[ME] if known else {"id": None, "name": "Anonymous user", "role": "end-user"}}
            )
        if not known:
            return Answered(status=401, body={"error": "Couldn't authenticate you"})
        match asked.method, parts.path:
            case "GET", "/api/v2/users/search":
                return Answered(body={"users": [row for row in self.users.values() if self._fits(row, query["query"][0])]})
            case "GET", "/api/v2/users":
                return self._page(query)
            case "POST", "/api/v2/users":
                return self._new_user(asked.json()["user"])
            case "GET", "/api/v2/organizations/show_many":
                ids = [int(each) for each in query["ids"][0].split(",")]
                rows = [{"id": each, "name": self.organizations[each]} for each in ids if each in self.organizations]
                return Answered(body={"organizations": rows})
            case "GET", "/api/v2/tickets":
                wanted = query["external_id"][0]
                self.blind -= 1
                if self.blind >= 0:
                    return Answered(body={"tickets": []})
                rows = [row for row in self.tickets.values() if not self.filters or row.get("external_id") == wanted]
                return Answered(body={"tickets": rows})
            case "POST", "/api/v2/tickets" | "/api/v2/channels/voice/tickets":
                return self._new_ticket(asked, voice="voice" in parts.path)
            case _:
                return self._of_one(asked, parts.path)

    def _of_one(self, asked: Asked, path: str) -> Answered:
        found = re.fullmatch(r"/api/v2/channels/voice/agents/(\d+)/(users|tickets)/(\d+)/display", path)
        if found is not None:
            assert asked.body == b""
            return self._display(int(found[1]), found[2], int(found[3]))
        found = re.fullmatch(r"/api/v2/users/(\d+)/identities", path)
        if found is not None:
            return Answered(body={"identities": self.identities.get(int(found[1]), [])})
        found = re.fullmatch(r"/api/v2/tickets/(\d+)(/comments)?", path)
        assert found is not None, path
        number = int(found[1])
        if number not in self.tickets:
            return NOT_FOUND
        if found[2] is not None:
            return Answered(body={"comments": self.comments[number][::-1]})
        if asked.method == "GET":
            return Answered(body={"ticket": self.tickets[number]})
        if asked.method == "DELETE":
            del self.tickets[number]
            return Answered(status=204)
        assert asked.method == "PUT"
        return self._change(number, asked.json()["ticket"])

    def _fits(self, row: dict[str, Any], query: str) -> bool:
        lines = [each["value"] for each in self.identities.get(row["id"], []) if each["type"] == "phone_number"]
        return _fits(row, query) or any(_fits(row | {"phone": line}, query) for line in lines)

    def _page(self, query: dict[str, list[str]]) -> Answered:
        size, at = int(query["page[size]"][0]), int(query.get("page[after]", ["0"])[0])
        rows = [row for row in self.users.values() if row["role"] in query["role[]"]]
        meta = {"has_more": at + size < len(rows), "after_cursor": str(at + size)}
        return Answered(body={"users": rows[at : at + size], "meta": meta})

    def _new_user(self, user: dict[str, Any]) -> Answered:
        assert set(user) <= {"name", "role", "skip_verify_email", "phone", "email", "notes", "tags"}
        if any(user.get("email", "") and row.get("email") == user.get("email") for row in self.users.values()):
            return invalid("email", f"Email: {user['email']} is already being used by another user", "DuplicateValue")
        return Answered(status=201, body={"user": self.users[self.add_user(**user)]})

    def _new_ticket(self, asked: Asked, *, voice: bool) -> Answered:
        if voice and not self.partner:
            return Answered(status=403, body={"error": {"title": "Forbidden", "message": "You do not have access to this page."}})
        ticket = asked.json()["ticket"]
        known = {"subject", "external_id", "requester", "requester_id", "assignee_id", "comment"}
        assert set(ticket) <= (known | {"via_id", "voice_comment", "description"} if voice else known)
        assert not voice or ticket["via_id"] in (44, 45, 46)
        assert ("comment" in ticket) is not ("voice_comment" in ticket)
        key = asked.headers.get("idempotency-key")
        if key is not None and key in self._keys:
            body, before = self._keys[key]
            if body != asked.body:
                wrong = "Request parameters don't match the given idempotency key"
                return Answered(status=400, body={"error": "IdempotentRequestError", "description": wrong})
            return Answered(status=201, body={"ticket": before}, headers={"x-idempotency-lookup": "hit"})
        if self.refuses is not None:
            return self.refuses
        for field in ("requester_id", "assignee_id"):
            if field in ticket and ticket[field] not in self.users:
                return invalid("requester", "Requester: is not a user", "InvalidValue")
        if "requester" in ticket and not self.takes_numbers:
            return invalid("requester", "Requester: Phone: is invalid", "InvalidFormat")
        self._next += 1
        row = {name: said for name, said in ticket.items() if name not in ("comment", "voice_comment", "requester")}
        row["id"] = self._next
        if "requester" in ticket:
            row["requester_id"] = self.add_user(**ticket["requester"])
        self.tickets[row["id"]] = row
        self.comments[row["id"]] = []
        self._comment(row["id"], ticket)
        if key is not None:
            self._keys[key] = (asked.body, row)
        return Answered(status=201, body={"ticket": row}, headers={"x-idempotency-lookup": "miss"})

    def _change(self, number: int, ticket: dict[str, Any]) -> Answered:
        if self.tickets[number].get("status") == "closed":
            return invalid("status", "Status: closed prevents ticket update", "InvalidValue")
        known = {"comment", "voice_comment", "requester_id", "assignee_id"}
        assert set(ticket) <= known
        self._comment(number, ticket)
        self.tickets[number] |= {name: said for name, said in ticket.items() if name.endswith("_id")}
        return Answered(body={"ticket": self.tickets[number]})

    def _comment(self, number: int, ticket: dict[str, Any]) -> None:
        if "comment" in ticket:
            said = ticket["comment"]
            # Zendesk wraps what it is given.
            body = f'<div class="zd-comment" dir="auto">{said["html_body"]}</div>'
            self.comments[number].append({"id": 1, "type": "Comment", "html_body": body, "public": said["public"]})
        if "voice_comment" in ticket:
            data = ticket["voice_comment"]
            assert {"from", "to", "recording_url", "started_at", "call_duration"} <= set(data)
            self.comments[number].append({"id": 2, "type": "VoiceComment", "data": data, "html_body": "<p>Call</p>"})

    def _display(self, agent: int, what: str, number: int) -> Answered:
        if not self.partner:
            return Answered(status=403, body={"error": {"title": "Forbidden", "message": "You do not have access to this page."}})
        if agent not in self.users or number not in (self.users if what == "users" else self.tickets):
            return NOT_FOUND
        self.shown.append((agent, what, number))
        return Answered()


def _fits(row: dict[str, Any], query: str) -> bool:
    role, *rest = re.findall(r'\w+:(?:"[^"]*"|\S+)', query)
    assert role == "role:end-user"
    if row["role"] != "end-user":
        return False
    for one in rest:
        name, _, value = one.partition(":")
        kept = str(row.get(name) or "")
        if value.startswith("*") and re.sub(r"\D", "", kept).endswith(value[1:]) and kept == re.sub(r"[^\d+]", "", kept):
            return True
        if kept and kept == value.strip('"'):
            return True
    return False


@asynccontextmanager
async def open_desk() -> AsyncIterator[Desk]:
    """Serve a Zendesk on loopback."""
    desk = Desk()
    async with served(desk.answer) as server:
        desk.url = server.url
        yield desk
