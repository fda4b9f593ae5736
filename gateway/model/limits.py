"""How often somebody may ask: token buckets by whom, decided without a clock of their own.

A bucket holds ``burst`` turns and gets ``per_second`` new ones; who finds it empty is told how long the next turn is off.
"""

from collections import OrderedDict
from ipaddress import IPv6Address, ip_address
from typing import Annotated, Final

import msgspec

MAX_BUCKETS: Final = 20_000
"""Of one kind, about 200 bytes each. With more, those that were left alone longest are forgotten, which is to be full again."""
IPV6_NETWORK_BITS: Final = 64
"""Who has one IPv6 address has a network of them: they count as one."""


class Rate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How often is not too often."""

    per_second: Annotated[float, msgspec.Meta(gt=0, le=100_000)]
    burst: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
    """How many may come at once."""


class Buckets:
    """One bucket for each key, full at first."""

    def __init__(self, rate: Rate, *, most: int = MAX_BUCKETS) -> None:
        self._rate = rate
        self._most = most
        self._filled: OrderedDict[str, tuple[float, float]] = OrderedDict()
        """What is in each bucket, and when it was so; the one that was used last stands last."""
        self.refused = 0
        """How often there was no turn."""

    def __len__(self) -> int:
        return len(self._filled)

    def wait_s(self, key: str, now: float) -> float:
        """Return in how many seconds the key has a turn; 0 is now. Nothing is taken."""
        level = self._level(key, now)
        self.refused += level < 1.0
        return max(0.0, (1.0 - level) / self._rate.per_second)

    def take(self, key: str, now: float) -> float:
        """Take a turn and return 0; or, when there is none, take nothing and return in how many seconds there is."""
        level = self._level(key, now)
        if level < 1.0:
            self.refused += 1
            return (1.0 - level) / self._rate.per_second
        self._filled[key] = (level - 1.0, now)
        self._filled.move_to_end(key)
        if len(self._filled) > self._most:
            self._filled.popitem(last=False)
        return 0.0

    def _level(self, key: str, now: float) -> float:
        filled = self._filled.get(key)
        if filled is None:
            return float(self._rate.burst)
        level, since = filled
        return min(self._rate.burst, level + max(0.0, now - since) * self._rate.per_second)


def key_of(address: str) -> str:
    """Return the key that an address has a bucket by."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return f"{parsed.packed[: IPV6_NETWORK_BITS // 8].hex()}/{IPV6_NETWORK_BITS}"
