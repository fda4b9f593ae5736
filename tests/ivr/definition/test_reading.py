from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.yaml_text import SettingsError
from ivr.definition.reading import closest, parse_dialog, read_dialog
from ivr.definition.values import AnyOf

FILE = Path("d.yaml")
HEAD = "itr: 1\nname: shop\nlanguages: [zh, en]\nstart: main\nhuman: {queue: support}\n"
GOOD = (
    HEAD
    + """nodes:
  main: {say: {zh: 您好, en: Hello}, choices: [{digit: "1", go: track}]}
  track:
    needs: [{any_of: [order, phone], ask: Which?}]
    look_up: {handler: track}
    say: It is {status}.
slots:
  order: {type: text, pattern: 'SF\\d{8}', ask: Number?}
  phone: {type: phone}
handlers: {track: {url: "http://127.0.0.1/{order}", take: {status: $.state}}}
"""
)


def problems(text: str) -> str:
    with pytest.raises(SettingsError) as refused:
        parse_dialog(text, FILE)
    return str(refused.value)


def test_a_dialog_is_read_with_the_lines_of_its_parts() -> None:
    definition = parse_dialog(GOOD, FILE)

    assert definition.dialog.nodes["main"].choices[0].go == "track"
    assert isinstance(definition.dialog.nodes["track"].needs[0], AnyOf)
    assert definition.document.place(("nodes", "track", "look_up", "handler")).line == 10


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("    needs:", "    neads:", "d.yaml:9: nodes.track.neads: there is no such key. Did you mean needs?"),
        ("go: track", "go: trakc", "d.yaml:7: nodes.main.choices[0].go: there is no node trakc. Did you mean track?"),
        ("start: main", "start: begin", "d.yaml:4: start: there is no node begin. There is: main, track"),
        ("handler: track", "handler: x", "d.yaml:10: nodes.track.look_up.handler: there is no handler x. There is: track"),
        ("[order, phone]", "[order, fone]", "d.yaml:9: nodes.track.needs[0]: there is no slot fone. Did you mean phone?"),
        ("{queue: support}", "{}", "d.yaml:5: human: leads to nobody, or to two. Write one of `queue:`, `agent:` and `number:`"),
        ("type: phone", "typo: phone", "d.yaml:14: slots.phone.typo: there is no such key. Did you mean type?"),
        ("{type: phone}", "{}", "d.yaml:14: slots.phone: type is missing. Add `type:`"),
        ("SF\\d{8}", "SF(", "d.yaml:13: slots.order.pattern: is no regular expression: "),
        ("name: shop\n", "", "d.yaml:1: name is missing. Add `name:`"),
        ("    look_up:", "    end: true\n    then: main\n    look_up:", "d.yaml:8: nodes.track: does end, then at once. "),
        ("    look_up:", "    within: office\n    look_up:", "d.yaml:10: nodes.track.within: there is no hours office. "),
    ],
)
def test_what_is_wrong_is_told_with_its_line_and_cure(old: str, new: str, line: str) -> None:
    assert line in problems(GOOD.replace(old, new))


def test_all_problems_are_told_at_once_in_the_order_of_their_lines() -> None:
    text = GOOD.replace("needs:", "neads:").replace("type: phone", "type: fone").replace("url:", "uri:")

    assert [line.split(":")[1] for line in problems(text).splitlines()] == ["9", "14", "15"]


def test_a_digit_that_stands_twice_is_named_with_both_lines() -> None:
    text = GOOD.replace('choices: [{digit: "1", go: track}]', 'choices: [{digit: "1", go: track}, {digit: "1", go: main}]')

    assert "d.yaml:7: nodes.main.choices[1].digit: digit 1 stands here again, first on line 7" in problems(text)


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        ("{timezone: Mars/Base, open: {mon: '9:00-10:00'}}", "Mars/Base is no time zone"),
        ("{timezone: UTC, open: {someday: '9:00-10:00'}}", "someday is no day"),
        ("{timezone: UTC, open: {mon: '9-10'}}", "9-10 is no span of time"),
        ("{timezone: UTC, open: {}, holidays: [soon]}", "soon is no day"),
    ],
)
def test_hours_that_nobody_reads_are_refused(hours: str, said: str) -> None:
    assert said in problems(GOOD + f"hours: {{office: {hours}}}\n")


