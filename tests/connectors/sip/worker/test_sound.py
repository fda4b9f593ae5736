import math
import struct
import wave
from collections.abc import Callable
from itertools import groupby
from pathlib import Path

import pytest
from rig.leg import Answer
from rig.phone import Phone
from rig.rtp import AUDIBLE, loudness
from support.correlation import babble, likeness, pcm, samples_of
from support.sip_workers import RefusedError, SipWorker, until

from connectors.sip import wire

pytestmark = pytest.mark.live
HEARD_HZ, PLAYED_HZ = 400, 1000
"""What the telephone says, and what we play."""
MOST = 0.7
"""Of what was said; a machine that has something else to do is late with the rest."""


def tone(hertz: float, seconds: float) -> bytes:
    samples = (int(8000 * math.sin(2 * math.pi * hertz * i / 8000)) for i in range(round(8000 * seconds)))
    return b"".join(struct.pack("<h", sample) for sample in samples)


def wav(path: Path, sound: bytes) -> str:
    with wave.open(str(path), "wb") as out:
        out.setparams((1, 2, 8000, 0, "NONE", ""))
        out.writeframes(sound)
    return str(path)


def grown(file: Path, size: int) -> Callable[[], bool]:
    """Return what tells whether a recording has so many bytes more than now: 16,000 are a second."""
    wanted = file.stat().st_size + size
    return lambda: file.stat().st_size > wanted


async def test_recording_holds_what_was_played_and_what_was_said(worker: SipWorker, phone: Phone, tmp_path: Path) -> None:
    phone.behaviour = Answer(0.0)
    call = await worker.place()
    leg = await phone.next_leg()
    await worker.until(wire.MediaChanged, active=True)
    file = str(tmp_path / "recorded.wav")
    await worker.ask(wire.Record(call=call, file=file))
    with pytest.raises(RefusedError, match="recorded already"):
        await worker.ask(wire.Record(call=call, file=file))
    played = wav(tmp_path / "played.wav", tone(PLAYED_HZ, 1.0))
    await worker.ask(wire.Play(call=call, file=played))
    await until(lambda: leg.voice.hears(PLAYED_HZ))
    ended = await worker.until(wire.PlayEnded, call=call)
    assert (ended.file, ended.complete) == (played, True)
    await worker.ask(wire.PauseRecording(call=call, paused=True))
    await until(grown(Path(file), 16_000))
    await worker.ask(wire.StopRecording(call=call))
    assert (await worker.until(wire.RecordingEnded, call=call)).error == ""
    with wave.open(file) as read:
        sound = read.readframes(1_000_000)
    samples = struct.unpack(f"<{len(sound) // 2}h", sound)
    halves = [samples[at : at + 800] for at in range(0, len(samples) - 800, 800)]
    both = [half for half in halves if loudness(half, PLAYED_HZ) > AUDIBLE]
    assert 8 <= len(both) <= 12, "a second of what was played"
    assert all(loudness(half, HEARD_HZ) > AUDIBLE for half in both), "and of what was said meanwhile"
    assert not any(samples[-3000:]), "a pause is silence, and has its time"


async def test_recording_is_what_was_said_but_for_the_pause_which_keeps_its_time(
    worker: SipWorker, phone: Phone, tmp_path: Path
) -> None:
    phone.behaviour = Answer(0.0)
    call = await worker.place()
    (await phone.next_leg()).voice.tone_hz = 0  # says nothing
    await worker.until(wire.MediaChanged, active=True)
    said = babble(4.0, 11)
    file = tmp_path / "recorded.wav"
    await worker.ask(wire.Record(call=call, file=str(file)))
    await worker.ask(wire.Play(call=call, file=wav(tmp_path / "said.wav", pcm(said))))
    await until(lambda: file.exists() and file.stat().st_size > 16_000)
    await worker.ask(wire.PauseRecording(call=call, paused=True))
    await until(grown(file, 16_000))
    await worker.ask(wire.PauseRecording(call=call, paused=False))
    assert (await worker.until(wire.PlayEnded, call=call)).complete
    await worker.ask(wire.StopRecording(call=call))
    assert (await worker.until(wire.RecordingEnded, call=call)).error == ""
    with wave.open(str(file)) as read:
        recorded = samples_of(read.readframes(1_000_000))
    pieces = [any(recorded[at : at + 160]) for at in range(0, len(recorded) - 160, 160)]
    first = pieces.index(True)
    runs = [(len(list(run)), spoken) for spoken, run in groupby(pieces[first:])]
    at = max((run for run in enumerate(runs[:-1]) if not run[1][1]), key=lambda run: run[1][0])[0]
    pause, before = runs[at][0], first + sum(length for length, _ in runs[:at])
    assert pause > 20, "some of a second"
    # Before it and after it all is there, each where it belongs: by the same distance to what was said.
    begin, end, shift = before * 160, (before + pause) * 160, first * 160
    assert likeness(said[: begin - shift - 800], recorded[:begin]) > MOST
    assert likeness(said[end - shift + 800 : -1600], recorded[end:]) > MOST


