"""The login; each way it can fail says what to change and where."""

import asyncio

from connectors.asterisk_ami.link import AmiLink
from connectors.asterisk_ami.protocol import AmiMessage, login_md5_key
from connectors.asterisk_ami.settings import AsteriskSettings
from gateway.model.errors import (
    CommandRefusedError,
    CommandUnansweredError,
    ConfigurationError,
    PeerRefusedError,
    PeerUnavailableError,
)


async def enter(link: AmiLink, settings: AsteriskSettings, pbx: str) -> str:
    """Wait for the greeting, log in, and return the greeting. What comes after the answer belongs to the session.

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
            greeting = await asyncio.shield(link.greeting)
    except TimeoutError as error:
        raise PeerUnavailableError(
            f"{settings.address} says nothing for {settings.connect_timeout_s:g} s: is it an Asterisk Manager "
            f"port, and one with{'out' if settings.tls is None else ''} TLS?"
        ) from error
    try:
        answer = await _log_in(link, settings)
    except CommandUnansweredError as error:
        raise PeerUnavailableError(f"{settings.address} does not answer the login: {error}") from error
    except CommandRefusedError as error:
        raise ConfigurationError(f"`username` or `secret` of the connector with `pbx: {pbx}` cannot be sent: {error}") from error
    if answer.name != "Success":
        raise PeerRefusedError(_refusal(answer.get("Message"), settings, pbx))
    return greeting


async def _log_in(link: AmiLink, settings: AsteriskSettings) -> AmiMessage:
    user, secret, events = ("Username", settings.username), settings.secret.reveal(), ("Events", "on")
    timeout_s = settings.login_timeout_s
    if settings.login == "plain":
        return (await link.log_in_with("Login", [user, ("Secret", secret), events], timeout_s))[0]
    answer = (await link.log_in_with("Challenge", [("AuthType", "MD5")], timeout_s))[0]
    if answer.name != "Success":
        return answer
    key = login_md5_key(answer.get("Challenge"), secret)
    return (await link.log_in_with("Login", [("AuthType", "MD5"), user, ("Key", key), events], timeout_s))[0]


def _refusal(said: str, settings: AsteriskSettings, pbx: str) -> str:
    # Asterisk says the same of an unknown user, a wrong secret and an address that is not permitted.
    return (
        f"Asterisk at {settings.address} refuses user {settings.username!r} ({said or 'without a reason'}). "
        f"There: manager.conf must have a section [{settings.username}] with our `secret` and `permit` this host; "
        f"after a change run `asterisk -rx 'manager reload'`. "
        f"Here: `username` and `secret` of the connector with `pbx: {pbx}`"
    )
