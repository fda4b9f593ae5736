from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from support.recording_world import World
from support.recordings import wav
from support.replaying import PBX
from support.waiting import until

from gateway.api.recording_figures import RecordingFigures
from gateway.model.recordings import RecordingState


async def test_what_comes_of_recordings_is_counted(tmp_path: Path) -> None:
    world = World(tmp_path)
    (world.monitor / "q-1.wav").write_bytes(wav(1.0))
    async with world.gateway() as gateway:
        library = gateway.recordings.library
        registry = CollectorRegistry()
        registry.register(RecordingFigures(library))
        for number, (file, state) in enumerate([("q-1.wav", RecordingState.AVAILABLE), ("../x.wav", RecordingState.FAILED)]):
            await gateway.begin(file, f"caller{number}")
            await gateway.end(f"caller{number}")
            await gateway.becomes(state, file=file, told=True)
        text = generate_latest(registry).decode()
        assert f'tieline_recordings_kept_total{{pbx="{PBX}"}} 1.0' in text
        assert f'tieline_recordings_given_up_total{{pbx="{PBX}"}} 1.0' in text
        assert f'tieline_recordings_failing{{pbx="{PBX}"}} 0.0' in text

        world.monitor.rename(tmp_path / "away")
        await gateway.begin("q-3.wav", "third")
        await gateway.end("third")

        def is_raised() -> bool:
            gateway.later(1.0)
            return bool(library.alarms)

        await until(is_raised)
        assert f'tieline_recordings_failing{{pbx="{PBX}"}} 1.0' in generate_latest(registry).decode()
