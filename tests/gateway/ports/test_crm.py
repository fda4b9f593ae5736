"""What a CRM's errors say to those who try again."""

import pytest

from gateway.ports.crm import CrmDeniedError, CrmError, CrmGoneError, CrmRefusedError, CrmUnavailableError


@pytest.mark.parametrize(
    ("kind", "again"), [(CrmUnavailableError, True), (CrmDeniedError, True), (CrmRefusedError, False), (CrmGoneError, False)]
)
def test_what_passes_is_tried_again_and_what_does_not_is_not(kind: type[CrmError], again: bool) -> None:
    assert kind("odoo: no").retryable is again


def test_a_crm_that_is_away_may_say_for_how_long() -> None:
    assert CrmUnavailableError("odoo: no").retry_after_s is None
    assert CrmUnavailableError("odoo: no", retry_after_s=3.0).retry_after_s == 3.0
