"""A program that takes calls: it proves each signature, drops repeats and keeps one record a call."""

import hmac
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit

from support.crm import Answered, Asked, ServedCrm, served

from gateway.model.signatures import secret_of

KEY = b"0123456789abcdef01234567"
SECRET = secret_of(KEY)


class Shop:
    """What the program has."""

    def __init__(self) -> None:
        self.calls: dict[str, dict[str, Any]] = {}
        self.contacts: list[dict[str, Any]] = []
        self.repeats = 0
        self.status = 200
        """What it answers."""
        self.headers: dict[str, str] = {}
        self.found: Any = None
        """What it answers to a question, instead of its contacts."""
        self._had: set[str] = set()

    def answer(self, asked: Asked) -> Answered:
        """Answer a request."""
        number = parse_qs(urlsplit(asked.path).query).get("number", [""])[0]
        if not self._is_signed(asked, number.encode() if asked.method == "GET" else asked.body):
            return Answered(status=401, body={"message": "wrong signature"})
        if self.status != 200:
            return Answered(status=self.status, headers=self.headers)
        if asked.method == "GET":
            return Answered(body=self.contacts if self.found is None else self.found)
        message = asked.headers["webhook-id"]
        if message in self._had:
            self.repeats += 1
        elif "call_id" in (said := asked.json()):
            self._had.add(message)
            if said["type"] == "call.withdrawn":
                self.calls.pop(said["call_id"], None)
            else:
                self.calls[said["call_id"]] = said
        return Answered()

    def _is_signed(self, asked: Asked, body: bytes) -> bool:
        signed = f"{asked.headers.get('webhook-id')}.{asked.headers.get('webhook-timestamp')}.".encode() + body
        wanted = "v1," + b64encode(hmac.digest(KEY, signed, sha256)).decode()
        return wanted in asked.headers.get("webhook-signature", "").split()


@asynccontextmanager
async def shop() -> AsyncIterator[tuple[Shop, ServedCrm]]:
    """Serve one."""
    there = Shop()
    async with served(there.answer) as crm:
        yield there, crm
