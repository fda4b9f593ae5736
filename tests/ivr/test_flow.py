import msgspec
import pytest
from support.dialogs import MONDAY_NOON, SUNDAY, Talk, said, shop, wish

from ivr.flow import step, wanted
from ivr.meaning import GlobalWord
from ivr.slots.recognise import filled
from ivr.turns.hearing import CHOICE_SLOT
from ivr.turns.values import (
    Chosen,
    Collect,
    Digits,
    End,
    Given,
    HangUp,
    Link,
    LookUp,
    LookUpProblem,
    LookUpResult,
    Silence,
    State,
    Transfer,
)

DIALOG = shop()
FOUND = LookUpResult(handler="parcels", values={"status": "here"})
NOT_FOUND = LookUpResult(handler="parcels", problem=LookUpProblem.NOT_FOUND)
DOWN = LookUpResult(handler="parcels", problem=LookUpProblem.DOWN)


def test_digits_lead_step_by_step_as_ever() -> None:
    talk = Talk(DIALOG)
    assert talk.offered == ["tracking", "your account", "sales"]

    assert talk.give(Digits(keys="2")) == ["Your account."]
    assert talk.give(Digits(keys="1")) == ["The bill is 20.", "Is there anything else I can do for you?"]


def test_a_wish_is_understood_at_any_level() -> None:
    assert Talk(DIALOG).give(said(wish("bill")))[0] == "The bill is 20."


def test_who_speaks_before_the_greeting_is_answered() -> None:
    made = step(DIALOG, State(language="en"), said(wish("bill")), now=MONDAY_NOON)

    assert made.state.finished == ("bill",)


def test_one_of_several_values_is_enough_and_the_look_up_gets_it() -> None:
    talk = Talk(DIALOG)
    assert talk.give(said(wish("track"))) == ["Order or phone number?"]
    assert Collect(slots=("order", "phone")) in talk.actions

    talk.give(said(phone="+8613800138000"))

    assert talk.actions == (LookUp(handler="parcels", arguments={"phone": "+8613800138000"}),)
    assert talk.give(FOUND)[0] == "Your parcel is here."


def test_a_wrong_number_is_asked_again_and_the_corrected_one_found() -> None:
    talk = Talk(DIALOG)
    talk.give(said(wish("track"), order="SF00000000"))
    assert talk.give(NOT_FOUND) == ["I cannot find that. Please check it and tell me again.", "Order or phone number?"]

    talk.give(said(order="SF12345678"))

    assert talk.actions == (LookUp(handler="parcels", arguments={"order": "SF12345678"}),)


def test_a_number_told_when_all_is_done_corrects_what_was_served_last() -> None:
    talk = Talk(DIALOG)
    talk.give(said(wish("track"), order="SF00000001"))
    talk.give(FOUND)

    talk.give(said(word=GlobalWord.NO, order="SF00000002"))

    assert talk.actions == (LookUp(handler="parcels", arguments={"order": "SF00000002"}),)


def test_a_number_alone_is_enough_where_one_node_needs_it() -> None:
    talk = Talk(DIALOG)
    talk.give(said(phone="+8613800138000"))
    assert isinstance(talk.actions[0], LookUp)


def test_three_numbers_that_nobody_knows_end_at_a_human() -> None:
    talk = Talk(DIALOG)
    talk.give(said(wish("track")))
    for number in range(3):
        talk.give(said(order=f"SF0000000{number}"))
        talk.give(NOT_FOUND)

    assert isinstance(talk.over, Transfer)


def test_a_system_that_is_down_is_told_plainly_and_a_human_offered() -> None:
    talk = Talk(DIALOG)
    talk.give(said(wish("track"), order="SF12345678"))

    assert talk.give(DOWN)[0] == "I cannot look that up just now: the system does not answer."
    assert talk.offered == ["A human"]
    talk.give(Chosen(value="!human"))
    assert isinstance(talk.over, Transfer)


def test_while_a_system_is_asked_nothing_else_is_begun() -> None:
    talk = Talk(DIALOG)
    talk.give(said(wish("track"), order="SF12345678"))

    assert talk.give(said(wish("bill"))) == ["One moment, I am still looking."]
    assert talk.give(Silence()) == []
    assert talk.give(Digits(keys="1")) == ["One moment, I am still looking."]
    assert talk.give(LookUpResult(handler="other")) == []
    assert talk.give(FOUND)[0] == "Your parcel is here."


def test_a_change_of_mind_is_followed_and_then_one_returns() -> None:
    talk = Talk(DIALOG)
    talk.give(said(wish("refund")))

    assert talk.give(said(wish("bill"))) == ["The bill is 20.", "Back to: a refund.", "Which order?"]
    assert talk.give(said(order="SF12345678"))[0] == "Refunded SF12345678."


def test_a_question_in_between_is_answered_and_asked_on() -> None:
    talk = Talk(DIALOG)
    talk.give(said(wish("refund")))

    assert talk.give(said(wish("faq:weight"))) == ["Up to 30 kg.", "Which order?"]


