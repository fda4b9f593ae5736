from support.dialogs import MONDAY_NOON, shop

from ivr.chatting import Chat
from ivr.meaning import GlobalWord, Meaning
from ivr.turns.values import LookUp, LookUpResult
from ivr.understanding.understanding import learned

DIALOG = shop(
    **{"    say: {en: The bill": "    examples: {en: [how much is the bill, my bill], zh: [查账单]}\n    say: {en: The bill"}
)


class WordByWord:
    """Understands nothing but global words, written as they are called."""

    def understand(self, text: str, *, at: str, from_speech: bool = False) -> Meaning:
        assert at in DIALOG.nodes
        assert not from_speech
        return Meaning(word=GlobalWord(text) if text in list(GlobalWord) else None)


def chat() -> Chat:
    made = Chat(DIALOG, "en", WordByWord(), clock=lambda: MONDAY_NOON)
    made.begin()
    return made


def test_it_begins_with_the_greeting_and_its_buttons() -> None:
    made = Chat(DIALOG, "en", WordByWord(), clock=lambda: MONDAY_NOON)

    assert made.begin() == ["< Welcome.", "  [1] tracking  [2] your account  [3] sales"]


def test_keys_and_labels_are_pressed() -> None:
    assert chat().take("2") == ["< Your account.", "  [1] the bill  [2] a refund  [3] the plan"]
    assert chat().take("your account")[0] == "< Your account."


def test_a_sentence_is_understood() -> None:
    made = Chat(DIALOG, "en", learned(DIALOG, None), clock=lambda: MONDAY_NOON)
    made.begin()

    assert made.take("how much is the bill")[0] == "< The bill is 20."


def test_whoever_types_is_the_system_too() -> None:
    made = chat()
    assert made.take("SF12345678") == ["< Did you mean: tracking or a refund?", "  [1] tracking  [2] a refund  [ ] None of these"]
    assert made.take("1") == ["? parcels order=SF12345678   (answer as the system: status=…, not_found or down)"]
    assert made.take("status=on its way, at last, more=x")[0] == "< Your parcel is on its way."


def test_a_system_may_be_down() -> None:
    made = chat()
    made.take("SF12345678")
    made.take("1")

    assert made.take("down")[-1] == "  [0] A human"


def test_a_link_is_shown() -> None:
    made = chat()
    made.take("2")
    made.take("3")
    made.take("small")

    assert "  Your plan: https://shop.example/plan?to=small" in made.take("1")


def test_an_empty_line_is_a_silence() -> None:
    assert chat().take("")[0] == "< I did not hear you."


def test_it_is_over_with_a_human_or_when_nobody_types() -> None:
    handed, gone = chat(), chat()

    assert handed.take("human")[1].startswith("* to support: About: ")
    assert gone.take(None) == ["* the end (gone)"]
    assert handed.is_over
    assert gone.is_over


def test_systems_answer_where_they_are_asked() -> None:
    asked: list[LookUp] = []

    def system(look_up: LookUp) -> LookUpResult:
        asked.append(look_up)
        return LookUpResult(handler=look_up.handler, values={"status": "on its way"})

    made = Chat(DIALOG, "en", WordByWord(), clock=lambda: MONDAY_NOON, systems=system)
    made.begin()
    made.take("1")
    said = made.take("SF12345678")

    assert [each.arguments["order"] for each in asked] == ["SF12345678"]
    assert any("on its way" in line for line in said)
    assert not any(line.startswith("?") for line in said)
