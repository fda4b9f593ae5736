"""From which pages the widget may be used: what browsers say in ``Origin`` (RFC 6454). Pure."""

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

_HOST: Final = r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
ORIGIN: Final = rf"^(?:https?://)?(?:\*\.)?{_HOST}(?::[0-9]{{1,5}})?$"
"""An origin; ``*.`` stands for one name or more before the rest. Without a scheme it is ``https``."""


class Origins:
    """The company's pages.

    Args:
        allowed: As the configuration has them, each like :data:`ORIGIN`.
    """

    def __init__(self, allowed: Iterable[str]) -> None:
        self._exact: set[str] = set()
        self._below: list[tuple[str, str]] = []
        for each in allowed:
            scheme, _, host = each.rpartition("://")
            scheme = scheme or "https"
            if host.startswith("*."):
                self._below.append((f"{scheme}://", host.removeprefix("*")))
            else:
                self._exact.add(f"{scheme}://{host}")

    def allows(self, origin: str, own_host: str) -> bool:
        """Tell whether a page of this origin may; pages of the host that was asked always may, whatever proxy speaks TLS."""
        origin = origin.lower()
        if origin in self._exact or _host_of(origin) == own_host.lower():
            return True
        return any(
            origin.startswith(scheme) and origin.endswith(below) and re.fullmatch(_HOST, origin[len(scheme) : -len(below)])
            for scheme, below in self._below
        )


def _host_of(origin: str) -> str | None:
    try:
        parts = urlsplit(origin)
    except ValueError:
        return None
    return parts.netloc if parts.scheme in ("http", "https") else None
