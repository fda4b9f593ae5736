"""Makes the engines that the configuration names."""

from collections.abc import Sequence
from typing import Final

from gateway.ports.speech import SpeechAbilities, SpeechToText, TextToSpeech, VoiceAbilities
from ivr.speech import espeak, hibari, kokoro
from ivr.speech.aliyun import AliyunSettings, aliyun
from ivr.speech.chain import Chain
from ivr.speech.espeak import EspeakSettings
from ivr.speech.funasr import FunAsrSettings, funasr
from ivr.speech.hibari import HibariSettings
from ivr.speech.iflytek import IflytekSettings, iflytek
from ivr.speech.kokoro import KokoroSettings
from ivr.speech.local import LocalSpeechToText, LocalTextToSpeech
from ivr.speech.openai import OpenAiHearingSettings, OpenAiSpeakingSettings, OpenAiSpeechToText, OpenAiTextToSpeech
from ivr.speech.settings import HearingSettings, SpeakingSettings
from ivr.speech.vosk import VoskSettings, VoskSpeechToText
from ivr.speech.whisper import WhisperSettings
from ivr.speech.workers.pool import Pool

WAITING: Final = 2
"""Sentences that wait for each worker process: with more, callers wait longer than they like."""
SPEAK_S: Final = 20.0
"""Seconds that a text may take; it is kept then."""
SPEAK_WAITING: Final = 200
"""Texts that wait to be rendered."""
SPEAK_NICE: Final = 10
"""Who is heard comes before what is rendered ahead."""
WHISPER: Final = SpeechAbilities(languages=frozenset({"zh", "en"}), finds_language=True, takes_hints=True)


def hearing_by(settings: Sequence[HearingSettings], *, answer_s: float) -> Chain | None:
    """Return what recognises speech; None where nothing is configured to.

    Args:
        answer_s: Seconds from the end of a sentence until it must be understood.
    """
    engines = [_hears(each, answer_s) for each in settings]
    if not engines:
        return None
    return Chain(engines, one_s=answer_s / 2, total_s=answer_s)


def speaking_by(settings: Sequence[SpeakingSettings]) -> dict[str, list[TextToSpeech]]:
    """Return what speaks, by language, in the order in which they are asked."""
    found: dict[str, list[TextToSpeech]] = {}
    for each in settings:
        engine = _speaks(each)
        for language in engine.abilities.voices:
            found.setdefault(language, []).append(engine)
    return found


def _hears(settings: HearingSettings, answer_s: float) -> SpeechToText:
    match settings:
        case WhisperSettings(processes=processes):
            maker, waiting = "ivr.speech.whisper:recogniser", WAITING * processes
            pool = Pool("whisper", maker, settings, processes=processes, waiting=waiting, timeout_s=answer_s)
            return LocalSpeechToText(pool, WHISPER)
        case OpenAiHearingSettings():
            return OpenAiSpeechToText(settings)
        case VoskSettings():
            return VoskSpeechToText(settings)
        case FunAsrSettings():
            return funasr(settings)
        case IflytekSettings():
            return iflytek(settings)
        case AliyunSettings():
            return aliyun(settings)


def _speaks(settings: SpeakingSettings) -> TextToSpeech:
    match settings:
        case KokoroSettings(processes=processes):
            return _local("kokoro", settings, processes, kokoro.ABILITIES)
        case HibariSettings(processes=processes):
            return _local("hibari", settings, processes, hibari.ABILITIES)
        case EspeakSettings(processes=processes):
            return _local("espeak", settings, processes, espeak.ABILITIES)
        case OpenAiSpeakingSettings():
            return OpenAiTextToSpeech(settings)


def _local(name: str, settings: SpeakingSettings, processes: int, abilities: VoiceAbilities) -> TextToSpeech:
    maker = f"ivr.speech.{name}:speaker"
    pool = Pool(name, maker, settings, processes=processes, waiting=SPEAK_WAITING, timeout_s=SPEAK_S, nice=SPEAK_NICE)
    return LocalTextToSpeech(pool, abilities)
