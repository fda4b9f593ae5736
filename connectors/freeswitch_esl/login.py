"""The login, and what of the PBX this user may hear; each way it can fail says what to change and where."""

import asyncio
from typing import Final

import msgspec

from connectors.freeswitch_esl.link import EslLink
from connectors.freeswitch_esl.settings import FreeswitchSettings
from gateway.model.errors import (
    CommandRefusedError,
    CommandUnansweredError,
    ConfigurationError,
    PeerRefusedError,
    PeerUnavailableError,
)

HEARTBEAT: Final = "HEARTBEAT"
_CUSTOM: Final = "CUSTOM "


class Rights(msgspec.Struct, frozen=True, kw_only=True):
    """What FreeSWITCH says that a user may; None is everything."""

    events: frozenset[str] | None = None
    commands: frozenset[str] | None = None

    def may_hear(self, event: str) -> bool:
        """Tell whether events of this name, or subclass, are sent to this user."""
        return self.events is None or "ALL" in self.events or event.removeprefix(_CUSTOM) in self.events

    def may_ask(self, command: str) -> bool:
        """Tell whether this ``api`` command is open to this user."""
        return self.commands is None or "ALL" in self.commands or command in self.commands


async def enter(link: EslLink, settings: FreeswitchSettings, pbx: str) -> Rights:
    """Wait for the greeting and log in. What comes after the answer belongs to the session.

    Args:
        link: A connection that is being read.
        settings: Who we are.
        pbx: The PBX's name in the configuration, for the operator.

    Raises:
        ConfigurationError: The user or secret holds what cannot be sent, such as a line end.
        PeerRefusedError: The PBX does not take this user and secret, from here.
        PeerUnavailableError: It gave no answer.
    """
    try:
        async with asyncio.timeout(settings.connect_timeout_s):
            await asyncio.shield(link.greeting)
    except TimeoutError as error:
        raise PeerUnavailableError(
            f"{settings.address} says nothing for {settings.connect_timeout_s:g} s: is it a FreeSWITCH event socket, and one "
            f"with{'out' if settings.tls is None else ''} TLS?"
        ) from error
    secret = settings.secret.reveal()
    name, argument = ("auth", secret) if settings.user is None else ("userauth", f"{settings.user}:{secret}")
    try:
        reply = await link.ask(name, argument, settings.login_timeout_s)
    except CommandUnansweredError as error:
        raise PeerUnavailableError(f"{settings.address} does not answer the login: {error}") from error
    except CommandRefusedError as error:
        raise ConfigurationError(f"`secret` of the connector with `pbx: {pbx}` cannot be sent: {error}") from error
    if not reply.name.startswith("+OK"):
        raise PeerRefusedError(_refusal(reply.name, settings, pbx))
    return Rights(events=_words(reply.head_of("Allowed-Events")), commands=_words(reply.head_of("Allowed-API"), ","))


def _words(text: str, separator: str | None = None) -> frozenset[str] | None:
    return frozenset(word.strip() for word in text.split(separator) if word.strip()) or None


def _refusal(said: str, settings: FreeswitchSettings, pbx: str) -> str:
    there = (
        "`password` in autoload_configs/event_socket.conf.xml, then `fs_cli -x 'reload mod_event_socket'`"
        if settings.user is None
        else f"the directory user {settings.user} with the parameter `esl-password`, then `fs_cli -x reloadxml`"
    )
    return (
        f"FreeSWITCH at {settings.address} refuses our login ({said.removeprefix('-ERR').strip() or 'without a reason'}). "
        f"There: {there}. Here: `secret` of the connector with `pbx: {pbx}`"
    )


def subscription(wanted: frozenset[str], rights: Rights) -> tuple[str, list[str]]:
    """Return what to put behind ``event plain`` for these events, and those that this user may not hear."""
    heard = sorted(name for name in wanted if rights.may_hear(name))
    plain = [name for name in heard if not name.startswith(_CUSTOM)]
    custom = [name.removeprefix(_CUSTOM) for name in heard if name.startswith(_CUSTOM)]
    # Whatever follows CUSTOM is taken for a subclass.
    words = [*plain, *(["CUSTOM", *custom] if custom else [])]
    return " ".join(words), sorted(wanted - set(heard))
