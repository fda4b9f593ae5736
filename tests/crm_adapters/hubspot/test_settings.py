"""What can be configured of a HubSpot account."""

from typing import Any

import msgspec
import pytest

from crm_adapters.hubspot.settings import HubSpotSettings
from gateway.model.secret import Secret


def test_what_lets_in_is_secret() -> None:
    assert "pat-" not in repr(HubSpotSettings(key=Secret("pat-eu1-s3cr3t")))


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "https://api.hubapi.com/crm/v3"},
        {"url": "api.hubapi.com"},
        {"call_id_property": "Tieline call"},
        {"call_id_property": "a/../b"},
        {"stage": "new stage"},
        {"dispositions": {"Sold": "?"}},
        {"token": "x"},
    ],
)
def test_what_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"key": "x"} | wrong, HubSpotSettings, dec_hook=lambda kind, value: kind(value))
