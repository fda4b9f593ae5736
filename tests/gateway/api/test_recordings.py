from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from support.recording_world import Running, World
from support.recordings import coded_wav, wav
from support.replaying import PBX

from gateway.api.auth import DEMO, DemoAuthenticator
from gateway.api.guard import guard
from gateway.api.operations import routes_of
from gateway.api.recordings import Recordings
from gateway.model.errors import StorageError, StoreUnavailableError
from gateway.model.principals import Principal, Role, Scope
from gateway.model.recordings import RecordingState

Client = TestClient[web.Request, web.Application]
READER = Principal(id="tl_reader", name="Ana", role=Role.SUPERVISOR, scopes=frozenset({Scope.RECORDINGS_READ}))
WAV = wav(1.0)


class Somebody(DemoAuthenticator):
    """Takes everybody for whom the test says."""

    def __init__(self) -> None:
        self.who = DEMO

    async def principal(self, _request: web.Request) -> Principal:
        return self.who


class Api:
    def __init__(self, gateway: Running, client: Client, somebody: Somebody) -> None:
        self.gateway = gateway
        self.client = client
        self.somebody = somebody

    async def get(self, path: str, status: int = 200) -> Any:
        async with self.client.get(f"/api/v1{path}") as response:
            body = await response.json()
            assert response.status == status, body
            return body

    async def audio(self, recording: str, headers: dict[str, str] | None = None, query: str = "") -> tuple[int, bytes, Any]:
        async with self.client.get(f"/api/v1/recordings/{recording}/audio{query}", headers=headers) as response:
            return response.status, await response.read(), response.headers

    async def kept(self, file: str = "q-1.wav", data: bytes = WAV, leg: str = "caller") -> str:
        """Have a call that was recorded, and return the recording's id."""
        (self.gateway.world.monitor / file).write_bytes(data)
        await self.gateway.begin(file, leg)
        await self.gateway.end(leg)
        return (await self.gateway.becomes(RecordingState.AVAILABLE, file=file, told=True)).id


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[Api]:
    async with World(folder).gateway() as gateway:
        somebody = Somebody()
        application = web.Application(middlewares=[guard])
        group = Recordings(gateway.recordings.library, now=gateway.world.clock)
        application.add_routes(routes_of(group.operations(), somebody))
        async with TestClient(TestServer(application)) as client:
            yield Api(gateway, client, somebody)


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with served(tmp_path) as made:
        yield made


async def test_a_calls_recordings_are_listed_with_how_far_they_are(api: Api) -> None:
    call_id = await api.gateway.begin("in-4001.wav")
    await api.gateway.only()
    (recording,) = (await api.get(f"/calls/{call_id}/recordings"))["recordings"]
    assert (recording["state"], recording["audio"], recording["call_id"]) == ("expected", None, call_id)
    assert recording["file"] == "in-4001.wav"
    problem = await api.get("/calls/none/recordings", 404)
    assert problem["detail"] == "No call none is live or kept."


async def test_a_recording_is_shown(api: Api) -> None:
    recording_id = await api.kept()
    shown = await api.get(f"/recordings/{recording_id}")
    assert shown["state"] == "available"
    assert (shown["duration_s"], shown["encoding"], shown["size"]) == (1.0, "pcm16", len(WAV))
    assert shown["warning"] == "it lasts 1 s, and they talked for 30 s"
    assert shown["audio"] == f"/api/v1/recordings/{recording_id}/audio"
    assert (await api.get("/recordings/none", 404))["type"] == "urn:tieline:problem:not-found"


async def test_lists_go_by_pages_and_by_what_is_wanted(api: Api) -> None:
    kept = [await api.kept(f"q-{number}.wav", leg=f"c{number}") for number in range(3)]
    await api.gateway.begin("q-9.wav", "c9")
    await api.gateway.becomes(RecordingState.EXPECTED)
    first = await api.get("/recordings?limit=2&state=available,failed")
    assert [each["recording_id"] for each in first["recordings"]] == kept[:0:-1]
    second = await api.get(f"/recordings?limit=2&state=available,failed&cursor={first['next']}")
    assert [each["recording_id"] for each in second["recordings"]] == kept[:1]
    assert second["next"] is None
    assert len((await api.get(f"/recordings?pbx={PBX}"))["recordings"]) == 4
    assert (await api.get("/recordings?pbx=other"))["recordings"] == []
    assert (await api.get("/recordings?cursor=x", 400))["parameter"] == "cursor"
    assert (await api.get("/recordings?state=", 400))["parameter"] == "state"
    assert (await api.get("/recordings?state=gone", 400))["type"] == "urn:tieline:problem:bad-parameter"


