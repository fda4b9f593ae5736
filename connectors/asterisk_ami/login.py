"""From an address to a session: TCP or TLS, and the login; each way it can fail says what to change and where."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from connectors.asterisk_ami.protocol import AmiMessage, login_md5_key
from connectors.asterisk_ami.settings import AsteriskSettings, TlsSettings
from gateway.model.errors import (
    CommandUnansweredError,
    ConfigurationError,
    PeerProtocolError,
    PeerRefusedError,
    PeerUnavailableError,
)

STREAM_BUFFER_BYTES: Final = 1024 * 1024
"""Bytes that the event loop reads ahead of us."""

Ask = Callable[[str, Sequence[tuple[str, str]]], Awaitable[Sequence[AmiMessage]]]
"""Send an action, return its response and what it lists."""


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


async def log_in(ask: Ask, settings: AsteriskSettings, pbx: str) -> None:
    """Log in. What comes after the answer belongs to the session.

    Raises:
        PeerRefusedError: The PBX does not take this user and secret, from here.
        PeerUnavailableError: It gave no answer.
    """
    try:
        if settings.login == "plain":
            answer = await ask("Login", [("Username", settings.username), ("Secret", settings.secret.reveal()), ("Events", "on")])
        else:
            answer = await ask("Challenge", [("AuthType", "MD5")])
            if answer[0].name == "Success":
                key = login_md5_key(answer[0].get("Challenge"), settings.secret.reveal())
                answer = await ask(
                    "Login", [("AuthType", "MD5"), ("Username", settings.username), ("Key", key), ("Events", "on")]
                )
    except CommandUnansweredError as error:
        raise PeerUnavailableError(f"{settings.address} does not answer the login: {error}") from error
    if answer[0].name != "Success":
        raise PeerRefusedError(_refusal(answer[0].get("Message"), settings, pbx))


def _refusal(said: str, settings: AsteriskSettings, pbx: str) -> str:
    # Asterisk says the same of an unknown user, a wrong secret and an address that is not permitted.
    return (
        f"Asterisk at {settings.address} refuses user {settings.username!r} ({said or 'without a reason'}). "
        f"There: manager.conf must have a section [{settings.username}] with our `secret` and `permit` this host; "
        f"after a change run `asterisk -rx 'manager reload'`. "
        f"Here: `username` and `secret` of the connector with `pbx: {pbx}`"
    )
