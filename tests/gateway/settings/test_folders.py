from pathlib import Path

import pytest

from gateway.settings.folders import state_folder


def test_the_state_folder_is_the_configured_one_or_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    assert state_folder("/var/lib/tieline") == Path("/var/lib/tieline")
    monkeypatch.setenv("XDG_STATE_HOME", "/state")
    assert state_folder(None) == Path("/state/tieline")
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    monkeypatch.setenv("HOME", "/home/someone")
    assert state_folder(None) == Path("/home/someone/.local/state/tieline")
