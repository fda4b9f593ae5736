from pathlib import Path

import msgspec
import pytest
from support.replaying import CAPTURES, pbx_events, run

from connectors.asterisk_ami.replay import site_of
from gateway.model.calls import Call
from gateway.model.legs import PartyKind
from gateway.model.search import (
    ANY_CALL,
    CallSearch,
    agent_term,
    extension_term,
    is_queue_term,
    matches,
    name_term,
    number_term,
    queue_term,
    terms_of,
)

QUEUE = CAPTURES / "asterisk" / "22" / "queue_caller_hangs"
OUTBOUND = CAPTURES / "asterisk" / "22" / "outbound"
SITE = site_of(QUEUE)


def call_of(folder: Path = QUEUE, until: int | None = None) -> Call:
    (call,) = run(pbx_events(folder)[:until], SITE)[0].values()
    return call


def test_a_call_is_found_by_all_who_had_a_part_in_it() -> None:
    assert terms_of(call_of(), SITE) == {
        number_term("+85291234567"),
        number_term("5000"),
        extension_term("1001"),
        agent_term("Agent One"),
        queue_term("support"),
        name_term("Chan Tai Man"),
    }


def test_a_number_outside_is_found_as_it_was_sent_and_in_e164() -> None:
    site = msgspec.structs.replace(SITE, region="HK")
    call = call_of(OUTBOUND)
    far = next(leg for leg in call.legs.values() if leg.kind is not PartyKind.EXTENSION and leg.is_party)
    call.legs[far.id] = msgspec.structs.replace(far, party="91234567")

    assert {number_term("91234567"), number_term("+85291234567"), extension_term("1001")} <= terms_of(call, site)


def of(*terms: str) -> CallSearch:
    return CallSearch(terms=(frozenset(terms),))


BEGAN = call_of().began_at


@pytest.mark.parametrize(
    ("search", "found"),
    [
        (ANY_CALL, True),
        (CallSearch(since=BEGAN), True),
        (CallSearch(since=BEGAN + 0.001), False),
        (CallSearch(until=BEGAN), False),
        (CallSearch(until=BEGAN + 0.001), True),
        (CallSearch(direction="inbound"), True),
        (CallSearch(direction="outbound"), False),
        (CallSearch(outcome="answered"), True),
        (CallSearch(outcome="abandoned"), False),
        (of(extension_term("1001")), True),
        (of(extension_term("1002")), False),
        (of(extension_term("1002"), extension_term("1001")), True),
        (of(number_term("1001")), False),
        (CallSearch(terms=(frozenset({extension_term("1001")}), frozenset({queue_term("sales")}))), False),
        (CallSearch(terms=(frozenset({extension_term("1001")}), frozenset({queue_term("support")}))), True),
        (CallSearch(direction="inbound", outcome="answered", terms=(frozenset({agent_term("Agent One")}),)), True),
        (CallSearch(name="tai MAN"), True),
        (CallSearch(name="%"), False),
        (CallSearch(name="name:"), False),
        (CallSearch(name="nobody", named=frozenset({number_term("+85291234567")})), True),
        (CallSearch(name="nobody", named=frozenset({number_term("+85291234568")})), False),
        (CallSearch(name="Chan", terms=(frozenset({queue_term("sales")}),)), False),
    ],
)
def test_a_call_is_found_when_every_condition_holds(search: CallSearch, found: bool) -> None:
    assert matches(call_of(), SITE, search) is found


def test_a_live_call_has_no_outcome_yet() -> None:
    live = call_of(until=12)

    assert matches(live, SITE, of(number_term("+85291234567"), queue_term("support")))
    assert not matches(live, SITE, CallSearch(outcome="abandoned"))


def test_terms_of_queues_are_known() -> None:
    assert [is_queue_term(term) for term in (queue_term("x"), agent_term("x"), number_term("x"), extension_term("x"))] == [
        True,
        False,
        False,
        False,
    ]
