"""Holds plain data against the types it should become, and says all that is wrong with it at once, each with its cure."""

import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Any, Final

import msgspec
from msgspec import inspect

from gateway.model.secret import Secret
from gateway.settings.file import Document, KeyPath, Problem
from gateway.settings.secrets import REFERENCE, SecretError, resolve

CLOSE: Final = 0.6
"""From which likeness (0 to 1) on a word is taken for a misspelt other."""
MAX_SHOWN_CHARACTERS: Final = 60
"""Of a wrong value, in the line that refuses it."""

_AT: Final = re.compile(r"^(?P<what>.*?)(?: - at `\$(?P<path>[^`]*)`)?$", re.DOTALL)
_STEP: Final = re.compile(r"\.([^.\[]+)|\[(\d+)\]")


def problem(document: Document, key: KeyPath, what: str, cure: str) -> Problem:
    """Make a problem that names its file and line."""
    return Problem(place=document.place(key), key=key, what=what, cure=cure)


def check(document: Document, data: dict[str, Any], wanted: type[msgspec.Struct], key: KeyPath) -> Iterator[Problem]:
    """Yield what keeps ``data``, which stands at ``key`` in ``document``, from becoming a ``wanted``; nothing when it can."""
    found = list(_struct(document, data, inspect.type_info(wanted), key))
    if not found:
        # What no single key shows: unions, and what the types themselves refuse.
        try:
            convert(data, wanted)
        except msgspec.ValidationError as error:
            what, below = _read(error)
            found.append(problem(document, key + below, what, "Correct it"))
    yield from found


def convert(data: Any, wanted: Any) -> Any:
    """Make a ``wanted`` of plain data, resolving the secrets in it.

    Raises:
        msgspec.ValidationError: It cannot become one.
    """
    return msgspec.convert(data, wanted, dec_hook=_decode)


def closest(word: str, known: Iterable[str]) -> str:
    """Say which known word was likely meant, or which there are."""
    words = sorted(known)
    close = get_close_matches(word.lower(), words, n=1, cutoff=CLOSE)
    return f"Did you mean {close[0]}?" if close else f"There is: {', '.join(words)}"


def _decode(wanted: type, value: Any) -> Any:
    if wanted is not Secret:
        raise NotImplementedError(f"a setting of type {wanted.__name__}")
    if isinstance(value, Secret):
        return value
    return resolve(value)


def _struct(document: Document, data: Any, wanted: inspect.Type, key: KeyPath) -> Iterator[Problem]:
    assert isinstance(wanted, inspect.StructType)
    fields = {field.encode_name: field for field in wanted.fields}
    free = fields.keys() - data.keys()
    for name in data.keys() - fields.keys() - {wanted.tag_field}:
        yield problem(document, (*key, name), "there is no such key", closest(name, free or fields))
        # One line is enough for a required key that is only misspelt.
        free -= set(get_close_matches(name.lower(), sorted(free), n=1, cutoff=CLOSE))
    for name, field in fields.items():
        if name in data:
            yield from _value(document, data[name], field.type, (*key, name))
        elif field.required and name in free:
            yield problem(document, key, f"{name} is missing", f"Add `{name}:` with {_described(field.type)}")


def _value(document: Document, value: Any, wanted: inspect.Type, key: KeyPath) -> Iterator[Problem]:
    match wanted:
        case inspect.UnionType() if isinstance(value, dict) and (kinds := _kinds(wanted)):
            yield from _kind(document, value, kinds, key)
        case inspect.UnionType() if (meant := _meant(value, wanted)) is not None:
            yield from _value(document, value, meant, key)
        case inspect.StructType() if isinstance(value, dict):
            yield from _struct(document, value, wanted, key)
        case inspect.VarTupleType() | inspect.ListType() if isinstance(value, list):
            for position, item in enumerate(value):
                yield from _value(document, item, wanted.item_type, (*key, position))
        case inspect.CustomType(cls=cls) if cls is Secret:
            try:
                _decode(Secret, value)
            except SecretError as error:
                yield problem(document, key, error.what, error.cure)
        case _ if isinstance(value, str) and REFERENCE.search(value):
            yield problem(document, key, f"{value} is looked up for secrets only", "Write the value itself")
        case _ if not _fits(value, wanted):
            yield problem(document, key, f"{_shown(value)} does not fit", f"Write {_described(wanted)}")
        case _:
            pass


def _kinds(wanted: inspect.UnionType) -> dict[str, inspect.StructType]:
    """Return the members that a word in them tells apart, by that word."""
    return {str(each.tag): each for each in wanted.types if isinstance(each, inspect.StructType) and each.tag_field is not None}


