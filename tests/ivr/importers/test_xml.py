import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.importers.xml import MAX_DEPTH, MAX_TEXT, XmlRefusedError, parse_xml


def test_elements_keep_lines_comments_and_all_text() -> None:
    root = parse_xml('<a>\n<!-- the first -->\n<x:b k=" v ">one <c>two</c></x:b>\n<b/>  <!-- behind -->\n</a>', "f")
    one, two = root.all("b")
    assert (one.line, one.get("k"), one.text.split(), one.comment) == (3, "v", ["one", "two"], "the first")
    assert two.comment == "behind"
    assert [each.tag for each in root.all("c", "b")] == ["b", "c", "b"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("<a>\n<b></a>", "f:2: it is no XML"),
        ('<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "declares the entity x"),
        ("<a>" * (MAX_DEPTH + 2), "too deep"),
        ("", "f:1: it is no XML"),
    ],
)
def test_what_is_none_or_dangerous_is_refused_by_its_line(text: str, told: str) -> None:
    with pytest.raises(XmlRefusedError, match=told):
        parse_xml(text, "f")


def test_a_declared_document_type_is_not_fetched() -> None:
    assert parse_xml('<!DOCTYPE a PUBLIC "x" "http://nowhere.example/a.dtd"><a/>', "f").all("a")


def test_blank_lines_before_the_declaration_are_forgiven_and_counted() -> None:
    (one,) = parse_xml('\n\n<?xml version="1.0" encoding="gb2312"?>\n<a>您好</a>', "f").all("a")
    assert (one.line, one.text) == (4, "您好")


def test_an_element_keeps_no_more_text_than_a_label_has() -> None:
    (one,) = parse_xml(f"<a><b>{'x' * MAX_TEXT}<c>y</c></b></a>", "f").all("b")
    assert (one.text, one.children[0].text) == ("x" * MAX_TEXT, "y")


@given(st.text(alphabet="<>/ab='\"!-& [];", max_size=100))
def test_nothing_breaks_it(text: str) -> None:
    with contextlib.suppress(XmlRefusedError):
        parse_xml(text, "f")
