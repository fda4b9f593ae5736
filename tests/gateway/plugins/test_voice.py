import asyncio
import socket

import pytest
from structlog.testing import capture_logs
from support.dispatching import Desk, Disk
from support.replaying import PBX
from support.waiting import until

from connectors.asterisk_media.settings import AsteriskMediaSettings, AudioSocketSettings
from gateway.model.errors import ConfigurationError
from gateway.plugins.channels import ApplicationEntry
from gateway.plugins.voice import MediaEntry, Voices
from gateway.ports.connector import EventSink
from gateway.ports.media import CallApplication, LegCommands
from gateway.session.leg_commands import PbxLegCommands
from ivr.line_test.application import LineTest, LineTestSettings


def voices(*entries: MediaEntry) -> Voices:
    desk = Desk(Disk())
    return Voices(entries, desk.engine, desk.dispatcher)


class Speaking:
    """A connector that brings voice."""

    pbx = PBX

    def __init__(self) -> None:
        self.application: CallApplication | None = None
        self.commands: LegCommands | None = None

    async def run(self, sink: EventSink) -> None: ...

    def serve(self, application: CallApplication, commands: LegCommands) -> None:
        self.application, self.commands = application, commands


class Silent:
    pbx = PBX

    async def run(self, sink: EventSink) -> None: ...


async def test_a_connector_that_brings_voice_is_given_its_application() -> None:
    connector = Speaking()
    assert voices(MediaEntry(pbx=PBX, application="line_test")).serve(connector) is connector
    assert isinstance(connector.application, LineTest)
    assert isinstance(connector.commands, PbxLegCommands)


async def test_a_connector_that_brings_none_is_told_of() -> None:
    with pytest.raises(ConfigurationError, match=f"the connector of {PBX} brings no voice"):
        voices(MediaEntry(pbx=PBX, application="line_test")).serve(Silent())


async def test_a_connector_that_nobody_asks_for_voice_stays_as_it_is() -> None:
    connector = Speaking()
    assert voices().serve(connector) is connector
    assert connector.application is None


async def test_an_application_is_made_with_its_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[object] = []

    def create(settings: LineTestSettings) -> CallApplication:
        given.append(settings)
        return LineTest()

    monkeypatch.setattr("ivr.line_test.application.create", create)
    desk, entry, settings = Desk(Disk()), MediaEntry(pbx=PBX, application="line_test"), LineTestSettings()
    other = ApplicationEntry(application="itr", settings="another's")
    Voices([entry], desk.engine, desk.dispatcher, None, [other, ApplicationEntry(application="line_test", settings=settings)])
    assert given[0] is settings


async def test_servers_run_until_they_are_cancelled() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = AsteriskMediaSettings(audiosocket=AudioSocketSettings(port=port))
    entry = MediaEntry(pbx=PBX, application="line_test", plugin="asterisk_media", settings=settings)
    with capture_logs() as logs:
        running = asyncio.create_task(voices(entry).run())
        await until(lambda: bool(logs))
        assert (logs[0]["event"], logs[0]["port"]) == ("media_listening", port)
        running.cancel()
        await asyncio.wait([running])
