from support.dialogs import Talk, said, shop, wish

from ivr.definition.values import Dialog
from ivr.turns.values import Digits, Silence
from ivr.voice.wording import MAX_PIECE, fixed_pieces, own, spoken


def heard(talk: Talk, *, by_keys: bool = False) -> list[str]:
    return [piece.text for piece in spoken(talk.dialog, talk.state, talk.actions, by_keys=by_keys)]


def test_a_menu_is_read_with_its_keys() -> None:
    talk = Talk(shop())
    assert heard(talk) == ["Welcome.", "For tracking, press 1.", "For your account, press 2.", "For sales, press 3."]
    chinese = Talk(shop(), language="zh")
    assert heard(chinese) == ["欢迎。", "查件请按1。", "账户请按2。", "销售请按3。"]


def test_a_recording_names_the_choices_itself() -> None:
    talk = Talk(shop(**{"say: {en: Welcome., zh: 欢迎。}": "say: {en: Welcome., zh: 欢迎。}\n    prompt: welcome"}))
    assert [(piece.text, piece.prompt) for piece in spoken(talk.dialog, talk.state, talk.actions, by_keys=True)] == [
        ("Welcome.", "welcome")
    ]


def test_choices_that_a_question_names_are_read_to_whoever_did_not_get_along_with_it() -> None:
    talk = Talk(shop())
    talk.give(said(wish("plan")))
    assert heard(talk) == ["Small or large?"]
    assert heard(talk, by_keys=True) == ["Small or large?", "For small, press 1.", "For large, press 2."]
    talk.give(Silence())
    assert heard(talk) == ["I did not hear you.", "Small or large?", "For small, press 1.", "For large, press 2."]
    talk.give(Digits(keys="2"))
    assert heard(talk) == ["Change to large?"]
    assert heard(talk, by_keys=True) == ["Change to large?", "Press 1 for yes, or 2 for no."]


def test_what_was_perhaps_meant_is_asked_as_two_or_three_spoken_choices() -> None:
    talk = Talk(shop())
    talk.give(said(wish("bill", "refund", sure=0.8)))
    assert heard(talk) == ["Did you mean: the bill or a refund?"]
    assert heard(talk, by_keys=True)[1:] == ["For the bill, press 1.", "For a refund, press 2."]


def test_a_number_is_keyed_in_where_speech_is_of_no_use() -> None:
    talk = Talk(shop())
    talk.give(said(wish("refund")))
    assert heard(talk, by_keys=True) == ["Which order?", "Please key it in, and press the hash key."]


def test_an_address_is_named_rather_than_spelled() -> None:
    talk = Talk(shop())
    talk.give(said(wish("plan"), size="l"))
    talk.give(Digits(keys="1"))
    assert "You find more on our website: Your plan." in heard(talk)


def test_long_answers_come_in_pieces() -> None:
    talk = Talk(shop(**{"The bill is 20.": '"' + "A first, " * 30 + 'and last one. Then v1.2 is out! Call 1002."'}))
    talk.give(said(wish("bill")))
    pieces = heard(talk)
    assert pieces[-4:-1] != []
    assert max(map(len, pieces)) <= MAX_PIECE
    assert "Then v1.2 is out!" in pieces
    assert " ".join(pieces).count("A first,") == 30


def test_tielines_own_sentences_can_be_rendered_ahead() -> None:
    dialog: Dialog = shop()
    talk = Talk(dialog)
    texts = {(piece.language, piece.text) for piece in fixed_pieces(dialog)}
    assert ("en", "Welcome.") in texts
    assert ("zh", "我没有听到您说话。") in texts
    assert ("en", "For tracking, press 1.") in texts
    assert not any("{" in text for _, text in texts)
    assert own(dialog, talk.state, "silent")[0].text == "I did not hear you."
