"""Keeps the sentences that a dialog had to ask about, for whoever writes it: ``tieline itr learn`` reads them."""

import re
from pathlib import Path
from typing import Final

import structlog

MAX_BYTES: Final = 1_000_000
"""Of the file; then it becomes the older one of two."""
MAX_CHARACTERS: Final = 300
_NUMBER: Final = re.compile(r"\d[\d -]{2,}\d")
_ADDRESS: Final = re.compile(r"\S+@\S+")
_SPACE: Final = re.compile(r"\s+")

_log = structlog.get_logger()


class Missed:
    """A table of no node and a sentence, in a folder that is made when the first one comes."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "not-understood.tsv"

    def note(self, text: str) -> None:
        """Write a sentence down; without room for it, it is lost, and the log says so."""
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            if self.file.exists() and self.file.stat().st_size > MAX_BYTES:
                self.file.replace(self.file.with_suffix(".older.tsv"))
            with self.file.open("a", encoding="utf-8") as opened:
                opened.write(f"\t{blotted(text)}\n")
        except OSError as error:
            _log.warning("itr_sentence_not_kept", file=str(self.file), reason=str(error))


def blotted(text: str) -> str:
    """Return a sentence in one line, its long numbers and addresses blotted out: whose they are is nobody's business here."""
    short = _SPACE.sub(" ", text).strip()[:MAX_CHARACTERS]
    return _ADDRESS.sub("@", _NUMBER.sub(lambda found: "#" * len(found.group()), short))
