"""A gateway that talks with callers of a real Asterisk by a dialog, and callers who press, speak and listen."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final

import pytest
from rig.leg import PhoneLeg
from rig.rtp import ulaw
from rig.stage import FROM_CALLER, Ensemble
from support.commanded_desk import SECRET
from support.sounds import floats, spoken
from support.voice_asterisk import PASSWORD, VoiceAsterisk
from support.waiting import until

from gateway.app import Gateway
from gateway.model.ids import PbxName
from gateway.ports.connector import LinkStatus
from gateway.settings.load import load_settings
from ivr.application import VoiceItr

DIALOG: Final = """
itr: 1
name: shop
languages: [en, zh]
start: main
human: {queue: support}
nodes:
  main:
    say: {en: "Hello, this is the shop. What can I do for you?", zh: 您好，请问有什么可以帮您？}
    choices: [{digit: "1", go: delivery}, {digit: "2", go: invoice}]
  delivery:
    label: {en: delivery, zh: 送货}
    examples:
      en: [where is my parcel, when is it delivered, my order has not come]
      zh: [我的包裹到哪了, 什么时候送到, 我的快递还没到]
    say: {en: It comes tomorrow., zh: 明天送到。}
  invoice:
    label: {en: invoices, zh: 发票}
    examples:
      en: [a question about my invoice, the bill is wrong, how much do I owe]
      zh: [我要查账单, 发票有问题, 我欠多少钱]
    transfer: {queue: pool}
"""
CONFIGURATION: Final = """
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
    application: itr
    audiosocket: {{port: {audiosocket}}}
    chan_websocket: {{port: {websocket}, password: "${{env:MEDIA_PASSWORD}}"}}
applications:
  itr:
    dialog: {folder}/shop.yaml
    voice:
      queues: {{support: "5000", pool: "5040"}}
"""


@asynccontextmanager
async def answering(asterisk: VoiceAsterisk, folder: Path, voice: str = "") -> AsyncIterator[Gateway]:
    """A gateway whose dialog is learned and whose engines are there."""
    (folder / "shop.yaml").write_text(DIALOG)
    ports = {"ami": asterisk.ports.ami, "audiosocket": asterisk.audiosocket_port, "websocket": asterisk.websocket_port}
    file = folder / "tieline.yaml"
    file.write_text(CONFIGURATION.format(folder=folder, **ports) + voice)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AMI_SECRET", SECRET)
        environment.setenv("MEDIA_PASSWORD", PASSWORD)
        gateway = Gateway(load_settings(file))
    async with gateway.running():
        state = gateway.engine.pbxs[PbxName("cc1")]
        await until(lambda: state.link.status is LinkStatus.CONNECTED and state.counts.snapshots > 0)
        await until(lambda: "redirect" in gateway.supervisor.connector(PbxName("cc1")).commands)  # type: ignore[union-attr]
        application = gateway.voices.application("itr")
        assert isinstance(application, VoiceItr)
        await application.ready()
        yield gateway


async def call(phones: Ensemble, number: str) -> PhoneLeg:
    """A caller who has heard the greeting begin."""
    caller = await phones.carrier.dial(number, FROM_CALLER)
    caller.voice.tone_hz = 0
    caller.voice.tape = []
    await caller.until_up()
    await until(partial(hears_speech, caller), timeout_s=30)
    return caller


def hears_speech(caller: PhoneLeg) -> bool:
    return sum(frame.count(b"\xff") < 100 for _, frame in caller.voice.tape or ()) > 20


async def says(caller: PhoneLeg, text: str, language: str, voice: str | None = None) -> None:
    sound = await asyncio.to_thread(spoken, text, language, voice)
    samples = [round(each) for each in floats(sound)]
    caller.voice.script.extend(ulaw(samples[at : at + 160]) for at in range(0, len(samples) - 159, 160))


async def note_of(gateway: Gateway, word: str) -> str:
    """The note on the card of the call that stands now."""
    found = ""

    async def is_there() -> bool:
        nonlocal found
        for live in gateway.engine.pbxs[PbxName("cc1")].live:
            for work in await gateway.workplace.notes.work(live):
                found = work.note or ""
        return word in found

    await until(is_there)
    return found


async def first_ringing(phones: Ensemble) -> PhoneLeg:
    tasks = [asyncio.create_task(agent.next_leg(timeout_s=60)) for agent in phones.agents.values()]
    done, waiting = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    return done.pop().result()
