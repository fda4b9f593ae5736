import asyncio

import pytest
from support.doors import PASSWORD, quick

from gateway.api import passwords
from gateway.api.passwords import Passwords, one_time, refuse_weak
from gateway.api.problems import ApiError
from gateway.model.passwords import MAX_CHARACTERS, weakness


async def test_hashes_are_as_is_recommended_and_salted() -> None:
    kept = [await Passwords().hashed(PASSWORD) for _ in range(2)]
    assert kept[0].startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert kept[0] != kept[1]
    assert not Passwords().is_outdated(kept[0])
    assert Passwords().is_outdated(await quick().hashed(PASSWORD))
    assert Passwords().is_outdated("what is none")


async def test_the_right_password_is_right_and_no_other() -> None:
    those = quick()
    kept = await those.hashed("Käsebrötchen mit Ei")
    assert await those.is_right("Käsebrötchen mit Ei", kept)
    assert await those.is_right("Ka\u0308sebro\u0308tchen mit Ei", kept)
    for other in ("käsebrötchen mit ei", "", "Käsebrötchen mit Ei ", "x" * 100_000):
        assert not await those.is_right(other, kept)
    assert not await those.is_right(PASSWORD, None)
    assert not await those.is_right(PASSWORD, "what is none")


async def test_no_longer_password_is_as_good_as_its_beginning() -> None:
    those = quick()
    kept = await those.hashed("ab" * (MAX_CHARACTERS // 2))
    assert not await those.is_right("ab" * MAX_CHARACTERS, kept)


async def test_few_are_hashed_at_once_and_not_everybody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    those, running, most = quick(), 0, 0
    gate = asyncio.Event()

    async def slow(_work: object) -> bool:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await gate.wait()
        running -= 1
        return True

    monkeypatch.setattr("asyncio.to_thread", slow)
    tries = [asyncio.create_task(those.is_right("x", "kept")) for _ in range(passwords.MOST_WAITING + 1)]
    await asyncio.sleep(0)
    gate.set()
    found = await asyncio.gather(*tries, return_exceptions=True)
    assert most == passwords.AT_ONCE
    assert [each.status for each in found if isinstance(each, ApiError)] == [429]


def test_made_passwords_are_taken_and_never_the_same() -> None:
    made = {one_time() for _ in range(50)}
    assert len(made) == 50
    assert all(weakness(each, login="ann", name="Ann") is None for each in made)


def test_a_weak_one_is_refused_with_the_reason() -> None:
    refuse_weak(PASSWORD, login="ann", name="Ann")
    with pytest.raises(ApiError, match="Choose another password: it is one of those that are guessed first"):
        refuse_weak("1234567890", login="ann", name="Ann")