def test_three_are_offered_where_none_is_sure() -> None:
    talk = Talk(DIALOG)
    asked = talk.give(said(wish("bill", "refund", "track", "plan")))

    assert asked == ["Did you mean: the bill, a refund or tracking?"]
    assert talk.offered == ["the bill", "a refund", "tracking", "None of these"]
    assert talk.give(Digits(keys="2")) == ["Which order?"]


def test_what_was_offered_can_be_said_too() -> None:
    for answer in (said(_choice="bill"), said(wish("bill")), said(wish("bill", in_scope=0.1)), Chosen(value="bill")):
        talk = Talk(DIALOG)
        talk.give(said(wish("bill", "refund")))
        assert CHOICE_SLOT in wanted(DIALOG, talk.state)
        assert talk.give(answer)[0] == "The bill is 20."


def test_what_is_unwanted_is_taken_out() -> None:
    talk = Talk(DIALOG)
    assert talk.give(said(wish("refund", "bill", unwanted=("bill",), sure=1.2))) == ["Which order?"]

    talk = Talk(DIALOG)
    talk.give(said(wish("bill", "refund")))
    assert talk.give(said(wish("bill", unwanted=("bill",)))) == ["Which order?"]


def test_two_wishes_are_served_one_after_the_other() -> None:
    talk = Talk(DIALOG)

    assert talk.give(said(wish("bill"), wish("faq:weight"), wish("refund"))) == [
        "The bill is 20.",
        "Now to your other question: How heavy?.",
        "Up to 30 kg.",
        "Now to your other question: a refund.",
        "Which order?",
    ]


def test_a_wish_told_with_a_number_waits_for_its_turn() -> None:
    talk = Talk(DIALOG)
    talk.give(said(wish("refund")))

    assert talk.give(said(wish("bill"), order="SF12345678"))[:2] == [
        "Refunded SF12345678.",
        "Now to your other question: the bill.",
    ]


def test_what_matters_is_confirmed_corrected_or_refused() -> None:
    talk = Talk(DIALOG)
    talk.give(said(wish("plan")))
    assert talk.offered == ["small", "large"]
    assert talk.give(Digits(keys="1")) == ["Change to small?"]
    assert talk.give(said(word=GlobalWord.NO, size="l")) == ["Change to large?"]
    assert talk.give(said(word=GlobalWord.YES))[0] == "Changed to large."
    assert Link(url="https://shop.example/plan?to=large", label="Your plan") in talk.actions

    talk = Talk(DIALOG)
    talk.give(said(wish("plan"), size="s"))
    assert talk.give(Digits(keys="2"))[0] == "All right, nothing was changed."


def test_a_slot_is_chosen_by_its_button() -> None:
    talk = Talk(DIALOG)
    talk.give(said(wish("plan")))
    assert talk.give(Chosen(value="l")) == ["Change to large?"]
    assert talk.give(said(wish("bill")))[-1] == "Change to large?"
    assert talk.give(Chosen(value="!yes"))[0] == "Changed to large."


@pytest.mark.parametrize("given", [said(word=GlobalWord.HUMAN), Digits(keys="0")])
def test_a_human_is_reached_at_any_time(given: Given) -> None:
    for before in ([], [said(wish("refund"))], [said(wish("plan"), size="s")], [said(wish("bill", "refund"))]):
        talk = Talk(DIALOG)
        for each in before:
            talk.give(each)
        talk.give(given)
        assert isinstance(talk.over, Transfer)
        assert talk.over.target.queue == "support"


def test_whoever_takes_over_knows_the_way_and_what_was_told() -> None:
    talk = Talk(DIALOG)
    talk.give(said(wish("track"), order="SF12345678", pin="1234"))
    talk.give(FOUND)
    talk.give(said(word=GlobalWord.HUMAN))

    assert isinstance(talk.over, Transfer)
    assert [each.node for each in talk.over.gathered.path] == ["main", "track"]
    assert [(each.label, each.value) for each in talk.over.gathered.slots] == [("order", "SF12345678"), ("pin", "••••")]
    assert talk.over.gathered.summary == "About: tracking. Known: order SF12345678, pin ••••."


@pytest.mark.parametrize(
    ("word", "first"),
    [
        (GlobalWord.BACK, "Welcome."),
        (GlobalWord.MAIN_MENU, "Welcome."),
        (GlobalWord.REPEAT, "Your account."),
        (GlobalWord.START_OVER, "Welcome."),
    ],
)
def test_global_words_lead_back(word: GlobalWord, first: str) -> None:
    talk = Talk(DIALOG)
    talk.give(Digits(keys="2"))
    assert talk.give(said(word=word))[0] == first


def test_back_leaves_a_question_for_the_menu_before() -> None:
    talk = Talk(DIALOG)
    talk.give(Digits(keys="2"))
    talk.give(Digits(keys="2"))
    assert talk.give(Digits(keys="*")) == ["Your account."]
    assert talk.give(Digits(keys="*")) == ["Welcome."]
    assert talk.give(Digits(keys="#")) == ["Welcome."]


