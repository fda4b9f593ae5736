"""Asks a CRM's adapter for something: within a time, and whatever comes of it is an answer or one of the port's errors.

An adapter may be anybody's: it may hang, leak what its HTTP client raises, or cancel itself.
"""

import asyncio
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, TypeVar

import structlog

from gateway.ports.crm import CrmError, CrmRefusedError, CrmUnavailableError

MAX_TEXT_CHARACTERS: Final = 500
"""Of what an adapter's unexpected error says, in ours."""

T = TypeVar("T")

_log = structlog.get_logger()


class _Limit:
    """The time that something may take; it stands still while the CRM's quota lets nothing through."""

    def __init__(self, timeout: asyncio.Timeout) -> None:
        self._timeout = timeout
        self._waiting = 0
        self._left_s = 0.0
        self.over = False

    def stop(self) -> None:
        self._waiting += 1
        when = self._timeout.when()
        if self._waiting == 1 and when is not None and self._runs():
            self._left_s = when - asyncio.get_running_loop().time()
            self._timeout.reschedule(None)

    def go_on(self) -> None:
        self._waiting -= 1
        if self._waiting == 0 and self._runs():
            self._timeout.reschedule(asyncio.get_running_loop().time() + self._left_s)

    def _runs(self) -> bool:
        return not self.over and not self._timeout.expired()


_limit: ContextVar[_Limit | None] = ContextVar("crm_limit", default=None)


@contextmanager
def not_counted() -> Iterator[None]:
    """Let the time inside be nobody's fault: what was asked waits for its turn."""
    limit = _limit.get()
    if limit is None:
        yield
        return
    limit.stop()
    try:
        yield
    finally:
        limit.go_on()


async def asked(crm: str, what: str, limit_s: float, answer: Awaitable[T]) -> T:
    """Return what an adapter answers.

    Args:
        crm: What the configuration calls it.
        what: It is to do, such as ``take a call``.
        limit_s: Seconds in which it must have done so.
        answer: The adapter's.

    Raises:
        CrmError: What the adapter raises, or what comes nearest to that.
    """
    try:
        async with asyncio.timeout(limit_s) as timeout:
            limit = _Limit(timeout)
            token = _limit.set(limit)
            try:
                return await answer
            finally:
                limit.over = True
                _limit.reset(token)
    except CrmError:
        raise
    except TimeoutError as error:
        raise CrmUnavailableError(f"{crm}: did not {what} within {limit_s:g} s") from error
    except OSError as error:
        raise CrmUnavailableError(f"{crm}: cannot be reached: {_text(error)}") from error
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        # Nobody cancelled us: the adapter lost a task of its own.
        raise CrmUnavailableError(f"{crm}: its adapter gave up") from error
    except Exception as error:
        _log.exception("crm_adapter_failed", crm=crm, asked=what)
        raise CrmRefusedError(f"{crm}: its adapter failed: {_text(error)}") from error


def _text(error: Exception) -> str:
    said = str(error)[:MAX_TEXT_CHARACTERS]
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def printable(text: str) -> str:
    """Return a text without the characters that no log, terminal or database takes, in single spaces."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())
