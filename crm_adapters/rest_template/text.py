"""Texts with placeholders, such as ``/tickets/{{made.id}}``, each written for the place where it stands.

Nothing is executed: a placeholder is a path into what is known (``{{call.contact.name}}``, ``{{row["party."].rec_name}}``), with
words behind it that change what is found (``{{call.started_at | iso}}``). What is not there is null. A text that is one
placeholder becomes the value itself, with its type; in a longer text it is written out.

What people wrote never becomes more than text: in a path it is percent-encoded, among HTML tags it is escaped, and a string in
JSON stays one string. Where a CRM has a language of its own inside a text (a filter, a query), only numbers and ids stand in
it: :func:`check_query` refuses anything else.
"""

import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from html import escape
from typing import Any, Final
from urllib.parse import quote

import msgspec

MAX_WRITTEN: Final = 200_000
"""Characters that a placeholder becomes."""
MAX_DEPTH: Final = 16
"""Of objects in each other; more is nobody's request."""

_SEGMENT: Final = r'(?:\.[A-Za-z0-9_][\w-]*|\["[^"\]]+"\]|\[\d+\])'
_PATH: Final = re.compile(rf"([A-Za-z_][\w-]*)({_SEGMENT}*)", re.ASCII)
_PLACEHOLDER: Final = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_STEP: Final = re.compile(r'\.([A-Za-z0-9_][\w-]*)|\["([^"\]]+)"\]|\[(\d+)\]', re.ASCII)
_TAG: Final = re.compile(r"<[a-zA-Z/]")
_SAFE_IN_QUERIES: Final = frozenset({"number", "made", "session", "values"})
"""First words of what no caller or agent can write freely: digits, ids of the CRM's own, and settings."""

Known = Mapping[str, Any]
"""What placeholders find, by their first word."""
Filled = Callable[[Known], Any]
"""Makes a value of what is known."""
Words = Mapping[str, Mapping[str, str]]
"""Tables of the template: what the CRM calls our words."""


class TextError(ValueError):
    """A text cannot be read; the message says which and why."""


