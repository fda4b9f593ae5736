"""What a CRM is told of a call, and when."""

from typing import Any

import msgspec
import pytest
from support.building import SITE, START, Story

from gateway.model.call_work import Author, CallWork
from gateway.model.crm import CallStage, ContactKind, CrmContact, CrmUser
from gateway.model.crm_calls import (
    SETTLE_S,
    CrmRules,
    Readiness,
    SeveralMatches,
    activity_of,
    agent_of,
    chosen,
    readiness_of,
    ringing_at,
    user_at,
)
from gateway.model.customers import NoteId
from gateway.model.dispositions import DispositionId
from gateway.model.events import LegHeld
from gateway.model.ids import LegId
from gateway.model.terms import LegRole

ALL = CrmRules()
ANNA = CrmUser(id="u1", login="anna", extension="8001")
BEN = CrmUser(id="u2", login="ben", email="ben@example.com")


def ready(story: Story, rules: CrmRules = ALL, *, told: bool = False, place: int = -1) -> Readiness:
    calls = sorted(story.calls.values(), key=lambda call: call.began_at)
    live = [call for call in calls if not call.ended]
    return readiness_of(calls[place], SITE, live, rules, told=told, now=story.now)


def talking() -> Story:
    return Story().comes_in().later(1.0).rings("8001").later(2.0).answers("8001").later(10.0)


def test_a_customers_call_is_told_from_its_first_ring() -> None:
    assert ready(Story().comes_in()) is Readiness.NOW
    assert ready(talking()) is Readiness.NOW
    assert ready(talking().hangs_up("caller", "8001")) is Readiness.NOW


def test_where_only_ended_calls_are_wanted_live_ones_wait() -> None:
    rules = CrmRules(live=False)
    assert ready(talking(), rules) is Readiness.LATER
    assert ready(talking(), rules, told=True) is Readiness.LATER
    assert ready(talking().hangs_up("caller", "8001"), rules) is Readiness.NOW


@pytest.mark.parametrize(("internal", "in_the_end"), [(False, Readiness.NEVER), (True, Readiness.LATER)])
def test_a_call_inside_the_house_waits_until_it_is_clear_that_it_stays_one(internal: bool, in_the_end: Readiness) -> None:
    rules = CrmRules(internal=internal)
    story = Story().phones("8001", to="8002").rings("8002", by="8001").answers("8002", by="8001")
    assert ready(story, rules) is Readiness.LATER
    assert ready(story.hangs_up("8001", "8002"), rules) is in_the_end
    assert ready(story.later(SETTLE_S), rules) is (Readiness.NOW if internal else Readiness.NEVER)


def test_an_outbound_call_is_told_when_a_customer_is_called() -> None:
    story = Story().phones("8001", to="013800138000")
    assert ready(story) is Readiness.LATER
    story.rings("outside", by="8001", device="PJSIP/carrier", number="13800138000")
    assert ready(story) is Readiness.NOW


def test_a_consultation_outside_waits_until_it_has_ended_and_nothing_comes_of_it() -> None:
    story = talking().says(LegHeld, leg=LegId("8001"), by_feature=False).later(1.0)
    story.creates("8001-b", "PJSIP/8001", LegRole.ORIGINATING, "8001-b", number="8001", dialled="013800138000")
    story.rings("outside", by="8001-b", device="PJSIP/carrier", number="13800138000")
    assert ready(story) is Readiness.LATER
    story.answers("outside", by="8001-b", bridge="second").hangs_up("outside", "8001-b")
    assert ready(story) is Readiness.LATER
    assert ready(story.later(SETTLE_S)) is Readiness.NOW


def test_who_rings_and_whose_call_it_is() -> None:
    story = Story().comes_in().rings("8001").rings("8003")
    assert (ringing_at(story.call()), agent_of(story.call(), SITE, ALL)) == (["8001", "8003"], None)
    story.clears("8003")
    assert (ringing_at(story.call()), agent_of(story.call(), SITE, ALL)) == (["8001"], "8001")
    story.answers("8001").later(5.0)
    assert (ringing_at(story.call()), agent_of(story.call(), SITE, ALL)) == ([], "8001")
    assert agent_of(Story().phones("8001", to="013800138000").call(), SITE, ALL) == "8001"


