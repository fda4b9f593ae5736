import pytest

from connectors.asterisk_ami.commands_rights import RIGHTS
from connectors.asterisk_ami.mapping import WANTED
from connectors.asterisk_ami.snippet import NOISE, files, snippet
from gateway.model.errors import ConfigurationError


@pytest.mark.parametrize("version", ["22", "22.10.1", "Asterisk 23.1.0~dfsg", "20.10.0", "21.5", "certified/22.8-cert1"])
def test_newer_versions_filter_events_by_name(version: str) -> None:
    manager = files(version)["manager.conf"]
    assert "eventfilter(action(exclude),name(VarSet)) =" in manager
    assert "!Event" not in manager


@pytest.mark.parametrize("version", ["16", "16.28.0~dfsg-0+deb11u4", "18.26.2", "20", "20.9.3", "21.4.0", "certified/18.9-cert8"])
def test_older_versions_filter_events_by_their_text(version: str) -> None:
    manager = files(version)["manager.conf"]
    assert "eventfilter = !Event: VarSet" in manager
    assert "name(" not in manager


def test_without_a_version_it_is_the_newest() -> None:
    assert snippet("") == snippet("22")


def test_nothing_that_is_read_is_filtered() -> None:
    # The older filter looks for the text anywhere after "Event: ", so it takes longer names as well.
    assert [name for name in WANTED for noise in NOISE if name.startswith(noise)] == []


def test_rights_are_the_least() -> None:
    manager = files("22")["manager.conf"]
    # Class system, with which programs can be run, only where somebody takes the comment sign away.
    assert [line for line in manager.splitlines() if line.startswith("write =")] == ["write = reporting,originate,call,agent"]
    assert ";write = reporting,originate,call,agent,system\n" in manager
    assert "command" not in manager
    assert "all" not in [word for line in manager.splitlines() if line.startswith(("read", "write")) for word in line.split()]


def test_the_rights_are_those_that_the_commands_need() -> None:
    (granted,) = [line for line in files("22")["manager.conf"].splitlines() if line.startswith(";write =")]
    assert {right for right, _ in RIGHTS.values()} < {right.strip() for right in granted.partition("=")[2].split(",")}


def test_each_file_is_named() -> None:
    text = snippet("22")
    for name in ("manager.conf", "extensions.conf", "features.conf", "queues.conf", "cdr.conf", "cdr_manager.conf"):
        assert f"; ===== {name} =====" in text


@pytest.mark.parametrize("version", [" ", "latest", "x22", "-1", "22 or so?"])
def test_what_is_no_version_is_refused_with_the_command_that_tells(version: str) -> None:
    with pytest.raises(ConfigurationError, match="core show version"):
        snippet(version)


@pytest.mark.parametrize("version", ["1.8.32", "11", "13.38.3"])
def test_too_old_versions_are_refused(version: str) -> None:
    with pytest.raises(ConfigurationError, match="too old"):
        snippet(version)
