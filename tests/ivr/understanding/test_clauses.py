import pytest

from ivr.understanding.clauses import Turned, clauses_of, turned


@pytest.mark.parametrize(
    ("text", "wanted", "unwanted"),
    [
        ("not the invoice, the refund", "the refund", "the invoice"),
        ("i don't want the invoice, i want my money back", "my money back", "the invoice"),
        ("the refund, not the invoice", "the refund", "the invoice"),
        ("a refund instead of an exchange", "a refund", "an exchange"),
        ("不是发票，是退款", "退款", "发票"),
        ("我不要发票，我要退款", "退款", "发票"),
        ("不是开发票而是退款", "退款", "开发票"),
        ("要退款，不是发票", "要退款", "发票"),
        ("not the invoice", "", "the invoice"),
        ("不要发票", "", "发票"),
    ],
)
def test_what_is_turned_down_is_told_from_what_is_wanted(text: str, wanted: str, unwanted: str) -> None:
    assert turned(text) == Turned(wanted, unwanted)


@pytest.mark.parametrize("text", ["my parcel has not arrived", "i can not log in", "快递还没到", "登录不了", "not yet delivered"])
def test_a_complaint_turns_nothing_down(text: str) -> None:
    assert turned(text) == Turned(text)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("track my parcel and send the bill", ("track my parcel", "send the bill")),
        ("查快递，还有开发票", ("查快递", "开发票")),
        ("where is it?", ("where is it?",)),
        ("one and two and three and four more", ("one and two and three and four more",)),
    ],
)
def test_sentences_are_parted_where_a_wish_may_end(text: str, parts: tuple[str, ...]) -> None:
    assert clauses_of(text) == parts
