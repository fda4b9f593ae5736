"""A SIP worker alone with a real Asterisk, where it and baresip have telephones: calls, sound, and transfers to the end."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rig.asterisk import Asterisk
from support.baresip import baresip
from support.correlation import babble, likeness, pcm, samples_of
from support.sip_workers import SipWorker, sip_worker
from support.waiting import until

from connectors.sip import wire
from connectors.sip.wire import AccountState, CallState

pytestmark = [pytest.mark.live, pytest.mark.slow]

Phones = Callable[[str], Any]
SAID = babble(1.2, 5)


async def register(worker: SipWorker, asterisk: Asterisk, user: str) -> None:
    host, port = asterisk.sip
    target = f"sip:{host}:{port}"
    account = wire.SipAccount(
        name="trunk",
        identity=f"sip:{user}@{host}",
        registrar=target,
        target=target,
        user=user,
        password=f"secret{user}",
        caller_in_from=False,
    )
    await worker.configure(account)
    await worker.until(wire.AccountChanged, state=AccountState.USABLE)


async def referred(worker: SipWorker, call: wire.CallNumber) -> list[int]:
    """Wait for a transfer's end, and return what was told of it."""
    codes = []
    while True:
        progress = await worker.until(wire.TransferProgress, call=call)
        codes.append(progress.code)
        if progress.final:
            return codes


async def test_parties_are_handed_over_blind_and_after_a_consultation(asterisk: Asterisk, phones: Phones, tmp_path: Path) -> None:
    first, second = await phones("1001"), await phones("1003")
    host, port = asterisk.sip
    async with (
        sip_worker(tmp_path) as worker,
        baresip(tmp_path, user="1002", domain=f"{host}:{port}", auth_pass="secret1002") as echoing,
    ):
        await register(worker, asterisk, "1005")
        await echoing.log_says("[1 binding]")
        # Through Asterisk, to baresip and back.
        call = await worker.place("1002")
        await worker.until(wire.MediaChanged, call=call, active=True)
        await worker.ask(wire.OpenMedia(call=call))
        said, heard = pcm(SAID), b""
        for number in range(len(said) // wire.FRAME_BYTES + 25):
            heard += (await worker.frame()).sound
            if sound := said[number * wire.FRAME_BYTES :][: wire.FRAME_BYTES]:
                worker.media.send(wire.encode_frame(wire.Frame(wire.FrameKind.AUDIO, call, number, sound)))
        await worker.ask(wire.CloseMedia(call=call))
        assert await asyncio.to_thread(likeness, SAID, samples_of(heard)) >= 0.5
        # Consulted: 1001 takes our place in the call with baresip, which says back what he says.
        other = await worker.place("1001")
        leg = await (await first.next_leg()).until_up()
        leg.voice.tone_hz = 600
        await worker.ask(wire.ReferReplacing(call=call, other=other))
        assert (await referred(worker, call))[-1] == 200
        for each in (call, other):
            await worker.changed(each, CallState.ENDED)
        await until(lambda: leg.voice.hears(600))
        await leg.hang_up()
        await echoing.event("CALL_CLOSED")
        # Blind: 1001 is connected to 1003, and we are out of it.
        call = await worker.place("1001")
        leg = await (await first.next_leg()).until_up()
        await worker.ask(wire.Refer(call=call, to="1003"))
        target = await (await second.next_leg()).until_up()
        leg.voice.tone_hz, target.voice.tone_hz = 600, 900
        assert (await referred(worker, call))[-1] == 200
        await worker.changed(call, CallState.ENDED)
        await until(lambda: leg.voice.hears(900) and target.voice.hears(600))
        await leg.hang_up()
        await target.until_ended()
