from xml.etree import ElementTree as ET

import pytest

from connectors.freeswitch_media.settings import FreeswitchMediaSettings
from connectors.freeswitch_media.snippet import snippet
from gateway.model.errors import ConfigurationError


@pytest.mark.parametrize("version", ["", "1.10", "1.10.12", "FreeSWITCH 1.10.7-release~64bit", "1", "2.0"])
def test_the_dial_plan_calls_where_we_listen_and_goes_on(version: str) -> None:
    actions = [(each.attrib["application"], each.get("data", "")) for each in ET.fromstring(snippet(version)).iter("action")]
    settings = FreeswitchMediaSettings()
    socket = ("socket", f"{settings.host}:{settings.port} async")
    assert actions.index(("answer", "")) < actions.index(socket) < actions.index(("hangup", ""))
    assert ("set", "absolute_codec_string=PCMA,PCMU") in actions[: actions.index(("answer", ""))]


@pytest.mark.parametrize(("version", "told"), [("1.8.7", "older than 1.10"), ("ten", "no version of FreeSWITCH")])
def test_what_brings_no_voice_is_told(version: str, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        snippet(version)
