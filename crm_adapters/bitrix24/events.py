"""What Bitrix24 tells us by itself: somebody clicked on a number, or asked for a call on a page.

Sources: apidocs.bitrix24.com, "ONEXTERNALCALLSTART", "ONEXTERNALCALLBACKSTART". An outbound webhook posts a form whose names are
``event``, ``data[PHONE_NUMBER]``, ``auth[application_token]``.
"""

import hmac
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from crm_adapters.bitrix24.mapping import Clicked, entity_named, number_in
from gateway.model.crm import CallActivity
from gateway.model.ids import CallId
from gateway.model.numbers import is_number_of, query_of
from gateway.model.secret import Secret

MAX_FIELDS: Final = 200
"""Of a form; the vendor's have about thirty."""
MAX_CLICKED: Final = 1_000
"""Calls asked for that are remembered until they are made."""
CLICKED_S: Final = 300.0
"""Seconds for which one is: within them it is dialled, or nobody answered his telephone."""
_CALL_ID: Final = re.compile(r"[\w.-]{1,200}", re.ASCII)
_NUMBER: Final = re.compile(r"\+?[\d(][\d ()./*#-]{0,38}", re.ASCII)


def form_of(body: bytes) -> dict[str, str]:
    """Return a form's fields by name.

    Raises:
        ValueError: It is none, or has more than :data:`MAX_FIELDS`.
    """
    text = body.decode("utf-8")
    return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS))


def is_from_portal(form: Mapping[str, str], token: Secret | None) -> bool:
    """Tell whether the sender knows the outbound webhook's token, in the same time whatever it is."""
    said = form.get("auth[application_token]", "").encode()
    return token is not None and hmac.compare_digest(said, token.reveal().encode())


def clicked_of(form: Mapping[str, str], *, user: int | None, at: float) -> Clicked | None:
    """Return the call that is asked for; None where its number or its user is none.

    Args:
        user: Whose telephone rings where the event does not say it: a form's callback.
    """
    number = (form.get("data[PHONE_NUMBER_INTERNATIONAL]") or form.get("data[PHONE_NUMBER]") or "").strip()
    who = number_in(form.get("data[USER_ID]")) or user
    if _NUMBER.fullmatch(number) is None or who is None:
        return None
    call = form.get("data[CALL_ID]", "")
    return Clicked(
        number=number,
        user=who,
        at=at,
        call=call if _CALL_ID.fullmatch(call) else None,
        entity=entity_in(form),
    )


def entity_in(form: Mapping[str, str]) -> str | None:
    """Return from whose card, or for whom, the call is asked for."""
    return entity_named({key: form.get(f"data[{key}]") for key in ("CRM_ENTITY_TYPE", "CRM_ENTITY_ID")})


class ClickedCalls:
    """Calls that the portal asked for and was not told of yet: each is the next call of its user to its number."""

    def __init__(self, region: str) -> None:
        self._region = region
        self._waiting: list[Clicked] = []
        self._taken: dict[CallId, Clicked] = {}

    def keep(self, clicked: Clicked) -> None:
        """Remember one; of too many the oldest is forgotten."""
        self._waiting = [*self._fresh(clicked.at), clicked][-MAX_CLICKED:]

    def take(self, activity: CallActivity, now: float) -> Clicked | None:
        """Return the one that this call is, and each time again; no other call gets it."""
        if activity.call_id in self._taken:
            return self._taken[activity.call_id]
        self._waiting = self._fresh(now)
        owner = None if activity.owner is None else activity.owner.id
        for clicked in self._waiting:
            if activity.direction == "outbound" and owner == str(clicked.user) and self._same(clicked.number, activity.number):
                self._waiting.remove(clicked)
                self._taken[activity.call_id] = clicked
                if len(self._taken) > MAX_CLICKED:
                    del self._taken[next(iter(self._taken))]
                return clicked
        return None

    def drop(self, call_id: CallId) -> None:
        """Forget what this call was: the portal does not know it any more."""
        self._taken.pop(call_id, None)

    def _fresh(self, now: float) -> list[Clicked]:
        return [each for each in self._waiting if now - each.at <= CLICKED_S]

    def _same(self, asked: str, called: str | None) -> bool:
        if called is None or asked == called:
            return called is not None
        try:
            return is_number_of(asked, query_of(called, self._region))
        except ValueError:
            return False