def _kind(document: Document, value: dict[str, Any], kinds: dict[str, inspect.StructType], key: KeyPath) -> Iterator[Problem]:
    name = str(next(iter(kinds.values())).tag_field)
    word = value.get(name)
    if word is None:
        yield problem(document, key, f"{name} is missing", f"Add `{name}:` with one of {', '.join(sorted(kinds))}")
    elif word not in kinds:
        yield problem(document, (*key, name), f"there is no {name} {_shown(word)}", closest(str(word), kinds))
    else:
        yield from _struct(document, value, kinds[word], key)


def _meant(value: Any, wanted: inspect.UnionType) -> inspect.Type | None:
    """Find the one member whose problems are worth telling; None where any will do."""
    for member in wanted.types:
        match member:
            case inspect.StructType() if isinstance(value, dict):
                return member
            case inspect.VarTupleType() | inspect.ListType() if isinstance(value, list):
                return member
            case inspect.CustomType(cls=cls) if cls is Secret and value is not None:
                return member
    return None


def _fits(value: Any, wanted: inspect.Type) -> bool:
    match wanted:
        case inspect.UnionType():
            return any(_fits(value, each) for each in wanted.types)
        case inspect.NoneType():
            return value is None
        case inspect.BoolType():
            return isinstance(value, bool)
        case inspect.IntType():
            return isinstance(value, int) and not isinstance(value, bool) and _in_range(value, wanted)
        case inspect.FloatType():
            return isinstance(value, int | float) and not isinstance(value, bool) and _in_range(value, wanted)
        case inspect.StrType():
            return isinstance(value, str) and (wanted.pattern is None or re.search(wanted.pattern, value) is not None)
        case inspect.LiteralType():
            return value in wanted.values
        case inspect.EnumType():
            return value in {member.value for member in wanted.cls}
        case inspect.StructType():
            return False  # a mapping never comes here
        case inspect.VarTupleType() | inspect.ListType():
            return False  # a list never comes here
        case _:
            return True  # the conversion of the whole tells


def _in_range(value: float, wanted: inspect.IntType | inspect.FloatType) -> bool:
    return (
        (wanted.ge is None or value >= wanted.ge)
        and (wanted.gt is None or value > wanted.gt)
        and (wanted.le is None or value <= wanted.le)
        and (wanted.lt is None or value < wanted.lt)
    )


def _described(wanted: inspect.Type) -> str:
    """Say what to write, as one would by telephone."""
    match wanted:
        case inspect.UnionType():
            return ", or ".join(_described(each) for each in wanted.types)
        case inspect.NoneType():
            return "nothing (take the key out)"
        case inspect.BoolType():
            return "true or false"
        case inspect.IntType():
            return f"a whole number{_range(wanted)}"
        case inspect.FloatType():
            return f"a number{_range(wanted)}"
        case inspect.StrType(pattern=str(pattern)):
            return f"text that matches {pattern}"
        case inspect.StrType():
            return "text (in quotes when it looks like a number)"
        case inspect.LiteralType():
            return "one of " + ", ".join(map(str, wanted.values))
        case inspect.EnumType():
            return "one of " + ", ".join(str(member.value) for member in wanted.cls)
        case inspect.StructType():
            return "keys below it: " + ", ".join(field.encode_name for field in wanted.fields)
        case inspect.VarTupleType() | inspect.ListType():
            return f"a list: `[...]` or lines that begin with a dash, each {_described(wanted.item_type)}"
        case inspect.CustomType(cls=cls) if cls is Secret:
            return "${env:NAME} or ${file:/path}"
        case _:
            return "a value"


def _range(wanted: inspect.IntType | inspect.FloatType) -> str:
    words = [
        f" {word} {bound}"
        for word, bound in (("from", wanted.ge), ("over", wanted.gt), ("to", wanted.le), ("under", wanted.lt))
        if bound is not None
    ]
    return "".join(words)


def _shown(value: Any) -> str:
    match value:
        case None:
            return "nothing"
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case _:
            pass
    text = repr(value)
    return text if len(text) <= MAX_SHOWN_CHARACTERS else f"{text[:MAX_SHOWN_CHARACTERS]}…"


def _read(error: msgspec.ValidationError) -> tuple[str, KeyPath]:
    found = _AT.match(str(error))
    assert found is not None
    steps = _STEP.findall(found["path"] or "")
    return found["what"], tuple(name or int(position) for name, position in steps)
