"""Opens the address that programs and pages reach the gateway at."""

import ssl
from collections.abc import Sequence
from ipaddress import ip_address

from aiohttp import web

from gateway.model.errors import ConfigurationError


async def listen(
    runner: web.AppRunner, host: str, port: int, *, names: Sequence[str] = (), context: ssl.SSLContext | None = None
) -> str:
    """Listen, and return the address for a browser: by the first of ``names`` where it is not loopback.

    Raises:
        ConfigurationError: The address is taken or none of ours.
    """
    site = web.TCPSite(runner, host, port, ssl_context=context)
    try:
        await site.start()
    except OSError as error:
        raise ConfigurationError(
            f"cannot listen on {host}:{port}: {error.strerror}. "
            "Stop what listens there, or change api.port (`tieline run --port 0` takes any that is free)"
        ) from error
    shown, opened = runner.addresses[0][:2]
    if names and not ip_address(shown).is_loopback:
        shown = names[0]
    return f"{'http' if context is None else 'https'}://{f'[{shown}]' if ':' in shown else shown}:{opened}/"
