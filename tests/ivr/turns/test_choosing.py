from support.dialogs import shop, wish

from ivr.definition.values import Limits
from ivr.meaning import Scored, Wish
from ivr.turns.choosing import answers_by_id, decide, is_there, needs_of

DIALOG = shop()
LIMITS = Limits()


def ranked(**probabilities: float) -> Wish:
    return Wish(text="", ranked=tuple(Scored(node, each) for node, each in probabilities.items()))


def test_what_is_sure_is_decided_and_what_is_close_is_asked() -> None:
    assert decide(ranked(bill=0.9, refund=0.05), DIALOG, LIMITS).nodes == ("bill",)
    assert decide(ranked(bill=0.56, refund=0.44), DIALOG, LIMITS).nodes == ("bill", "refund")
    assert decide(ranked(bill=0.3, refund=0.2, plan=0.1, track=0.09), DIALOG, LIMITS).nodes == ("bill", "refund", "plan")
    assert decide(ranked(bill=0.3, refund=0.01), DIALOG, LIMITS).nodes == ("bill",)
    assert decide(ranked(bill=0.01), DIALOG, LIMITS).nodes == ()


def test_what_is_unknown_unwanted_or_out_of_scope_counts_for_nothing() -> None:
    assert decide(ranked(nowhere=0.9), DIALOG, LIMITS).nodes == ()
    assert decide(wish("bill", in_scope=0.1), DIALOG, LIMITS).nodes == ()
    assert decide(wish("bill", unwanted=("bill",)), DIALOG, LIMITS).nodes == ()
    assert decide(Wish(text="", ranked=()), DIALOG, LIMITS).nodes == ()


def test_nodes_and_answers_are_known_by_their_names() -> None:
    assert [is_there(name, DIALOG) for name in ("bill", "faq:weight", "faq:bill", "weight")] == [True, True, False, False]


def test_answers_are_found_in_each_of_several_dialogs() -> None:
    others = [shop(weight=f"w{number}") for number in range(4)]

    assert [answers_by_id(each) for each in [*others, DIALOG]] == [*({f"w{number}": 0} for number in range(4)), {"weight": 0}]


def test_needs_are_groups_of_which_one_will_do() -> None:
    assert needs_of(DIALOG, "track") == (("order", "phone"),)
    assert needs_of(DIALOG, "refund") == (("order",),)
    assert needs_of(DIALOG, "main") == ()
