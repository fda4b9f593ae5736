import msgspec
import pytest
from support.replaying import CAPTURES, pbx_events, run

from connectors.asterisk_ami.replay import site_of
from gateway.model.claims import Claim, ClaimId, CustomerId, Evidence, Group, Identity, IdentityKind
from gateway.model.customers import Customer, Person, match_of, outside_number, person_of, read_identity
from gateway.model.site import Site

A, B = CustomerId("A"), CustomerId("B")
NUMBER = Identity(kind=IdentityKind.PHONE, value="+8613800138000")
OLD = Customer(id=A, name="Wang Fang", tags=("gold",), external_id="7", created_at=1.0, changed_at=2.0)
YOUNG = Customer(id=B, name="王芳", company="ACME", vip=True, tags=("gold", "new"), created_at=3.0, changed_at=4.0)
CHINA, GERMANY = Site(region="CN"), Site(region="DE")


def claim(number: int, customer: CustomerId, identity: Identity, evidence: Evidence, *, revoked: bool = False) -> Claim:
    revoked_at = 2.0 if revoked else None
    return Claim(
        id=ClaimId(f"{number}"), customer=customer, identity=identity, evidence=evidence, at=1.0, by="x", revoked_at=revoked_at
    )


def person(id_: str, *claims: Claim) -> Person:
    entry = Customer(id=CustomerId(id_), created_at=1.0, changed_at=1.0)
    return person_of(Group(customers=(entry.id,)), {entry.id: entry}, claims)


def test_a_person_is_what_his_entries_say_the_eldest_first() -> None:
    other = Identity(kind=IdentityKind.EMAIL, value="w@example.com")
    claims = [
        claim(1, A, NUMBER, Evidence.CALLER_ID),
        claim(2, B, other, Evidence.CRM),
        claim(3, B, NUMBER, Evidence.ATTESTED),
        claim(4, A, other, Evidence.TYPED, revoked=True),
        claim(5, A, Identity(kind=IdentityKind.CUSTOMER, value=B), Evidence.TYPED),
        claim(6, CustomerId("C"), NUMBER, Evidence.TYPED),
    ]

    found = person_of(Group(customers=(A, B)), {A: OLD, B: YOUNG}, claims)

    assert (found.id, found.name, found.company, found.vip) == (A, "Wang Fang", "ACME", True)
    assert (found.tags, found.external_ids, found.language) == (("gold", "new"), ("7",), None)
    assert (found.created_at, found.changed_at) == (1.0, 4.0)
    assert [each.id for each in found.claims] == ["3", "2", "1"]
    assert found.numbers == ("+8613800138000",)


def test_who_is_behind_a_number_is_known_where_there_is_no_choice() -> None:
    weak = person("A", claim(1, A, NUMBER, Evidence.CALLER_ID))
    strong = person("B", claim(2, B, NUMBER, Evidence.CRM))

    assert match_of(NUMBER, [], shared=False).person is None
    assert match_of(NUMBER, [weak], shared=False).person == weak
    assert match_of(NUMBER, [weak], shared=True).person is None
    several = match_of(NUMBER, [weak, strong], shared=False)
    assert several.persons == (strong, weak)
    assert several.person is None


@pytest.mark.parametrize(
    ("capture", "number"),
    [
        ("22/attended_transfer", "+85291234567"),
        ("22/internal", None),
        ("22/outbound", None),  # a short number that only the carrier knows
        ("22-freepbx/outbound_answered", "+8613900001111"),
    ],
)
def test_the_customers_side_of_a_call_is_outside_the_house(capture: str, number: str | None) -> None:
    folder = CAPTURES / "asterisk" / capture
    site = site_of(folder)
    calls = [call for call in run(pbx_events(folder), site)[0].values() if call.merged_into is None]

    assert {outside_number(call, site) for call in calls} == {number}


def test_a_call_without_a_caller_has_no_customer() -> None:
    (call, *_) = run(pbx_events(CAPTURES / "asterisk" / "22" / "attended_transfer"), CHINA)[0].values()
    assert outside_number(msgspec.structs.replace(call, caller_leg=None), CHINA) is None


@pytest.mark.parametrize(
    ("kind", "written", "sites", "value"),
    [
        (IdentityKind.PHONE, " +86 138 0013 8000 ", [GERMANY], "+8613800138000"),
        (IdentityKind.PHONE, "13800138000", [CHINA], "+8613800138000"),
        (IdentityKind.PHONE, "１３８００１３８０００", [CHINA], "+8613800138000"),
        (IdentityKind.PHONE, "13800138000", [CHINA, Site(region="CN", extensions="^8")], "+8613800138000"),
        (IdentityKind.PHONE, "030 901820", [GERMANY, Site(region="IT")], None),
        (IdentityKind.PHONE, "13800138000", [], None),
        (IdentityKind.PHONE, "1001", [CHINA], None),
        (IdentityKind.PHONE, "anonymous", [CHINA], None),
        (IdentityKind.EMAIL, "Wang.Fang@Example.COM", [], "wang.fang@example.com"),
        (IdentityKind.EMAIL, "wang@", [], None),
        (IdentityKind.EMAIL, "wang fang@example.com", [], None),
        (IdentityKind.EMAIL, "w" * 250 + "@x.de", [], None),
        (IdentityKind.WECHAT, "oABC-def", [], "oABC-def"),
        (IdentityKind.APP, "  ", [], None),
        (IdentityKind.WEB, "a\0b", [], None),
    ],
)
def test_an_identity_has_one_form(kind: IdentityKind, written: str, sites: list[Site], value: str | None) -> None:
    found = read_identity(kind, written, sites)
    assert found == (None if value is None else Identity(kind=kind, value=value))
