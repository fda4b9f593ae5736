"""Asks a running gateway by its REST API, with a token from the environment or the user's own file."""

import argparse
import asyncio
import os
import ssl
import stat
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

import aiohttp
import msgspec

from gateway.cli.tables import printable
from gateway.model.errors import TielineError, UsageError
from gateway.settings.api import is_loopback

DEFAULT_URL: Final = "http://127.0.0.1:8470"
URL_VARIABLE: Final = "TIELINE_URL"
TOKEN_VARIABLE: Final = "TIELINE_TOKEN"  # noqa: S105  # the name of where it is
TOKEN_FILE: Final = "token"  # noqa: S105  # its name in the user's folder
TIMEOUT_S: Final = 60.0
"""Seconds for one answer; a command waits for its PBX."""
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


class GatewayAwayError(TielineError):
    """The gateway does not answer: whoever runs it looks, or the address is wrong."""

    retryable = True
    exit_status = 3


class GatewayRefusedError(TielineError):
    """The gateway does not do it; the text is its own."""


class NotLetInError(GatewayRefusedError):
    """The token is missing, wrong, or may not do this: whoever makes tokens must act."""

    exit_status = 4


def asked(
    options: argparse.Namespace,
    method: str,
    *path: str,
    query: Mapping[str, str | int | None] | None = None,
    body: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Any:
    """Make one request and return what the answer says; ``path`` is what stands behind ``/api/v1/``, part by part.

    Parameters of the query and fields of the body that are None are left out.

    Raises:
        GatewayAwayError: Nobody answers there, or somebody else does.
        GatewayRefusedError: It is not done; :class:`NotLetInError` where it takes another token.
        UsageError: The token's file or the address cannot be used.
    """
    address = address_of(options)
    url = f"{address}/api/v1/{'/'.join(quote(part, safe='') for part in path)}"
    token = token_of(os.environ, config_folder(os.environ))
    if token is not None:
        _refuse_open_wire(address)
        headers = {**(headers or {}), "Authorization": f"Bearer {token}"}
    given = {
        "params": {name: str(value) for name, value in (query or {}).items() if value is not None},
        "headers": headers,
        "json": None if body is None else {name: value for name, value in body.items() if value is not None},
        "ssl": context_of(options.ca_file) if address.startswith("https:") else True,
    }
    return asyncio.run(_ask(method, url, address, given))


async def _ask(method: str, url: str, address: str, given: dict[str, Any]) -> Any:
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.request(method, url, allow_redirects=False, **given) as response,
        ):
            status, data = response.status, await response.read()
    except aiohttp.ClientConnectorCertificateError as error:
        raise GatewayAwayError(f"{address} shows a certificate that is not trusted; --ca-file names its authority") from error
    except (aiohttp.ClientError, TimeoutError) as error:
        cure = f"is `tieline run` at work, and is this its address (--url, {URL_VARIABLE})?"
        raise GatewayAwayError(f"no gateway answers at {address}: {_why(error)}; {cure}") from error
    return _read(address, status, data)


def _why(error: aiohttp.ClientError | TimeoutError) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {TIMEOUT_S:.0f} s"
    if isinstance(error, aiohttp.ClientConnectorError) and error.errno is not None and error.errno > 0:
        return os.strerror(error.errno)
    return str(error)


def _read(address: str, status: int, data: bytes) -> Any:
    try:
        told = msgspec.json.decode(data) if data else None
    except msgspec.DecodeError as error:
        raise GatewayAwayError(f"what answers at {address} is no gateway of ours (status {status})") from error
    if status < 300:
        return told
    if not isinstance(told, dict) or "detail" not in told:
        raise GatewayAwayError(f"what answers at {address} is no gateway of ours (status {status})")
    text = printable(str(told["detail"]))
    if status == 401:
        raise NotLetInError(f"{text} Here it is read from {TOKEN_VARIABLE} or {config_folder(os.environ) / TOKEN_FILE}.")
    raise (NotLetInError if status == 403 else GatewayRefusedError)(text)


def address_of(options: argparse.Namespace) -> str:
    """Return the gateway's address: the option's, the environment's, or this machine's own.

    Raises:
        UsageError: It is no address.
    """
    given: str = options.url or os.environ.get(URL_VARIABLE, "") or DEFAULT_URL
    parts = urlsplit(given)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise UsageError(f"{given} is no address of a gateway: write one such as https://tieline.example")
    return given.rstrip("/")


def token_of(environment: Mapping[str, str], folder: Path) -> str | None:
    """Return the token to show, from the environment or the user's file; None where there is none, as in the demo.

    Raises:
        UsageError: Others can read the file.
    """
    token = environment.get(TOKEN_VARIABLE, "").strip()
    if token:
        return token
    file = folder / TOKEN_FILE
    try:
        mode = file.stat().st_mode
        text = file.read_text("utf-8").strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read: {getattr(error, 'strerror', None) or 'it is no text'}") from error
    if mode & _OTHERS:
        raise UsageError(f"{file} can be read by others: chmod 600 {file}, and have the token replaced if they did")
    return text or None


def config_folder(environment: Mapping[str, str]) -> Path:
    """Return the user's folder for what belongs to us."""
    base = environment.get("XDG_CONFIG_HOME", "")
    return (Path(base) if Path(base).is_absolute() else Path.home() / ".config") / "tieline"


def context_of(ca_file: Path | None) -> ssl.SSLContext:
    """Return whom to trust: the authority in this file, else the system's.

    Raises:
        UsageError: The file cannot be used.
    """
    try:
        return ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
    except (OSError, ssl.SSLError) as error:
        raise UsageError(f"{ca_file} cannot be used: {error.strerror or 'it holds no certificate'}") from error


def print_json(data: Any) -> None:
    """Write data as it came, for programs."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(data), indent=2).decode() + "\n")


def _refuse_open_wire(address: str) -> None:
    parts = urlsplit(address)
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise UsageError(f"the token would cross the network in the clear: write https instead of {address}")
