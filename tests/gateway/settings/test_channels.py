from pathlib import Path

import pytest

from connectors.webchat.settings import WebchatSettings
from gateway.settings.file import SettingsError
from gateway.settings.load import load_settings

CONNECTORS = """connectors:
  - pbx: one
    plugin: simulator
"""


def written(folder: Path, *lines: str) -> Path:
    file = folder / "tieline.yaml"
    file.write_text(CONNECTORS + "".join(f"{line}\n" for line in lines))
    return file


def test_a_channel_has_its_own_settings_and_may_be_answered_by_agents_alone(tmp_path: Path) -> None:
    (entry,) = load_settings(written(tmp_path, "channels:", "  - {channel: webchat, origins: ['https://shop.example']}")).channels
    assert (entry.channel, entry.application) == ("webchat", None)
    assert isinstance(entry.settings, WebchatSettings)
    assert entry.settings.origins == ("https://shop.example",)


def test_applications_have_settings_by_name(tmp_path: Path) -> None:
    (entry,) = load_settings(written(tmp_path, "applications:", "  line_test:")).applications
    assert entry.application == "line_test"


def test_without_the_sections_nobody_writes(tmp_path: Path) -> None:
    settings = load_settings(written(tmp_path))
    assert (settings.channels, settings.applications) == ((), ())


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (("channels:", "  - {application: line_test}"), "5: channels[0]: channel is missing. Add `channel:` with one of webchat"),
        (("channels:", "  - {channel: webchta}"), "no channel is called 'webchta'. Did you mean webchat?"),
        (("channels:", "  - {channel: webchat, orgins: []}"), "channels[0].orgins: there is no such key. Did you mean origins?"),
        (("channels:", "  - {channel: webchat, application: irt}"), "no application is called 'irt'"),
        (("channels:", "  - {channel: webchat, application: line_test}"), "line_test talks with callers only"),
        (("channels:", "  - {channel: webchat}", "  - {channel: webchat}"), "webchat is there twice"),
        (("channels:", "  - webchat"), "channels[0]: this is no mapping"),
        (("channels: webchat",), "channels: this is no list"),
        (("applications:", "  line_tset: {}"), "no application is called 'line_tset'. Did you mean line_test?"),
        (("applications:", "  line_test: {x: 1}"), "applications.line_test.x: there is no such key"),
        (("applications: []",), "applications: this is no mapping"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, lines: tuple[str, ...], told: str) -> None:
    with pytest.raises(SettingsError) as wrong:
        load_settings(written(tmp_path, *lines))
    assert told in str(wrong.value)
