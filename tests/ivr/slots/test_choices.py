import pytest

from ivr.definition.values import Option
from ivr.slots.choices import choices, yes_or_no

PLANS = (
    Option(value="basic", label={"zh": "基础套餐", "en": "Basic plan"}, synonyms=("便宜的",), digit="1"),
    Option(value="plus", label={"zh": "畅享套餐", "en": "Plus plan"}, synonyms=("plus",), digit="2"),
    Option(value="basic_long", label={"zh": "基础套餐两年", "en": "Basic plan for two years"}),
)


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("Plus", "plus"),
        ("the plus plan, please", "plus"),
        ("要便宜的", "basic"),
        ("基础套餐两年", "basic_long"),
        ("2", "plus"),
        ("按2", "plus"),
        ("选一", "basic"),
        ("the second one", "plus"),
        ("第二个", "plus"),
        ("最后一个", "basic_long"),
    ],
)
def test_an_option_is_named_or_pointed_at(said: str, value: str) -> None:
    assert [found.value for found in choices(said, PLANS)] == [value]


@pytest.mark.parametrize("said", ["surplus", "9", "第九个", "no idea", ""])
def test_what_names_no_option_is_none(said: str) -> None:
    assert choices(said, PLANS) == []


@pytest.mark.parametrize(
    "said", ["是的", "对", "好的", "没错", "没问题", "没有不对", "yes, please", "OK", "no problem", "No worries!"]
)
def test_yes(said: str) -> None:
    assert [found.value for found in yes_or_no(said)] == ["yes"]


@pytest.mark.parametrize("said", ["不是", "不对", "不要", "no", "No, that is not right", "没有", "no, there is a problem"])
def test_no(said: str) -> None:
    assert [found.value for found in yes_or_no(said)] == ["no"]


def test_neither() -> None:
    assert yes_or_no("hm") == []
