from msgspec.structs import replace
from support.dialogs import Talk, said, shop, wish

from ivr.definition.values import Node
from ivr.voice.hints import MAX_HINTS, hints_of


def test_what_is_near_comes_first_in_the_callers_language() -> None:
    talk = Talk(shop(), language="zh")
    assert hints_of(talk.dialog, talk.state)[:3] == ("查件", "账户", "销售")
    talk.give(said(wish("plan"), language="zh"))
    assert hints_of(talk.dialog, talk.state)[:2] == ("小", "大")


def test_an_engine_is_not_told_too_much() -> None:
    dialog = shop()
    many = {f"n{at}": Node(label=f"label {at}") for at in range(100)}
    big = replace(dialog, nodes={**dialog.nodes, **many})
    assert len(hints_of(big, Talk(dialog).state)) == MAX_HINTS