def test_answers_come_from_a_table_beside_the_file(tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text(GOOD + "answers_file: faq.tsv\nanswers: [{id: own, questions: [Who?], say: We.}]\n", "utf-8")
    (tmp_path / "faq.tsv").write_text(
        "# id, language, question, answer\nweight\ten\tHow heavy?\tUp to 30 kg.\nweight\ten\tWhat weight?\t\n"
        "weight\tzh\t多重？\t不超过30公斤。\n",
        "utf-8",
    )

    own, weight = read_dialog(file).dialog.answers

    assert own.id == "own"
    assert weight.questions == {"en": ("How heavy?", "What weight?"), "zh": ("多重？",)}
    assert weight.say == {"en": "Up to 30 kg.", "zh": "不超过30公斤。"}


@pytest.mark.parametrize(
    ("rows", "said"),
    [("weight\ten\tHow heavy?\n", "line 1 of faq.tsv has 3 fields"), ("weight\ten\tHow heavy?\t\n", "questions and no answer")],
)
def test_a_table_of_answers_that_is_wrong_is_refused(tmp_path: Path, rows: str, said: str) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text(GOOD + "answers_file: faq.tsv\n", "utf-8")
    (tmp_path / "faq.tsv").write_text(rows, "utf-8")

    with pytest.raises(SettingsError, match=said):
        read_dialog(file)


def test_a_table_of_answers_that_is_not_there_is_told(tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text(GOOD + "answers_file: faq.tsv\n", "utf-8")

    with pytest.raises(SettingsError, match="answers_file: cannot be read"):
        read_dialog(file)


@pytest.mark.parametrize("answers", ["answers: 1\n", "answers: [1]\n", "answers: [{id: a, questions: [b]}]\n"])
def test_answers_that_are_none_are_refused(answers: str) -> None:
    assert "answers" in problems(GOOD + answers)


def test_two_answers_of_one_id_are_refused() -> None:
    entry = "{id: a, questions: [b], say: c}"
    assert "a is the id of another answer" in problems(GOOD + f"answers: [{entry}, {entry}]\n")


@given(
    st.sampled_from(["nodes", "slots", "handlers", "hours", "human", "keys", "limits", "answers", "languages", "itr"]), st.data()
)
def test_anything_in_the_place_of_a_part_is_read_or_refused(part: str, data: st.DataObject) -> None:
    value = data.draw(st.sampled_from(["1", "[]", "{}", "[1]", "{a: 1}", "{a: {}}", "text", "{a: [1]}", "null", "{1: {}}"]))
    lines = [line for line in GOOD.splitlines() if not line.startswith(part)]
    text = "\n".join(line for line in lines if line[0] != " ") + f"\n{part}: {value}\n"
    with suppress(SettingsError):
        assert parse_dialog(text.replace("nodes:\n", "") if part == "nodes" else text, FILE).dialog.name == "shop"


def test_a_word_is_likened_to_those_that_are_known() -> None:
    assert closest("neads", ["needs", "say"]) == "Did you mean needs?"
    assert closest("x", map(str, range(20))).endswith(", …")


@pytest.mark.parametrize("place", ["beside", "within"])
def test_a_catalogue_stands_in_the_file_or_beside_it(tmp_path: Path, place: str) -> None:
    file = tmp_path / "shop.yaml"
    products = "products: [{id: a, name: A, fits: {order: {}}}]"
    file.write_text(GOOD + f"catalogues: {{all: {'all.yaml' if place == 'beside' else '{' + products + '}'}}}\n", "utf-8")
    (tmp_path / "all.yaml").write_text(products + "\n", "utf-8")
    slots = GOOD.replace("order: {type: text, pattern: 'SF\\d{8}', ask: Number?}", "order: {type: number, ask: Number?}")
    file.write_text(file.read_text("utf-8").replace(GOOD, slots), "utf-8")

    (product,) = read_dialog(file).dialog.catalogue("all").products

    assert (product.id, product.name) == ("a", "A")


@pytest.mark.parametrize(
    ("held", "said"),
    [
        ("products:\n- {id: a, nam: A}\n", r"all.yaml:2: products\[0\].nam: there is no such key. Did you mean name"),
        ("products: []\n", "all.yaml:1: products: "),
        ("[", "shop.yaml:16: catalogues.all: all.yaml: "),
        (None, "catalogues.all: all.yaml: cannot be read"),
    ],
)
def test_a_catalogue_that_is_wrong_is_told_by_its_own_line(tmp_path: Path, held: str | None, said: str) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text(GOOD + "catalogues: {all: all.yaml}\n", "utf-8")
    if held is not None:
        (tmp_path / "all.yaml").write_text(held, "utf-8")

    with pytest.raises(SettingsError, match=said):
        read_dialog(file)
