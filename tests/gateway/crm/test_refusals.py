from gateway.crm.refusals import MANY, Refusals
from gateway.model.ids import CallId

CALLS = [CallId(f"c{number}") for number in range(MANY + 1)]


def test_many_different_calls_in_a_row_show_that_it_is_the_crm() -> None:
    refusals = Refusals()
    for call_id in CALLS[: MANY - 1]:
        refusals.add(call_id, again=False)
        assert (refusals.are_of_all(), refusals.suspected) == (False, [])
    for call_id in CALLS[MANY - 1 :]:
        refusals.add(call_id, again=False)
        assert (refusals.are_of_all(), refusals.suspected) == (True, CALLS[: MANY - 1])
    refusals.clear()
    assert (refusals.are_of_all(), refusals.suspected) == (False, [])


def test_the_same_call_again_and_one_that_failed_before_show_nothing() -> None:
    refusals = Refusals()
    for _ in range(2 * MANY):
        refusals.add(CALLS[0], again=False)
    for call_id in CALLS:
        refusals.add(call_id, again=True)
    assert (refusals.are_of_all(), refusals.suspected) == (False, [])
