"""From an address to a session: TCP or TLS, and the login; each way it can fail says what to change and where."""

import asyncio
import socket
import ssl
from typing import Final

from connectors.asterisk_ami.link import AmiLink
from connectors.asterisk_ami.protocol import AmiMessage, login_md5_key
from connectors.asterisk_ami.settings import AsteriskSettings, TlsSettings
from gateway.model.errors import (
    CommandRefusedError,
    CommandUnansweredError,
    ConfigurationError,
    PeerProtocolError,
    PeerRefusedError,
    PeerUnavailableError,
)

STREAM_BUFFER_BYTES: Final = 1024 * 1024
"""Bytes that the event loop reads ahead of us."""


async def open_stream(settings: AsteriskSettings) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect, with TLS where the settings say so. Cancelling is safe.

    Raises:
        ConfigurationError: A certificate file cannot be used.
        PeerRefusedError: The PBX's certificate is not trusted.
        PeerUnavailableError: Nobody answers there.
        PeerProtocolError: What answers speaks no TLS.
    """
    address, tls = settings.address, settings.tls
    context = None if tls is None else await asyncio.to_thread(_tls_context, tls)
    server_name = None if tls is None else tls.server_name or settings.host
    try:
        async with asyncio.timeout(settings.connect_timeout_s):
            return await asyncio.open_connection(
                settings.host, settings.effective_port, ssl=context, server_hostname=server_name, limit=STREAM_BUFFER_BYTES
            )
    except TimeoutError as error:
        raise PeerUnavailableError(
            f"no answer from {address} within {settings.connect_timeout_s:g} s: is the host up, does a firewall let us through?"
        ) from error
    except ssl.SSLCertVerificationError as error:
        raise PeerRefusedError(
            f"the certificate of {address} is not trusted: {error.verify_message}. Put the certificate of whoever signed it into "
            f"`tls.ca_file`, or the name that it is made out to into `tls.server_name`"
        ) from error
    except ssl.SSLError as error:
        raise PeerProtocolError(
            f"{address} speaks no TLS that we do ({error.reason}): `tls` is for the port that manager.conf calls tlsbindaddr"
        ) from error
    except socket.gaierror as error:
        raise PeerUnavailableError(f"the name {settings.host!r} is not known here: {error.strerror}") from error
    except ConnectionRefusedError as error:
        raise PeerUnavailableError(
            f"nobody listens at {address}: is Asterisk running, with `enabled = yes` and this address in manager.conf?"
        ) from error
    except OSError as error:
        raise PeerUnavailableError(f"{address} cannot be reached: {error.strerror or error}") from error


def _tls_context(tls: TlsSettings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=tls.ca_file)
        if tls.certificate_file is not None:
            context.load_cert_chain(tls.certificate_file, tls.key_file)
    except OSError as error:  # ssl.SSLError is one
        files = ", ".join(file for file in (tls.ca_file, tls.certificate_file, tls.key_file) if file is not None)
        raise ConfigurationError(f"a certificate under `tls` cannot be used ({files}): {error.strerror or error}") from error
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


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
