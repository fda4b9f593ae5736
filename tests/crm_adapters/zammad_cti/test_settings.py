"""What can be configured of a Zammad."""

import msgspec
import pytest

from crm_adapters.zammad_cti.settings import ZammadSettings
from gateway.model.secret import Secret


def test_what_lets_in_is_secret() -> None:
    settings = ZammadSettings(url="https://zammad.example.com", token=Secret("s3cr3t"), key=Secret("s3cr3t"))
    assert "s3cr3t" not in repr(settings)


@pytest.mark.parametrize(
    "url", ["zammad.example.com", "https://zammad.example.com/api/v1/cti/TOKEN", "https://a:b@zammad.example.com"]
)
def test_the_url_is_that_of_the_pages_alone(url: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"url": url, "token": "x"}, ZammadSettings, dec_hook=lambda kind, value: kind(value))
