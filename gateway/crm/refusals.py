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
        self.suspected: list[CallId] = []
        """Those that were taken for dead before it was clear; whoever revives them empties it."""

    def are_of_all(self) -> bool:
        """Tell whether the CRM refuses one call after the other."""
        return len(self._calls) >= MANY

    def add(self, call_id: CallId, *, again: bool) -> None:
        """Take one more.

        Args:
            call_id: Which.
            again: It failed before: it says nothing of the others.
        """
        if self.are_of_all() or again or call_id in self._calls:
            return
        self._calls.append(call_id)
        if self.are_of_all():
            self.suspected = self._calls[:-1]

    def clear(self) -> None:
        """The CRM took something."""
        self._calls, self.suspected = [], []
