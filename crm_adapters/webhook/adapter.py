"""A program that takes calls over HTTP, as a CRM of the gateway's. Its memo is the id of the message that it took last."""

from collections.abc import Sequence

from crm_adapters.webhook.client import Receiver
from crm_adapters.webhook.mapping import contacts_of, message_of
from crm_adapters.webhook.settings import WebhookSettings
from gateway.model.crm import CallActivity, CrmAbility, CrmContact
from gateway.model.errors import ConfigurationError, TemplateError
from gateway.model.numbers import PhoneQuery
from gateway.model.templates import template_of
from gateway.ports.crm import CrmRefusedError, CrmSurroundings

PING = b'{"type":"ping"}'


def create(settings: WebhookSettings, around: CrmSurroundings) -> "WebhookAdapter":
    """Make the adapter (:class:`gateway.ports.crm.CreateCrmAdapter`).

    Raises:
        ConfigurationError: The secret or the template is none.
    """
    return WebhookAdapter(settings, around)


class WebhookAdapter:
    """One program; see :mod:`gateway.ports.crm` for what is asked of it."""

    def __init__(self, settings: WebhookSettings, around: CrmSurroundings) -> None:
        self._settings = settings
        self._around = around
        self._receiver = Receiver(settings, around)
        try:
            self._template = None if settings.template is None else template_of(settings.template)
        except TemplateError as error:
            raise ConfigurationError(f"crm {around.name}: template: {error}") from error

    @property
    def abilities(self) -> frozenset[CrmAbility]:
        """Without ``find_url`` nobody is found."""
        told = frozenset((CrmAbility.CALLS, CrmAbility.WITHDRAW_CALLS))
        return told if self._settings.find_url is None else told | {CrmAbility.FIND}

    async def check(self) -> str:
        await self._receiver.tell(f"ping_{int(self._around.now())}", PING)
        return f"webhook at {self._settings.url.partition('?')[0]}"

    async def close(self) -> None:
        await self._receiver.close()

    async def find(self, query: PhoneQuery) -> Sequence[CrmContact]:
        if self._settings.find_url is None:
            raise CrmRefusedError(f"{self._around.name}: nobody is found without find_url")
        try:
            return contacts_of(await self._receiver.ask(query.e164))
        except ValueError as error:
            raise CrmRefusedError(f"{self._around.name}: find_url answered no list of contacts: {error}") from error

    async def put_call(self, activity: CallActivity, memo: str | None) -> str:
        message_id, body = message_of(activity, self._template)
        await self._receiver.tell(message_id, body)
        return message_id

    async def withdraw_call(self, activity: CallActivity, memo: str) -> None:
        await self._receiver.tell(*message_of(activity, self._template, withdrawn=True))
