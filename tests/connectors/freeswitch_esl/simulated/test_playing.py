import asyncio
import time
from pathlib import Path
from random import Random

import pytest
from support.esl_captures import FREESWITCH

from connectors.freeswitch_esl.protocol.commands import encode_command
from connectors.freeswitch_esl.protocol.decoder import EslDecoder
from connectors.freeswitch_esl.protocol.message import EslMessage
from connectors.freeswitch_esl.simulated.playing import Play, load_score, simulate
from gateway.model.errors import CaptureError, ConfigurationError

SCORE = load_score(FREESWITCH / "bridge_two_endpoints_plain")


def test_each_play_has_ids_and_times_of_its_own() -> None:
    first, second = (Play(SCORE, 2_000_000_000.0, Random(seed)) for seed in (1, 2))
    created = next(frame for frame in SCORE.frames if ("Event-Name", "CHANNEL_CREATE") in frame.headers)
    one, again, other = dict(first.render(created)), dict(first.render(created)), dict(second.render(created))
    assert one == again
    assert one["Unique-ID"] != other["Unique-ID"]
    assert one["Unique-ID"] == one["variable_uuid"]
    assert int(one["Event-Date-Timestamp"]) // 1_000_000 == 2_000_000_000
    assert one["Core-UUID"] == other["Core-UUID"]


def test_frames_come_in_the_order_in_which_they_were_sent() -> None:
    offsets = [frame.offset_s for frame in SCORE.frames]
    assert offsets == sorted(offsets)


def test_a_recording_without_a_call_cannot_be_played() -> None:
    with pytest.raises(CaptureError, match="no call"):
        load_score(FREESWITCH / "auth_rejected")


async def test_it_plays_to_whoever_listens() -> None:
    told: list[str] = []
    ready = asyncio.Event()

    def listening(text: str) -> None:
        told.append(text)
        ready.set()

    playing = asyncio.create_task(
        simulate([FREESWITCH / "originate_busy_plain"], host="127.0.0.1", port=0, loop=False, listening=listening)
    )
    await ready.wait()
    address, secret = told[0].split(", password ")
    port = int(address.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(encode_command("auth", secret) + encode_command("event", "plain ALL"))
    decoder = EslDecoder()
    messages: list[EslMessage] = []
    while data := await reader.read(65536):
        messages += decoder.receive_data(data)
    writer.close()
    await playing
    names = [message.name for message in messages]
    assert names.count("CHANNEL_HANGUP_COMPLETE") == 1
    stamp = next(message.get("Event-Date-Timestamp") for message in messages if message.name == "CHANNEL_CREATE")
    assert abs(int(stamp) / 1_000_000 - time.time()) < 60


@pytest.mark.parametrize("folders", [[], [FREESWITCH / "originate_busy_plain"]])
async def test_what_cannot_be_simulated_is_said(folders: list[Path]) -> None:
    taken = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = int(taken.sockets[0].getsockname()[1])
    try:
        with pytest.raises(ConfigurationError):
            await simulate(folders, host="127.0.0.1", port=port, loop=False, listening=lambda _: None)
    finally:
        taken.close()
