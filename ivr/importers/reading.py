"""Files of old IVRs from disk, within their own folder, and of which format they are."""

import re
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Final

from gateway.model.errors import ConfigurationError
from ivr.importers import asterisk, freeswitch, voicexml
from ivr.importers.dialplan import read_dial_plan
from ivr.importers.menus import Imported

MAX_BYTES: Final = 64 * 1024 * 1024
"""Of one file."""


class Format(StrEnum):
    ASTERISK = "asterisk"
    FREESWITCH = "freeswitch"
    VOICEXML = "vxml"


_SHAPES: Final = {
    Format.ASTERISK: re.compile(r"^\s*(?:exten|same)\s*=|^\s*#include\b", re.MULTILINE),
    Format.VOICEXML: re.compile(r"<(?:\w+:)?vxml\b"),
    Format.FREESWITCH: re.compile(r"<menu\b[^>]*\bname=|<extension\b|<entry\b"),
}
"""By what a file of each format is recognised, in this order."""


class ImportRefusedError(ConfigurationError):
    """The files cannot be imported; the text says which and why."""


def read(files: Sequence[Path], wanted: Format | None) -> Imported:
    """Read files of one format; None recognises it.

    Raises:
        ImportRefusedError: One cannot be read, is too large, or is of no known format.
        XmlRefusedError: One should be XML and is none.
    """
    texts = [(str(file), _text(file)) for file in files]
    match wanted or _recognised(texts):
        case Format.FREESWITCH:
            return freeswitch.imported(texts)
        case Format.VOICEXML:
            return voicexml.imported(texts)
        case _:
            whole = "\n".join(f'#include "{file.name}"' for file in files[1:])
            first, text = texts[0]
            return asterisk.imported(read_dial_plan(first, f"{text}\n{whole}", _opened))


def _recognised(texts: Sequence[tuple[str, str]]) -> Format:
    kinds = {}
    for file, text in texts:
        found = next((kind for kind, shape in _SHAPES.items() if shape.search(text)), None)
        if found is None:
            raise ImportRefusedError(f"{file}: it is of no format that is known: say which by --format")
        kinds[found] = file
    if len(kinds) > 1:
        raise ImportRefusedError(f"{' and '.join(kinds.values())} are of different formats: import them one after the other")
    return next(iter(kinds))


def _opened(by: str, pattern: str) -> list[tuple[str, str]]:
    """Return what an ``#include`` stands for, beside the file that says so; elsewhere nothing is read."""
    folder = Path(by).resolve().parent
    name = pattern.rpartition("/")[2]
    found = sorted(each for each in folder.glob(name) if each.is_file()) if name else []
    if not found:
        raise FileNotFoundError(2, f"there is no {name} beside {by}")
    return [(str(each), _text(each)) for each in found]


def _text(file: Path) -> str:
    try:
        if file.stat().st_size > MAX_BYTES:
            raise ImportRefusedError(f"{file}: it is larger than {MAX_BYTES // 1024 // 1024} MB")
        return file.read_bytes().decode("utf-8", "replace")
    except OSError as error:
        raise ImportRefusedError(f"{file}: it cannot be read: {error.strerror or error}") from error
