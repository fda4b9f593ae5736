from pathlib import Path

import pytest

from connectors.asterisk_media.settings import AsteriskMediaSettings
from gateway.settings.file import SettingsError
from gateway.settings.load import load_settings

CONNECTORS = """connectors:
  - pbx: one
    plugin: simulator
media:
"""


def written(folder: Path, *lines: str) -> Path:
    file = folder / "tieline.yaml"
    file.write_text(CONNECTORS + "".join(f"  {line}\n" for line in lines))
    return file


def test_each_entry_says_who_talks_and_how_the_voice_comes(tmp_path: Path) -> None:
    file = written(tmp_path, "- {pbx: one, plugin: asterisk_media, application: line_test, audiosocket: {port: 9999}}")
    (entry,) = load_settings(file).media
    assert (entry.pbx, entry.application, entry.plugin) == ("one", "line_test", "asterisk_media")
    assert isinstance(entry.settings, AsteriskMediaSettings)
    assert entry.settings.audiosocket is not None
    assert entry.settings.audiosocket.port == 9999


def test_a_connector_may_bring_the_voice_itself(tmp_path: Path) -> None:
    (entry,) = load_settings(written(tmp_path, "- {pbx: one, application: line_test}")).media
    assert (entry.plugin, entry.settings) == (None, None)


def test_without_the_section_nobody_is_talked_with(tmp_path: Path) -> None:
    assert load_settings(written(tmp_path)).media == ()


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (("- {application: line_test}",), "5: media[0].pbx: pbx is missing. There is: one"),
        (("- {pbx: two, application: line_test}",), "no PBX under `connectors` is called 'two'. There is: one"),
        (("- {pbx: one}",), "application is missing. Add `application:` with one of itr, line_test"),
        (("- {pbx: one, application: line_tset}",), "no application is called 'line_tset'. Did you mean line_test?"),
        (("- {pbx: one, application: simulator}",), "no application is called 'simulator'"),
        (("- {pbx: one, application: line_test, plugin: asterisk_ami}",), "no plugin is called 'asterisk_ami'"),
        (("- {pbx: one, application: line_test, audiosocket: {}}",), "audiosocket: there is no such key without `plugin`"),
        (("- {pbx: one, application: line_test, plugin: asterisk_media}",), "add `audiosocket: {}` or `chan_websocket: {}`"),
        (
            ("- {pbx: one, application: line_test, plugin: asterisk_media, audiosocket: {prot: 1}}",),
            "media[0].audiosocket.prot: there is no such key. Did you mean port?",
        ),
        (("- one",), "media[0]: this is no mapping"),
        (("pbx: one",), "media: this is no list"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, lines: tuple[str, ...], told: str) -> None:
    with pytest.raises(SettingsError) as wrong:
        load_settings(written(tmp_path, *lines))
    assert told in str(wrong.value)
