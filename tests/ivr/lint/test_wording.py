from pathlib import Path

import pytest

from ivr.definition.reading import parse_dialog
from ivr.lint.wording import wording_problems

GOOD = """itr: 1
name: d
languages: [en, zh]
start: main
human: {queue: q, closed: {en: Gone, zh: 下班}}
nodes:
  main: {say: {en: Hello, zh: 您好}, choices: [{digit: '1', go: a}]}
  a:
    label: {en: A, zh: 甲}
    examples: {en: [to a], zh: [去甲]}
    needs: [say]
    say: {en: "It is {state} of {say}", zh: "{say}：{state}"}
    look_up: {handler: h}
slots:
  say: {type: number, ask: {en: What?, zh: 什么？}}
handlers:
  h: {url: "http://127.0.0.1/", take: {state: $.s}, down: {en: Down, zh: 坏了}}
"""


def told(text: str) -> list[str]:
    return [str(each) for each in wording_problems(parse_dialog(text, Path("d.yaml")))]


def test_a_dialog_with_all_its_words_is_right() -> None:
    assert told(GOOD) == []


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("zh: 您好", "", "d.yaml:7: nodes.main.say: is not said in zh. Add `zh:`"),
        ("zh: 下班", "", "d.yaml:5: human.closed: is not said in zh."),
        ("zh: 坏了", "", "d.yaml:17: handlers.h.down: is not said in zh."),
        ("zh: 什么？", "fr: Quoi ?", "d.yaml:15: slots.say.ask: is not said in zh."),
        ("zh: 什么？", "zh: 什么？, fr: Quoi ?", "d.yaml:15: slots.say.ask.fr: the dialog does not speak fr."),
        ("say: {en: Hello, zh: 您好}, ", "", "d.yaml:7: nodes.main: has choices and says nothing."),
        ("    label: {en: A, zh: 甲}\n", "", "d.yaml:8: nodes.a: has no name for people."),
        ("    examples: {en: [to a], zh: [去甲]}\n", "", "d.yaml:8: nodes.a: has no example sentences: only digits lead here."),
        (", zh: [去甲]", "", "d.yaml:10: nodes.a.examples: has no examples in zh."),
        ("{state} of", "{stat} of", "d.yaml:12: nodes.a.say: nothing fills {stat}."),
        ("slots:", "sentences: {hello: Hi}\nslots:", "d.yaml:14: sentences.hello: is none of Tieline's sentences."),
        ("slots:", "sentences: {goodbye: {en: Bye}}\nslots:", "d.yaml:14: sentences.goodbye: is not said in zh."),
        ("[en, zh]", "[en, zh, fr]", "d.yaml:1: sentences: Tieline has no words for goodbye in fr."),
    ],
)
def test_what_is_missing_is_told_with_its_line(old: str, new: str, line: str) -> None:
    found = told(GOOD.replace(old, new))
    assert any(each.startswith(line) for each in found), found


def test_a_product_is_described_in_each_language_and_may_be_named() -> None:
    catalogue = "catalogues: {shop: {products: [{id: p, name: {en: P, zh: 丙}, about: {en: good}}]}}\n"
    text = GOOD.replace("{state}", "{state} {product}") + catalogue

    assert told(text) == ["d.yaml:18: catalogues.shop: p is not described in zh. Add `zh:`"]
