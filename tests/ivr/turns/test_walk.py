from support.dialogs import MONDAY_NOON, Talk, said, shop, wish

from ivr.turns.values import Choose, Collect, End, Say, State, Transfer, Waiting
from ivr.turns.walk import MAX_HOPS, Walk

DIALOG = shop()


def walk(**state: object) -> Walk:
    return Walk(DIALOG, State(language="en", **state), MONDAY_NOON)  # type: ignore[arg-type]  # one field at a time


def test_a_node_is_entered_and_its_question_asked() -> None:
    made = walk()
    made.enter("refund")

    assert made.step().state.waiting is Waiting.SLOT
    assert made.step().actions == (Say(text="Which order?"), Collect(slots=("order",)))


def test_a_value_that_is_not_kept_is_asked_anew_unless_it_was_just_told() -> None:
    old, fresh = (walk(slots={"order": "SF12345678"}, used=("order",)) for _ in range(2))
    waiting = walk(slots={"order": "SF12345678"})
    waiting.enter("refund")
    fresh.fresh.add("order")
    old.enter("refund")
    fresh.enter("refund")

    assert old.state.waiting is Waiting.SLOT
    assert fresh.state.waiting is Waiting.MORE
    assert waiting.state.used == ("order",)


def test_menus_are_remembered_once_each() -> None:
    made = walk()
    for name in ("main", "account", "main", "account"):
        made.enter(name)
    assert made.state.menus == ("main", "account")
    assert made.state.path == ("main", "account", "main", "account")


def test_a_circle_is_left_for_a_human() -> None:
    made = walk()
    made.enter("round")

    *said, last = made.step().actions
    assert len(said) == MAX_HOPS + 1
    assert isinstance(last, Transfer)


def test_a_pending_choice_is_offered() -> None:
    made = walk(node="main", pending=(("bill", "refund"),))
    made.done("bill")
    assert made.state.offers == ("bill", "refund")
    assert isinstance(made.step().actions[-1], Choose)


def test_an_end_says_why() -> None:
    made = walk()
    made.end("served")
    assert made.step().actions == (End(reason="served"),)
    assert made.state.waiting is Waiting.OVER


def test_a_human_is_offered_with_his_key() -> None:
    made = walk()
    made.offer_human()
    assert [(each.value, each.digit) for each in made.step().actions[0].options] == [("!human", "0")]  # type: ignore[union-attr]


RECOMMENDING = """catalogues:
  sizes:
    products:
      - {id: bag, name: {en: a bag, zh: 袋子}, about: {en: it is light, zh: 很轻}, fits: {pin: {at_most: 5}, size: {only: [s]}}}
      - {id: box, name: {en: a box, zh: 箱子}, fits: {pin: {at_most: 9}}}
handlers:
"""


def advised(more: str = "") -> Talk:
    recommend = f"recommend: {{catalogue: sizes, ask: [pin, size]{more}}}"
    node = f"  advice: {{label: {{en: advice, zh: 推荐}}, {recommend}, say: 'Take {{product}}: {{about}}.'}}\n"
    talk = Talk(shop(**{"slots:\n": node + "slots:\n", "handlers:\n": RECOMMENDING}))
    assert talk.give(said(wish("advice"))) == ["PIN?"]
    return talk


def test_what_suits_best_is_recommended_with_its_description() -> None:
    talk = advised()

    assert talk.give(said(pin="3")) == ["Small or large?"]
    assert talk.give(said(size="s"))[0] == "Take a bag: it is light."
    assert talk.state.values["recommended"] == "bag"


def test_nothing_is_asked_that_changes_nothing() -> None:
    talk = advised()

    assert talk.give(said(pin="7"))[0] == "Take a box: ."


def test_where_nothing_suits_a_human_is_offered() -> None:
    talk = advised()

    assert talk.give(said(pin="10"))[0] == "I have nothing that suits; a colleague may know more."
    assert talk.offered == ["A human"]


def test_where_nothing_suits_the_dialog_may_go_elsewhere() -> None:
    talk = advised(", none: bill")

    assert talk.give(said(pin="10"))[0] == "The bill is 20."


def test_what_was_wished_too_is_taken_up_though_nothing_suited() -> None:
    talk = advised()

    assert talk.give(said(wish("bill"), pin="10"))[:3] == [
        "I have nothing that suits; a colleague may know more.",
        "Now to your other question: the bill.",
        "The bill is 20.",
    ]
