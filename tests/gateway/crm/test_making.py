"""A gateway without CRMs has none, and nothing to do for them."""

from pathlib import Path

from gateway.app import Gateway
from gateway.settings.load import embedded_default


async def test_a_gateway_without_crms_has_none(tmp_path: Path, monkeypatch: object) -> None:
    gateway = Gateway(embedded_default())
    assert await gateway.crms.all() == []
    await gateway.store.close()
