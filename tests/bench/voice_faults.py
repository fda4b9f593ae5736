"""How soon a caller hears something after his sentence, when what should hear him is killed, hangs, or answers with a fault.

``python -m bench.voice_faults [--check]``; the bar is 3 s. Each time he then reaches whom he wants.
"""

import argparse
import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from support.sounds import spoken
from support.speech_servers_a import KEY, openai_server
from support.spoken_calls import SpokenCall
from support.voice_itr import DIALOG
from support.waiting import until

from gateway.model.secret import Secret
from ivr.application import VoiceItr
from ivr.itr.settings import ItrSettings
from ivr.speech.hibari import HibariSettings
from ivr.speech.openai import OpenAiHearingSettings
from ivr.speech.settings import HearingSettings
from ivr.speech.whisper import WhisperSettings
from ivr.voice.settings import VoiceSettings

BAR_S: Final = 3.0
SENTENCE: Final = "where is my parcel"


def workers() -> list[int]:
    """The processes of engines that this bench started."""
    found = []
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError, ValueError):
            parent = int((each.parent / "stat").read_text().rpartition(")")[2].split()[1])
            if b"ivr.speech.workers.process" in each.read_bytes() and parent == os.getpid():
                found.append(int(each.parent.name))
    return found


def sends(number: signal.Signals) -> Callable[[], None]:
    def send() -> None:
        for pid in workers():
            os.kill(pid, number)

    return send


async def heard_after(
    *hearing: HearingSettings, before: Callable[[], None] = lambda: None, after: Callable[[], None] = lambda: None
) -> float:
    """Seconds from the end of a sentence to the next sound; what is done to the engines is done around the sentence."""
    with tempfile.TemporaryDirectory() as folder:
        dialog = Path(folder) / "shop.yaml"
        dialog.write_text(DIALOG)
        voice = VoiceSettings(
            queues={"support": "5000", "pool": "5040"}, speech_to_text=hearing, text_to_speech=(HibariSettings(),), answer_s=4.0
        )
        application = VoiceItr(ItrSettings(dialog=str(dialog), voice=voice), Path(folder) / "itr")
        serving = asyncio.create_task(application.serve())
        try:
            await application.ready()
            await application.rendered(lambda done, of: None)
            call = SpokenCall()
            async with call.running(application) as talking:
                await until(lambda: call.first_loud_after(0.0) is not None)
                before()
                ended = await call.speak(spoken(SENTENCE))
                after()
                await until(lambda: call.first_loud_after(ended) is not None, timeout_s=30)
                took = (call.first_loud_after(ended) or 0.0) - ended
                for pid in workers():
                    os.kill(pid, signal.SIGCONT)
                call.press("0")
                await asyncio.wait([talking], timeout=30)
                assert call.sent is not None, "he did not get through"
            return took
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)


async def measured() -> dict[str, float]:
    """Seconds, by fault."""
    whisper = WhisperSettings(processes=1)
    found = {
        "no fault": await heard_after(whisper),
        "killed": await heard_after(whisper, before=sends(signal.SIGSTOP), after=sends(signal.SIGKILL)),
        "hangs": await heard_after(whisper, before=sends(signal.SIGSTOP)),
    }
    for fault in ("401", "429", "cut", "hang"):
        async with openai_server() as server:
            server.fault = "" if fault == "401" else fault
            key = Secret("wrong" if fault == "401" else KEY)
            found[f"a server: {fault}, alone"] = await heard_after(OpenAiHearingSettings(url=server.url, key=key, timeout_s=3.0))
            theirs = OpenAiHearingSettings(url=server.url, key=key, timeout_s=3.0)
            found[f"a server: {fault}, then Whisper"] = await heard_after(theirs, whisper)
            server.mended.set()
    return found


def main() -> int:
    """Print the seconds; 1 over the bar."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    found = asyncio.run(measured())
    for fault, took in found.items():
        print(f"{fault:32} {took:.2f} s (bar {BAR_S:g} s)")
    return int(options.check and max(found.values()) > BAR_S)


if __name__ == "__main__":
    sys.exit(main())