def test_start_over_forgets_what_was_told() -> None:
    talk = Talk(DIALOG)
    talk.give(said(wish("track"), phone="+8613800138000"))
    talk.give(DOWN)
    talk.give(said(word=GlobalWord.START_OVER))
    assert talk.state.slots == {}


@pytest.mark.parametrize("given", [Silence(), said(), said(wish("bill", in_scope=0.1)), Digits(keys="8")])
def test_three_times_nothing_ends_at_a_human(given: Given) -> None:
    for before in ([], [said(wish("refund"))], [said(wish("plan"), size="s")]):
        talk = Talk(DIALOG)
        for each in before:
            talk.give(each)
        talk.give(given)
        talk.give(given)
        assert talk.over is None
        talk.give(given)
        assert isinstance(talk.over, Transfer)


def test_what_was_hardly_heard_was_not_heard() -> None:
    unclear = msgspec.structs.replace(said(wish("bill")), confidence=0.1)
    assert Talk(DIALOG).give(unclear)[0] == "Sorry, I did not get that."


def test_a_wrong_value_is_asked_for_in_its_own_words() -> None:
    talk = Talk(DIALOG)
    talk.give(said(wish("refund")))
    assert talk.give(said(text="SF12")) == ["SF and eight digits?"]


def test_hours_lead_elsewhere_and_to_people() -> None:
    open_talk, closed_talk = Talk(DIALOG), Talk(DIALOG, now=SUNDAY)

    open_talk.give(said(wish("sales")))
    assert isinstance(open_talk.over, Transfer)
    assert closed_talk.give(said(wish("sales")))[:2] == ["Sales is closed.", "Welcome."]


def test_where_no_human_is_there_the_dialog_says_so_and_ends() -> None:
    dialog = shop(**{"human: {queue: support}": "human: {queue: support, within: office, closed: {en: Gone., zh: 下班。}}"})
    talk = Talk(dialog, now=SUNDAY)

    assert talk.give(said(word=GlobalWord.HUMAN)) == ["Gone."]
    assert talk.over == End(reason="closed")


def test_a_circle_ends_at_a_human() -> None:
    talk = Talk(DIALOG)
    talk.give(said(wish("round")))
    assert isinstance(talk.over, Transfer)


def test_no_to_anything_else_ends_and_yes_goes_on() -> None:
    talk = Talk(DIALOG)
    talk.give(said(wish("bill")))
    assert talk.give(said(word=GlobalWord.YES)) == ["Please go ahead."]
    assert talk.give(said(word=GlobalWord.NO)) == ["Thank you, goodbye."]
    assert talk.over == End(reason="served")


def test_the_language_is_the_speakers() -> None:
    talk = Talk(DIALOG)
    assert talk.give(said(wish("bill"), language="zh", text="查账单"))[0] == "账单20元。"
    assert talk.give(said(wish("refund"), language="en", text="SF"))[0] == "哪个单号？"
    assert talk.give(said(language="en", text="SF12345678", order="SF12345678"))[0] == "SF12345678已退款。"
    assert talk.give(said(wish("bill"), language="en", text="the bill"))[0] == "The bill is 20."
    assert talk.give(said(wish("bill"), language="fr", text="la note"))[0] == "The bill is 20."


def test_who_has_gone_is_gone() -> None:
    talk = Talk(DIALOG)
    talk.give(HangUp())
    assert talk.over == End(reason="gone")
    assert talk.give(said(wish("bill"))) == []


def test_wanted_are_the_slots_that_are_asked_for_and_what_nothing_else_looks_like() -> None:
    talk = Talk(DIALOG)
    assert set(wanted(DIALOG, talk.state)) == {CHOICE_SLOT, "order", "phone"}
    talk.give(said(wish("plan")))
    assert list(wanted(DIALOG, talk.state)) == ["size", "order", "phone"]
    two = Talk(shop(**{"needs: [size]": "needs: [order, size]"}))
    two.give(said(wish("plan")))
    assert list(wanted(two.dialog, two.state)) == ["order", "phone", "size"]
    assert two.give(said(order="SF12345678", size="s")) == ["Change to small?"]
    talk.give(said(size="s"))
    assert "size" in wanted(DIALOG, talk.state)


def test_a_number_alone_is_what_was_asked_for_and_no_place_in_another_menu() -> None:
    numbers = "{type: number, ask: {en: How many?, zh: 多少？}}"
    dialog = shop(**{"slots:\n": f"slots:\n  count: {numbers}\n", "needs: [size]": "needs: [count, size]"})
    talk = Talk(dialog)
    talk.give(said(wish("plan")))
    filled_in = filled(wanted(dialog, talk.state), "2", today=MONDAY_NOON.date())

    assert [(each.slot, each.value) for each in filled_in] == [("count", "2")]
