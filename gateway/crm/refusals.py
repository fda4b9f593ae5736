"""Tells a call that a CRM refuses from a CRM that refuses all of them: a page of its maintenance where its API was, a field that
somebody made mandatory. Pure.
"""

from typing import Final

from gateway.model.ids import CallId

MANY: Final = 10
"""Different calls in a row that were refused; then it is not theirs."""


class Refusals:
    """Those of one CRM since it took something last."""

    def __init__(self) -> None:
        self._calls: list[CallId] = []

    def are_of_all(self) -> bool:
        """Tell whether the CRM refuses one call after the other."""
        return len(self._calls) >= MANY

    def add(self, call_id: CallId, *, again: bool) -> list[CallId]:
        """Take one more; return those that were taken for dead until now, where this is the one that shows it.

        Args:
            again: It failed before: it says nothing of the others.
        """
        if self.are_of_all() or again or call_id in self._calls:
            return []
        self._calls.append(call_id)
        return self._calls[:-1] if self.are_of_all() else []

    def clear(self) -> None:
        """The CRM took something."""
        self._calls.clear()
