"""What can be configured of a portal."""

import msgspec
import pytest

from crm_adapters.bitrix24.settings import Bitrix24Settings
from gateway.model.secret import Secret


def test_the_address_is_a_secret_for_it_lets_in_whoever_has_it() -> None:
    settings = Bitrix24Settings(url=Secret("https://example.bitrix24.com/rest/1/s3cr3t/"))
    assert "s3cr3t" not in repr(settings)


@pytest.mark.parametrize("wrong", [{"unowned": 0}, {"ticket_due_h": 0}, {"urls": "x"}, {"source": ""}])
def test_a_typo_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"url": "x"} | wrong, Bitrix24Settings, dec_hook=lambda kind, value: kind(value))
