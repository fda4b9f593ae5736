"""What can be configured of a program that takes calls."""

import msgspec
import pytest

from crm_adapters.webhook.settings import WebhookSettings
from gateway.settings.check import convert


@pytest.mark.parametrize("url", ["ftp://x", "https://user:pw@x", "x", "https://x/#a"])
def test_an_address_is_one(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("KEY", "made-up")
    with pytest.raises(msgspec.ValidationError):
        convert({"url": url, "secret": "${env:KEY}"}, WebhookSettings)
