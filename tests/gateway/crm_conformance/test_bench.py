"""Calls, numbers and sounds that no customer has."""

import asyncio
import io
import wave

import pytest
from support.crm_memory import MemoryCrm, bench_of
from support.virtual_time import in_virtual_time

from gateway.crm_conformance.bench import BrokenError, SkippedError, Sound, SteadyPace
from gateway.model.crm import CallStage, CrmAbility
from gateway.model.limits import Rate
from gateway.model.numbers import is_number_of
from gateway.ports.crm import FindsContacts


async def test_the_sound_is_a_second_of_silence() -> None:
    sound = Sound()
    content = b"".join([piece async for piece in sound.read()])
    assert len(content) == sound.size
    with wave.open(io.BytesIO(content)) as read:
        assert (read.getnchannels(), read.getframerate(), read.getnframes()) == (1, 8_000, 8_000)


@pytest.mark.parametrize("region", ["CN", "DE", "US", "GB", "ZZ"])
def test_numbers_are_some_of_the_region(region: str) -> None:
    bench = bench_of(MemoryCrm())
    bench.region = region
    numbers = [bench.number(index) for index in range(3)]
    assert len(set(numbers)) == 3
    assert all(is_number_of(number, bench.query(number)) for number in numbers)


def test_a_call_that_is_not_over_has_no_end() -> None:
    call = bench_of(MemoryCrm()).call(1, stage=CallStage.RINGING)
    assert (call.answered_at, call.ended_at, call.outcome) == (None, None, None)


def test_an_ability_that_is_not_claimed_is_skipped_and_one_without_methods_broken() -> None:
    bench = bench_of(MemoryCrm())
    with pytest.raises(BrokenError, match="claims find and is no SteadyPace"):
        bench.needs(CrmAbility.FIND, SteadyPace)
    bench.abilities = frozenset()
    with pytest.raises(SkippedError, match="does not claim find"):
        bench.needs(CrmAbility.FIND, FindsContacts)


@in_virtual_time
async def test_requests_go_in_even_steps_and_not_while_the_crm_wants_peace() -> None:
    pace = SteadyPace(Rate(per_second=2.0, burst=2))
    began = asyncio.get_running_loop().time()
    for _ in range(3):
        await pace.turn()
    assert asyncio.get_running_loop().time() - began == pytest.approx(1.0, abs=0.1)
    pace.put_off(30.0)
    await pace.turn()
    assert asyncio.get_running_loop().time() - began == pytest.approx(31.0, abs=0.2)
