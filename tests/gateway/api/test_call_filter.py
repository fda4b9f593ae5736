import pytest

from gateway.api.call_filter import CallFilter, named, narrowed, pbxs_of, search_of
from gateway.api.problems import ApiError
from gateway.model.errors import TooManyCustomersError
from gateway.model.ids import PbxName
from gateway.model.search import ANY_CALL, extension_term, number_term
from gateway.model.sight import Sight
from gateway.model.site import Site
from gateway.session.pbx_state import PbxState
from gateway.session.people import People

STATES = [PbxState(PbxName("one"), Site(region="CN"), now=0.0), PbxState(PbxName("two"), Site(region="HK"), now=0.0)]
OWN = Sight(pbx=PbxName("one"), extension="8001")


def test_nothing_asked_is_no_condition() -> None:
    assert search_of(CallFilter(), STATES) == ANY_CALL


def test_a_national_number_is_read_as_each_pbx_reads_it() -> None:
    (terms,) = search_of(CallFilter(number="91234567"), STATES).terms
    assert {number_term("91234567"), number_term("+85291234567")} <= terms


@pytest.mark.parametrize("text", ["2026-11-22T08:00:00+08:00", "2026-11-22T08:00:00 08:00", "2026-11-22T00:00:00Z"])
def test_a_plus_may_have_become_a_space(text: str) -> None:
    assert search_of(CallFilter(since=text), STATES).since == 1795305600.0


def test_a_time_without_its_zone_is_refused() -> None:
    with pytest.raises(ApiError, match="until: '2026-11-22T08:00:00' is no time with a time zone"):
        search_of(CallFilter(until="2026-11-22T08:00:00"), STATES)


def test_who_sees_everything_searches_as_he_asks() -> None:
    assert narrowed(ANY_CALL, None) is ANY_CALL
    assert pbxs_of(CallFilter(), None) is None
    assert pbxs_of(CallFilter(pbx="two"), None) == ["two"]


def test_an_agent_finds_the_ended_calls_of_his_telephone() -> None:
    assert narrowed(ANY_CALL, OWN).terms == (frozenset({extension_term("8001")}),)
    assert pbxs_of(CallFilter(), OWN) == pbxs_of(CallFilter(pbx="one"), OWN) == ["one"]
    assert pbxs_of(CallFilter(pbx="two"), OWN) == pbxs_of(CallFilter(), Sight(pbx=None, extension=None)) == []


async def test_a_name_of_too_many_is_to_be_said_in_full() -> None:
    class Crowd(People):
        def __init__(self) -> None:
            pass

        async def numbers_of(self, words: str) -> frozenset[str]:
            if words == "a":
                raise TooManyCustomersError(f"more than 500 customers are found by {words!r}")
            return frozenset({"+8613800138000"})

    with pytest.raises(ApiError, match="name: more than 500 customers are found by 'a': write more of it"):
        await named(CallFilter(name="a"), Crowd())
    assert await named(CallFilter(name="anna"), None) == await named(CallFilter(), Crowd()) == frozenset()
    search = search_of(CallFilter(name="Anna"), STATES, await named(CallFilter(name="anna"), Crowd()))
    assert search.name == "Anna"
    assert search.named == {number_term("+8613800138000")}
