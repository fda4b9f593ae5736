"""Zendesk's REST API: users, tickets, the agents' browsers, and which of its errors means what.

Sources: developer.zendesk.com, "Tickets", "Users", "Search", "Idempotency", "Talk Partner Edition API: Basics", "Adding voice
comments to tickets". A user who is not known is answered 200 and ``Anonymous user`` by ``users/me``.
"""

from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote

from crm_adapters._kit.http import MAX_REASON_CHARACTERS, Answer, CrmHttp, printable, usual_reason
from crm_adapters.zendesk.settings import ZendeskSettings
from gateway.ports.crm import CrmDeniedError, CrmError, CrmRefusedError, CrmSurroundings, CrmUnavailableError

MAX_PAGES: Final = 50
"""Of a hundred users each."""
MAX_COMMENTS: Final = 100
"""The newest of a ticket, that are looked through."""
BUSY_S: Final = 5.0
"""Seconds after which is asked again what an earlier request is still doing."""
_VOICE: Final = "/api/v2/channels/voice"

Row = dict[str, Any]


class SameKeyError(CrmRefusedError):
    """A request with this idempotency key came before, and said something else: what it made is there."""


class Zendesk:
    """One Zendesk."""

    def __init__(self, around: CrmSurroundings, settings: ZendeskSettings) -> None:
        self.name = around.name
        self.url = settings.url.rstrip("/")
        """Without a stroke at the end."""
        headers = {"Accept": "application/json", "Authorization": authorization_of(settings)}
        self._http = CrmHttp(around, self.url, headers=headers, reason_of=reason_of)

    async def me(self) -> Row:
        """Return as whom we work.

        Raises:
            CrmDeniedError: As nobody, or as somebody who is no agent.
        """
        user = _object(await self._call("GET", "/api/v2/users/me")).get("user")
        if not isinstance(user, dict) or user.get("id") is None:
            raise CrmDeniedError(f"{self.name}: Zendesk does not know us: look at email and key of {self.name}")
        if user.get("role") not in ("agent", "admin"):
            raise CrmDeniedError(f"{self.name}: {printable(str(user.get('email')))} is no agent of Zendesk: give him the role")
        return user

    async def search_users(self, query: str) -> list[Row]:
        """Return up to a hundred users, in Zendesk's search syntax; its index is minutes behind at times."""
        return self._rows(await self._call("GET", "/api/v2/users/search", params={"query": query, "per_page": "100"}), "users")

    async def agents(self) -> list[Row]:
        """Return all agents and administrators."""
        found: list[Row] = []
        after = ""
        for _ in range(MAX_PAGES):
            query = "role%5B%5D=agent&role%5B%5D=admin&page%5Bsize%5D=100" + (
                f"&page%5Bafter%5D={quote(after, safe='')}" if after else ""
            )
            said = await self._call("GET", f"/api/v2/users?{query}")
            found += self._rows(said, "users")
            meta = _object(_object(said).get("meta"))
            after = str(meta.get("after_cursor") or "")
            if not meta.get("has_more") or not after:
                break
        return found

    async def organizations(self, ids: Iterable[int]) -> list[Row]:
        """Return the organizations with these ids."""
        wanted = ",".join(map(str, ids))
        if not wanted:
            return []
        return self._rows(await self._call("GET", "/api/v2/organizations/show_many", params={"ids": wanted}), "organizations")

    async def numbers_of(self, user: int) -> list[str]:
        """Return the numbers of a user's identities: his direct lines."""
        rows = self._rows(await self._call("GET", f"/api/v2/users/{user}/identities"), "identities")
        return [str(row["value"]) for row in rows if row.get("type") == "phone_number" and row.get("value")]

    async def make_user(self, user: Mapping[str, Any]) -> Row:
        """Add a user."""
        return self._made(await self._call("POST", "/api/v2/users", json={"user": user}), "user")

    async def tickets_of(self, external_id: str) -> list[Row]:
        """Return the tickets with an external id; from its database, so that what was just made is there."""
        rows = self._rows(await self._call("GET", "/api/v2/tickets", params={"external_id": external_id}), "tickets")
        # All tickets come where the filter is passed over.
        return [row for row in rows if row.get("external_id") == external_id]

    async def is_there(self, number: int) -> bool:
        """Tell whether a ticket was not deleted."""
        answer = await self._http.send("GET", f"/api/v2/tickets/{number}")
        if not answer.ok and answer.status != 404:
            raise self._error(answer, "/api/v2/tickets")
        return answer.ok

    async def make_voice_ticket(self, ticket: Mapping[str, Any], key: str | None) -> tuple[Row, bool]:
        """Make a ticket of a call; also tell whether an earlier request with this key made it.

        Raises:
            SameKeyError: It did, and said something else.
        """
        return await self._make_ticket(f"{_VOICE}/tickets", ticket, key)

    async def make_ticket(self, ticket: Mapping[str, Any], key: str | None) -> tuple[Row, bool]:
        """Make a ticket; else as :meth:`make_voice_ticket`."""
        return await self._make_ticket("/api/v2/tickets", ticket, key)

    async def change_ticket(self, number: int, ticket: Mapping[str, Any]) -> None:
        """Change a ticket.

        Raises:
            CrmGoneError: It is not there any more.
        """
        await self._call("PUT", f"/api/v2/tickets/{number}", json={"ticket": ticket})

    async def comments(self, number: int) -> list[Row]:
        """Return the newest comments of a ticket."""
        params = {"sort": "-created_at", "page[size]": str(MAX_COMMENTS)}
        return self._rows(await self._call("GET", f"/api/v2/tickets/{number}/comments", params=params), "comments")

    async def delete_ticket(self, number: int) -> None:
        """Delete a ticket; one that is not there is done."""
        answer = await self._http.send("DELETE", f"/api/v2/tickets/{number}")
        if not answer.ok and answer.status != 404:
            raise self._error(answer, f"/api/v2/tickets/{number}")

    async def display(self, agent: int, what: str, number: int) -> None:
        """Open a page, of ``users`` or ``tickets``, in an agent's browser."""
        await self._call("POST", f"{_VOICE}/agents/{agent}/{what}/{number}/display")

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    async def _make_ticket(self, path: str, ticket: Mapping[str, Any], key: str | None) -> tuple[Row, bool]:
        headers = None if key is None else {"Idempotency-Key": key}
        answer = await self._http.send("POST", path, json={"ticket": ticket}, headers=headers)
        if not answer.ok:
            raise self._error(answer, path)
        return self._made(_json(answer), "ticket"), answer.headers.get("x-idempotency-lookup") == "hit"

    async def _call(self, method: str, path: str, *, params: Mapping[str, str] | None = None, json: Any = None) -> Any:
        answer = await self._http.send(method, path, params=params, json=json)
        if not answer.ok:
            raise self._error(answer, path)
        return _json(answer)

    def _rows(self, said: Any, key: str) -> list[Row]:
        """Return the rows of a list, each of which has an id; an answer without the list does not mean that there are none."""
        rows = _object(said).get(key)
        if not isinstance(rows, list):
            raise CrmRefusedError(f"{self.name}: Zendesk answered no {key}")
        return [row for row in rows if isinstance(row, dict) and isinstance(row.get("id"), int)]

    def _made(self, said: Any, what: str) -> Row:
        row = _object(_object(said).get(what))
        if not isinstance(row.get("id"), int):
            raise CrmRefusedError(f"{self.name}: Zendesk answered no {what}")
        return row

    def _error(self, answer: Answer, path: str) -> CrmError:
        error = self._http.error_of(answer)
        if answer.status == 400 and "IdempotentRequestError" in str(error):
            return SameKeyError(str(error))
        if answer.status == 409:
            # Another request with this key, or to this ticket, is under way.
            return CrmUnavailableError(str(error), retry_after_s=BUSY_S)
        if path.startswith(_VOICE) and answer.status in (402, 403):
            return CrmDeniedError(f"{error} It needs the Talk Partner Edition: buy it, or try it, in Zendesk's Admin Center")
        return error


