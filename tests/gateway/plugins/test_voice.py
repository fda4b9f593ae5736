import asyncio
import socket
from pathlib import Path

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
from gateway.ports.media import CallApplication, LegCommands, MediaSession
from gateway.session.leg_commands import PbxLegCommands
from ivr.line_test.application import LineTest, LineTestSettings


def voices(*entries: MediaEntry) -> Voices:
    desk = Desk(Disk())
    return Voices(entries, desk.engine, desk.dispatcher, state_dir=STATE)


STATE = Path("/nowhere")


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

    def create(settings: LineTestSettings, folder: Path) -> CallApplication:
        given.extend((settings, folder))
        return LineTest()

    monkeypatch.setattr("ivr.line_test.application.create", create)
    desk, entry, settings = Desk(Disk()), MediaEntry(pbx=PBX, application="line_test"), LineTestSettings()
    other = ApplicationEntry(application="itr", settings="another's")
    own = ApplicationEntry(application="line_test", settings=settings)
    made = Voices([entry, entry], desk.engine, desk.dispatcher, None, [other, own], state_dir=STATE)
    assert given == [settings, STATE / "line_test"]
    assert made.counts() == {}
    assert isinstance(made.application("line_test"), LineTest)


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


class Learner:
    """An application that works beside its callers."""

    def __init__(self) -> None:
        self.serves = asyncio.Event()

    async def run(self, session: MediaSession) -> None: ...

    async def serve(self) -> None:
        self.serves.set()
        await asyncio.Event().wait()

    def counts(self) -> dict[tuple[str, str], int]:
        return {("node", "main"): 2}


async def test_an_application_works_beside_its_callers(monkeypatch: pytest.MonkeyPatch) -> None:
    learner = Learner()
    monkeypatch.setattr("ivr.line_test.application.create", lambda settings, folder: learner)
    made = voices(MediaEntry(pbx=PBX, application="line_test"))
    running = asyncio.create_task(made.run())
    await learner.serves.wait()
    assert made.counts() == {"line_test": {("node", "main"): 2}}
    running.cancel()
    await asyncio.wait([running])
