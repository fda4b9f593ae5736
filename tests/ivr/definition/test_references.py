from pathlib import Path

import pytest

from gateway.model.yaml_text import Document, Place
from ivr.definition.references import reference_problems
from ivr.definition.values import (
    Catalogue,
    Choice,
    Dialog,
    Fit,
    Human,
    Node,
    Option,
    Product,
    Recommend,
    Slot,
    SlotKind,
    Target,
    When,
)

DOCUMENT = Document(data={}, places={(): Place(Path("d.yaml"), 1)})


def told(**parts: object) -> str:
    nodes = {"main": Node(say="Hello"), "other": Node(say="Yes")}
    base: dict[str, object] = {
        "itr": 1, "name": "d", "languages": ("en",), "start": "main", "human": Human(queue="q"), "nodes": nodes
    }  # fmt: skip
    dialog = Dialog(**{**base, **parts})  # type: ignore[arg-type]  # one keyword at a time
    return "\n".join(map(str, reference_problems(dialog, DOCUMENT)))


def test_what_names_only_what_is_there_has_no_problems() -> None:
    assert told() == ""


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"start": "x"}, "start: there is no node x"),
        ({"nodes": {"main": Node(then="x")}}, "nodes.main.then: there is no node x"),
        ({"nodes": {"main": Node(choices=(Choice(go="x"),))}}, "choices[0].go: there is no node x"),
        ({"nodes": {"main": Node(when=(When(value="a", equals="1", go="x"),))}}, "when[0].go: there is no node x"),
        ({"nodes": {"main": Node(needs=("x",))}}, "there is no slot x"),
        ({"nodes": {"main": Node(transfer=Target())}}, "leads to nobody"),
        ({"nodes": {"main": Node(transfer=Target(queue="a", number="1"))}}, "or to two"),
        (
            {"nodes": {"main": Node(needs=("a",))}, "slots": {"a": Slot(type=SlotKind.DATE)}},
            "a: is asked for and has no question",
        ),
        ({"slots": {"a": Slot(type=SlotKind.CHOICE)}}, "has nothing to choose from"),
        ({"slots": {"a": Slot(type=SlotKind.NUMBER, time="future")}}, "a.time: is for dates, and this is of type number"),
    ],
)
def test_what_is_not_there_is_told(parts: dict[str, object], said: str) -> None:
    assert said in told(**parts)


def test_a_choice_with_options_is_right() -> None:
    assert told(slots={"a": Slot(type=SlotKind.CHOICE, options=(Option(value="x"),))}) == ""


SPEED = Slot(type=SlotKind.CHOICE, ask="When?", options=(Option(value="today"), Option(value="later")))


@pytest.mark.parametrize(
    ("fits", "said"),
    [
        ({"x": Fit()}, "products[0].fits.x: there is no slot x"),
        ({"speed": Fit(at_most=3)}, "of a: speed is of type choice. Write `only:` or `points:`"),
        ({"speed": Fit(points={"todax": 1})}, "there is no option of speed todax. Did you mean today?"),
        ({"speed": Fit(only=("soon",))}, "there is no option of speed soon"),
        ({"weight": Fit(points={"today": 1})}, "of a: weight is of type number. Write `at_least:` or `at_most:`"),
        ({"phone": Fit(at_least=1)}, "A product can fit numbers, amounts and choices"),
        ({"speed": Fit(only=("today",), points={"today": 2}), "weight": Fit(at_most=3)}, ""),
    ],
)
def test_a_product_fits_slots_by_what_they_hold(fits: dict[str, Fit], said: str) -> None:
    slots = {"speed": SPEED, "weight": Slot(type=SlotKind.NUMBER), "phone": Slot(type=SlotKind.PHONE)}
    problems = told(slots=slots, catalogues={"shop": Catalogue(products=(Product(id="a", name="A", fits=fits),))})

    assert (said in problems) if said else problems == ""


def test_two_products_need_two_ids() -> None:
    twins = (Product(id="a", name="A"), Product(id="a", name="B"))

    assert "products[1]: a is the id of another product" in told(catalogues={"shop": Catalogue(products=twins)})


@pytest.mark.parametrize(
    ("recommend", "said"),
    [
        (Recommend(catalogue="shopp", ask=()), "recommend.catalogue: there is no catalogue shopp. Did you mean shop?"),
        (Recommend(catalogue="shop", ask=("x",)), "recommend.ask[0]: there is no slot x"),
        (Recommend(catalogue="shop", ask=("mute",)), "slots.mute: is asked for and has no question"),
        (Recommend(catalogue="shop", ask=("speed",), none="x"), "recommend.none: there is no node x"),
        (Recommend(catalogue="shop", ask=("speed",), none="main"), ""),
    ],
)
def test_a_recommendation_names_what_is_there(recommend: Recommend, said: str) -> None:
    problems = told(
        nodes={"main": Node(say="Hello"), "a": Node(recommend=recommend)},
        slots={"speed": SPEED, "mute": Slot(type=SlotKind.NUMBER)},
        catalogues={"shop": Catalogue(products=(Product(id="a", name="A"),))},
    )

    assert (said in problems) if said else problems == ""