async def test_early_media_is_heard_both_ways(worker: SipWorker, phone: Phone, tmp_path: Path) -> None:
    leg = await phone.dial("8000")
    call = (await worker.until(wire.CallArrived)).info.call
    await worker.ask(wire.Ring(call=call, early_media=True))
    await worker.until(wire.MediaChanged, call=call, active=True)
    await worker.ask(wire.Play(call=call, file=wav(tmp_path / "ringing.wav", tone(PLAYED_HZ, 20.0))))
    await until(lambda: leg.voice.hears(PLAYED_HZ))
    assert leg.state == "ringing"
    await worker.ask(wire.Reject(call=call, code=486))
    await leg.until_ended()
    phone.behaviour = Answer(after_s=60.0, early_media=True)
    placed = (await worker.ask(wire.Place(account="trunk", to="1001", reference="r"))).call
    assert placed is not None
    await worker.until(wire.MediaChanged, call=placed, active=True)
    await worker.ask(wire.OpenMedia(call=placed))
    heard = b"".join([(await worker.frame()).sound for _ in range(50)])
    assert loudness(samples_of(heard)[-4000:], HEARD_HZ) > AUDIBLE
    assert (await phone.next_leg()).answered_at is None
    await worker.ask(wire.HangUp(call=placed))
    assert not (await worker.changed(placed, wire.CallState.ENDED)).by_peer


async def test_application_hears_the_caller_and_speaks(worker: SipWorker, phone: Phone) -> None:
    leg = await phone.dial("8000")
    info = await worker.answered()
    await leg.until_up()
    await worker.ask(wire.OpenMedia(call=info.call))
    speech = tone(PLAYED_HZ, 2.0)
    heard: list[wire.Frame] = []
    for number in range(100):
        heard.append(await worker.frame())
        sound = speech[number * wire.FRAME_BYTES :][: wire.FRAME_BYTES]
        worker.media.send(wire.encode_frame(wire.Frame(wire.FrameKind.AUDIO, info.call, number, sound)))
    assert [frame.sequence for frame in heard] == list(range(100)), "no gap"
    assert leg.voice.hears(PLAYED_HZ)
    samples = struct.unpack("<8000h", b"".join(frame.sound for frame in heard[50:]))
    assert loudness(samples, HEARD_HZ) > AUDIBLE
    await worker.ask(wire.CloseMedia(call=info.call))
    await leg.hang_up()
    await worker.changed(info.call, wire.CallState.ENDED)
    assert worker.process.returncode is None


async def test_two_calls_are_joined_and_parted(worker: SipWorker, phone: Phone) -> None:
    phone.behaviour = Answer(0.0)
    first, second = await worker.place("1001"), await worker.place("1002")
    one, other = await phone.next_leg(), await phone.next_leg()
    one.voice.tone_hz, other.voice.tone_hz = 600, 800
    with pytest.raises(RefusedError, match="joined already"):
        await worker.ask(wire.Join(call=first, other=first))
    await worker.ask(wire.Join(call=first, other=second))
    await until(lambda: one.voice.hears(800) and other.voice.hears(600))
    await worker.ask(wire.Part(call=second, other=first))
    await until(lambda: not one.voice.hears(800) and not other.voice.hears(600))
    with pytest.raises(RefusedError, match="not joined"):
        await worker.ask(wire.Part(call=second, other=first))
    # Whose place in the bridge another gets is no longer heard by those who heard it.
    await worker.ask(wire.Join(call=first, other=second))
    await one.hang_up()
    await worker.changed(first, wire.CallState.ENDED)
    third = await worker.place("1003")
    last = await phone.next_leg()
    last.voice.tone_hz = 600
    await until(lambda: not other.voice.hears(600))
    await worker.ask(wire.HangUp(call=third))


async def test_what_is_not_there_is_refused(worker: SipWorker, phone: Phone) -> None:
    await phone.dial("8000")
    call = (await worker.until(wire.CallArrived)).info.call
    for order in (wire.OpenMedia(call=call), wire.SendDigits(call=call, digits="1")):
        with pytest.raises(RefusedError, match="no sound"):
            await worker.ask(order)
    with pytest.raises(RefusedError, match="not recorded"):
        await worker.ask(wire.StopRecording(call=call))
