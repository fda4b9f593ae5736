"""What can be configured of a Zendesk."""

from typing import Any

import msgspec
import pytest

from crm_adapters.zendesk.settings import TicketsOf, ZendeskSettings
from gateway.model.secret import Secret


def test_what_lets_in_is_secret() -> None:
    settings = ZendeskSettings(url="https://example.zendesk.com", key=Secret("s3cr3t"))
    assert "s3cr3t" not in repr(settings)
    assert settings.tickets_of is TicketsOf.ALL


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "example.zendesk.com"},
        {"url": "https://example.zendesk.com/api/v2"},
        {"url": "https://a:b@example.zendesk.com"},
        {"email": "tieline@example.com/token"},
        {"email": "a:b@example.com"},
        {"tickets_of": "some"},
        {"token": "x"},
    ],
)
def test_what_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    whole = {"url": "https://example.zendesk.com", "key": "x"} | wrong
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(whole, ZendeskSettings, dec_hook=lambda kind, value: kind(value))
