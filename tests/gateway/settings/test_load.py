from pathlib import Path

import pytest
from acme_pbx.settings import AcmeSettings

from gateway.model.secret import Secret
from gateway.settings.file import SettingsError
from gateway.settings.load import embedded_default, load_settings
from gateway.settings.values import DEMO_PBX

pytestmark = pytest.mark.usefixtures("acme")

GOOD = """\
api:
  port: 9000
log:
  # nothing but a remark
connectors:
  - pbx: head-office
    plugin: acme_pbx
    host: 192.0.2.10
    secret: ${env:ACME}
    site:
      region: CN
      extensions: ^8\\d{3}$
"""


@pytest.fixture(autouse=True)
def secret_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME", "hunter2")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "tieline.yaml"


def refused(file: Path, text: str) -> list[str]:
    file.write_text(text)
    with pytest.raises(SettingsError) as error:
        load_settings(file)
    return str(error.value).replace(f"{file}:", "").splitlines()


def test_a_right_file_becomes_settings(file: Path) -> None:
    file.write_text(GOOD)

    settings = load_settings(file)

    assert settings.api.port == 9000
    assert not settings.is_demo
    assert settings.log.level == "info"
    (entry,) = settings.connectors
    assert (entry.pbx, entry.plugin, entry.site.region) == ("head-office", "acme_pbx", "CN")
    assert entry.settings == AcmeSettings(host="192.0.2.10", secret=Secret("hunter2"), site=entry.site)


def test_without_a_file_a_simulated_pbx_is_connected() -> None:
    settings = embedded_default()

    assert [(entry.pbx, entry.plugin) for entry in settings.connectors] == [(DEMO_PBX, "simulator")]
    assert settings.is_demo
    assert settings.api.host == "127.0.0.1"


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("api:", "apy:", "1: apy: there is no such key. Did you mean api?"),
        ("port: 9000", "port: 90000", "2: api.port: 90000 does not fit. Write a whole number from 0 to 65535"),
        ("port: 9000", "host: 0.0.0.0", "2: api.host: '0.0.0.0' is no loopback address, and tokens and calls would cross"),
        ("host: 192", "hots: 192", "8: connectors[0].hots: there is no such key. Did you mean host?"),
        ("pbx: head-office", "pbx: Head Office", "6: connectors[0].pbx: 'Head Office' is no name for a PBX."),
        ("pbx: head-office\n    ", "", "6: connectors[0].pbx: pbx is missing. Write `pbx:` with"),
        (
            "plugin: acme_pbx",
            "plugin: acme_bpx",
            "7: connectors[0].plugin: no plugin is called 'acme_bpx'. Did you mean acme_pbx?",
        ),
        ("plugin: acme_pbx\n    ", "", "6: connectors[0]: plugin is missing. Add `plugin:` with one of acme_pbx"),
        ("region: CN", "region: PRC", "11: connectors[0].site.region: 'PRC' is no country."),
        ("^8\\d{3}$", "^8(\\d{3}$", "12: connectors[0].site.extensions: '^8(\\\\d{3}$' is no regular expression:"),
        ("region: CN", "encoding_fallback: gb99", "11: connectors[0].site.encoding_fallback: 'gb99' is no known encoding."),
        ("${env:ACME}", "hunter2", "9: connectors[0].secret: a secret is written out."),
        ("  - pbx: head-office\n    plugin: acme_pbx", "  - sip", "6: connectors[0]: this is no mapping."),
    ],
)
def test_what_is_wrong_is_told_with_line_key_and_cure(file: Path, old: str, new: str, line: str) -> None:
    assert old in GOOD
    text = GOOD.replace(old, new)
    if new == "  - sip":
        text = text[: text.index(new) + len(new)] + "\n"

    assert refused(file, text)[0].startswith(line)


@pytest.mark.parametrize("text", ["", "connectors:\n", "connectors: []\n", "connectors: {}\n"])
def test_a_file_without_a_pbx_is_refused(file: Path, text: str) -> None:
    (line,) = refused(file, text)

    assert "no PBX is configured. Add a list `connectors:`" in line


def test_a_name_that_two_pbxs_have_is_refused(file: Path) -> None:
    more = "  - pbx: head-office\n    plugin: acme_pbx\n    host: b\n    secret: ${env:ACME}\n"

    (line,) = refused(file, GOOD + more)

    assert line.startswith("13: connectors[1].pbx: 'head-office' is the name of another PBX, at ")


def test_all_problems_are_told_in_the_order_of_the_file(file: Path) -> None:
    lines = refused(file, GOOD.replace("port: 9000", "port: x").replace("host:", "hots:").replace("${env:ACME}", "x"))

    assert [int(line.partition(":")[0]) for line in lines] == [2, 8, 9]


def test_a_problem_in_a_part_names_the_part(file: Path) -> None:
    file.write_text(GOOD)
    (file.parent / "conf.d").mkdir()
    part = file.parent / "conf.d" / "branch.yaml"
    part.write_text("connectors:\n  - pbx: branch\n    plugin: acme_pbx\n    hots: b\n    secret: ${env:ACME}\n")

    with pytest.raises(SettingsError) as error:
        load_settings(file)

    assert f"{part}:4: connectors[1].hots: there is no such key. Did you mean host?" in str(error.value)
