"""What FreeSWITCH's dial strings and leg names say. Pure."""

import re
from typing import Final

_VARIABLES: Final = re.compile(r"^\s*(?:\{(?:\$\{[^}]*\}|[^}])*\}|\[[^\]]*\]|<[^>]*>)")
_HOST: Final = re.compile(r"[@%]")
"""What begins the host: ``%`` where a profile and not the name's own address says where it is."""
_LOOPBACK: Final = re.compile(r"^loopback/(.+)-([ab])$")


def attempts(dial_string: str) -> list[str]:
    """Return the endpoints that ``bridge`` calls, together or one after the other, without their variables."""
    found = []
    for part in re.split(r"[,|]|:_:", _without_variables(dial_string)):
        endpoint = _without_variables(part)
        if endpoint:
            found.append(endpoint)
    return found


def device_of(name: str, gateway: str = "") -> str:
    """Return what a leg belongs to: ``sofia/internal/1001@host:5060`` -> ``sofia/internal/1001``.

    Args:
        name: The leg's ``Channel-Name``, or an endpoint of a dial string.
        gateway: The leg's ``sip_gateway_name``; such a leg belongs to ``sofia/gateway/NAME``.
    """
    if gateway:
        return f"sofia/gateway/{gateway}"
    parts = name.split("/")
    if parts[:2] == ["sofia", "gateway"]:
        return "/".join(parts[:3])
    return "/".join([*parts[:-1], _HOST.split(parts[-1], 1)[0].removeprefix("sip:")])


def number_of(endpoint: str) -> str | None:
    """Return the number that an endpoint of a dial string is called by; None where it names none."""
    parts = endpoint.split("/")
    if parts[0] == "loopback" and len(parts) > 1:
        return parts[1] or None
    if parts[:2] == ["sofia", "gateway"]:
        return parts[3].partition("@")[0] if len(parts) > 3 else None
    if parts[0] in ("error", "group", "null") or len(parts) < 2:
        return None
    return _HOST.split(parts[-1], 1)[0].removeprefix("sip:") or None


def error_of(endpoint: str) -> str | None:
    """Return the cause that an endpoint fails with, which calls nobody: ``error/user_busy`` -> ``USER_BUSY``; None for others."""
    kind, _, cause = endpoint.partition("/")
    return cause.upper() if kind == "error" else None


def is_helper(name: str) -> bool:
    """Tell whether a leg is plumbing: an end of a loopback pair, or one that waits to be picked up."""
    return name.startswith(("loopback/", "pickup/"))


def twin_name(name: str) -> str | None:
    """Return the name of the other end of a loopback pair; None when it is none."""
    found = _LOOPBACK.match(name)
    return None if found is None else f"loopback/{found[1]}-{'a' if found[2] == 'b' else 'b'}"


def _without_variables(text: str) -> str:
    while (found := _VARIABLES.match(text)) is not None:
        text = text[found.end() :]
    return text.strip()
