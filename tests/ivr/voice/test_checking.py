import pytest
from support.dialogs import Talk, said, shop, wish

from ivr.turns.values import Filled
from ivr.voice.checking import read_back, to_check

ORDER = Filled(slot="order", value="SF12345678", said="SF12345678")
SIZE = Filled(slot="size", value="l", said="large")
PIN = Filled(slot="pin", value="4711", said="4711")


def test_codes_are_always_read_back_and_numbers_where_hearing_was_poor() -> None:
    talk = Talk(shop())
    talk.give(said(wish("refund")))
    assert to_check(talk.dialog, talk.state, (ORDER, SIZE, PIN), 0.95) == (ORDER,)
    assert to_check(talk.dialog, talk.state, (ORDER, SIZE, PIN), 0.59) == (ORDER, PIN)
    unsure = Filled(slot="order", value="SF12345678", said="SF12345678", certain=0.2)
    assert to_check(talk.dialog, talk.state, (unsure,), 0.95) == ()


def test_what_the_node_asks_about_itself_and_what_is_known_is_not_asked_twice() -> None:
    talk = Talk(shop(**{"{order}已退款": "ok", 'en: "Refunded {order}."': 'en: "Done."'}))
    talk.give(said(wish("refund"), order="SF12345678"))
    assert to_check(talk.dialog, talk.state, (ORDER,), 0.95) == ()
    asks = Talk(shop(**{"Change to {size}?": "Change {order} to {size}?"}))
    asks.give(said(wish("plan")))
    assert to_check(asks.dialog, asks.state, (ORDER,), 0.95) == ()


@pytest.mark.parametrize(("language", "told"), [("en", "order SF12345678, size l"), ("zh", "单号SF12345678，尺寸l")])
def test_values_are_named(language: str, told: str) -> None:
    dialog = shop(**{"    type: choice\n": "    type: choice\n    label: {en: size, zh: 尺寸}\n"})
    assert read_back(dialog, (ORDER, SIZE), language) == told
