"""What an engine's HTTP status means for speech, and what its operator can change; text that came from it. Pure.

Sources: RFC 9110 (statuses, ``Retry-After``); platform.openai.com, "Error codes".
"""

from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Final

import msgspec

from gateway.ports.speech import SpeechError, SpeechProblem

USUAL_PAUSE_S: Final = 5.0
"""Seconds for which an engine that limits us is left alone, where it does not say how long."""
LONGEST_PAUSE_S: Final = 3600.0
"""Who asks for more is asked again after an hour."""
MAX_REASON_CHARACTERS: Final = 200
"""Of what an engine says about an error, in ours."""


class _Said(msgspec.Struct):
    message: str | None = None


class _Problem(msgspec.Struct):
    error: _Said | str | None = None


class _Detail(msgspec.Struct):
    # Of servers made with FastAPI. A list in its place quotes the request, and what callers said is not for the log.
    detail: _Problem | str | None = None


def error_of(engine: str, status: int, body: bytes) -> SpeechError:
    """Return what a status that is not 2xx means.

    Args:
        engine: What log and errors call it.
        body: What came with it, or its beginning.
    """
    if status in (401, 403):
        # What such an answer says may hold a part of the key.
        return SpeechError(engine, SpeechProblem.REFUSED, f"status {status}: change its setting key, or that key's rights")
    if status == 404 or 300 <= status < 400:
        return SpeechError(engine, SpeechProblem.REFUSED, f"status {status}: change its setting url or model{_reason(body)}")
    if status == 429:
        return SpeechError(engine, SpeechProblem.LIMITED, f"status 429: our share of it is used up{_reason(body)}")
    if status == 408:
        return SpeechError(engine, SpeechProblem.LATE, "status 408: it waited too long for the request")
    if status >= 500:
        return SpeechError(engine, SpeechProblem.DOWN, f"status {status}{_reason(body)}")
    return SpeechError(engine, SpeechProblem.BROKEN, f"status {status}{_reason(body)}")


def pause_of(headers: Mapping[str, str]) -> float:
    """Return for how many seconds an engine that limits us wants to be left alone.

    A time of day is measured by the engine's own clock, its ``Date``; ours may be another.
    """
    wanted = headers.get("Retry-After", "").strip()
    if wanted.isascii() and wanted.isdigit():
        return min(float(wanted[:9]), LONGEST_PAUSE_S)
    try:
        pause = parsedate_to_datetime(wanted) - parsedate_to_datetime(headers.get("Date", ""))
    except (ValueError, TypeError, OverflowError):
        return USUAL_PAUSE_S
    return min(max(pause.total_seconds(), 0.0), LONGEST_PAUSE_S)


def _reason(body: bytes) -> str:
    try:
        said = msgspec.json.decode(body, type=_Problem).error or msgspec.json.decode(body, type=_Detail).detail
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    if isinstance(said, _Problem):
        said = said.error
    text = said.message if isinstance(said, _Said) else said
    text = printable((text or "")[:MAX_REASON_CHARACTERS])
    return f": {text}" if text else ""


def printable(text: str) -> str:
    """Return what a peer said without the characters that no log, terminal or database takes, and in single spaces."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())
