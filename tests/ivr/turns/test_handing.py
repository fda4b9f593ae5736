from support.dialogs import shop

from ivr.turns.handing import gathered, known, label, shown, slot_label
from ivr.turns.values import State

DIALOG = shop()
STATE = State(
    language="zh",
    node="plan",
    path=("main", "account", "plan"),
    slots={"size": "l", "pin": "1234", "order": "SF12345678", "gone": "x"},
    values={"status": "在路上"},
)


def test_all_is_told_in_the_persons_language() -> None:
    told = gathered(DIALOG, STATE)

    assert [each.label for each in told.path] == ["main", "账户", "套餐"]
    assert [(each.slot, each.value, each.secret) for each in told.slots] == [
        ("size", "大", False), ("pin", "••••", True), ("order", "SF12345678", False)
    ]  # fmt: skip
    assert told.summary == "咨询：套餐。已知：size 大，pin ••••，单号 SF12345678。"


def test_nothing_told_is_said_so() -> None:
    assert gathered(DIALOG, State(language="en", path=("main",))).summary == "About: nothing. Known: nothing."


def test_names_are_what_people_read() -> None:
    assert label(DIALOG, "faq:weight", "zh") == "多重？"
    assert label(DIALOG, "main", "zh") == "main"
    assert slot_label(DIALOG, "order", "en") == "order"
    assert shown(DIALOG, STATE, "size") == "大"
    assert known(DIALOG, STATE) == {"size": "大", "pin": "••••", "order": "SF12345678", "status": "在路上"}
