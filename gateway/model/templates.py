"""A message's body by a template: JSON in which ``{{data.caller}}`` stands for what the event says.

Nothing is executed: a placeholder is a path into the event's envelope, and what is not there is null. A text that is one
placeholder becomes the value itself, with its type; in a longer text it is written out.
"""

import re
from collections.abc import Callable
from typing import Any, Final

import msgspec

from gateway.model.errors import TemplateError

MAX_TEMPLATE_BYTES: Final = 16 * 1024
MAX_DEPTH: Final = 32
"""Of objects in each other; more is nobody's message."""

_PLACEHOLDER: Final = re.compile(r"\{\{\s*([A-Za-z_][\w-]*(?:\.(?:[A-Za-z_][\w-]*|\d+))*)\s*\}\}")
_BRACES: Final = re.compile(r"\{\{|\}\}")
_FIRST_WORDS: Final = frozenset({"id", "type", "time", "tenant", "pbx", "call_id", "position", "data"})

Template = Callable[[Any], Any]
"""Makes a value of an event's envelope."""


def template_of(text: str) -> Template:
    """Read a template.

    Raises:
        TemplateError: It is no JSON, or a placeholder cannot be read.
    """
    if len(text.encode()) > MAX_TEMPLATE_BYTES:
        raise TemplateError(f"a template has {MAX_TEMPLATE_BYTES} bytes at most")
    try:
        plain = msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise TemplateError(f"the template is no JSON: {error}") from error
    return _made(plain, MAX_DEPTH)


def _made(plain: Any, depth: int) -> Template:
    if depth == 0:
        raise TemplateError(f"the template has more than {MAX_DEPTH} levels")
    match plain:
        case dict():
            fields = {name: _made(value, depth - 1) for name, value in plain.items()}
            return lambda envelope: {name: made(envelope) for name, made in fields.items()}
        case list():
            items = [_made(value, depth - 1) for value in plain]
            return lambda envelope: [made(envelope) for made in items]
        case str():
            return _text(plain)
        case _:
            return lambda _envelope: plain


def _text(plain: str) -> Template:
    if _BRACES.search(_PLACEHOLDER.sub("", plain)):
        raise TemplateError(f"{plain!r} has braces that are no placeholder: write {{{{data.caller}}}}")
    whole = _PLACEHOLDER.fullmatch(plain)
    if whole is not None:
        path = _path(whole[1])
        return lambda envelope: _found(envelope, path)
    pieces: list[str] = []
    paths: list[list[str]] = []
    last = 0
    for found in _PLACEHOLDER.finditer(plain):
        pieces.append(plain[last : found.start()])
        paths.append(_path(found[1]))
        last = found.end()
    end = plain[last:]

    def text(envelope: Any) -> str:
        written = (_written(_found(envelope, path)) for path in paths)
        return "".join(f"{piece}{value}" for piece, value in zip(pieces, written, strict=True)) + end

    return text


def _path(text: str) -> list[str]:
    path = text.split(".")
    if path[0] not in _FIRST_WORDS:
        raise TemplateError(f"{{{{{text}}}}}: an event has {', '.join(sorted(_FIRST_WORDS))}, and the rest below data")
    return path


def _found(value: Any, path: list[str]) -> Any:
    for word in path:
        match value:
            case dict():
                value = value.get(word)
            case list() if word.isdigit() and int(word) < len(value):
                value = value[int(word)]
            case _:
                return None
    return value


def _written(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
