import asyncio

import pytest
from support.dialog_scripts import Script, delivery, play, scripts
from support.dialogs import shop
from support.itr_talks import SILENCE_S, TalkPartner, Visit, talk_of
from support.virtual_time import VirtualTimeLoop, in_virtual_time

from gateway.model.conversations import MAX_CHOICES, Choice, Said
from ivr.chatting import Understands
from ivr.itr.talk import INTERRUPTED, entered, language_of, said_by
from ivr.meaning import GlobalWord, Meaning
from ivr.turns.values import Choose, Link, Offered, Say
from ivr.understanding.understanding import learned

DIALOG = shop()


class WordByWord:
    """Understands nothing but global words, written as they are called."""

    def understand(self, text: str, *, at: str, from_speech: bool = False) -> Meaning:
        assert at in DIALOG.nodes
        return Meaning(word=GlobalWord(text) if text in list(GlobalWord) else None)


@pytest.fixture(scope="module")
def understanding() -> Understands:
    return learned(delivery(), None)


@pytest.mark.parametrize("script", [pytest.param(each, id=f"{each.language}-{place}") for place, each in enumerate(scripts())])
def test_a_script_is_played_to_the_application(script: Script, understanding: Understands) -> None:
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        partner = TalkPartner(runner, delivery(), script.language, understanding)
        try:
            play(script, partner)
        finally:
            partner.leave()


@in_virtual_time
async def test_a_visitor_reads_the_greeting_with_its_buttons_and_presses_one() -> None:
    visit = Visit()
    running = asyncio.create_task(talk_of(DIALOG, visit, WordByWord()).run(goes_on=False))
    await visit.waits.wait()
    assert visit.read == [
        Said(
            text="Welcome.",
            choices=tuple(Choice(value=value, label=label) for value, label in
                          (("track", "tracking"), ("account", "your account"), ("sales", "sales"))),
        )
    ]  # fmt: skip
    visit.write(Said(text="your account", chosen="account"))
    await visit.waits.wait()
    assert visit.read[-1].text == "Your account."
    visit.write(None)
    await running
    assert (visit.handed, visit.ended) == (None, False)


@in_virtual_time
async def test_who_falls_silent_is_asked_again_and_given_to_people() -> None:
    visit = Visit()
    began = asyncio.get_running_loop().time()
    await talk_of(DIALOG, visit, WordByWord()).run(goes_on=False)
    assert visit.handed is not None
    assert asyncio.get_running_loop().time() - began == 3 * SILENCE_S


@in_virtual_time
async def test_a_conversation_that_goes_on_says_that_it_was_cut_off() -> None:
    visit = Visit("zh-CN")
    running = asyncio.create_task(talk_of(DIALOG, visit, WordByWord()).run(goes_on=True))
    await visit.waits.wait()
    assert visit.read[0].text == INTERRUPTED["zh"]
    visit.write(None)
    await running


@in_virtual_time
async def test_sentences_that_were_asked_about_are_noted() -> None:
    visit, missed = Visit(), list[str]()
    counted = list[tuple[str, str]]()
    talk = talk_of(DIALOG, visit, WordByWord(), missed=missed.append, count=lambda what, which: counted.append((what, which)))
    running = asyncio.create_task(talk.run(goes_on=False))
    for text in ("colourless green ideas", "main_menu"):
        await visit.waits.wait()
        visit.write(Said(text=text))
    await visit.waits.wait()
    visit.write(None)
    await running
    assert missed == ["colourless green ideas"]
    assert counted == [("node", "main"), ("asked_about", "main"), ("outcome", "gone")]


def test_nodes_are_counted_when_they_are_entered_however_long_the_path_is() -> None:
    assert entered((), ("main",)) == ("main",)
    assert entered(("main",), ("main", "track", "sales")) == ("track", "sales")
    assert entered(("a", "b", "c"), ("b", "c", "d")) == ("d",)
    assert entered(("a", "b"), ("a", "b")) == ()
    assert entered(("a", "b"), ("main",)) == ("main",)


def test_the_language_is_the_devices_where_the_dialog_has_it() -> None:
    assert [language_of(DIALOG, wanted) for wanted in ("zh-Hant-HK", "EN", "fr", None)] == [
        "zh",
        "en",
        *[DIALOG.languages[0]] * 2,
    ]


def test_choices_stand_with_the_text_before_them_and_no_more_than_fit() -> None:
    options = tuple(Offered(value=str(number), label=str(number)) for number in range(MAX_CHOICES + 5))
    said = said_by((Say(text="one"), Say(text="two"), Choose(options=options), Link(url="https://x.example", label="x")))
    assert [(each.text, len(each.choices), each.link is not None) for each in said] == [
        ("one", 0, False),
        ("two", MAX_CHOICES, False),
        ("", 0, True),
    ]
    assert said_by((Choose(options=options[:1]),))[0].text == ""
