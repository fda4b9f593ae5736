"""From an address to an open stream; each way it can fail says what to change and where."""

import asyncio
import socket
import ssl
from typing import Final

import msgspec

from connectors._kit.tls import TlsSettings, context_of
from gateway.model.errors import PeerProtocolError, PeerRefusedError, PeerUnavailableError

STREAM_BUFFER_BYTES: Final = 1024 * 1024
"""Bytes that the event loop reads ahead of us."""


class Where(msgspec.Struct, frozen=True, kw_only=True):
    """Whom to connect to, and what an operator is told when it fails."""

    host: str
    port: int
    tls: TlsSettings | None
    timeout_s: float
    if_nobody_listens: str
    """Such as ``is Asterisk running, with `enabled = yes` and this address in manager.conf?``"""
    if_no_tls: str
    """Such as ```tls` is for the port that manager.conf calls tlsbindaddr``."""

    @property
    def address(self) -> str:
        """Return ``host:port`` as people write it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


async def open_stream(where: Where) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect, with TLS where the settings say so. Cancelling is safe.

    Raises:
        ConfigurationError: A certificate file cannot be used.
        PeerRefusedError: The PBX's certificate is not trusted.
        PeerUnavailableError: Nobody answers there.
        PeerProtocolError: What answers speaks no TLS.
    """
    address, tls = where.address, where.tls
    context = None if tls is None else await asyncio.to_thread(context_of, tls)
    server_name = None if tls is None else tls.server_name or where.host
    try:
        async with asyncio.timeout(where.timeout_s):
            return await asyncio.open_connection(
                where.host, where.port, ssl=context, server_hostname=server_name, limit=STREAM_BUFFER_BYTES
            )
    except TimeoutError as error:
        raise PeerUnavailableError(
            f"no answer from {address} within {where.timeout_s:g} s: is the host up, does a firewall let us through?"
        ) from error
    except ssl.SSLCertVerificationError as error:
        raise PeerRefusedError(
            f"the certificate of {address} is not trusted: {error.verify_message}. Put the certificate of whoever signed it into "
            f"`tls.ca_file`, or the name that it is made out to into `tls.server_name`"
        ) from error
    except ssl.SSLError as error:
        raise PeerProtocolError(f"{address} speaks no TLS that we do ({error.reason}): {where.if_no_tls}") from error
    except socket.gaierror as error:
        raise PeerUnavailableError(f"the name {where.host!r} is not known here: {error.strerror}") from error
    except ConnectionRefusedError as error:
        raise PeerUnavailableError(f"nobody listens at {address}: {where.if_nobody_listens}") from error
    except OSError as error:
        raise PeerUnavailableError(f"{address} cannot be reached: {error.strerror or error}") from error
