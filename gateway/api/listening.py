"""Opens the address that programs and pages reach the gateway at."""

from collections.abc import Sequence
from ipaddress import ip_address
from typing import Protocol

from aiohttp import web

from gateway.api.tls import ServedCertificate
from gateway.model.errors import ConfigurationError


class Where(Protocol):
    """Where to listen, as configured."""

    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def names(self) -> Sequence[str]: ...


async def listen(runner: web.AppRunner, where: Where, certificate: ServedCertificate | None = None) -> str:
    """Listen, and return the address for a browser: by the first of the names where it is not loopback.

    Raises:
        ConfigurationError: The address is taken or none of ours.
    """
    context = None if certificate is None else certificate.context
    site = web.TCPSite(runner, where.host, where.port, ssl_context=context)
    try:
        await site.start()
    except OSError as error:
        raise ConfigurationError(
            f"cannot listen on {where.host}:{where.port}: {error.strerror}. "
            "Stop what listens there, or change api.port (`tieline run --port 0` takes any that is free)"
        ) from error
    shown, opened = runner.addresses[0][:2]
    if where.names and not ip_address(shown).is_loopback:
        shown = where.names[0]
    return f"{'http' if context is None else 'https'}://{f'[{shown}]' if ':' in shown else shown}:{opened}/"
