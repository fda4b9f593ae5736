"""The contract of voice on a real Asterisk, by each way that it has."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

import pytest
from rig.stage import FROM_CALLER, Ensemble
from support.commanded_desk import SECRET
from support.media_contract import MediaContract, VoiceLine
from support.voice_asterisk import NUMBERS, PASSWORD, AsteriskLine, VoiceAsterisk, speaking
from support.voices import HandedOver
from support.waiting import until

from gateway.app import Gateway
from gateway.settings.load import load_settings
from ivr.line_test.application import TONE_HZ

pytestmark = pytest.mark.live

CONFIGURATION = """
state_dir: {folder}/state
api: {{port: 0}}
connectors:
  - pbx: cc1
    plugin: asterisk_ami
    host: 127.0.0.1
    port: {ami}
    username: tieline
    secret: ${{env:AMI_SECRET}}
    site: {{region: HK, extensions: '^1', trunks: [PJSIP/carrier]}}
    commands: {{context: internal}}
media:
  - pbx: cc1
    plugin: asterisk_media
    application: line_test
    audiosocket: {{port: {audiosocket}}}
    chan_websocket: {{port: {websocket}, password: "${{env:MEDIA_PASSWORD}}"}}
"""


@pytest.fixture(scope="module")
def asterisk() -> Iterator[VoiceAsterisk]:
    pbx = VoiceAsterisk()
    asyncio.run(pbx.__aenter__())
    yield pbx
    asyncio.run(pbx.__aexit__())


@pytest.fixture
async def phones(asterisk: VoiceAsterisk) -> AsyncIterator[Ensemble]:
    async with Ensemble(asterisk) as ensemble:
        yield ensemble
        await ensemble.tidy()


class TestAsterisk(MediaContract):
    @pytest.fixture(params=list(NUMBERS))
    async def line(
        self, request: pytest.FixtureRequest, asterisk: VoiceAsterisk, phones: Ensemble, tmp_path: Path
    ) -> AsyncIterator[VoiceLine]:
        application = HandedOver()
        async with speaking(asterisk, application, tmp_path) as desk:
            yield AsteriskLine(asterisk, phones, application, desk, NUMBERS[request.param])
            await phones.tidy()

    async def test_the_record_says_that_the_caller_was_served(self, line: AsteriskLine) -> None:
        caller, _ = await line.call()
        line.let_go()
        await caller.until_ended()
        await until(lambda: bool(line.desk.disk.events("call.ended")))
        (told,) = line.desk.disk.events("call.ended")
        assert {key: told["data"][key] for key in ("outcome", "stage", "ended_by")} == {
            "outcome": "self_served",
            "stage": None,
            "ended_by": "pbx",
        }


async def listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except ConnectionError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


async def test_a_gateway_that_is_configured_so_lets_callers_test_their_line(
    asterisk: VoiceAsterisk, phones: Ensemble, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMI_SECRET", SECRET)
    monkeypatch.setenv("MEDIA_PASSWORD", PASSWORD)
    ports = {"ami": asterisk.ports.ami, "audiosocket": asterisk.audiosocket_port, "websocket": asterisk.websocket_port}
    file = tmp_path / "tieline.yaml"
    file.write_text(CONFIGURATION.format(folder=tmp_path, **ports))
    async with Gateway(load_settings(file)).running():
        for port in (asterisk.audiosocket_port, asterisk.websocket_port):
            await until(partial(listens, port))
        for number in NUMBERS.values():
            caller = await (await phones.carrier.dial(number, FROM_CALLER)).until_up()
            await until(lambda voice=caller.voice: voice.hears(TONE_HZ))
            caller.voice.tone_hz = 700
            await until(lambda voice=caller.voice: voice.hears(700))
            await caller.press("*")
            await caller.until_ended()
            assert caller.ended_by == "pbx"
