from datetime import date

import pytest

from ivr.example.company import STATES, Company, ParcelState

MONDAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("asked", "order"),
    [
        ({"order": "SF12345678"}, "SF12345678"),
        ({"phone": "+8613900139000"}, "SF87654321"),
        ({"member": "M100003"}, "SF40404040"),
        ({"order": "SF12345678", "phone": "+8613900139000"}, "SF12345678"),
        ({"order": "SF00000000", "phone": "+8613800138000"}, None),
        ({"member": "M999999"}, None),
    ],
)
def test_a_parcel_is_found_by_the_most_exact_that_is_told(asked: dict[str, str], order: str | None) -> None:
    parcel = Company(today=MONDAY).parcel(**asked)

    assert (parcel and parcel.order) == order


@pytest.mark.parametrize(
    ("today", "due"),
    [
        (date(2026, 11, 10), date(2026, 11, 10)),
        (date(2026, 11, 11), date(2026, 12, 10)),
        (date(2026, 12, 31), date(2027, 1, 10)),
        (date(2028, 1, 31), date(2028, 2, 10)),
    ],
)
def test_bills_are_due_on_the_next_pay_day(today: date, due: date) -> None:
    assert Company(today=today).due() == due


def test_a_link_goes_to_numbers_of_members_only() -> None:
    company = Company(today=MONDAY)

    assert [company.reset_password("+8613800138000"), company.reset_password("+8613100131000")] == [True, False]
    assert company.resets == ["+8613800138000"]


def test_every_state_is_said_in_both_languages() -> None:
    assert {state: sorted(said) for state, said in STATES.items()} == {state: ["en", "zh"] for state in ParcelState}


def test_two_companies_share_nothing() -> None:
    one, other = Company(today=MONDAY), Company(today=MONDAY)
    one.members["M100001"].plan = "premium"

    assert other.members["M100001"].plan == "standard"
