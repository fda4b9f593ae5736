"""Sends signed messages and asks who has a number.

Sources: Standard Webhooks, "Signature scheme" and "Response statuses" (spec version 1.0.0): 2xx is success, 410 says that no more
is wanted.
"""

from collections.abc import Callable, Sequence
from typing import Any

from crm_adapters._kit.http import Answer, CrmHttp
from crm_adapters.webhook.settings import WebhookSettings
from gateway.model.errors import ConfigurationError
from gateway.model.secret import Secret
from gateway.model.signatures import headers_of, key_of
from gateway.ports.crm import CrmDeniedError, CrmError, CrmGoneError, CrmRefusedError, CrmSurroundings


class Receiver:
    """A program that takes calls.

    Raises:
        ConfigurationError: A secret is none.
    """

    def __init__(self, settings: WebhookSettings, around: CrmSurroundings) -> None:
        self.name = around.name
        self._settings = settings
        self._now: Callable[[], float] = around.now
        secrets = [settings.secret, *([settings.old_secret] if settings.old_secret is not None else [])]
        self._keys = _keys(around.name, secrets)
        headers = {name: value.reveal() for name, value in settings.headers.items()}
        self._http = CrmHttp(around, "", headers=headers)

    async def tell(self, message_id: str, body: bytes) -> None:
        """Send a message.

        Raises:
            CrmError: It was not taken.
        """
        headers = self._signed(message_id, body) | {"Content-Type": "application/json"}
        answer = await self._http.send("POST", self._settings.url, data=body, headers=headers)
        if not answer.ok:
            raise self._error(answer)

    async def ask(self, number: str) -> Any:
        """Return what it answers to who has a number; None where it says 404.

        Raises:
            CrmError: It cannot be asked.
        """
        assert self._settings.find_url is not None
        # Nothing is signed but the number: the receiver knows by it that we ask.
        headers = self._signed(f"find_{number.removeprefix('+')}", number.encode())
        answer = await self._http.send("GET", self._settings.find_url, params={"number": number}, headers=headers)
        if answer.status == 404 or (answer.ok and not answer.body.strip()):
            return None
        if not answer.ok:
            raise self._error(answer)
        try:
            return answer.json()
        except (ValueError, RecursionError) as error:
            raise CrmRefusedError(f"{self.name}: find_url answered no JSON: write the address that answers a list") from error

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    def _signed(self, message_id: str, body: bytes) -> dict[str, str]:
        return headers_of(message_id, self._now(), body, self._keys)

    def _error(self, answer: Answer) -> CrmError:
        error = self._http.error_of(answer)
        if answer.status == 410:
            return CrmDeniedError(f"{error}. The receiver wants no more: take {self.name} out of the configuration, or ask there")
        if isinstance(error, CrmGoneError):
            return CrmDeniedError(f"{error}. Nothing takes calls there: look at the url of {self.name}")
        return error


def _keys(name: str, secrets: Sequence[Secret]) -> list[bytes]:
    keys = [key_of(secret.reveal()) for secret in secrets]
    found = [key for key in keys if key is not None]
    if len(found) < len(keys):
        raise ConfigurationError(f"crm {name}: secret is not whsec_ and 24 to 64 bytes in base64: copy the receiver's")
    return found