def authorization_of(settings: ZendeskSettings) -> str:
    """Return the header by which Zendesk knows us."""
    if settings.email is None:
        return f"Bearer {settings.key.reveal()}"
    return "Basic " + b64encode(f"{settings.email}/token:{settings.key.reveal()}".encode()).decode()


def reason_of(answer: Answer) -> str:
    """Return what an answer says of its failure: its error, description and each of the ``details``."""
    try:
        said = answer.json()
    except ValueError:
        return usual_reason(answer)
    error = said.get("error") if isinstance(said, dict) else None
    if not isinstance(error, str):
        return usual_reason(answer)
    told = ": ".join([error, *_details(said)])
    return printable(told[:MAX_REASON_CHARACTERS])


def _details(said: Row) -> Iterator[str]:
    if isinstance(said.get("description"), str):
        yield said["description"]
    for field, wrongs in _object(said.get("details")).items():
        for wrong in wrongs if isinstance(wrongs, list) else []:
            yield f"{field}: {_object(wrong).get('description')} ({_object(wrong).get('error')})"


def _json(answer: Answer) -> Any:
    """Return what an answer says; some that succeeded say nothing."""
    try:
        return answer.json()
    except ValueError:
        return None


def _object(said: Any) -> Row:
    return said if isinstance(said, dict) else {}
