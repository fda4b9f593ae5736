"""How fast a dialog understands, and how soon the largest starts: 1,000 nodes and 50,000 questions, on one core.

The sentences are made of few words, so that many are alike; how well real ones are understood, ``tieline itr evaluate`` measures
on tables of one's own (docs/dialogs.md).
"""

import os

# Before numpy is loaded: one core is what is measured.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import sys
import threading
import time
from collections.abc import Callable
from typing import Final

import msgspec
import numpy as np

from ivr.definition.values import Dialog
from ivr.understanding.embedding import installed
from ivr.understanding.understanding import Understanding, learned

NODES: Final = 1000
QUESTIONS: Final = 50_000
DIALOGS: Final = 200
START_BAR_S: Final = 60.0
"""CPU seconds until the largest dialog can be talked to."""
SENTENCE_BAR_MS: Final = 25.0
"""CPU milliseconds of the median sentence."""
ASKED: Final = 100

VERBS: Final = ("order", "cancel", "change", "pay", "check", "return", "renew", "report", "find", "close")
THINGS: Final = ("card", "parcel", "contract", "invoice", "number", "meter", "ticket", "address", "loan", "router")
FOR: Final = (
    "my mother",
    "the office",
    "a friend",
    "my shop",
    "the car",
    "my flat",
    "the school",
    "our club",
    "the farm",
    "a guest",
)


def largest() -> Dialog:
    """Return a dialog of that size."""
    nodes: dict[str, object] = {"main": {"say": "Hello", "choices": [{"go": "n0"}]}}
    for at in range(NODES - 1):
        verb, thing, whom = VERBS[at % 10], THINGS[at // 10 % 10], FOR[at // 100]
        nodes[f"n{at}"] = {
            "examples": [
                f"{verb} the {thing} of {whom}",
                f"i want to {verb} a {thing} for {whom}",
                f"{verb} {thing} {whom} please",
            ]
        }
    answers = [
        {
            "id": f"a{at}",
            "questions": [f"what does the {THINGS[at % 10]} model {at} of {FOR[at // 10 % 10]} cost"],
            "say": "Much.",
        }
        for at in range(QUESTIONS)
    ]
    held = {"itr": 1, "name": "largest", "languages": ["en"], "start": "main", "human": {"queue": "q"}}
    return msgspec.convert(held | {"nodes": nodes, "answers": answers}, Dialog)


def asked(understanding: Understanding, text: str, clock: Callable[[], float]) -> float:
    """Return what a sentence cost, in milliseconds."""
    began = clock()
    understanding.understand(text, at="main")
    return (clock() - began) * 1000


def talk_at_once(understanding: Understanding) -> tuple[float, int]:
    """Let so many dialogs say a sentence each at once; return the CPU milliseconds of one, and how many were understood."""
    understood: list[str] = []

    def say(at: int) -> None:
        wishes = understanding.understand(
            f"kindly {VERBS[at % 10]} the {THINGS[at // 10 % 10]} of {FOR[at % 7]}", at="main"
        ).wishes
        understood.extend(wish.ranked[0].node for wish in wishes[:1])

    began = time.process_time()
    threads = [threading.Thread(target=say, args=(at,)) for at in range(DIALOGS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return (time.process_time() - began) * 1000 / DIALOGS, len(understood)


def main() -> int:
    """Return 0, or 1 when a bar is missed and ``--check`` was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail when a figure is under its bar")
    options = parser.parse_args()
    dialog = largest()
    began = time.process_time()
    understanding = learned(dialog, installed(), progress=lambda what, done, of: print(f"  {what}: {done} of {of}", flush=True))
    start_s = time.process_time() - began
    took = [
        asked(understanding, f"could you {VERBS[at % 10]} this {THINGS[at % 9]} {at}", time.process_time) for at in range(ASKED)
    ]
    median_ms = float(np.median(took))
    each_ms, understood = talk_at_once(understanding)
    print(f"start of {NODES} nodes and {QUESTIONS} questions: {start_s:.1f} s of CPU (bar {START_BAR_S:.0f})")
    print(
        f"a sentence: {median_ms:.1f} ms of CPU (bar {SENTENCE_BAR_MS:.0f}) in the median, {np.percentile(took, 95):.1f} in 95 %"
    )
    print(f"{DIALOGS} dialogs at once: {each_ms:.1f} ms of CPU a sentence, {understood} understood")
    missed = start_s > START_BAR_S or median_ms > SENTENCE_BAR_MS or understood != DIALOGS
    return 1 if missed and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