def text_of(plain: str, known: frozenset[str], words: Words, *, path: bool = False) -> Filled:
    """Read one text.

    Args:
        plain: With its placeholders.
        known: First words that there are at this place.
        words: The template's tables.
        path: It is an address: what placeholders become is percent-encoded.

    Raises:
        TextError: A placeholder cannot be read, or asks for what there never is here.
    """
    whole = _PLACEHOLDER.fullmatch(plain)
    if whole is not None and "{{" not in whole[1] and not path:
        return _placeholder(whole[1], known, words)
    if "{{" in _PLACEHOLDER.sub("", plain) or "}}" in _PLACEHOLDER.sub("", plain):
        raise TextError(f"{plain!r} has braces that are no placeholder: write {{{{call.number}}}}")
    in_html = _TAG.search(plain) is not None
    pieces: list[str | Filled] = []
    last = 0
    for found in _PLACEHOLDER.finditer(plain):
        pieces += [plain[last : found.start()], _placeholder(found[1], known, words)]
        last = found.end()
    pieces.append(plain[last:])
    has_html = [re.search(r"\|\s*html\b", found[1]) is not None for found in _PLACEHOLDER.finditer(plain)]

    def filled(values: Known) -> str:
        text = ""
        for position, piece in enumerate(pieces):
            if isinstance(piece, str):
                text += piece
                continue
            value = written(piece(values))
            if path:
                # Dots alone would lead to the folder above, however they are encoded.
                value = quote(value, safe="") if value.strip(".") or not value else "_"
            elif in_html and not has_html[position // 2]:
                value = html(value)
            text += value
        return text

    return filled


def value_of(plain: Any, known: frozenset[str], words: Words, depth: int = MAX_DEPTH) -> Filled:
    """Read a body: JSON whose texts have placeholders. A key whose only placeholder finds nothing is left out.

    Raises:
        TextError: See :func:`text_of`.
    """
    if depth == 0:
        raise TextError(f"there are more than {MAX_DEPTH} levels")
    match plain:
        case dict():
            fields = {name: value_of(value, known, words, depth - 1) for name, value in plain.items()}
            kept = {name for name, value in plain.items() if value is None}

            def filled(values: Known) -> dict[str, Any]:
                made = {name: each(values) for name, each in fields.items()}
                return {name: value for name, value in made.items() if value is not None or name in kept}

            return filled
        case list():
            items = [value_of(value, known, words, depth - 1) for value in plain]
            return lambda values: [each(values) for each in items]
        case str():
            return text_of(plain, known, words)
        case _:
            return lambda _values: plain


def check_query(plain: Any) -> None:
    """Refuse what people can write inside a longer text of a search: there the CRM may read it as its query language.

    Raises:
        TextError: It has such a placeholder.
    """
    match plain:
        case dict():
            for value in plain.values():
                check_query(value)
        case list():
            for value in plain:
                check_query(value)
        case str() if _PLACEHOLDER.fullmatch(plain) is None:
            for found in _PLACEHOLDER.finditer(plain):
                words = found[1].split("|")[0].strip()
                if words not in ("call.id", "new.call_id") and words.split(".")[0].split("[")[0] not in _SAFE_IN_QUERIES:
                    raise TextError(
                        f"{{{{{words}}}}} stands in a search, where it could change what is asked: search by {{{{call.id}}}}"
                    )
        case _:
            pass


def steps_of(path: str) -> tuple[str | int, ...]:
    """Read a path into an answer, such as ``result[0].id``; an empty one is the whole.

    Raises:
        TextError: It is none.
    """
    if not path:
        return ()
    found = _PATH.fullmatch(path)
    if found is None:
        raise TextError(f'{path!r} is no path: write such as items, result[0].id or result["party."].name')
    return (found[1], *_further(found[2]))


def look_up(value: Any, path: tuple[str | int, ...]) -> Any:
    """Return what stands at a path; None where nothing does."""
    for word in path:
        match value:
            case dict():
                value = value.get(str(word))
            case list() if str(word).isdecimal() and int(word) < len(value):
                value = value[int(word)]
            case _:
                return None
    return value


def _further(text: str) -> list[str | int]:
    return [int(index) if index else name or quoted for name, quoted, index in _STEP.findall(text)]


def _placeholder(text: str, known: frozenset[str], words: Words) -> Filled:
    where, *changes = (part.strip() for part in text.split("|"))
    found = _PATH.fullmatch(where)
    if found is None:
        raise TextError(f"{{{{{text}}}}} is no placeholder: write such as {{{{call.number}}}} or {{{{call.note | html}}}}")
    first = found[1]
    if first not in known:
        raise TextError(f"{{{{{text}}}}}: there is no {first} here, but {', '.join(sorted(known))}")
    path = tuple(_further(found[2]))
    done = [_change(change, words) for change in changes]

    def filled(values: Known) -> Any:
        value = look_up(values.get(first), path)
        for each in done:
            value = each(value)
        return value

    return filled


def _change(name: str, words: Words) -> Callable[[Any], Any]:
    table = words.get(name)
    if table is not None:
        return lambda value: table.get(written(value), table.get("default"))
    if name in _CHANGES:
        return _CHANGES[name]
    if (cut := re.fullmatch(r"cut (\d{1,6})", name)) is not None:
        length = int(cut[1])
        return lambda value: None if value is None else shortened(written(value), length)
    raise TextError(f"there is no {name!r}: write {', '.join(sorted(_CHANGES))}, cut 100, or a table of `words`")


def written(value: Any) -> str:
    """Return a value as it stands in a longer text; nothing of None."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text[:MAX_WRITTEN]


def html(text: str) -> str:
    """Return plain text as HTML shows it, with its lines."""
    return escape(text).replace("\n", "<br>")


def shortened(text: str, length: int) -> str:
    """Return at most so many characters."""
    return text if len(text) <= length else text[: max(length - 1, 0)] + "…"


def _moment(form: str) -> Callable[[Any], Any]:
    def change(value: Any) -> Any:
        return datetime.fromtimestamp(value, UTC).strftime(form) if isinstance(value, int | float) else None

    return change


def _number(value: Any) -> Any:
    if isinstance(value, str):
        return int(value) if re.fullmatch(r"-?\d{1,18}", value, re.ASCII) else None
    return round(value) if isinstance(value, int | float) else None


_CHANGES: Final[Mapping[str, Callable[[Any], Any]]] = {
    "html": lambda value: None if value is None else html(written(value)),
    "text": lambda value: None if value is None else written(value),
    "number": _number,
    "minutes": lambda value: -(-round(value) // 60) if isinstance(value, int | float) else None,
    "ms": lambda value: round(value * 1_000) if isinstance(value, int | float) else None,
    "iso": _moment("%Y-%m-%dT%H:%M:%SZ"),
    "date": _moment("%Y-%m-%d"),
    "datetime": _moment("%Y-%m-%d %H:%M:%S"),
    "base64": lambda value: None if value is None else b64encode(written(value).encode()).decode(),
}
