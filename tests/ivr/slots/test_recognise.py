from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.definition.values import Option, Slot, SlotKind
from ivr.slots.recognise import MAX_TEXT_CHARACTERS, filled, recognise

MONDAY = date(2026, 11, 23)
SLOTS = {
    "order": Slot(type=SlotKind.TEXT, pattern=r"SF\d{8}"),
    "phone": Slot(type=SlotKind.PHONE),
    "sent": Slot(type=SlotKind.DATE),
    "paid": Slot(type=SlotKind.AMOUNT),
    "pieces": Slot(type=SlotKind.NUMBER),
    "plan": Slot(type=SlotKind.CHOICE, options=(Option(value="basic"), Option(value="plus"))),
    "sure": Slot(type=SlotKind.YES_NO),
    "words": Slot(type=SlotKind.TEXT),
}


def first(name: str, said: str) -> str:
    return recognise(SLOTS[name], said, today=MONDAY)[0].value


@pytest.mark.parametrize(
    ("name", "said", "value"),
    [
        ("phone", "13800138000, no, 13900139000", "+8613900139000"),
        ("phone", "不对，是13900139000", "+8613900139000"),
        ("phone", "是13900139000，不是13800138000", "+8613900139000"),
        ("phone", "不是13800138000，是13900139000", "+8613900139000"),
        ("order", "it's SF87654321, not SF12345678", "SF87654321"),
        ("sent", "no, the one of yesterday", "2026-11-22"),
        ("sent", "last Friday, I mean last Thursday", "2026-11-19"),
        ("plan", "not basic, plus", "plus"),
        ("plan", "basic, I meant plus", "plus"),
        ("paid", "20块，说错了，30块", "30"),
    ],
)
def test_a_correction_counts(name: str, said: str, value: str) -> None:
    assert first(name, said) == value


def test_what_is_denied_alone_is_no_value() -> None:
    assert recognise(SLOTS["plan"], "not basic", today=MONDAY) == ()


def test_what_was_said_is_given_back_as_it_was_written() -> None:
    (found,) = recognise(SLOTS["order"], "单号ＳＦ１２３４５６７８。", today=MONDAY)

    assert (found.value, found.said) == ("SF12345678", "ＳＦ１２３４５６７８")


def test_one_sentence_fills_several_slots_and_no_part_of_it_two() -> None:
    wanted = {name: SLOTS[name] for name in ("pieces", "paid", "order", "phone", "sent")}

    found = filled(wanted, "SF12345678 昨天寄的, 电话 13800138000, 12块5", today=MONDAY)

    assert {each.slot: each.value for each in found} == {
        "order": "SF12345678",
        "sent": "2026-11-22",
        "phone": "+8613800138000",
        "paid": "12.5",
    }


def test_any_one_of_several_slots_is_told_by_its_kind() -> None:
    wanted = {"order": SLOTS["order"], "phone": SLOTS["phone"], "id": Slot(type=SlotKind.TEXT, pattern=r"\d{11}")}

    assert [(each.slot, each.value) for each in filled(wanted, "13800138000", today=MONDAY)] == [("phone", "+8613800138000")]
    assert [(each.slot, each.value) for each in filled(wanted, "90000000001", today=MONDAY)] == [("id", "90000000001")]


def test_free_text_takes_the_sentence_where_nothing_else_does() -> None:
    wanted = {"words": SLOTS["words"], "order": SLOTS["order"]}

    assert [(each.slot, each.value) for each in filled(wanted, " the box is wet ", today=MONDAY)] == [("words", "the box is wet")]
    assert [each.slot for each in filled(wanted, "SF12345678", today=MONDAY)] == ["order"]


@given(st.text(alphabet="SF0123456789 一二三十月号日上周五不是，no,last friday块$.-/幺double", max_size=2 * MAX_TEXT_CHARACTERS))
def test_any_sentence_gives_values_that_stand_in_it(text: str) -> None:
    found = filled(SLOTS, text, today=MONDAY)

    assert len({each.slot for each in found}) == len(found)
    assert all(each.said in text and each.value and 0 < each.certain <= 1 for each in found)


@given(st.text(max_size=200))
def test_what_no_language_has_raises_nothing_either(text: str) -> None:
    assert {each.slot for each in filled(SLOTS, text, today=MONDAY)} <= SLOTS.keys()
