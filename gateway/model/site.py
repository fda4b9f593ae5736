"""What a site's configuration says of its numbers: who is an extension, what is a trunk, how to get an outside line."""

import re
from datetime import UTC, tzinfo
from functools import cached_property
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from gateway.model.queue_rules import QueueRule, QueueRules

_LONGEST_INTERNAL: Final = 4
"""Digits of the longest service or group number that could be mistaken for an outside one."""


class Site(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, dict=True):
    """One PBX's numbering, as in a capture's ``site.json`` and under a connector's ``site`` in the configuration."""

    region: str = "US"
    """ISO 3166 country whose national numbers the PBX uses."""
    extensions: str = r"^\d{3,5}$"
    """A regular expression that every extension matches, and nothing else."""
    outside_prefix: str = ""
    """What a telephone dials before an outside number."""
    trunks: tuple[str, ...] = ()
    """Devices that lead outside, such as ``PJSIP/carrier``."""
    encoding_fallback: str | None = None
    """How to read names that are not UTF-8, such as ``gb18030``; None shows U+FFFD."""
    mask_digits: tuple[str, ...] = ()
    """Menus (contexts) whose digits are data, masked before they are stored, logged or sent."""
    time_zone: str = "UTC"
    """Where the site's day begins, such as ``Asia/Shanghai``: figures of today are counted from there."""
    queues: tuple[QueueRule, ...] = ()
    """What the PBX does not tell of its queues, where the usual will not do."""

    def __post_init__(self) -> None:
        try:
            _ = self.zone
        except (KeyError, ValueError, OSError) as error:  # ZoneInfoNotFoundError is a KeyError; a folder's name is an OSError
            raise ValueError(f"time_zone: no time zone is called {self.time_zone!r}; write one such as Europe/Berlin") from error
        names = [rule.queue for rule in self.queues]
        if len(set(names)) < len(names):
            raise ValueError("queues: a queue has two rules")

    @cached_property
    def zone(self) -> tzinfo:
        """The time zone: a table that came with the system, no clock."""
        # The usual one needs no table, which a small system may lack.
        return UTC if self.time_zone == "UTC" else ZoneInfo(self.time_zone)

    @cached_property
    def queue_rules(self) -> QueueRules:
        """The rules by queue."""
        return QueueRules(self.queues)

    @cached_property
    def _extension(self) -> re.Pattern[str]:
        return re.compile(self.extensions)

    def is_extension(self, number: str | None) -> bool:
        """Tell whether this is the number of a telephone of this site."""
        return number is not None and self._extension.search(number) is not None

    def leads_outside(self, number: str) -> bool:
        """Tell whether a telephone that dials this asks for an outside line: a prefix, and too many digits to be internal."""
        if self.is_extension(number) or not number.startswith(self.outside_prefix):
            return False
        rest = number[len(self.outside_prefix) :].lstrip("+")
        return rest.isdigit() and len(rest) > _LONGEST_INTERNAL

    def without_prefix(self, number: str) -> str:
        """Return what goes out to a trunk when a telephone dials this."""
        return number.removeprefix(self.outside_prefix) if self.leads_outside(number) else number

    def is_trunk(self, device: str) -> bool:
        """Tell whether legs of this device lead outside."""
        return any(device == trunk or device.startswith(trunk + "/") for trunk in self.trunks)

    def is_outside(self, device: str, number: str | None) -> bool:
        """Tell whether the party of a leg is outside: it is on a trunk or, where none is named, its number is no inside one."""
        if self.trunks:
            return self.is_trunk(device)
        shown = device.rpartition("/")[2] if number is None else number
        digits = shown.lstrip("+")
        inside = self.is_extension(shown) or self.is_extension(device.rpartition("/")[2])
        return not inside and digits.isdigit() and len(digits) > _LONGEST_INTERNAL


def site_from(data: Any) -> Site:
    """Read what ``site.json`` holds; nulls, and keys that only a later version knows, are passed over.

    Raises:
        msgspec.ValidationError: A key has another type, or it is no object.
    """
    known = data
    if isinstance(data, dict):
        known = {key: value for key, value in data.items() if key in Site.__struct_fields__ and value is not None}
    return msgspec.convert(known, Site)
