"""What a PBX may use within a call, by SIPp's script: early media, timers, UPDATE, OPTIONS, keys by INFO, context both ways."""

import asyncio
from pathlib import Path
from typing import Final

import pytest
from rig import sip
from support.sip_workers import HOST, PATIENCE_S, SipWorker, free_port, trunk

from connectors.sip import wire

pytestmark = pytest.mark.live
SCENARIO: Final = Path(sip.__file__).parent / "sipp" / "features.xml"


async def test_call_uses_what_a_pbx_may_use(worker: SipWorker, tmp_path: Path) -> None:
    far = free_port()
    await worker.configure(trunk(far))
    process = await asyncio.create_subprocess_exec(
        "sipp", "-sf", str(SCENARIO), f"{HOST}:{worker.port}", "-i", HOST, "-p", str(far), "-m", "1",
        "-nostdin", "-timeout", "20", "-trace_err", "-error_file", str(tmp_path / "errors.txt"), cwd=tmp_path,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        info = (await worker.until(wire.CallArrived)).info
        call = info.call
        assert info.headers == (("User-to-User", "3039;encoding=hex"), ("X-Ticket", "17"))
        await worker.ask(wire.Ring(call=call, early_media=True))
        await worker.until(wire.MediaChanged, call=call, active=True)
        await worker.ask(wire.Answer(call=call, headers=(("User-to-User", "4869;encoding=hex"), ("X-Queue", "gold"))))
        heard = await worker.until(wire.DigitHeard, call=call)
        assert (heard.digit, heard.by) == ("5", wire.DigitsBy.INFO)
        await worker.ask(wire.SendDigits(call=call, digits="7", by=wire.DigitsBy.INFO))
        await worker.ask(wire.HangUp(call=call))
        async with asyncio.timeout(PATIENCE_S):
            status = await process.wait()
        errors = tmp_path / "errors.txt"
        assert status == 0, errors.read_text() if errors.exists() else "no call went as it should"
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
