"""What waits for one endpoint: a line for each call, each in the order of its events."""

from collections import deque
from collections.abc import Iterator

import msgspec

from gateway.model.webhooks import Delivery


class Lines:
    """Messages that wait, by whom they wait behind."""

    def __init__(self) -> None:
        self._lines: dict[str, deque[Delivery]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._lines.values()))

    def __iter__(self) -> Iterator[Delivery]:
        for line in self._lines.values():
            yield from line

    def put(self, delivery: Delivery) -> None:
        """Let a message wait behind those of its call that are older."""
        name = line_of(delivery)
        line = self._lines.setdefault(name, deque())
        if line and line[-1].position > delivery.position:  # a dead one that is tried again
            self._lines[name] = deque(sorted((*line, delivery), key=lambda each: each.position))
        else:
            line.append(delivery)

    def first(self, line: str) -> Delivery | None:
        """Return the first of a line; None when nobody waits there."""
        return self._lines[line][0] if line in self._lines else None

    def leave(self, line: str, delivery: Delivery) -> None:
        """Take a message out; it need not be the first any more."""
        waiting = self._lines[line]
        if waiting[0].position == delivery.position:
            waiting.popleft()
        else:
            self._lines[line] = waiting = deque(each for each in waiting if each.position != delivery.position)
        if not waiting:
            del self._lines[line]

    def exchange(self, line: str, changed: Delivery) -> None:
        """Put a message in the place of what it was before; one that now waits behind nobody goes to a line of its own."""
        self.leave(line, changed)
        self.put(changed)

    def due(self, now: float) -> list[str]:
        """Return the lines whose first is to be tried now."""
        return [name for name, line in self._lines.items() if line[0].retry_at <= now]

    def next_at(self) -> float:
        """Return when the next one is to be tried; never, where nobody waits."""
        return min((line[0].retry_at for line in self._lines.values()), default=float("inf"))

    def eldest(self) -> str | None:
        """Return the line whose first one shows best whether the endpoint is back: none that it refuses again and again."""
        if not self._lines:
            return None
        return min(self._lines, key=lambda name: (self._lines[name][0].attempts > 1, self._lines[name][0].position))

    def hurry(self) -> None:
        """Let every first one be tried now."""
        for line in self._lines.values():
            line[0] = msgspec.structs.replace(line[0], retry_at=0.0)


def line_of(delivery: Delivery) -> str:
    """Return behind whom a message waits: its call's; of no call all others, unless it was refused."""
    if delivery.call_id is not None:
        return delivery.call_id
    return f"#{delivery.position}" if delivery.attempts else ""
