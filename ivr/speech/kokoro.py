"""Speaks Chinese on this machine, by the Kokoro model: 0.4 s of a processor for 1 s of speech. For a worker process."""

import re
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from gateway.model.errors import ConfigurationError
from gateway.ports.speech import Voice, VoiceAbilities
from ivr.speech.models import kokoro_model, voices_folder
from ivr.speech.sound import telephone

RATE: Final = 24_000
MAX_TOKENS: Final = 510
"""Symbols that the model takes at once."""
STYLE: Final = 256
"""Numbers that make a voice, for each length of a text."""
VOICES: Final = (
    *("zf_xiaoxiao", "zf_xiaobei", "zf_xiaoni", "zf_xiaoyi"),
    *("zm_yunxi", "zm_yunjian", "zm_yunxia", "zm_yunyang"),
)
ABILITIES: Final = VoiceAbilities(voices={"zh": VOICES}, takes_speed=True, identity="kokoro-6e742170")
_SYMBOLS: Final = (
    *((1, ";:,.!?"), (9, '—…"()“” \u0303ʣʥʦʨᵝ\uab67AI'), (31, "O"), (33, "Q"), (35, "ST"), (39, "W"), (41, "Yᵊabcdef")),
    *((50, "hijklmnopqrstuvwxyzɑɐɒæ"), (75, "βɔɕç"), (80, "ɖðʤə"), (85, "ɚɛɜ"), (90, "ɟ"), (92, "ɡ"), (99, "ɥ"), (101, "ɨɪʝ")),
    *((110, "ɯɰŋɳɲɴø"), (118, "ɸθœ"), (123, "ɹ"), (125, "ɾɻ"), (128, "ʁɽʂʃʈʧ"), (135, "ʊʋ"), (138, "ʌɣɤ"), (142, "χʎ")),
    *((147, "ʒʔ"), (156, "ˈˌː"), (162, "ʰ"), (164, "ʲ"), (169, "↓"), (171, "→↗↘"), (177, "ᵻ")),
)
"""The model's symbols: those of a run have numbers that follow each other, from its own on. Source: the model's configuration."""
_NUMBER_OF: Final = {symbol: first + at for first, run in _SYMBOLS for at, symbol in enumerate(run)}


_LETTERS: Final = dict(
    zip(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        [
            "诶",
            "比",
            "西",
            "迪",
            "伊",
            "艾弗",
            "吉",
            "艾尺",
            "爱",
            "杰",
            "开",
            "艾勒",
            "艾姆",
            "恩",
            "欧",
            "皮",
            "丘",
            "阿尔",
            "艾斯",
            "提",
            "优",
            "维",
            "达不溜",
            "艾克斯",
            "歪",
            "贼德",
        ],
        strict=True,
    )
)
_LATIN: Final = re.compile(r"[A-Za-z]+")


class KokoroSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="engine", tag="kokoro"):
    """Of what speaks Chinese on this machine."""

    model: str | None = None
    """The model's file; None: the one that `make speech` fetched."""
    voices: str | None = None
    """The folder of voices, ``NAME.bin``."""
    processes: Annotated[int, Meta(ge=1, le=16)] = 1


def speaker(settings: KokoroSettings) -> Callable[[str, Voice], bytes]:
    """Load the model; return what makes sound of texts.

    Raises:
        ConfigurationError: A package or a file is missing.
    """
    try:
        import jieba
        import numpy as np
        import onnxruntime
        from misaki import zh
    except ImportError as error:
        raise ConfigurationError(f"what Kokoro needs is not installed: run `make speech` ({error})") from error
    jieba.setLogLevel("ERROR")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    model: Any = onnxruntime.InferenceSession(str(kokoro_model(settings.model)), options, providers=["CPUExecutionProvider"])
    folder = voices_folder(settings.voices)
    sounds: Any = zh.ZHG2P()
    takes = {each.name: each.type for each in model.get_inputs()}
    styles: dict[str, Any] = {}

    def style_of(name: str) -> Any:
        if name not in VOICES:
            raise ConfigurationError(f"Kokoro has no voice {name!r}; there is: {', '.join(VOICES)}")
        if name not in styles:
            styles[name] = np.fromfile(folder / f"{name}.bin", dtype="<f4").reshape(-1, STYLE)
        return styles[name]

    def speak(text: str, voice: Voice) -> bytes:
        text = spelled(text)
        style = style_of(voice.name or VOICES[0])
        said = []
        for numbers in _parts([_NUMBER_OF[each] for each in sounds(text)[0] if each in _NUMBER_OF]):
            given = {
                "input_ids" if "input_ids" in takes else "tokens": np.array([[0, *numbers, 0]], dtype=np.int64),
                "style": style[min(len(numbers), len(style) - 1)][None, :],
                "speed": np.array([voice.speed], dtype=np.float32 if takes["speed"] == "tensor(float)" else np.int32),
            }
            said.append(model.run(None, given)[0].reshape(-1))
        return telephone(np.concatenate(said), RATE) if said else b""

    return speak


def spelled(text: str) -> str:
    """Return a text whose Latin letters are written as Chinese callers say their names: the model knows no others."""
    return _LATIN.sub(lambda found: "".join(f"{_LETTERS[letter]} " for letter in found[0].upper()), text)


def _parts(numbers: list[int]) -> Iterator[list[int]]:
    """Cut what is too long for the model after a stop or a comma, where there is one."""
    stops = {_NUMBER_OF[each] for each in ".!?;,"}
    while len(numbers) > MAX_TOKENS:
        cut = next((at + 1 for at in range(MAX_TOKENS - 1, 0, -1) if numbers[at] in stops), MAX_TOKENS)
        yield numbers[:cut]
        numbers = numbers[cut:]
    if numbers:
        yield numbers
