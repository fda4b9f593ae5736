"""An Acme CRM as a CRM of the gateway's."""

from collections.abc import Sequence

from acme_crm.mapping import call_of, contact_of
from acme_crm.settings import AcmeSettings

from crm_adapters._kit.http import CrmHttp
from gateway.model.crm import CallActivity, CrmContact
from gateway.model.ids import CallId
from gateway.model.numbers import PhoneQuery
from gateway.ports.crm import CrmGoneError, CrmSurroundings


def create(settings: AcmeSettings, around: CrmSurroundings) -> "AcmeAdapter":
    """Make the adapter; it touches no network yet."""
    return AcmeAdapter(settings, around)


class AcmeAdapter:
    """One Acme CRM. Its memo is the id of the call's row."""

    def __init__(self, settings: AcmeSettings, around: CrmSurroundings) -> None:
        self._url = settings.url
        self._http = CrmHttp(around, settings.url, headers={"Authorization": f"Bearer {settings.key.reveal()}"})

    async def check(self) -> str:
        me = await self._http.call("GET", "/api/me")
        return f"Acme CRM {me['version']} as {me['login']}"

    async def close(self) -> None:
        await self._http.close()

    async def find(self, query: PhoneQuery) -> Sequence[CrmContact]:
        found = {}
        for form in query.forms:
            for row in await self._http.call("GET", "/api/contacts", params={"number": form}):
                found[row["id"]] = contact_of(row, self._url)
        return list(found.values())

    async def put_call(self, activity: CallActivity, memo: str | None) -> str:
        if memo is None:
            # Never told, or the answer was lost: the CRM knows.
            there = await self.calls_of(activity.call_id)
            memo = there[0] if there else None
        if memo is None:
            made = await self._http.call("POST", "/api/calls", json=call_of(activity))
            return str(made["id"])
        await self._http.call("PUT", f"/api/calls/{memo}", json=call_of(activity))
        return memo

    async def calls_of(self, call_id: CallId) -> Sequence[str]:
        rows = await self._http.call("GET", "/api/calls", params={"external_id": call_id})
        return [str(row["id"]) for row in rows]

    async def withdraw_call(self, activity: CallActivity, memo: str) -> None:
        try:
            await self._http.call("DELETE", f"/api/calls/{memo}")
        except CrmGoneError:
            return
