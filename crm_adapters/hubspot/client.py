"""HubSpot's REST API: records of one type, searches within their own quota, and which of its errors means what.

Sources: the vendor's OpenAPI of CRM objects v3; developers.hubspot.com, "Search the CRM", "Error handling", "Usage guidelines".
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

from crm_adapters._kit.http import MAX_PAUSE_S, Answer, CrmHttp, printable, usual_reason
from crm_adapters.hubspot.settings import HubSpotSettings
from gateway.ports.crm import (
    CrmDeniedError,
    CrmError,
    CrmGoneError,
    CrmRefusedError,
    CrmSurroundings,
    CrmUnavailableError,
)

SEARCHES_PER_S: Final = 4.0
"""Of an account, beside the quota of all requests (the vendor raised it to five for some)."""
SEARCH_BURST: Final = 4
MAX_SEARCH_WAIT_S: Final = 3.0
"""Who would have to wait longer for his search is told so instead: a card that comes later helps nobody."""
PATIENT_S: Final = 30.0
"""Seconds for which a search waits that nobody waits for."""
MAX_FOUND: Final = 100
"""Records of one search."""
MAX_ID_DIGITS: Final = 20
"""Of a record's id; HubSpot's have twelve or so."""
ROLLING_S: Final = 10.0
"""Seconds over which HubSpot counts the requests of an app."""

Record = dict[str, Any]
"""``id`` and ``properties``, as the vendor's SimplePublicObject."""


