"""Whatever people say, press or leave unsaid: a dialog never breaks, and it ends."""

from datetime import datetime

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from support.dialogs import MONDAY_NOON, SUNDAY, said, shop, wish

from ivr.flow import step, wanted
from ivr.meaning import GlobalWord
from ivr.turns.hearing import CHOICE_SLOT
from ivr.turns.values import (
    Begin,
    Chosen,
    Digits,
    End,
    Filled,
    Given,
    HangUp,
    LookUpProblem,
    LookUpResult,
    Silence,
    State,
    Transfer,
    Utterance,
    Waiting,
)

DIALOG = shop()
FOUND = LookUpResult(handler="parcels", values={"status": "here"})
NOT_FOUND = LookUpResult(handler="parcels", problem=LookUpProblem.NOT_FOUND)
DOWN = LookUpResult(handler="parcels", problem=LookUpProblem.DOWN)
NODES = sorted([*DIALOG.nodes, "faq:weight", "faq:none", "nowhere"])
WISHES = st.builds(
    lambda nodes, sure, scope, unwanted: wish(*nodes, sure=sure, in_scope=scope, unwanted=tuple(unwanted)),
    st.lists(st.sampled_from(NODES), min_size=1, max_size=4, unique=True),
    st.floats(0, 1),
    st.floats(0, 1),
    st.lists(st.sampled_from(NODES), max_size=2),
)
FILLED = st.lists(
    st.builds(
        Filled,
        slot=st.sampled_from(["order", "phone", "pin", "size", CHOICE_SLOT, "none"]),
        value=st.sampled_from(["s", "bill", "SF12345678", "nowhere"]),
        certain=st.floats(0, 1),
    ),
    max_size=2,
).map(tuple)
UTTERANCES = st.builds(
    lambda wishes, word, language, slots, confidence: msgspec.structs.replace(
        said(*wishes, word=word, language=language), slots=slots, confidence=confidence
    ),
    st.lists(WISHES, max_size=3),
    st.none() | st.sampled_from(GlobalWord),
    st.sampled_from(["zh", "en", "fr"]),
    FILLED,
    st.floats(0, 1),
)
INPUTS: st.SearchStrategy[Given] = st.one_of(
    UTTERANCES,
    st.builds(Digits, keys=st.sampled_from(["0", "1", "2", "3", "9", "*", "#", "12345678", ""]), slots=FILLED),
    st.builds(Chosen, value=st.sampled_from(["!yes", "!no", "!human", "s", "", *NODES])),
    st.sampled_from([Silence(), Begin(), FOUND, NOT_FOUND, DOWN]),
)


@settings(deadline=None, max_examples=200)
@given(st.lists(INPUTS, max_size=40), st.sampled_from([MONDAY_NOON, SUNDAY]))
def test_whatever_comes_nothing_breaks_and_a_state_survives_being_written(inputs: list[Given], now: datetime) -> None:
    state = State(language="en")
    for each in inputs:
        made = step(DIALOG, state, each, now=now)
        assert len(made.actions) <= 200
        assert msgspec.json.decode(msgspec.json.encode(made.state), type=State) == made.state
        assert all(slot.type for slot in wanted(DIALOG, made.state).values())
        ends = [action for action in made.actions if isinstance(action, Transfer | End)]
        assert (len(ends) == 1 and made.actions[-1] is ends[0]) == (
            made.state.waiting is Waiting.OVER and state.waiting is not Waiting.OVER
        )
        # A look-up's answer may come too late for anything to be said of it.
        assert made.actions or made.state.waiting in (Waiting.OVER, Waiting.LOOK_UP) or isinstance(each, LookUpResult)
        state = made.state


@settings(deadline=None, max_examples=50)
@given(st.lists(INPUTS, min_size=1, max_size=4))
def test_any_inputs_again_and_again_end_the_dialog(inputs: list[Given]) -> None:
    state = State(language="en")
    for turn in range(DIALOG.limits.turns + 1):
        state = step(DIALOG, state, inputs[turn % len(inputs)], now=MONDAY_NOON).state
    assert state.waiting is Waiting.OVER


@given(INPUTS)
def test_an_input_survives_being_written(each: Given) -> None:
    kinds = Begin | Utterance | Digits | Chosen | Silence | HangUp | LookUpResult
    assert msgspec.json.decode(msgspec.json.encode(each), type=kinds) == each
