"""A Zammad for tests: a caller log that takes events as docs.zammad.org and Zammad's source say, and users to search."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from support.crm import LOST, Answered, Asked, served

TOKEN: Final = "c71t0ken"
KEY: Final = "s3cr3tkey"
_HIDDEN: Final = "Error ID aBcD1234: Please contact your administrator."
"""What Zammad tells of its own errors to who is no administrator."""


class Helpdesk:
    """What a Zammad keeps. ``lost`` events are taken and their answers are lost."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.log: dict[str, dict[str, Any]] = {}
        self.users: list[dict[str, Any]] = []
        self.searched: list[str] = []
        self.lost: list[str] = []
        self.failing: Answered | None = None
        self.url = ""

    def answer(self, asked: Asked) -> Answered:
        """Answer a request."""
        assert asked.headers["accept"] == "application/json"
        parts = urlsplit(asked.path)
        if self.failing is not None:
            return self.failing
        if parts.path.startswith("/api/v1/cti/"):
            if parts.path != f"/api/v1/cti/{TOKEN}":
                return Answered(status=401, body={"error": "Invalid token, please contact your admin!"})
            return self._told(asked.json())
        if asked.headers.get("authorization") != f"Token token={KEY}":
            return Answered(status=401, body={"error": "Authentication required"})
        if parts.path == "/api/v1/users/me":
            return Answered(body={"id": 3, "login": "tieline"})
        assert parts.path == "/api/v1/users/search"
        (written,) = parse_qs(parts.query)["query"]
        self.searched.append(written)
        return Answered(body=[row for row in self.users if written in (row.get("phone"), row.get("mobile"))])

    def _told(self, said: dict[str, Any]) -> Answered:
        if said.get("direction") not in ("in", "out"):
            return Answered(status=422, body={"error": "Invalid direction!"})
        event, call = said["event"], said["callId"]
        if event == "answer" and isinstance(said.get("user", ""), list):
            return Answered(status=500, body={"error": _HIDDEN})
        if event == "newCall" and call in self.log:
            return Answered(status=500, body={"error": "Object already exists!", "error_human": "Object already exists!"})
        if event != "newCall" and call not in self.log:
            return Answered(status=500, body={"error": _HIDDEN})
        assert event in ("newCall", "answer", "hangup")
        assert len(call) <= 250
        assert said["from"]
        assert said["to"]
        self.events.append(said)
        if event != "answer" or self.log[call]["state"] != "hangup":
            self.log[call] = self.log.get(call, {}) | {"state": event, "comment": said.get("cause")}
        if event in self.lost:
            self.lost.remove(event)
            return LOST
        outbound = {"action": "dial", "caller_id": "4930777000000", "number": said["to"]}
        return Answered(body=outbound if event == "newCall" and said["direction"] == "out" else {})


@asynccontextmanager
async def open_helpdesk() -> AsyncIterator[Helpdesk]:
    """Serve a Zammad on loopback."""
    helpdesk = Helpdesk()
    async with served(helpdesk.answer) as server:
        helpdesk.url = server.url
        yield helpdesk
