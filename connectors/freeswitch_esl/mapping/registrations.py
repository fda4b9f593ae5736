"""Which telephones are registered: whoever was, and is no longer, cannot be reached. Pure.

Of one that never was nothing is told: it may be called at an address of its own, without any registration.

Source: ``sofia_reg.c`` (``sofia::register``, ``unregister``, ``expire``) and ``switch_core_sqldb.c`` (``show registrations``) of
FreeSWITCH 1.10.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from connectors.freeswitch_esl.protocol.message import EslMessage
from gateway.model.events import PbxEvent
from gateway.model.reports import DeviceChanged
from gateway.model.site import Site

REGISTRATIONS: Final = "show registrations as json"
REGISTERED: Final = "REGISTERED"
UNAVAILABLE: Final = "UNAVAILABLE"
REGISTER: Final = "CUSTOM sofia::register"
GONE: Final = frozenset({"CUSTOM sofia::unregister", "CUSTOM sofia::expire"})


class Registrations:
    """The extensions of one site that are registered, or were."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._tokens: dict[str, set[str]] = {}
        """Each extension's registrations, by their Call-IDs; empty when there is none any more."""
        self.stale = False
        """Whether only the list tells what there is."""

    def listed(self, rows: Iterable[Mapping[str, str]], at: float) -> list[PbxEvent]:
        """Take over all that there are."""
        self.stale = False
        now: dict[str, set[str]] = {}
        for row in rows:
            user = row.get("reg_user", "")
            if self._site.is_extension(user):
                now.setdefault(user, set()).add(row.get("token", ""))
        events: list[PbxEvent] = []
        for user in [*now, *(user for user in self._tokens if user not in now)]:
            tokens, before = now.get(user, set()), self._tokens.get(user)
            self._tokens[user] = tokens
            if before is None or bool(before) != bool(tokens):
                events.append(_device(user, REGISTERED if tokens else UNAVAILABLE, at))
        return events

    def note(self, message: EslMessage, at: float) -> list[PbxEvent]:
        """Return what an event says of one telephone."""
        user, token = message.get("from-user") or message.get("user"), message.get("call-id")
        if not self._site.is_extension(user):
            return []
        tokens = self._tokens.get(user)
        if message.name == REGISTER:
            if not tokens:
                self._tokens[user] = {token}
                return [_device(user, REGISTERED, at)]
            if token not in tokens:
                # A second telephone, or the same after a restart, whose first registration is replaced.
                tokens.add(token)
                self.stale = True
            return []
        if tokens is None:
            return []
        if tokens == {token}:
            tokens.clear()
            return [_device(user, UNAVAILABLE, at)]
        if tokens:
            # One of several, or one that was replaced: the list knows whether any is left.
            tokens.discard(token)
            self.stale = True
        return []


def _device(user: str, state: str, at: float) -> PbxEvent:
    return DeviceChanged(at=at, device=f"user/{user}", state=state)