class HubSpot:
    """One account."""

    def __init__(self, around: CrmSurroundings, settings: HubSpotSettings) -> None:
        self.name = around.name
        self._around = around
        self._http = _Http(around, settings)
        self._searches = SearchTurns(around.name)
        self._account: Account | None = None

    async def account(self) -> "Account":
        """Return whose token it is; asked once.

        Raises:
            CrmError: It is nobody's.
        """
        if self._account is None:
            said = self._object(await self._http.call("GET", "/account-info/v3/details"), "account-info")
            self._account = Account(said)
            self._http.zone = self._account.zone
        return self._account

    async def search(
        self, kind: str, groups: Sequence[Sequence[Mapping[str, Any]]], properties: Sequence[str], *, patient: bool = True
    ) -> list[Record]:
        """Return the records of a type, such as ``contacts``, that fit one of the groups of filters, the oldest first.

        What was written in the last seconds may be missing. Who is not patient, for somebody waits, goes first.

        Raises:
            CrmError: It could not be searched.
        """
        await self._searches.turn(patient=patient)
        asked = {
            "filterGroups": [{"filters": list(filters)} for filters in groups],
            "properties": list(properties),
            "limit": MAX_FOUND,
            "after": "0",
            "sorts": ["hs_object_id"],
        }
        said = self._object(await self._http.call("POST", f"/crm/v3/objects/{kind}/search", json=asked), "search")
        return [_record(row) for row in self._results(said) if _is_record(row)]

    async def read(self, kind: str, key: str, properties: Sequence[str], *, by: str | None = None) -> Record | None:
        """Return a record by its id, or by a property that each has another value of; None of one that is not there.

        Raises:
            CrmError: It could not be read.
        """
        params = {"properties": ",".join(properties)} | ({} if by is None else {"idProperty": by})
        answer = await self._http.send("GET", f"/crm/v3/objects/{kind}/{quote(key, safe='')}", params=params)
        if answer.status == 404:
            return None
        return self._made(answer, kind)

    async def create(self, kind: str, properties: Mapping[str, str], to: Sequence[tuple[str, int]] = ()) -> Record:
        """Make a record that is associated with others: their ids, and the association's type.

        Raises:
            CrmError: It was not made.
        """
        associations = [
            {"to": {"id": other}, "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": association}]}
            for other, association in to
        ]
        asked = {"properties": dict(properties), "associations": associations}
        return self._made(await self._http.send("POST", f"/crm/v3/objects/{kind}", json=asked), kind)

    async def change(self, kind: str, key: str, properties: Mapping[str, str]) -> None:
        """Change a record.

        Raises:
            CrmGoneError: It is not there any more.
        """
        await self._http.call("PATCH", f"/crm/v3/objects/{kind}/{quote(key, safe='')}", json={"properties": dict(properties)})

    async def delete(self, kind: str, key: str) -> None:
        """Put a record into the recycling bin; one that is not there is done."""
        answer = await self._http.send("DELETE", f"/crm/v3/objects/{kind}/{quote(key, safe='')}")
        if not answer.ok and answer.status != 404:
            raise self._http.error_of(answer)

    async def associate(self, kind: str, key: str, other_kind: str, other: str) -> None:
        """Put a record on another's timeline; twice is once (associations v4, "default")."""
        path = f"/crm/v4/objects/{kind}/{quote(key, safe='')}/associations/default/{other_kind}/{quote(other, safe='')}"
        await self._http.call("PUT", path)

    async def owners(self, after: str | None) -> tuple[list[dict[str, Any]], str | None]:
        """Return a page of the owners and where the next one begins."""
        params = {"limit": "100"} | ({} if after is None else {"after": after})
        said = self._object(await self._http.call("GET", "/crm/v3/owners", params=params), "owners")
        found = [row for row in self._results(said) if isinstance(row, dict)]
        paging = said.get("paging")
        following = paging.get("next") if isinstance(paging, dict) else None
        at = following.get("after") if isinstance(following, dict) else None
        return found, at if isinstance(at, str) else None

    async def property_of(self, kind: str, name: str) -> dict[str, Any] | None:
        """Return how a property is defined; None where there is none."""
        answer = await self._http.send("GET", f"/crm/v3/properties/{kind}/{name}")
        if answer.status == 404:
            return None
        if not answer.ok:
            raise self._http.error_of(answer)
        try:
            return self._object(answer.json(), name)
        except ValueError as error:
            raise CrmRefusedError(f"{self.name}: properties answered no JSON") from error

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    def _made(self, answer: Answer, kind: str) -> Record:
        if not answer.ok:
            raise self._http.error_of(answer)
        try:
            said = answer.json()
        except ValueError as error:
            raise CrmRefusedError(f"{self.name}: {kind} answered no JSON") from error
        if not _is_record(said):
            raise CrmRefusedError(f"{self.name}: {kind} answered no record: {usual_reason(answer)}")
        return _record(said)

    def _results(self, said: Mapping[str, Any]) -> list[Any]:
        """Return a list's rows; an answer without one does not mean that there are none."""
        rows = said.get("results")
        if not isinstance(rows, list):
            raise CrmRefusedError(f"{self.name}: HubSpot answered no results")
        return rows

    def _object(self, said: Any, what: str) -> dict[str, Any]:
        if not isinstance(said, dict):
            raise CrmRefusedError(f"{self.name}: {what} answered no object")
        return said


class Account:
    """What ``account-info`` says of itself."""

    def __init__(self, said: Mapping[str, Any]) -> None:
        portal = said.get("portalId")
        self.portal = str(portal) if isinstance(portal, int) else "0"
        """The account's number, as in the addresses of its pages."""
        domain = str(said.get("uiDomain") or "")
        safe = domain.endswith(".hubspot.com") and all(part.replace("-", "").isalnum() for part in domain.split("."))
        self.pages = f"https://{domain if safe else 'app.hubspot.com'}"
        """Where its pages are."""
        self.zone = str(said.get("timeZone") or "")


