"""Entries under ``crms``."""

from pathlib import Path

import pytest
from support.crm import around

from gateway.crm.entries import CrmEntry
from gateway.model.crm import CrmAbility
from gateway.model.errors import ConfigurationError
from gateway.model.limits import Rate
from gateway.settings.crms import adapter_of, entry_of
from gateway.settings.file import SettingsError
from gateway.settings.load import load_settings

BEGIN = """
connectors:
  - pbx: hq
    plugin: simulator
    site: {region: CN}
crms:
"""


def read(folder: Path, text: str) -> tuple[CrmEntry, ...]:
    file = folder / "tieline.yaml"
    file.write_text(BEGIN + text, "utf-8")
    return load_settings(file).crms


def test_an_entry_has_what_all_have_and_its_adapters_own(tmp_path: Path) -> None:
    (entry,) = read(tmp_path, "  - {name: help, adapter: zammad_cti, url: 'https://z.example', token: '${env:HOME}'}\n")
    assert (entry.common.name, entry.region, entry.settings.url) == ("help", "CN", "https://z.example")
    assert CrmAbility.CALLS in entry.abilities
    assert adapter_of(entry, around("help")) is not None


def test_the_quota_is_the_vendors_or_a_smaller_one(tmp_path: Path) -> None:
    line = "  - {name: b, adapter: bitrix24, url: '${env:HOME}'%s}\n"
    (entry,) = read(tmp_path, line % "")
    assert entry.quota == Rate(per_second=2.0, burst=50)
    (entry,) = read(tmp_path, line % ", quota: {per_second: 1.0, burst: 2}, region: DE")
    assert (entry.quota, entry.region) == (Rate(per_second=1.0, burst=2), "DE")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("  name: x\n", "this is no list"),
        ("  - 7\n", "this is no mapping"),
        ("  - {name: x}\n", "adapter is missing"),
        ("  - {name: x, adapter: odo}\n", "no CRM adapter is called 'odo'"),
        ("  - {name: X Y, adapter: zammad_cti, url: 'https://z.example', token: '${env:HOME}'}\n", "name"),
        ("  - {name: x, adapter: zammad_cti, url: 'https://z.example', token: '${env:HOME}', colour: red}\n", "colour"),
        (2 * "  - {name: x, adapter: zammad_cti, url: 'https://z.example', token: '${env:HOME}'}\n", "two CRMs are called x"),
    ],
    ids=["no list", "no mapping", "no adapter", "unknown adapter", "bad name", "unknown key", "twice"],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, text: str, what: str) -> None:
    with pytest.raises(SettingsError) as raised:
        read(tmp_path, text)
    assert what in str(raised.value)
    assert "tieline.yaml:" in str(raised.value)


def test_a_connector_is_no_adapter() -> None:
    entry = entry_of({"name": "x", "adapter": "simulator"})
    with pytest.raises(ConfigurationError, match="simulator is no CRM's adapter but a simulator"):
        adapter_of(entry, around())
