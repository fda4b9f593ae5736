import pytest

from ivr.slots.amounts import amounts


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("$20", "20"),
        ("￥ 12.50", "12.5"),
        ("12块5", "12.5"),
        ("三块五毛", "3.5"),
        ("两块五毛三", "2.53"),
        ("五块零五分", "5.05"),
        ("一百零五元", "105"),
        ("五毛", "0.5"),
        ("八毛五", "0.85"),
        ("八毛五分", "0.85"),
        ("50 cents", "0.5"),
        ("twenty dollars and fifty cents", "20.5"),
        ("1.5k yuan", "1500"),
    ],
)
def test_money_is_read_with_what_follows_its_unit(said: str, value: str) -> None:
    (found,) = amounts(said)

    assert (found.value, found.certain) == (value, 0.95)
    assert said[found.start : found.end] == said


def test_a_number_without_a_currency_is_an_amount_less_surely() -> None:
    (found,) = amounts("一千二百五")

    assert found.value == "1250"
    assert found.certain < 0.95


def test_two_amounts_are_two() -> None:
    assert [found.value for found in amounts("不是20块，是30块")] == ["20", "30"]


def test_no_amount_is_less_than_nothing() -> None:
    assert amounts("-5 dollars") == []