def test_an_activity_says_what_the_call_record_says() -> None:
    story = talking().hangs_up("caller", "8001")
    made = activity_of(story.call(), SITE, ALL, contact=None, owner=ANNA, names={"8001": "Anna"})
    assert (made.stage, made.direction, made.number, made.our_number) == (CallStage.ENDED, "inbound", "+861062551234", "4001")
    assert (made.started_at, made.answered_at, made.ended_at, made.talk_s) == (START, START + 3.0, START + 13.0, 10.0)
    assert (made.outcome, made.rang, made.agents, made.owner) == ("answered", ("8001",), ("Anna",), ANNA)


def test_a_withheld_number_is_none() -> None:
    story = Story().comes_in(number=None)
    made = activity_of(story.call(), SITE, ALL, contact=None, owner=None, names={})
    assert (made.number, made.subject) == (None, "Inbound call number withheld")


def work(author: str, note: str | None, at: float, **more: Any) -> CallWork:
    call_id = talking().call().call_id
    return CallWork(
        call_id=call_id,
        author=Author(author),
        by=author,
        extension=None,
        note_id=NoteId(author),
        note=note,
        changed_at=at,
        noted_at=at,
        **more,
    )


def test_what_people_wrote_is_the_note_and_what_an_application_wrote_the_transcript() -> None:
    written = [
        work("application:itr", "Customer: hello", 1.0),
        work("anna", "Wants an offer", 2.0, disposition=DispositionId("x")),
    ]
    call = talking().call()
    made = activity_of(call, SITE, ALL, contact=None, owner=None, names={}, work=written, dispositions={"x": "Done"})
    assert (made.note, made.transcript, made.disposition) == ("Wants an offer", "Customer: hello", "Done")
    both = [*written, work("ben", "Sent it", 3.0)]
    made = activity_of(call, SITE, ALL, contact=None, owner=None, names={}, work=both)
    assert (made.note, made.disposition) == ("anna: Wants an offer\n\nben: Sent it", "x")


WEI = CrmContact(id="1", owner="u1", last_contact_at=5.0)
LI = CrmContact(id="2", owner="u2", last_contact_at=9.0)
LEAD = CrmContact(id="3", kind=ContactKind.LEAD)
FIRM = CrmContact(id="4", kind=ContactKind.COMPANY)
PART = CrmContact(id="5", kind=ContactKind.COMPANY)


@pytest.mark.parametrize(
    ("several", "owner", "found"),
    [
        (SeveralMatches.OWNER, ANNA, WEI),
        (SeveralMatches.OWNER, None, None),
        (SeveralMatches.LAST_CONTACT, None, LI),
        (SeveralMatches.ASK, ANNA, None),
        (SeveralMatches.ALL, None, WEI),
    ],
)
def test_of_several_one_is_chosen_by_the_rule(several: SeveralMatches, owner: CrmUser | None, found: CrmContact | None) -> None:
    assert chosen([WEI, LI], CrmRules(several=several), owner=owner) == found


def test_without_a_choice_no_rule_is_needed() -> None:
    assert chosen([], ALL, owner=None) is None
    assert chosen([WEI], ALL, owner=None) == WEI
    assert chosen([FIRM, WEI], ALL, owner=None) == WEI
    assert chosen([LEAD, WEI], ALL, owner=None) == WEI
    assert chosen([FIRM], ALL, owner=None) == FIRM


def test_a_switchboards_number_is_the_companys() -> None:
    assert chosen([FIRM, WEI, LI], ALL, owner=ANNA, shared=True) == FIRM
    assert chosen([WEI], ALL, owner=ANNA, shared=True) is None
    assert chosen([FIRM, PART, WEI], ALL, owner=ANNA, shared=True) is None


def test_when_nobody_was_contacted_the_last_is_nobody() -> None:
    never = [msgspec.structs.replace(each, last_contact_at=None) for each in (WEI, LI)]
    assert chosen(never, CrmRules(several=SeveralMatches.LAST_CONTACT), owner=None) is None


def test_who_sits_at_an_extension() -> None:
    users = [ANNA, BEN]
    assert user_at("8001", users, ALL) == ANNA
    assert user_at("8002", users, ALL) is None
    assert user_at("8002", users, ALL, known_as=["BEN@example.com"]) == BEN
    assert user_at("8001", users, CrmRules(users={"8001": "u2"})) == BEN
    assert user_at("8001", users, CrmRules(users={"8001": "gone"})) is None
    assert user_at(None, users, ALL) is None
