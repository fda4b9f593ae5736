"""By what a visitor of a channel of text can be a customer: his browser, and what he told of himself."""

from typing import Final

from gateway.model.claims import STRENGTH, Evidence, Identity, IdentityKind
from gateway.model.conversations import Conversation
from gateway.model.customers import Match

TOLD: Final = {"phone": IdentityKind.PHONE, "email": IdentityKind.EMAIL}
"""Facts of a handover that name a person, by their names."""


def browser_of(conversation: Conversation) -> Identity:
    """Return what a visitor is known by when he comes back."""
    return Identity(kind=IdentityKind.WEB, value=conversation.visitor.id)


def told_in(conversation: Conversation) -> list[tuple[IdentityKind, str]]:
    """Return by what else the visitor can be reached, as he wrote it; nothing that is masked."""
    facts = () if conversation.handover is None else conversation.handover.facts
    return [(TOLD[fact.name], fact.value) for fact in facts if fact.name in TOLD and not fact.secret]


def evidence_of(match: Match) -> Evidence | None:
    """Return how well it is founded that the only one who it may be is it; None where there is nobody or a choice."""
    if match.person is None:
        return None
    founded = [claim.evidence for claim in match.person.claims if claim.identity == match.identity]
    return max(founded, key=STRENGTH.__getitem__, default=None)
