import pytest

from gateway.api.command_answers import problem_of, told
from gateway.model.command_records import CommandRecord, CommandState
from gateway.model.commands import CommandId, Hold
from gateway.model.ids import DEFAULT_TENANT, CallId, PbxName
from gateway.model.principals import Role
from gateway.model.refusals import Refusal


@pytest.mark.parametrize("refusal", list(Refusal))
def test_every_refusal_is_a_problem_with_a_type_of_its_own(refusal: Refusal) -> None:
    problem = problem_of(refusal, "what to do").document()

    assert problem["type"] == f"urn:tieline:problem:{refusal.value}"
    assert (problem["detail"], bool(problem["title"])) == ("what to do", True)
    assert problem["status"] in (400, 403, 404, 409, 422, 429, 503)


def test_when_to_come_back_is_told_in_whole_seconds() -> None:
    problem = problem_of(Refusal.TOO_MANY_CALLS, "wait", retry_after_s=3.2)

    assert (problem.headers, problem.document()["retry_after_s"]) == ({"Retry-After": "4"}, 4)


def test_a_command_is_told_with_what_is_known_of_it() -> None:
    record = CommandRecord(
        id=CommandId("01"),
        tenant=DEFAULT_TENANT,
        principal="t",
        principal_name="CRM",
        role=Role.PARTNER,
        pbx=PbxName("pbx1"),
        command=Hold(by="8001"),
        state=CommandState.UNANSWERED,
        asked_at=1_800_000_000.0,
        call_id=CallId("c"),
        reason="no answer",
    )
    shown = told(record)

    assert (shown.command_id, shown.command, shown.state, shown.reason) == ("01", "hold", "unanswered", "no answer")
    assert (shown.asked_at, shown.settled_at, shown.call_id, shown.began) == ("2027-01-15T08:00:00.000Z", None, "c", None)
