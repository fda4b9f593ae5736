from support.dialogs import Talk, said, shop, wish

from gateway.model.handover import Line
from ivr.turns.sentences import MASK
from ivr.turns.values import Filled, Transfer
from ivr.voice.reporting import MAX_CHARACTERS, MAX_LINES, context_of, masked_keys, unsecret, written


def test_who_answers_is_told_what_was_gathered_and_said() -> None:
    talk = Talk(shop())
    talk.give(said(wish("refund"), order="SF12345678"))
    talk.give(said(wish("sales")))
    assert isinstance(talk.over, Transfer)
    lines = [Line(at=1.0, is_customer=False, text="Welcome."), Line(at=2.0, is_customer=True, text="a refund")]
    context = context_of(talk.over.gathered, lines)
    assert context["order"] == "SF12345678"
    assert context["path"].endswith("sales")
    assert context["transcript"] == "< Welcome.\n> a refund"
    assert context["language"] == "en"


def test_of_a_long_conversation_the_end_is_told() -> None:
    lines = [Line(at=float(at), is_customer=True, text=f"{at} " + "x" * 200) for at in range(100)]
    text = written(lines)
    assert len(text.splitlines()) <= MAX_LINES
    assert len(text) <= MAX_CHARACTERS + MAX_LINES
    assert "\n> 99 x" in text
    assert len(written([Line(at=0.0, is_customer=True, text="y" * 9000)])) == MAX_CHARACTERS


def test_what_is_secret_is_in_no_transcript() -> None:
    dialog = shop()
    pin, order = Filled(slot="pin", value="4711", said="4711"), Filled(slot="order", value="SF1", said="SF1")
    assert unsecret(dialog, "it is 4711 for SF1", (pin, order)) == f"it is {MASK} for SF1"
    assert masked_keys(dialog, ("pin",), "4711") == MASK
    assert masked_keys(dialog, ("order",), "12") == "12"
