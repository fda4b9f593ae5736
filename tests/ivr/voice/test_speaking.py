from pathlib import Path

from structlog.testing import capture_logs
from support.sounds import white

from gateway.ports.speech import SpeechError, SpeechProblem, Voice, VoiceAbilities
from ivr.definition.values import Speech
from ivr.speech.prompts import Prompts
from ivr.speech.recordings import Recordings
from ivr.speech.sound import wav
from ivr.voice.settings import VoiceSettings
from ivr.voice.speaking import Speaking
from ivr.voice.wording import Piece

RECORDED = white(0.1, 300.0)


class Speaker:
    name = "speaker"
    abilities = VoiceAbilities(voices={"en": ("a",)}, identity="v1")

    def __init__(self) -> None:
        self.spoken: list[tuple[str, Voice]] = []
        self.fails = False

    async def serve(self) -> None: ...

    async def speak(self, text: str, voice: Voice) -> bytes:
        self.spoken.append((text, voice))
        if self.fails:
            raise SpeechError("speaker", SpeechProblem.DOWN, "away")
        return b"spoken"


def speaking(folder: Path, speaker: Speaker) -> Speaking:
    settings = VoiceSettings(voices={"en": "anna"})
    return Speaking(Prompts(folder / "prompts", {"en": [speaker]}), Recordings(folder), settings)


async def test_a_recording_is_preferred_and_a_broken_one_is_spoken(tmp_path: Path) -> None:
    (tmp_path / "welcome.wav").write_bytes(wav(RECORDED))
    (tmp_path / "broken.wav").write_bytes(b"ID3")
    speaker = Speaker()
    speaks = speaking(tmp_path, speaker)
    assert await speaks.sound(Piece(text="Hello", language="en", prompt="welcome")) == RECORDED
    with capture_logs() as logs:
        assert await speaks.sound(Piece(text="Hello", language="en", prompt="broken")) == b"spoken"
    assert [each["event"] for each in logs] == ["recording_not_played"]
    assert await speaks.sound(Piece(text="Bye", language="en", prompt="nowhere")) == b"spoken"


async def test_a_node_speaks_in_its_own_voice_and_speed(tmp_path: Path) -> None:
    speaker = Speaker()
    speaks = speaking(tmp_path, speaker)
    await speaks.sound(Piece(text="a", language="en"))
    await speaks.sound(Piece(text="a", language="en", speech=Speech(voice={"en": "ben"}, speed=0.8)))
    assert [voice for _, voice in speaker.spoken] == [
        Voice(language="en", name="anna"),
        Voice(language="en", name="ben", speed=0.8),
    ]
    assert speaks.voice("zh", Speech(voice="carl")) == Voice(language="zh", name="carl")


async def test_what_cannot_be_spoken_is_left_out_and_logged(tmp_path: Path) -> None:
    speaker = Speaker()
    speaker.fails = True
    with capture_logs() as logs:
        assert await speaking(tmp_path, speaker).sound(Piece(text="a", language="en")) is None
    assert [each["event"] for each in logs] == ["voice_failed", "prompt_not_spoken"]
