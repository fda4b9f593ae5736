import pytest
from msgspec.structs import replace

from gateway.model.claims import Claim, ClaimId, CustomerId, Evidence, Identity, IdentityKind
from gateway.model.conversations import Conversation, ConversationId, ConversationState, Visitor
from gateway.model.customers import Match, Person
from gateway.model.handover import Fact, Handover
from gateway.model.ids import DEFAULT_TENANT
from gateway.model.visitors import browser_of, evidence_of, told_in

BROWSER = Identity(kind=IdentityKind.WEB, value="v1")
NEW = Conversation(
    id=ConversationId("c"),
    tenant=DEFAULT_TENANT,
    channel="webchat",
    state=ConversationState.BOT,
    visitor=Visitor(id="v1"),
    started_at=1.0,
    changed_at=1.0,
)


def person(name: str, *evidence: Evidence) -> Person:
    claims = [
        Claim(id=ClaimId(str(at)), customer=CustomerId(name), identity=BROWSER, evidence=each, at=1.0, by="x")
        for at, each in enumerate(evidence)
    ]
    none = {"name": None, "company": None, "language": None, "vip": False, "tags": (), "external_ids": (), "joints": ()}
    return Person(
        id=CustomerId(name),
        customers=(CustomerId(name),),
        claims=tuple(claims),
        created_at=1.0,
        changed_at=1.0,
        **none,  # type: ignore[arg-type]
    )


def test_a_visitor_is_known_by_his_browser_and_by_what_he_told_unless_it_is_masked() -> None:
    facts = (
        Fact(name="phone", label="Phone", value="138 0013 8000"),
        Fact(name="order", label="Order", value="+8613800138001"),
        Fact(name="email", label="E-mail", value="***", secret=True),
        Fact(name="email", label="E-mail", value="wang@shop.example"),
    )
    assert browser_of(NEW) == BROWSER
    assert told_in(NEW) == []
    told = told_in(replace(NEW, handover=Handover(summary="s", language="en", facts=facts)))
    assert told == [(IdentityKind.PHONE, "138 0013 8000"), (IdentityKind.EMAIL, "wang@shop.example")]


@pytest.mark.parametrize(
    ("match", "evidence"),
    [
        (Match(identity=BROWSER), None),
        (Match(identity=BROWSER, persons=(person("A", Evidence.TYPED),)), Evidence.TYPED),
        (Match(identity=BROWSER, persons=(person("A", Evidence.TYPED, Evidence.ATTESTED),)), Evidence.ATTESTED),
        (Match(identity=BROWSER, persons=(person("A", Evidence.TYPED), person("B", Evidence.CRM))), None),
        (Match(identity=BROWSER, persons=(person("A", Evidence.TYPED),), shared=True), None),
    ],
)
def test_who_it_is_is_founded_on_the_best_claim(match: Match, evidence: Evidence | None) -> None:
    assert evidence_of(match) is evidence
