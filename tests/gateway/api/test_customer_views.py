"""What is answered is what the description says."""

import msgspec

from gateway.api.customer_bodies import CHANNEL_KINDS
from gateway.api.customer_views import CustomerView, NoteView, SharedView, note_view, person_view, shared_view
from gateway.model.claims import Claim, ClaimId, CustomerId, Evidence, Group, Identity, IdentityKind, Joint
from gateway.model.customers import Customer, Note, NoteId, person_of
from gateway.model.ids import CallId
from gateway.ports.customers import Declared

A, B = CustomerId("A"), CustomerId("B")
NUMBER = Identity(kind=IdentityKind.PHONE, value="+8613800138000")


def test_a_channels_kinds_are_all_but_the_one_for_merges() -> None:
    assert {*CHANNEL_KINDS, IdentityKind.CUSTOMER} == set(IdentityKind)


def test_a_customer_is_shown_as_described() -> None:
    entries = {
        each: Customer(id=each, name=each, tags=("x",), external_id=each, created_at=1.0, changed_at=2.0) for each in (A, B)
    }
    group = Group(customers=(A, B), joints=(Joint(first=A, second=B, claims=(ClaimId("1"),)),))
    claim = Claim(id=ClaimId("2"), customer=B, identity=NUMBER, evidence=Evidence.CRM, at=1.0, by="x", label="mobile")

    shown = person_view(person_of(group, entries, [claim]))

    view = msgspec.convert(msgspec.to_builtins(shown), CustomerView, strict=True)
    assert set(shown) == set(CustomerView.__struct_fields__) - {"notes", "calls", "conversations"}
    assert (view.customer_ids, view.external_ids, view.merges[0].claim_ids) == (("A", "B"), ("A", "B"), ("1",))
    assert (view.identities[0].value, view.identities[0].evidence) == ("+8613800138000", Evidence.CRM)


def test_a_note_is_shown_as_described() -> None:
    note = Note(id=NoteId("n"), version=2, customer=A, call_id=CallId("c"), text="blue", author="me", at=1.0)

    view = msgspec.convert(note_view(note), NoteView, strict=True)

    assert (view.note_id, view.version, view.customer_id, view.call_id) == ("n", 2, "A", "c")
    assert (view.text, view.author, view.at) == ("blue", "me", "1970-01-01T00:00:01.000Z")


def test_what_is_shared_is_shown_as_described() -> None:
    view = msgspec.convert(msgspec.to_builtins(shared_view(Declared(identity=NUMBER, at=1.0, by="me"))), SharedView, strict=True)
    assert (view.kind, view.value, view.by) == ("phone", "+8613800138000", "me")
