import pytest

from connectors.asterisk_media.snippet import files, snippet
from gateway.model.errors import ConfigurationError


@pytest.mark.parametrize("version", ["", "22", "22.6.0", "22.10.1~dfsg", "20.16.0", "21.11.0", "23.0.0", "Asterisk 24.1"])
def test_newer_ones_can_call_by_websocket(version: str) -> None:
    assert set(files(version)) == {"extensions.conf", "websocket_client.conf"}
    assert "Dial(WebSocket/tieline/c(slin)" in snippet(version)


@pytest.mark.parametrize("version", ["18.24.1", "20.15.2", "21.10.0", "22.5.1", "19"])
def test_older_ones_have_audiosocket_alone(version: str) -> None:
    assert set(files(version)) == {"extensions.conf"}
    assert "WebSocket/" not in files(version)["extensions.conf"]
    assert "AudioSocket(" in snippet(version)


@pytest.mark.parametrize(("version", "told"), [("16.28.0", "AudioSocket came with 18"), ("eighteen", "no version of Asterisk")])
def test_what_brings_no_voice_is_told(version: str, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        snippet(version)
