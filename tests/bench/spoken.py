"""Share of spoken sentences that reach the right node: engines' voices over a telephone line, through VAD, recogniser and dialog.

``python -m bench.spoken [--check] [--noise 15]``. Sentences are in ``spoken_sentences.tsv``; none is among the dialog's examples.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from support.sounds import floats, mixed, music, padded, pcm, pink, silence, spoken, white

from gateway.ports.media import FRAME_BYTES
from gateway.ports.speech import Heard, Wanted
from ivr.definition.reading import read_dialog
from ivr.definition.values import Dialog
from ivr.example.files import dialog_file
from ivr.speech.whisper import WhisperSettings, recogniser
from ivr.turns.choosing import decide
from ivr.turns.values import State, Waiting
from ivr.understanding.embedding import installed
from ivr.understanding.model_file import understanding_of
from ivr.understanding.understanding import Understanding
from ivr.voice.endpointing import Endpointing, Piece, SpeechBegan, SpeechEnded
from ivr.voice.hints import hints_of
from ivr.voice.speech_sense import SpeechSense

TABLE: Final = Path(__file__).parent / "spoken_sentences.tsv"
VOICES: Final = {"zh": ("zf_xiaoxiao", "zm_yunxi", "zf_xiaoyi", "zm_yunjian"), "en": (None,)}
BARS: Final = {("zh", "right"): 0.90, ("en", "right"): 0.95, ("zh", "offered"): 0.95, ("en", "offered"): 0.98}
"""Of clean sentences."""
WORDLESS_MINUTES: Final = 10.0
Recognise = Callable[[bytes, Wanted], Heard]


class Said(NamedTuple):
    node: str
    language: str
    text: str
    voice: str | None


def table() -> Iterator[Said]:
    """Each sentence, by the voices in turn."""
    for at, line in enumerate(TABLE.read_text("utf-8").splitlines()):
        node, language, text = line.split("\t")
        voices = VOICES[language]
        yield Said(node, language, text, voices[at % len(voices)])


def on_the_line(sound: bytes) -> bytes:
    """A sound after µ-law, as a telephone line carries it."""
    import numpy as np
    from rig.rtp import linear, ulaw

    codes = ulaw([round(each) for each in floats(sound)])
    return pcm(np.array([linear(code) for code in codes], dtype=np.float32))


def sentences(sound: bytes) -> list[bytes]:
    """What ears cut out of a sound."""
    sense, cuts = SpeechSense(), Endpointing()
    found: list[bytes] = []
    for at in range(0, len(sound) - FRAME_BYTES + 1, FRAME_BYTES):
        frame = sound[at : at + FRAME_BYTES]
        for event in cuts.hear(frame, sense.probability(frame)):
            match event:
                case SpeechBegan():
                    found.append(b"")
                case Piece(sound=piece):
                    found[-1] += piece
                case SpeechEnded():
                    pass
                case _:
                    found.pop()
    return found


class Room:
    """The example's dialog at its main menu, and the recogniser."""

    def __init__(self, dialog: Dialog, understanding: Understanding, recognise: Recognise) -> None:
        self.dialog, self.understanding, self.recognise = dialog, understanding, recognise

    def heard(self, sound: bytes, language: str | None) -> Heard:
        state = State(language=language or "zh", node=self.dialog.start, waiting=Waiting.CHOICE)
        wanted = Wanted(language=language, hints=hints_of(self.dialog, state))
        parts = [self.recognise(each, wanted) for each in sentences(sound)]
        parts = [each for each in parts if each.text]
        return Heard(text=" ".join(each.text for each in parts), confidence=min((each.confidence for each in parts), default=0.0))

    def nodes(self, text: str) -> tuple[str, ...]:
        """The node, or those that the caller is offered."""
        meaning = self.understanding.understand(text, at=self.dialog.start, from_speech=True)
        return decide(meaning.wishes[0], self.dialog, self.dialog.limits).nodes if meaning.wishes else ()


def room() -> Room:
    dialog = read_dialog(dialog_file()).dialog
    return Room(dialog, understanding_of(dialog, None, installed()), recogniser(WhisperSettings()))


def judged(here: Room, noise_db: float | None, *, told: bool) -> Counter[tuple[str, str]]:
    """How many of each language went right, or were among the offered, ``of`` how many."""
    counted: Counter[tuple[str, str]] = Counter()
    for each in table():
        sound = padded(spoken(each.text, each.language, each.voice))
        if noise_db is not None:
            sound = mixed(sound, pink(5.0, 1000.0), noise_db)
        heard = here.heard(on_the_line(sound), each.language)
        nodes = here.nodes(heard.text)
        right, offered = nodes == (each.node,), each.node in nodes
        counted[each.language, "right"] += right
        counted[each.language, "offered"] += offered
        counted[each.language, "of"] += 1
        if told and not right:
            print(f"    {each.node}: {each.text} ({each.voice}) -> {heard.text!r} {heard.confidence:.2f} -> {nodes}")
    return counted


def wordless(here: Room, minutes: float) -> dict[str, tuple[int, int]]:
    """How many sentences were cut out of sounds without words, and how many words came of them."""
    seconds = minutes * 60
    sounds = {
        "silence": silence(seconds),
        "white noise": white(seconds, 300.0),
        "pink noise": pink(seconds, 800.0),
        "music": music(seconds, 1500.0),
    }
    found: dict[str, tuple[int, int]] = {}
    for name, sound in sounds.items():
        cut = sentences(on_the_line(sound))
        texts = [here.recognise(each, Wanted(language="zh", hints=("账单", "查包裹"))).text for each in cut]
        found[name] = len(cut), sum(bool(text) for text in texts)
    return found


def main() -> int:
    """Print the shares; 1 under a bar."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--told", action="store_true", help="print what went wrong")
    parser.add_argument("--minutes", type=float, default=WORDLESS_MINUTES)
    options = parser.parse_args()
    here, missed = room(), False
    for name, noise_db in (("clean", None), ("15 dB of noise", 15.0)):
        began = time.process_time()
        counted = judged(here, noise_db, told=options.told)
        for language in VOICES:
            of = counted[language, "of"]
            for what in ("right", "offered"):
                share = counted[language, what] / of
                bar = BARS[language, what] if noise_db is None else None
                missed |= bar is not None and share < bar
                told = "" if bar is None else f"  (bar {bar:.0%})"
                print(f"{name:16} {language} {what:8} {share:6.1%}{told}")
        each_s = (time.process_time() - began) / sum(counted[each, "of"] for each in VOICES)
        print(f"{name:16} {each_s:.2f} s of a processor a sentence, speech and dialog")
    for name, (cut, words) in wordless(here, options.minutes).items():
        missed |= words > 0
        print(f"{options.minutes:g} min of {name:12} {cut} sounds taken for sentences, {words} with words (bar 0)")
    return int(options.check and missed)


if __name__ == "__main__":
    sys.exit(main())
