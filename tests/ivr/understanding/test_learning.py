import yaml
from support.understood import shop

from ivr.understanding.learning import Counted, suggestions_of, written
from ivr.understanding.understanding import learned


def test_what_is_alike_is_one_suggestion_and_what_is_frequent_first() -> None:
    found = suggestions_of(
        [
            Counted("where's my parcel now", 2),
            Counted("where's my parcel now please", 3),
            Counted("driver: wages?", 9, "jobs"),
            Counted("???", 50),
        ],
        learned(shop(), None),
        at="main",
    )

    assert [(each.node, each.times) for each in found] == [("jobs", 9), ("track", 5)]
    assert found[0].probability == 1.0
    assert found[1].examples == ("where's my parcel now please", "where's my parcel now")


def test_what_is_written_is_yaml_whatever_was_said() -> None:
    said = 'a: "b" # c\n- 退款'
    text = written(suggestions_of([Counted(said, 1, "refund")], learned(shop(), None), at="main"))

    assert yaml.safe_load(text) == [{"node": "refund", "examples": [said]}]
    assert "an agent said so" in text
    assert yaml.safe_load(written([])) is None
