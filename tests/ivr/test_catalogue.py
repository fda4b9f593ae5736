import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.catalogue import never_best, suiting, worth_asking
from ivr.definition.values import Catalogue, Slot

SLOTS = msgspec.convert(
    {
        "weight": {"type": "number"},
        "speed": {"type": "choice", "options": [{"value": each} for each in ("today", "tomorrow", "days")]},
    },
    dict[str, Slot],
)
ASK = ("weight", "speed")


def catalogue(**fits: dict[str, object]) -> Catalogue:
    products = [{"id": name, "name": name.title(), "fits": each} for name, each in fits.items()]
    return msgspec.convert({"products": products}, Catalogue)


SHOP = catalogue(
    slow={"weight": {"at_most": 30}, "speed": {"points": {"days": 2, "tomorrow": 1}}},
    fast={"weight": {"at_most": 5}, "speed": {"points": {"tomorrow": 2, "days": 1}}},
    bike={"weight": {"at_most": 5}, "speed": {"only": ["today"]}},
    freight={"weight": {"at_least": 20}},
)


def best(**told: str) -> list[str]:
    return [each.id for each in suiting(SHOP, told)]


@pytest.mark.parametrize(
    ("told", "ids"),
    [
        ({}, ["slow", "fast", "bike", "freight"]),
        ({"weight": "5"}, ["slow", "fast", "bike"]),
        ({"weight": "5.01"}, ["slow"]),
        ({"weight": "20"}, ["slow", "freight"]),
        ({"weight": "31"}, ["freight"]),
        ({"weight": "1", "speed": "tomorrow"}, ["fast", "slow"]),
        ({"weight": "1", "speed": "today"}, ["slow", "fast", "bike"]),
        ({"elsewhere": "1"}, ["slow", "fast", "bike", "freight"]),
    ],
)
def test_bounds_rule_out_and_points_rank_what_is_left(told: dict[str, str], ids: list[str]) -> None:
    assert best(**told) == ids


@pytest.mark.parametrize(
    ("told", "slot"),
    [
        ({}, "weight"),
        ({"weight": "1"}, "speed"),
        ({"weight": "25"}, "speed"),
        ({"weight": "31"}, None),
        ({"weight": "1000000", "speed": "days"}, None),
        ({"speed": "days"}, "weight"),
    ],
)
def test_what_tells_products_apart_is_asked_and_nothing_else(told: dict[str, str], slot: str | None) -> None:
    assert worth_asking(SHOP, ASK, told) == slot


def test_nothing_may_suit() -> None:
    assert suiting(catalogue(small={"weight": {"at_most": 5}}), {"weight": "6"}) == ()


def test_a_product_that_no_answers_lead_to_is_found() -> None:
    assert [each.id for each in never_best(SHOP, ASK, SLOTS)] == ["bike"]


@given(st.floats(0, 100), st.sampled_from(["today", "tomorrow", "days"]))
def test_what_suits_depends_on_nothing_but_what_is_told(weight: float, speed: str) -> None:
    told = {"weight": str(weight), "speed": speed}
    found = suiting(SHOP, told)

    assert found == suiting(SHOP, dict(reversed(told.items())))
    assert found
    assert worth_asking(SHOP, ASK, told) is None
