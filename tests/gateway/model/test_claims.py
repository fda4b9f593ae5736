import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.claims import STRENGTH, Claim, ClaimId, CustomerId, Evidence, Group, Identity, IdentityKind, groups

A, B, C, D = (CustomerId(each) for each in "ABCD")
OPENID = Identity(kind=IdentityKind.WECHAT, value="oABC")
NUMBER = Identity(kind=IdentityKind.PHONE, value="+8613800138000")


def claim(
    number: int, customer: CustomerId, identity: Identity, evidence: Evidence = Evidence.ATTESTED, *, revoked: bool = False
) -> Claim:
    return Claim(
        id=ClaimId(f"{number:04}"),
        customer=customer,
        identity=identity,
        evidence=evidence,
        at=1.0,
        by="x",
        revoked_at=2.0 if revoked else None,
    )


def same(number: int, one: CustomerId, other: CustomerId, *, revoked: bool = False) -> Claim:
    return claim(number, one, Identity(kind=IdentityKind.CUSTOMER, value=other), Evidence.TYPED, revoked=revoked)


def ids(found: list[Group]) -> list[str]:
    return ["".join(group.customers) for group in found]


def test_customers_without_claims_are_each_themselves() -> None:
    assert groups([B, A], []) == [Group(customers=(A,)), Group(customers=(B,))]


def test_a_merge_shows_its_evidence_and_revoking_it_parts_them() -> None:
    merge = same(1, B, A)

    (group,) = groups([A, B], [merge])

    assert group.customers == (A, B)
    assert [(joint.first, joint.second, joint.claims) for joint in group.joints] == [(B, A, (merge.id,))]
    assert ids(groups([A, B], [same(1, B, A, revoked=True)])) == ["A", "B"]


def test_two_who_proved_the_same_account_are_one() -> None:
    (group,) = groups([A, B], [claim(1, A, OPENID), claim(2, B, OPENID)])

    assert [joint.claims for joint in group.joints] == [("0001", "0002")]


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param([claim(1, A, NUMBER), claim(2, B, NUMBER)], id="a number, however well founded"),
        pytest.param([claim(1, A, OPENID), claim(2, B, OPENID, Evidence.CRM)], id="an account that one did not prove"),
        pytest.param([claim(1, A, OPENID), claim(2, B, OPENID, revoked=True)], id="an account that is no longer claimed"),
        pytest.param([claim(1, A, OPENID), claim(2, A, OPENID)], id="an account of the same customer twice"),
    ],
)
def test_what_does_not_make_two_customers_one(claims: list[Claim]) -> None:
    assert ids(groups([A, B], claims)) == ["A", "B"]


def test_an_account_that_is_declared_shared_joins_nobody() -> None:
    assert ids(groups([A, B], [claim(1, A, OPENID), claim(2, B, OPENID)], {OPENID})) == ["A", "B"]


def test_persons_stay_together_while_another_reason_is_left() -> None:
    claims = [same(1, A, B), claim(2, A, OPENID), claim(3, B, OPENID), claim(4, C, OPENID)]
    (group,) = groups([A, B, C], claims)
    assert len(group.joints) == 4

    without_merge = [same(1, A, B, revoked=True), *claims[1:]]
    assert ids(groups([A, B, C], without_merge)) == ["ABC"]
    assert ids(groups([A, B, C], [claims[0], msgspec.structs.replace(claims[1], revoked_at=1.0), *claims[2:]])) == ["ABC"]
    assert ids(groups([A, B, C], [without_merge[0], claims[1], claims[3]])) == ["AC", "B"]


def test_a_chain_is_one_person_called_by_the_eldest() -> None:
    assert ids(groups([D, C, B, A], [same(1, D, C), same(2, B, A), same(3, C, B)])) == ["ABCD"]


def test_a_customer_who_is_not_known_joins_nobody() -> None:
    assert groups([A], [same(1, A, B)]) == [Group(customers=(A,))]


def test_evidence_has_an_order() -> None:
    assert sorted(Evidence, key=lambda each: STRENGTH[each]) == ["caller_id", "typed", "crm", "attested"]


MERGES = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7), st.booleans()), max_size=20)


@given(merges=MERGES, data=st.data())
def test_grouping_does_not_depend_on_the_order_of_claims_and_holds_what_it_says(
    merges: list[tuple[int, int, bool]], data: st.DataObject
) -> None:
    customers = [CustomerId(each) for each in "ABCDEFGH"]
    claims = [
        same(number, customers[one], customers[other], revoked=revoked) for number, (one, other, revoked) in enumerate(merges)
    ]
    found = groups(customers, claims)

    assert sorted(customer for group in found for customer in group.customers) == customers
    assert groups(data.draw(st.permutations(customers)), data.draw(st.permutations(claims))) == found
    # Of each group its own reasons are enough, and no reason leads out of it.
    for group in found:
        assert all({joint.first, joint.second} <= set(group.customers) for joint in group.joints)
        standing = [each for each in claims if any(each.id in joint.claims for joint in group.joints)]
        assert ids(groups(group.customers, standing)) == ["".join(group.customers)]
    assert sum(len(group.joints) for group in found) == sum(1 for each in claims if each.stands)
