from pathlib import Path

import pytest

from gateway.settings.file import SettingsError
from gateway.settings.load import load_settings

CONNECTORS = """connectors:
  - pbx: one
    plugin: simulator
  - pbx: two
    plugin: simulator
recordings:
  sources:
"""
HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJmVvnPqXlQ8o8oxXJ5sHE8Zl4DdN2rv2CSu5F3M9jzB"


def written(folder: Path, *lines: str) -> Path:
    file = folder / "tieline.yaml"
    file.write_text(CONNECTORS + "".join(f"    {line}\n" for line in lines))
    return file


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "made-up")


def test_each_pbx_has_its_own_way(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        "- pbx: one",
        f"  sftp: {{host: pbx, user: tieline, key_file: /k, host_key: {HOST_KEY}}}",
        "- pbx: two",
        "  http: {url: 'https://pbx.example/monitor', token: '${env:TOKEN}'}",
    )
    first, second = load_settings(file).recordings.sources
    assert first.sftp is not None
    assert (first.sftp.port, first.sftp.path) == (22, "/var/spool/asterisk/monitor")
    assert second.http is not None
    assert repr(second.http.token) == "***"


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (("- pbx: on", "  folder: /mnt"), "8: recordings.sources[0].pbx: no PBX is called 'on'. Did you mean one?"),
        (("- pbx: one",), "nothing says where its files are. Write exactly one of `folder:`, `sftp:` and `http:`"),
        (("- pbx: one", "  folder: /mnt", "  http: {url: 'http://a'}"), "its files cannot be in several places"),
        (
            ("- pbx: one", "  folder: /a", "- pbx: one", "  folder: /b"),
            "sources[1].pbx: 'one' has a source already",
        ),
        (("- pbx: one", "  folder: mnt"), "9: recordings.sources[0].folder: 'mnt' does not fit"),
        (("- pbx: one", "  http: {url: 'https://a', username: u}"), "username and password go together. Write both, or neither"),
        (
            ("- pbx: one", "  http: {url: 'https://a', token: '${env:TOKEN}', username: u, password: '${env:TOKEN}'}"),
            "it has two ways to say who we are",
        ),
        (
            ("- pbx: one", "  http: {url: 'http://a', token: '${env:TOKEN}'}"),
            "a secret would be sent in the clear. Write https://",
        ),
    ],
)
def test_what_is_wrong_names_its_line_and_its_cure(tmp_path: Path, lines: tuple[str, ...], told: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(written(tmp_path, *lines))
    assert told in str(caught.value)
