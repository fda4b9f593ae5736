"""From a dialog's file to a checked :class:`~ivr.definition.values.Dialog`, or to all that is wrong with it, each by its line."""

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import msgspec

from gateway.model.yaml_text import Document, KeyPath, Problem, SettingsError, parse, read_text
from ivr.definition.references import reference_problems
from ivr.definition.values import Answer, Catalogue, Dialog, Handler, Hours, Human, Keys, Limits, Node, Slot

_MEMBERS: Final[dict[str, type[msgspec.Struct]]] = {"nodes": Node, "slots": Slot, "handlers": Handler, "hours": Hours}
"""Mappings whose members are read one by one, so that each problem is told, on its line."""
_SECTIONS: Final[dict[str, type[msgspec.Struct]]] = {"human": Human, "keys": Keys, "limits": Limits}
_PATH: Final = re.compile(r"^(?P<what>.*?)(?: - at `(?:key in )?\$(?P<path>[^`]*)`)?$", re.DOTALL)
_STEP: Final = re.compile(r"\.([^.\[]+)|\[(\d+)\]")
_UNKNOWN: Final = re.compile(r"unknown field `([^`]+)`")
_MISSING: Final = re.compile(r"missing required field `([^`]+)`")


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """A dialog, and where in its file each part of it stands."""

    dialog: Dialog
    document: Document
    file: Path


def read_dialog(file: Path) -> Definition:
    """Read a dialog's file, with the table of answers that it names.

    Raises:
        SettingsError: It is wrong; the error lists all problems, by their line.
    """
    return parse_dialog(read_text(file), file)


def parse_dialog(text: str, file: Path) -> Definition:
    """Read the text of a dialog's file; ``file`` is named in problems, and answers are looked for beside it.

    Raises:
        SettingsError: It is wrong; the error lists all problems, by their line.
    """
    document = parse(text, file, "itr")
    data = {name: value for name, value in document.data.items() if value is not None}
    problems: list[Problem] = []
    for section, kind in _MEMBERS.items():
        members = data.get(section)
        if not isinstance(members, Mapping):
            continue
        data[section] = {}
        for name, raw in members.items():
            key = (section, name)
            try:
                data[section][name] = msgspec.convert({} if raw is None else raw, kind)
            except msgspec.ValidationError as error:
                problems.append(_problem(document, key, raw, kind, error))
    for section, kind in _SECTIONS.items():
        if section in data:
            try:
                data[section] = msgspec.convert(data[section], kind)
            except msgspec.ValidationError as error:
                problems.append(_problem(document, (section,), data.pop(section), kind, error))
    if isinstance(data.get("catalogues"), dict):
        data["catalogues"] = dict(_catalogues(document, data["catalogues"], file, problems))
    data["answers"] = [*_answers(document, data.get("answers"), problems), *_table(document, data, file, problems)]
    if not problems:
        try:
            dialog = msgspec.convert(data, Dialog, from_attributes=False)
        except msgspec.ValidationError as error:
            problems.append(_problem(document, (), data, Dialog, error))
        else:
            problems += reference_problems(dialog, document)
            if not problems:
                return Definition(dialog=dialog, document=document, file=file)
    raise SettingsError(sorted(problems, key=lambda each: (str(each.place.file), each.place.line)))


def _answers(document: Document, raw: Any, problems: list[Problem]) -> Iterator[Answer]:
    if raw is None:
        return
    if not isinstance(raw, list):
        key: KeyPath = ("answers",)
        problems.append(Problem(place=document.place(key), key=key, what="is no list", cure="Begin each answer with `- id:`"))
        return
    for position, entry in enumerate(raw):
        try:
            yield msgspec.convert(entry, Answer)
        except msgspec.ValidationError as error:
            problems.append(_problem(document, ("answers", position), entry, Answer, error))


def _catalogues(document: Document, raw: dict[str, Any], file: Path, problems: list[Problem]) -> Iterator[tuple[str, Catalogue]]:
    """Read what stands under ``catalogues:``, or in the files that it names."""
    for name, given in raw.items():
        key: KeyPath = ("catalogues", name)
        where, held, start = document, given, key
        if isinstance(given, str):
            try:
                where = parse(read_text(file.parent / given), file.parent / given, "products")
            except SettingsError as error:
                what = f"{given}: {error.problems[0].what}"
                problems.append(Problem(place=document.place(key), key=key, what=what, cure=error.problems[0].cure))
                continue
            held, start = where.data, ()
        try:
            yield name, msgspec.convert(held, Catalogue)
        except msgspec.ValidationError as error:
            problems.append(_problem(where, start, held, Catalogue, error))


def _table(document: Document, data: dict[str, Any], file: Path, problems: list[Problem]) -> Iterator[Answer]:
    """Read ``id<TAB>language<TAB>question<TAB>answer``; rows of one id belong together."""
    name = data.get("answers_file")
    if not isinstance(name, str):
        return
    key: KeyPath = ("answers_file",)
    try:
        lines = read_text(file.parent / name).splitlines()
    except SettingsError as error:
        problems.append(Problem(place=document.place(key), key=key, what=error.problems[0].what, cure=error.problems[0].cure))
        return
    questions: dict[str, dict[str, list[str]]] = {}
    said: dict[str, dict[str, str]] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        fields = line.split("\t")
        if len(fields) != 4 or not all(fields[:3]):
            what = f"line {number} of {name} has {len(fields)} fields"
            cure = "Write id, language, question and answer with a tab between each"
            problems.append(Problem(place=document.place(key), key=key, what=what, cure=cure))
            return
        questions.setdefault(fields[0], {}).setdefault(fields[1], []).append(fields[2])
        if fields[3]:
            said.setdefault(fields[0], {}).setdefault(fields[1], fields[3])
    for answer, asked in questions.items():
        if answer not in said:
            what = f"{answer} in {name} has questions and no answer"
            problems.append(Problem(place=document.place(key), key=key, what=what, cure="Write it in the fourth field"))
            return
        by_language = {language: tuple(each) for language, each in asked.items()}
        yield Answer(id=answer, questions=by_language, say=said[answer])


def _problem(document: Document, key: KeyPath, raw: Any, kind: type[msgspec.Struct], error: msgspec.ValidationError) -> Problem:
    """Say what msgspec found, where it stands, and which key was meant."""
    found = _PATH.match(str(error))
    assert found is not None
    below = tuple(name or int(position) for name, position in _STEP.findall(found["path"] or ""))
    what, cure = found["what"].rstrip("."), "Correct it"
    if unknown := _UNKNOWN.search(what):
        cure = closest(unknown[1], _keys_of(kind) if not below else _all_keys())
        below = (*below, unknown[1])
        what = "there is no such key"
    elif missing := _MISSING.search(what):
        what, cure = f"{missing[1]} is missing", f"Add `{missing[1]}:`"
    return Problem(place=document.place(key + below), key=key + below, what=what, cure=cure)


def closest(word: str, known: Iterable[str]) -> str:
    """Say which known word was likely meant, or which there are."""
    words = sorted(known)
    close = get_close_matches(word, words, n=1)
    if close:
        return f"Did you mean {close[0]}?"
    return f"There is: {', '.join(words[:12])}{', …' if len(words) > 12 else ''}"


def _keys_of(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    return kind.__struct_fields__


@lru_cache(maxsize=1)
def _all_keys() -> tuple[str, ...]:
    import ivr.definition.values as values

    structs = [each for each in vars(values).values() if isinstance(each, type) and issubclass(each, msgspec.Struct)]
    return tuple(sorted({field for each in structs for field in each.__struct_fields__}))
