"""What a site's configuration says of its queues: what a good answer is, and how long an agent writes afterwards."""

import re
from typing import Annotated, Final

import msgspec

from gateway.model.ids import QueueName

ALL_QUEUES: Final = "*"
"""In a rule's place for the queue: all that have no rule of their own."""

_IS_NUMBER: Final = re.compile(r"[0-9]{1,20}")
_Seconds = Annotated[float, msgspec.Meta(ge=0, le=86_400)]


class QueueRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One queue, under ``site.queues`` in the configuration."""

    queue: str
    """As the PBX names it; ``*`` is every queue without a rule of its own."""
    name: str | None = None
    """For people, where the PBX only has a number."""
    number: Annotated[str, msgspec.Meta(pattern=r"^[0-9*#]{1,20}$")] | None = None
    """What a telephone of the site dials to come into the queue, so that agents can transfer to it by its name; left out: the
    queue's name, where that is a number."""
    service_level_s: _Seconds = 20.0
    """Seconds within which a caller should be answered."""
    short_abandon_s: _Seconds = 5.0
    """Who gives up sooner counts apart: he misdialled, or changed his mind."""
    wrap_up_s: _Seconds = 0.0
    """Seconds for which the queue leaves an agent alone after a conversation (``wrapuptime`` in the PBX's queues.conf, which it
    tells nobody)."""


class QueueRules:
    """The rules by queue."""

    def __init__(self, rules: tuple[QueueRule, ...]) -> None:
        self._rules = {rule.queue: rule for rule in rules}
        self._of_others = self._rules.get(ALL_QUEUES, QueueRule(queue=ALL_QUEUES))

    def of(self, queue: QueueName) -> QueueRule:
        """Return the queue's own rule, else that of all others."""
        return self._rules.get(queue, self._of_others)

    def number_of(self, queue: QueueName) -> str | None:
        """Return what is dialled to come into the queue; None where that is not known."""
        own = self.of(queue).number if queue in self._rules else None
        return own or (str(queue) if _IS_NUMBER.fullmatch(queue) else None)

    @property
    def named(self) -> tuple[QueueName, ...]:
        """The queues that have a rule of their own."""
        return tuple(QueueName(queue) for queue in self._rules if queue != ALL_QUEUES)
