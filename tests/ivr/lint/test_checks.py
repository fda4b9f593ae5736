from pathlib import Path

from support.dialogs import SHOP

from ivr.definition.reading import parse_dialog
from ivr.lint.checks import lint


def test_all_kinds_of_problems_come_in_the_order_of_their_lines() -> None:
    problems = lint(parse_dialog(SHOP, Path("shop.yaml")))

    assert [each.place.line for each in problems] == sorted(each.place.line for each in problems)
    assert {"nodes.round.then", "slots.pin"} <= {".".join(map(str, each.key)) for each in problems}
