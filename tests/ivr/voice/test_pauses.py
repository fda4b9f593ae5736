from support.dialogs import Talk, said, shop, wish

from ivr.voice.endpointing import END_S
from ivr.voice.pauses import LONG_S, SHORT_S, pause_of


def test_a_yes_is_over_at_once_and_a_number_is_told_in_groups() -> None:
    talk = Talk(shop())
    assert pause_of(talk.dialog, talk.state) == END_S
    talk.give(said(wish("refund")))
    assert pause_of(talk.dialog, talk.state) == LONG_S
    other = Talk(shop())
    other.give(said(wish("plan")))
    assert pause_of(other.dialog, other.state) == END_S
    other.give(said(wish("plan"), size="l"))
    assert pause_of(other.dialog, other.state) == SHORT_S
