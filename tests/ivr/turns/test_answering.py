import pytest
from support.dialogs import MONDAY_NOON, shop

from ivr.meaning import GlobalWord
from ivr.turns.answering import fill_slots, missed, obey, remember, start_on, understood
from ivr.turns.values import Filled, State, Waiting
from ivr.turns.walk import MAX_PENDING, Walk


def walk(**state: object) -> Walk:
    made = State(language="en", node="main", waiting=Waiting.CHOICE)
    return Walk(shop(), type(made)(**{**{name: getattr(made, name) for name in made.__struct_fields__}, **state}), MONDAY_NOON)


def test_of_any_one_of_the_newest_counts() -> None:
    made = walk(node="track", slots={"phone": "1", "size": "s"})
    fill_slots(made, (Filled(slot="order", value="SF12345678"), Filled(slot="none", value="x")))

    assert made.state.slots == {"size": "s", "order": "SF12345678"}
    assert made.fresh == {"order"}


def test_ladders_end_and_begin_anew() -> None:
    made = walk(misses=2, silences=2)
    understood(made)
    assert (made.state.misses, made.state.silences) == (0, 0)
    made = walk(misses=2)
    missed(made)
    assert made.state.waiting is Waiting.OVER


@pytest.mark.parametrize("word", [GlobalWord.YES, GlobalWord.NO])
def test_yes_and_no_mean_nothing_by_themselves(word: GlobalWord) -> None:
    made = walk()
    obey(made, word)
    assert made.state.misses == 1


def test_what_is_clear_comes_first_and_wishes_are_not_without_end() -> None:
    made = walk()
    start_on(made, [("bill", "plan"), ("refund",)])
    assert made.state.node == "refund"
    assert made.state.pending == (("bill", "plan"),)
    remember(made, [(f"n{number}",) for number in range(9)])
    assert len(made.state.pending) == MAX_PENDING