async def test_a_recording_is_played_whole_and_the_hearing_is_written_down(api: Api) -> None:
    recording_id = await api.kept()
    api.somebody.who = READER
    status, data, headers = await api.audio(recording_id)
    assert (status, data) == (200, WAV)
    assert headers["Content-Type"] == "audio/wav"
    assert headers["Accept-Ranges"] == "bytes"
    assert headers["Content-Disposition"] == f'inline; filename="{recording_id}.wav"'
    assert headers["Cache-Control"] == "private, no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    api.gateway.later(1.0)
    await api.audio(recording_id, {"Range": "bytes=100-"})
    api.somebody.who = DEMO
    first, second = (await api.get(f"/recordings/{recording_id}/plays"))["plays"]
    assert (first["principal_id"], first["principal"], first["address"], first["range"]) == (READER.id, "Ana", "127.0.0.1", None)
    assert second["range"] == "bytes=100-"


SIZE = len(WAV)


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=0-", 0, SIZE - 1),
        ("bytes=44-99", 44, 99),
        ("bytes = 44 - 99", 44, 99),
        ("bytes=100-99999999999", 100, SIZE - 1),
        ("bytes=-10", SIZE - 10, SIZE - 1),
        ("bytes=-99999999", 0, SIZE - 1),
    ],
)
async def test_players_jump(api: Api, asked: str, first: int, last: int) -> None:
    recording_id = await api.kept()
    status, data, headers = await api.audio(recording_id, {"Range": asked})
    assert (status, data) == (206, WAV[first : last + 1])
    assert headers["Content-Range"] == f"bytes {first}-{last}/{SIZE}"


@pytest.mark.parametrize("asked", ["bytes=0-1,5-6", "bytes=5-4", "bytes=-", "items=0-1", "bytes=a-b", "bytes=0-" + "9" * 40])
async def test_what_is_no_single_range_is_answered_with_all(api: Api, asked: str) -> None:
    status, data, headers = await api.audio(await api.kept(), {"Range": asked})
    assert (status, data) == (200, WAV)
    assert "Content-Range" not in headers


@pytest.mark.parametrize("asked", [f"bytes={SIZE}-", "bytes=99999999-99999999", "bytes=-0"])
async def test_a_range_outside_is_refused_with_the_size(api: Api, asked: str) -> None:
    status, _, headers = await api.audio(await api.kept(), {"Range": asked})
    assert status == 416
    assert headers["Content-Range"] == f"bytes */{SIZE}"


async def test_a_range_of_what_has_changed_is_answered_with_all(api: Api) -> None:
    recording_id = await api.kept()
    _, _, headers = await api.audio(recording_id)
    assert (await api.audio(recording_id, {"Range": "bytes=0-9", "If-Range": headers["ETag"]}))[0] == 206
    assert (await api.audio(recording_id, {"Range": "bytes=0-9", "If-Range": '"other"'}))[:2] == (200, WAV)


async def test_g711_is_played_as_wav_and_is_there_as_it_was(api: Api) -> None:
    data = coded_wav(7, bytes(range(256)) * 40)
    recording_id = await api.kept(data=data)
    _, made, _ = await api.audio(recording_id)
    assert len(made) == 44 + 2 * 256 * 40
    assert (await api.audio(recording_id, {"Range": "bytes=45-1000"}))[1] == made[45:1001]
    assert (await api.audio(recording_id, query="?original=true"))[1] == data


