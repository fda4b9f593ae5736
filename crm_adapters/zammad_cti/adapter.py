"""A Zammad as a CRM of the gateway's: its caller log, and who called.

Zammad shows callers to agents by itself when it is told of a call, and opens a ticket for him who answers.
"""

from collections.abc import Sequence

from crm_adapters.zammad_cti import mapping
from crm_adapters.zammad_cti.client import Zammad
from crm_adapters.zammad_cti.settings import ZammadSettings
from gateway.model.crm import CallActivity, CrmContact
from gateway.model.numbers import PhoneQuery
from gateway.ports.crm import CrmSurroundings


def create(settings: ZammadSettings, around: CrmSurroundings) -> "ZammadAdapter":
    """Make the adapter (:class:`gateway.ports.crm.CreateCrmAdapter`)."""
    return ZammadAdapter(settings, around)


class ZammadAdapter:
    """One Zammad; see :mod:`gateway.ports.crm` for what is asked of it. Its memo is the events that it was told."""

    def __init__(self, settings: ZammadSettings, around: CrmSurroundings) -> None:
        self._zammad = Zammad(around, settings)

    async def check(self) -> str:
        await self._zammad.listens()
        if not self._zammad.finds:
            return f"Zammad at {self._zammad.url}, CTI (generic); without a key no caller is found"
        return f"Zammad at {self._zammad.url}, CTI (generic), as {await self._zammad.me()}"

    async def close(self) -> None:
        await self._zammad.close()

    async def find(self, query: PhoneQuery) -> Sequence[CrmContact]:
        found: dict[str, CrmContact] = {}
        for written in query.forms if self._zammad.finds else ():
            # With Elasticsearch a search has operators, without it there are none: so one form at a time.
            for row in await self._zammad.search(written):
                contact = mapping.contact_of(row, self._zammad.url)
                if contact is not None:
                    found[contact.id] = contact
        return list(found.values())

    async def put_call(self, activity: CallActivity, memo: str | None) -> str:
        sent = () if memo is None else tuple(memo.split())
        for event in mapping.events_of(activity, sent):
            await self._zammad.tell(event)
            sent = (*sent, event["event"])
        return " ".join(sent)
