from collections.abc import AsyncGenerator, AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from structlog.testing import capture_logs

from gateway.api.guard import guard
from gateway.api.sound import chosen, sent
from gateway.model.errors import RecordingMissingError, StorageError
from gateway.ports.recordings import Audio

SIZE = 3_000_000
Client = TestClient[web.Request, web.Application]


class Tape:
    """A sound whose storage fails after so many bytes."""

    def __init__(self) -> None:
        self.fails_after = SIZE
        self.error: Exception = StorageError("the bucket is away")
        self.closed = 0

    async def read(self, start: int, length: int) -> AsyncGenerator[bytes, None]:
        try:
            at = start
            while at < start + length:
                if at >= self.fails_after:
                    raise self.error
                part = min(65_536, start + length - at)
                yield b"x" * part
                at += part
        finally:
            self.closed += 1


@pytest.fixture
def tape() -> Tape:
    return Tape()


@pytest.fixture
async def client(tape: Tape) -> AsyncIterator[Client]:
    audio = Audio(media_type="audio/wav", size=SIZE, tag="t", file_name="a.wav", read=tape.read)

    async def play(request: web.Request) -> web.StreamResponse:
        return await sent(request, audio, *chosen(request, audio))

    application = web.Application(middlewares=[guard])
    application.router.add_get("/", play)
    async with TestClient(TestServer(application)) as made:
        yield made


async def test_a_long_sound_is_sent_piece_by_piece(client: Client, tape: Tape) -> None:
    async with client.get("/") as response:
        assert len(await response.read()) == SIZE == int(response.headers["Content-Length"])
    assert tape.closed == 1


@pytest.mark.parametrize("error", [StorageError("the bucket is away"), RecordingMissingError("a.wav is gone")])
async def test_a_storage_that_gives_nothing_is_a_problem(client: Client, tape: Tape, error: Exception) -> None:
    tape.fails_after, tape.error = 0, error
    async with client.get("/") as response:
        problem = await response.json()
    assert (response.status, problem["type"]) == (503, "urn:tieline:problem:storage-unavailable")
    assert problem["detail"] == f"{error}."


async def test_a_sound_that_breaks_off_is_not_taken_for_whole(client: Client, tape: Tape) -> None:
    tape.fails_after = SIZE // 2
    with capture_logs() as logs:
        async with client.get("/") as response:
            assert response.status == 200
            with pytest.raises(aiohttp.ClientPayloadError):
                await response.read()
    assert [(line["event"], line["reason"]) for line in logs] == [("recording_cut", "the bucket is away")]
    assert tape.closed == 1
    # The next request has a connection of its own.
    tape.fails_after = SIZE
    async with client.get("/", headers={"Range": "bytes=0-9"}) as response:
        assert await response.read() == b"x" * 10


async def test_who_stops_listening_leaves_nothing_open(client: Client, tape: Tape) -> None:
    with capture_logs() as logs:
        async with client.get("/") as response:
            await response.content.readexactly(100)
            response.close()
        async with client.get("/") as response:
            await response.read()
        # Not an error of ours.
        assert [line["event"] for line in logs] == []
