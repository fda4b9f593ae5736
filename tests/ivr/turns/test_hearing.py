import msgspec
import pytest
from support.dialogs import MONDAY_NOON, said, shop, wish

from ivr.turns.hearing import hear
from ivr.turns.values import Filled, State, Utterance, Waiting
from ivr.turns.walk import Walk

DIALOG = shop()


def heard(utterance: Utterance, **state: object) -> State:
    base: dict[str, object] = {"language": "en", "node": "main", "waiting": Waiting.CHOICE}
    walk = Walk(DIALOG, State(**{**base, **state}), MONDAY_NOON)  # type: ignore[arg-type]  # one field at a time
    hear(walk, utterance)
    return walk.state


def test_a_value_that_is_hardly_certain_is_not_taken() -> None:
    doubtful = msgspec.structs.replace(said(), slots=(Filled(slot="order", value="SF12345678", certain=0.4),))

    assert heard(doubtful, node="refund", waiting=Waiting.SLOT, asked=("order",)).slots == {}


def test_a_wish_for_what_is_being_served_is_no_change_of_mind() -> None:
    state = heard(said(wish("refund")), node="refund", waiting=Waiting.SLOT, asked=("order",))

    assert (state.returns, state.misses) == ((), 1)


def test_a_change_of_mind_is_remembered() -> None:
    state = heard(said(wish("track")), node="refund", waiting=Waiting.SLOT, asked=("order",))

    assert (state.node, state.returns) == ("track", ("refund",))


@pytest.mark.parametrize(
    ("text", "language", "answered"),
    [("我要退款", "zh", "zh"), ("SF12345678", "zh", "en"), ("ok", "zh", "en"), ("退款", "fr", "en")],
)
def test_a_language_is_followed_where_words_show_it(text: str, language: str, answered: str) -> None:
    assert heard(said(wish("bill"), text=text, language=language)).language == answered
