"""Hashes passwords with Argon2id, off the loop and a few at a time: each takes 64 MiB and most of 0.1 s of a core.

Source: RFC 9106, 4: the second recommended option, for where memory is dear.
"""

import asyncio
from collections.abc import Callable
from secrets import choice
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

from gateway.api.problems import ApiError, too_many_requests
from gateway.model.passwords import MAX_CHARACTERS, prepared, weakness

_T = TypeVar("_T")

AT_ONCE: Final = 2
"""Passwords hashed at the same time: 128 MiB, and cores are left for the calls."""
MOST_WAITING: Final = 40
"""People who wait for their turn, some seconds; whoever comes beyond is told to come again."""
ONE_TIME_CHARACTERS: Final = 14
_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without what is mistaken for another when it is read aloud."""


class Passwords:
    """Makes hashes of passwords and tells whether one is right.

    Args:
        hasher: With other parameters than the recommended ones, for tests.
    """

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY) if hasher is None else hasher
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0
        self._nobodys: str | None = None

    async def hashed(self, password: str) -> str:
        """Return what is kept of a password, in PHC's form."""
        return await self._off_loop(lambda: self._hasher.hash(prepared(password)))

    async def is_right(self, password: str, kept: str | None) -> bool:
        """Tell whether this is the password; where none is kept it is not, and takes as long to be found out.

        Raises:
            ApiError: 429: too many wait to be let in.
        """
        against = await self.nobodys() if kept is None else kept
        # What is too long to be anybody's costs no more than any other.
        text = prepared(password)[: MAX_CHARACTERS + 1]
        return await self._off_loop(lambda: self._verified(against, text)) and kept is not None

    async def nobodys(self) -> str:
        """Return the hash of a password that nobody has; asked once before anybody comes, it takes no time later."""
        if self._nobodys is None:
            self._nobodys = await self.hashed(one_time())
        return self._nobodys

    def is_outdated(self, kept: str) -> bool:
        """Tell whether a hash was made with other parameters than today's."""
        try:
            return self._hasher.check_needs_rehash(kept)
        except InvalidHashError:
            return True

    def _verified(self, kept: str, password: str) -> bool:
        try:
            return self._hasher.verify(kept, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _off_loop(self, work: Callable[[], _T]) -> _T:
        if self._waiting >= MOST_WAITING:
            raise too_many_requests("Many people sign in at this moment", 2.0)
        self._waiting += 1
        try:
            async with self._turns:
                return await asyncio.to_thread(work)
        finally:
            self._waiting -= 1


def one_time() -> str:
    """Return a new password that a person can read from one screen and type into another: 70 random bits."""
    return "".join(choice(_ALPHABET) for _ in range(ONE_TIME_CHARACTERS))


def refuse_weak(password: str, *, login: str, name: str) -> None:
    """Refuse a password that would be guessed.

    Raises:
        ApiError: 422, with the reason.
    """
    reason = weakness(password, login=login, name=name)
    if reason is not None:
        raise ApiError(422, "weak-password", "This password is not taken", f"Choose another password: {reason}.")
