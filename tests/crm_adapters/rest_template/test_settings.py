"""What can be configured of a CRM that a template describes."""

import pytest

from crm_adapters.rest_template.settings import RestTemplateSettings
from gateway.settings.check import convert


def test_secrets_are_named_and_values_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERP_KEY", "made-up")
    raw = {"template": "dolibarr16", "values": {"url": "https://erp"}, "secrets": {"key": "${env:ERP_KEY}"}}
    read = convert(raw, RestTemplateSettings)
    assert read.secrets["key"].reveal() == "made-up"
    assert "made-up" not in repr(read)
