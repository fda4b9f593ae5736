"""Texts with placeholders, written for the place where they stand."""

from typing import Any

import pytest

from crm_adapters.rest_template.text import TextError, check_query, look_up, steps_of, text_of, value_of

KNOWN = frozenset({"call", "row"})
EVIL = "'\"><script>{{values.key}}</script>\r\nX: y/../?a=b&c=%00"
VALUES = {
    "call": {"id": "01K", "note": EVIL, "started_at": 1_795_346_762.0, "talk_s": 151.0, "ends": None},
    "row": {"a.": [7, {"b": "c"}]},
}


def filled(plain: str, *, path: bool = False) -> Any:
    return text_of(plain, KNOWN, {"way": {"01K": "one", "default": "other"}}, path=path)(VALUES)


@pytest.mark.parametrize(
    ("plain", "made"),
    [
        ("plain", "plain"),
        ("{{call.talk_s}}", 151.0),
        ("{{ call.talk_s | number }}", 151),
        ("{{call.talk_s | minutes}} min", "3 min"),
        ("{{call.started_at | iso}}", "2026-11-22T11:26:02Z"),
        ("{{call.started_at | datetime}}", "2026-11-22 11:26:02"),
        ("{{call.started_at | ms}}", 1_795_346_762_000),
        ('{{row["a."][0]}}', 7),
        ('{{row["a."][1].b}}', "c"),
        ("{{call.nothing}}", None),
        ("a{{call.ends}}b", "ab"),
        ("{{call.id | way}}/{{call.note | way}}", "one/other"),
        ("{{call.id | cut 2}}", "0…"),
        ("{{call.id | base64}}", "MDFL"),
    ],
)
def test_a_placeholder_becomes_what_it_names(plain: str, made: Any) -> None:
    assert filled(plain) == made


def test_what_people_wrote_stays_one_part_of_an_address() -> None:
    made = filled("/x/{{call.note}}", path=True)
    assert made.startswith("/x/%27%22%3E%3Cscript%3E")
    assert set(made) & set("?&#<>\r\n'\"") == set()
    assert made.count("/") == 2


@pytest.mark.parametrize("dots", [".", "..", "..."])
def test_dots_lead_nowhere_in_an_address(dots: str) -> None:
    assert text_of("/x/{{row}}/y", KNOWN, {}, path=True)({"row": dots}) == "/x/_/y"


def test_what_people_wrote_is_no_html_among_tags() -> None:
    made = filled("<p>{{call.note}}</p>")
    assert "<script" not in made
    assert made.startswith("<p>&#x27;&quot;&gt;&lt;script&gt;")
    assert filled("<p>{{call.note | html}}</p>") == made, "not escaped twice"


def test_what_people_wrote_is_one_string_of_json_and_no_placeholder() -> None:
    assert value_of({"note": "{{call.note}}", "at": ["{{call.id}}: {{call.note}}"]}, KNOWN, {})(VALUES) == {
        "note": EVIL,
        "at": [f"01K: {EVIL}"],
    }


def test_a_key_of_nothing_is_left_out_but_one_that_is_null() -> None:
    assert value_of({"a": "{{call.ends}}", "b": None, "c": ["{{call.ends}}"]}, KNOWN, {})(VALUES) == {"b": None, "c": [None]}


@pytest.mark.parametrize(
    ("plain", "text"),
    [
        ("{{call.note", "braces that are no placeholder"),
        ("{{1+1}}", "is no placeholder"),
        ("{{call.note | shout}}", "there is no 'shout': write base64, date"),
        ("{{secret.key}}", "there is no secret here, but call, row"),
        ("{{call.note()}}", "is no placeholder"),
    ],
)
def test_what_cannot_be_read_is_told(plain: str, text: str) -> None:
    with pytest.raises(TextError, match=text.replace("+", r"\+").replace("(", r"\(").replace(")", r"\)")):
        filled(plain)


def test_too_many_levels_are_none() -> None:
    plain: Any = "x"
    for _ in range(20):
        plain = [plain]
    with pytest.raises(TextError, match="more than 16 levels"):
        value_of(plain, KNOWN, {})


@pytest.mark.parametrize("plain", ["x = '{{call.note}}'", {"q": ["name:{{call.contact.name}}"]}])
def test_what_people_wrote_is_no_part_of_a_query(plain: Any) -> None:
    with pytest.raises(TextError, match="stands in a search"):
        check_query(plain)


@pytest.mark.parametrize("plain", ["x = '{{call.id}}'", "{{call.note}}", "%{{number.digits}}", {"limit": 5}])
def test_ids_and_numbers_are_and_so_is_a_whole_value(plain: Any) -> None:
    check_query(plain)


@pytest.mark.parametrize(("path", "found"), [("", {"a": [{"b": 1}]}), ("a[0].b", 1), ("a.0.b", 1), ("a[9]", None), ("a.x", None)])
def test_a_path_leads_into_an_answer(path: str, found: Any) -> None:
    assert look_up({"a": [{"b": 1}]}, steps_of(path)) == found


def test_a_path_that_is_none() -> None:
    with pytest.raises(TextError, match="is no path"):
        steps_of("a b")
