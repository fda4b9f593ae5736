import asyncio
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gateway.ports.speech import SpeechError, SpeechProblem, Voice, VoiceAbilities
from ivr.speech import prompts
from ivr.speech.prompts import Prompts, name_of

EN = Voice(language="en")


class Speaker:
    name = "speaker"

    def __init__(self, identity: str = "v1") -> None:
        self.abilities = VoiceAbilities(voices={"en": ("a",)}, identity=identity)
        self.spoken: list[str] = []
        self.fault: SpeechError | None = None
        self.gate = asyncio.Event()
        self.gate.set()

    async def serve(self) -> None: ...

    async def speak(self, text: str, voice: Voice) -> bytes:
        self.spoken.append(text)
        await self.gate.wait()
        if self.fault is not None:
            raise self.fault
        return text.encode() * 2


def of(folder: Path, speaker: Speaker) -> Prompts:
    return Prompts(folder, {"en": [speaker]})


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("??/*.pcm"))


async def test_a_text_is_rendered_once_and_found_again_after_a_restart(tmp_path: Path) -> None:
    speaker = Speaker()
    first = of(tmp_path / "p", speaker)
    assert await first.sound("Hello  there", EN) == b"Hello  thereHello  there"
    assert await first.sound("Hello there", EN) == b"Hello  thereHello  there"
    assert await of(tmp_path / "p", speaker).sound("Hello there", EN) == b"Hello  thereHello  there"
    assert speaker.spoken == ["Hello  there"]
    other = Speaker("v2")
    await of(tmp_path / "p", other).sound("Hello there", EN)
    assert other.spoken == ["Hello there"]
    assert name_of("v1", "a", EN) != name_of("v1", "a", Voice(language="en", speed=0.8))


async def test_those_who_wait_for_the_same_text_wait_for_one_rendering(tmp_path: Path) -> None:
    speaker = Speaker()
    speaker.gate.clear()
    both = of(tmp_path, speaker)
    first, second = (asyncio.create_task(both.sound("Hello", EN)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait([first])
    speaker.gate.set()
    assert await second == b"HelloHello"
    assert speaker.spoken == ["Hello"]


async def test_a_failure_is_told_and_not_kept(tmp_path: Path) -> None:
    speaker = Speaker()
    speaker.fault = SpeechError("speaker", SpeechProblem.LATE, "no answer")
    kept = of(tmp_path, speaker)
    with pytest.raises(SpeechError, match="no answer"):
        await kept.sound("Hello", EN)
    with pytest.raises(SpeechError, match="nothing speaks zh here"):
        await kept.sound("您好", Voice(language="zh"))
    told: list[tuple[int, int]] = []
    failed = await kept.render([("Hello", EN), ("Hello", EN), ("Bye", EN)], lambda done, of: told.append((done, of)))
    assert told == [(1, 2), (2, 2)]
    assert failed == ["Hello: speaker: no answer", "Bye: speaker: no answer"]
    speaker.fault = None
    assert await kept.render([("Hello", EN)]) == []


async def test_a_damaged_file_is_rendered_anew(tmp_path: Path) -> None:
    speaker = Speaker()
    await of(tmp_path, speaker).sound("Hello", EN)
    [file] = files(tmp_path)
    file.write_bytes(file.read_bytes()[:-1])
    assert await of(tmp_path, speaker).sound("Hello", EN) == b"HelloHello"
    assert len(speaker.spoken) == 2


async def test_where_nothing_can_be_kept_it_is_said_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "p").write_text("in the way")
    with capture_logs() as logs:
        kept = of(tmp_path / "p", Speaker())
        assert await kept.sound("Hello", EN)
        assert await kept.sound("Bye", EN)
    assert [each["event"] for each in logs] == ["prompts_not_kept"]


async def test_what_was_used_least_lately_makes_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompts, "MAX_KEPT_BYTES", 60)
    monkeypatch.setattr(prompts, "MAX_MEMORY_BYTES", 30)
    kept = of(tmp_path, Speaker())
    for text in ("one one one", "two two two", "three three"):
        await kept.sound(text, EN)
    assert len(files(tmp_path)) == 2


async def test_who_stops_leaves_nothing_running(tmp_path: Path) -> None:
    speaker = Speaker()
    speaker.gate.clear()
    kept = of(tmp_path, speaker)
    waiting = asyncio.create_task(kept.sound("Hello", EN))
    await asyncio.sleep(0)
    await kept.stop()
    await asyncio.wait([waiting])
    assert waiting.cancelled()


async def test_what_one_engine_cannot_speak_the_next_one_does(tmp_path: Path) -> None:
    first, second = Speaker("v1"), Speaker("v2")
    first.fault = SpeechError("speaker", SpeechProblem.DOWN, "away")
    kept = Prompts(tmp_path, {"en": [first, second]})
    assert await kept.sound("Hello", Voice(language="en", name="anna")) == b"HelloHello"
    first.fault = None
    await kept.sound("Hello", Voice(language="en", name="anna"))
    assert (first.spoken, second.spoken) == (["Hello", "Hello"], ["Hello"])