async def test_what_is_not_here_cannot_be_played(api: Api) -> None:
    await api.gateway.begin("q-1.wav")
    recording_id = (await api.gateway.only()).id
    problem = await api.get(f"/recordings/{recording_id}/audio", 409)
    assert (problem["type"], problem["state"]) == ("urn:tieline:problem:no-audio", "expected")
    await api.gateway.end()
    await api.gateway.becomes(RecordingState.WAITING, attempts=1)
    assert "is not there" in (await api.get(f"/recordings/{recording_id}/audio", 409))["detail"]


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/api/v1/recordings", "recordings:read"),
        ("GET", "/api/v1/recordings/x", "recordings:read"),
        ("GET", "/api/v1/recordings/x/audio", "recordings:read"),
        ("GET", "/api/v1/calls/x/recordings", "recordings:read"),
        ("GET", "/api/v1/recordings/x/plays", "audit:read"),
        ("POST", "/api/v1/recordings/x/retry", "recordings:manage"),
        ("DELETE", "/api/v1/recordings/x", "recordings:manage"),
    ],
)
async def test_each_takes_its_scope(api: Api, method: str, path: str, scope: str) -> None:
    api.somebody.who = msgspec.structs.replace(DEMO, scopes=DEMO.scopes - {Scope(scope)})
    async with api.client.request(method, path) as response:
        assert response.status == 403
        assert (await response.json())["scope"] == scope


async def test_who_is_bound_to_an_extension_hears_its_calls_alone(api: Api) -> None:
    recording_id = await api.kept()
    (talker,) = api.gateway.world.parties.values()
    api.somebody.who = msgspec.structs.replace(READER, extension=talker)
    assert (await api.audio(recording_id))[0] == 200
    api.somebody.who = msgspec.structs.replace(READER, extension="8999")
    problem = await api.get(f"/recordings/{recording_id}/audio", 403)
    assert problem["detail"] == "Ana is bound to extension 8999, which did not talk in this call."


async def test_one_that_was_given_up_is_fetched_again_and_others_are_not(api: Api) -> None:
    await api.gateway.begin("text.txt")
    (api.gateway.world.monitor / "text.txt").write_bytes(b"text")
    await api.gateway.end()
    failed = await api.gateway.becomes(RecordingState.FAILED, told=True)
    listed = await api.get("/recordings?state=failed")
    assert "of no kind that we know" in listed["recordings"][0]["problem"]
    async with api.client.post(f"/api/v1/recordings/{failed.id}/retry") as response:
        assert (response.status, (await response.json())["state"]) == (202, "waiting")
    await api.gateway.becomes(RecordingState.FAILED, version=2)

    recording_id = await api.kept(leg="second")
    async with api.client.post(f"/api/v1/recordings/{recording_id}/retry") as response:
        assert (response.status, (await response.json())["state"]) == (409, "available")


async def test_a_deleted_recording_is_gone_and_stays_known(api: Api) -> None:
    recording_id = await api.kept()
    async with api.client.delete(f"/api/v1/recordings/{recording_id}") as response:
        left = await response.json()
    assert (left["state"], left["deleted_by"], left["audio"]) == ("deleted", DEMO.name, None)
    assert (await api.get(f"/recordings/{recording_id}/audio", 409))["state"] == "deleted"
    assert (await api.get(f"/recordings/{recording_id}"))["state"] == "deleted"
    async with api.client.delete("/api/v1/recordings/none") as response:
        assert response.status == 404


async def test_a_storage_that_does_not_delete_says_that_nobody_hears_it(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    recording_id = await api.kept()

    async def failing(_key: str) -> None:
        raise StorageError("the bucket is away")

    monkeypatch.setattr(api.gateway.recordings._storage, "delete", failing)
    async with api.client.delete(f"/api/v1/recordings/{recording_id}") as response:
        problem = await response.json()
    assert (response.status, problem["type"]) == (503, "urn:tieline:problem:storage-unavailable")
    assert "the bucket is away. Nobody can hear it any more" in problem["detail"]
    assert (await api.audio(recording_id))[0] == 409


async def test_who_cannot_be_written_down_hears_nothing(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    recording_id = await api.kept()

    async def failing(*_arguments: object) -> None:
        raise StoreUnavailableError("db: away")

    monkeypatch.setattr(api.gateway.recordings._recordings, "note_play", failing)
    status, data, headers = await api.audio(recording_id)
    assert (status, headers["Content-Type"]) == (503, "application/problem+json")
    assert WAV not in data