class SearchTurns:
    """Keeps the quota of searches: :data:`SEARCH_BURST` at once, then :data:`SEARCHES_PER_S`.

    Of those that are patient one at a time stands in the line, so that the others hardly wait for them.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._patient = asyncio.Lock()
        self._free_at = float("-inf")
        """When a turn of all that were given would have passed at an even pace."""

    async def turn(self, *, patient: bool) -> None:
        """Wait until a search may be sent; one that is cancelled has used its turn.

        Raises:
            CrmUnavailableError: That is longer off than :data:`MAX_SEARCH_WAIT_S`, or :data:`PATIENT_S`.
        """
        if not patient:
            await self._stand()
            return
        try:
            async with asyncio.timeout(PATIENT_S), self._patient:
                await self._stand()
        except TimeoutError as error:
            text = f"{self._name}: too many searches wait for HubSpot's quota of them"
            raise CrmUnavailableError(text, retry_after_s=PATIENT_S) from error

    async def _stand(self) -> None:
        now = asyncio.get_running_loop().time()
        next_at = max(self._free_at, now) + 1.0 / SEARCHES_PER_S
        wait_s = next_at - now - SEARCH_BURST / SEARCHES_PER_S
        if wait_s > MAX_SEARCH_WAIT_S:
            raise CrmUnavailableError(f"{self._name}: too many searches wait for HubSpot's quota of them", retry_after_s=wait_s)
        self._free_at = next_at
        if wait_s > 0:
            await asyncio.sleep(wait_s)


class _Http(CrmHttp):
    """Reads HubSpot's own errors."""

    def __init__(self, around: CrmSurroundings, settings: HubSpotSettings) -> None:
        headers = {"Authorization": f"Bearer {settings.key.reveal()}", "Accept": "application/json"}
        super().__init__(around, settings.url, headers=headers)
        self._now = around.now
        self.zone = ""

    def error_of(self, answer: Answer) -> CrmError:
        usual = super().error_of(answer)
        said = _said(answer)
        if isinstance(usual, CrmUnavailableError) and answer.status == 429:
            pause_s = usual.retry_after_s
            if said.get("policyName") == "DAILY":
                pause_s = min(midnight_in_s(self._now(), self.zone), MAX_PAUSE_S)
                cure = "The account's requests of today are used up until its midnight: other apps use them too"
                return CrmUnavailableError(f"{usual}. {cure}", retry_after_s=pause_s)
            if pause_s is None:
                pause_s = 1.0 if said.get("policyName") == "SECONDLY" else ROLLING_S
            return CrmUnavailableError(str(usual), retry_after_s=pause_s)
        if isinstance(usual, CrmDeniedError) and answer.status == 403:
            scopes = ", ".join(scopes_in(said))
            if scopes:
                return CrmDeniedError(f"{self.name}: the private app lacks a scope: add one of {scopes} to it in HubSpot")
        if isinstance(usual, CrmGoneError) and said.get("category") != "OBJECT_NOT_FOUND":
            # A path or an object type that is not there is no deleted record.
            return usual if "not found" in usual_reason(answer).lower() else CrmRefusedError(str(usual))
        return usual


def midnight_in_s(now: float, zone: str) -> float:
    """Return in how many seconds a day ends; in UTC where the zone is none that we know."""
    try:
        here = datetime.fromtimestamp(now, ZoneInfo(zone))
    except (KeyError, ValueError, OSError):  # ZoneInfoNotFoundError is a KeyError
        here = datetime.fromtimestamp(now, UTC)
    midnight = (here + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight.timestamp() - now


def scopes_in(said: Mapping[str, Any]) -> list[str]:
    """Return which scopes an error of category ``MISSING_SCOPES`` names."""
    errors = said.get("errors")
    found: list[str] = []
    for error in errors if isinstance(errors, list) else []:
        context = error.get("context") if isinstance(error, dict) else None
        for scopes in context.values() if isinstance(context, dict) else ():
            found += [printable(str(scope)[:100]) for scope in scopes[:10]] if isinstance(scopes, list) else []
    return list(dict.fromkeys(found))


def _said(answer: Answer) -> Mapping[str, Any]:
    try:
        said = answer.json()
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _is_record(row: Any) -> bool:
    """Tell whether it is a record; its id becomes a part of addresses."""
    key = row.get("id") if isinstance(row, dict) else None
    number = isinstance(key, str) and key.isascii() and key.isdecimal() and len(key) <= MAX_ID_DIGITS
    return number and isinstance(row.get("properties"), dict)


def _record(row: dict[str, Any]) -> Record:
    return {"id": row["id"], "properties": row["properties"]}
