import asyncio
import socket

from structlog.testing import capture_logs
from support.voices import HandedOver, NotedCommands
from support.waiting import until

from connectors.asterisk_media.server import AsteriskMedia, create
from connectors.asterisk_media.settings import AsteriskMediaSettings, AudioSocketSettings, WebSocketSettings
from gateway.model.ids import PbxName

PBX = PbxName("cc1")


async def test_both_ways_are_listened_at_and_left() -> None:
    settings = AsteriskMediaSettings(audiosocket=AudioSocketSettings(port=0), chan_websocket=WebSocketSettings(port=0))
    media = create(PBX, settings, HandedOver(), NotedCommands())
    assert isinstance(media, AsteriskMedia)
    assert media.audiosocket is not None
    assert media.chan_websocket is not None
    with capture_logs() as logs:
        running = asyncio.create_task(media.run())
        await until(lambda: media.audiosocket.address is not None and media.chan_websocket.address is not None)
        addresses = [media.audiosocket.address, media.chan_websocket.address]
        running.cancel()
        await asyncio.wait([running])
    assert sorted(entry["way"] for entry in logs) == ["audiosocket", "chan_websocket"]
    for address in addresses:
        with socket.socket() as probe:
            assert address is not None
            probe.bind(address)


async def test_an_address_that_is_taken_is_told_and_tried_again() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        again = asyncio.Event()

        async def sleep(seconds: float) -> None:
            again.set()
            await asyncio.sleep(0.01)

        settings = AsteriskMediaSettings(audiosocket=AudioSocketSettings(port=port))
        media = AsteriskMedia(PBX, settings, HandedOver(), NotedCommands(), sleep=sleep)
        with capture_logs() as logs:
            running = asyncio.create_task(media.run())
            await again.wait()
            taken.close()
            assert media.audiosocket is not None
            server = media.audiosocket
            await until(lambda: server.address is not None)
            running.cancel()
            await asyncio.wait([running])
    assert (logs[0]["event"], logs[0]["log_level"]) == ("media_not_listening", "error")
