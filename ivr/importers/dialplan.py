"""The text of Asterisk's ``extensions.conf`` as contexts and their steps, with every line's place and comment. Pure.

As ``pbx_config`` reads it: sections, templates, ``exten``/``same`` with priorities and labels, ``include``, ``#include`` and
comments (docs.asterisk.org, "Dialplan"); both separators of old, ``,`` and ``|``.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from ivr.importers.menus import Origin, Unread

MAX_LINES: Final = 500_000
"""Of all files; FreePBX writes some ten thousand."""
MAX_DEPTH: Final = 20
"""Of files that include each other."""

_SECTION: Final = re.compile(r"\[([^\]]*)\]\s*(?:\(([^)]*)\))?")
_ASSIGNED: Final = re.compile(r"([\w!#.-]+)\s*=>?\s*(.*)", re.DOTALL)
_PRIORITY: Final = re.compile(r"(n|s|\d+|[A-Za-z_][\w-]*(?=\+))(?:[+-]\d+)?(?:\(([^)]*)\))?\s*$|(hint)\s*$")
_CALL: Final = re.compile(r"([A-Za-z_]\w*)\s*\((.*)\)\s*$", re.DOTALL)
_OLD_CALL: Final = re.compile(r"([A-Za-z_]\w*)\s*(?:,(.*))?$", re.DOTALL)
_GLOBAL: Final = re.compile(r"\$\{(\w+)\}")


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One priority of an extension."""

    application: str
    """In small letters."""
    arguments: tuple[str, ...]
    origin: Origin
    text: str
    label: str = ""
    priority: int = 0
    comment: str = ""
    """Beside it, or in the lines before it."""


class Context(msgspec.Struct, kw_only=True):
    """One section."""

    name: str
    origin: Origin
    comment: str = ""
    extensions: dict[str, list[Step]] = {}
    includes: list[str] = []


class DialPlan(msgspec.Struct, frozen=True, kw_only=True):
    """All sections, and what no section could be made of."""

    contexts: dict[str, Context]
    unread: tuple[Unread, ...]


Open = Callable[[str, str], list[tuple[str, str]]]
"""Gives name and text of the files that a pattern stands for, as a named file says it; raises ``OSError``."""


def read_dial_plan(file: str, text: str, opened: Open) -> DialPlan:
    """Read a file, and those that it includes by ``opened``."""
    reader = _Reader(opened)
    reader.read(file, text, 0)
    return DialPlan(contexts=reader.contexts, unread=tuple(reader.unread))


class _Reader:
    def __init__(self, opened: Open) -> None:
        self.contexts: dict[str, Context] = {}
        self.unread: list[Unread] = []
        self._opened = opened
        self._files: list[str] = []
        self._globals: dict[str, str] = {}
        self._context: Context | None = None
        self._extension = ""
        self._lines = 0
        self._is_general = False

    def read(self, file: str, text: str, depth: int) -> None:
        self._files.append(file)
        for origin, line, comment in _lines(file, text):
            self._lines += 1
            if self._lines > MAX_LINES:
                self.unread.append(Unread(origin, "", f"more than {MAX_LINES} lines: the rest was not read"))
                break
            if line.startswith("#"):
                self._directive(origin, line, depth)
            elif (section := _SECTION.match(line)) is not None:
                self._section(origin, section[1].strip(), section[2] or "", comment)
            elif (assigned := _ASSIGNED.match(line)) is not None:
                self._assigned(origin, assigned[1].casefold(), assigned[2].strip(), comment, line)
            else:
                self.unread.append(Unread(origin, line, "no section, and no key with a value"))
        self._files.pop()

    def _directive(self, origin: Origin, line: str, depth: int) -> None:
        word, _, rest = line[1:].partition(" ")
        name = rest.strip().strip('"<>')
        if word not in ("include", "tryinclude"):
            self.unread.append(Unread(origin, line, "no file is run while a dial plan is imported"))
            return
        if depth >= MAX_DEPTH:
            self.unread.append(Unread(origin, line, "files include each other without end"))
            return
        try:
            found = self._opened(origin.file, name)
        except OSError as error:
            if word == "include":
                self.unread.append(Unread(origin, line, f"the file cannot be read: {error.strerror or error}"))
            return
        for file, text in found:
            if file in self._files:
                self.unread.append(Unread(origin, line, "the file includes itself"))
            else:
                self.read(file, text, depth + 1)

    def _section(self, origin: Origin, name: str, options: str, comment: str) -> None:
        self._extension = ""
        self._is_general = name == "general"
        if name in ("globals", "general"):
            self._context = None
            return
        known = self.contexts.get(name)
        made = known or Context(name=name, origin=origin, comment=comment)
        for option in (each.strip() for each in options.split(",")):
            template = self.contexts.get(option)
            if template is not None:
                made.extensions = {**{key: list(steps) for key, steps in template.extensions.items()}, **made.extensions}
                made.includes += template.includes
        self.contexts[name] = self._context = made

    def _assigned(self, origin: Origin, key: str, value: str, comment: str, line: str) -> None:
        context = self._context
        if context is None:
            if not self._is_general:  # where settings of Asterisk's own stand
                self._globals[key.upper()] = value
            return
        value = _GLOBAL.sub(lambda found: self._globals.get(found[1].upper(), found[0]), value)
        match key:
            case "include":
                context.includes.append(re.split(r"[,|]", value)[0].strip())
            case "exten":
                extension, comma, rest = value.partition(",")
                if not comma:
                    self.unread.append(Unread(origin, line, "an extension without a priority"))
                    return
                self._extension = extension.strip().partition("/")[0]
                self._step(context, origin, rest, comment, line)
            case "same" if self._extension:
                self._step(context, origin, value, comment, line)
            case "switch" | "lswitch" | "eswitch":
                self.unread.append(Unread(origin, line, "what another server or a database knows is not here"))
            case "ignorepat" | "autohints":
                pass
            case _:
                self.unread.append(Unread(origin, line, "this key is not known"))

    def _step(self, context: Context, origin: Origin, rest: str, comment: str, line: str) -> None:
        written, _, call = rest.partition(",")
        priority = _PRIORITY.match(written.strip())
        if priority is None:
            self.unread.append(Unread(origin, line, f"{written.strip()!r} is no priority"))
            return
        if priority[3]:
            return  # a hint tells of a telephone, and is no step
        steps = context.extensions.setdefault(self._extension, [])
        number = int(priority[1]) if priority[1].isdigit() else (steps[-1].priority + 1 if steps else 1)
        application, arguments = called(call.strip())
        if not application:
            self.unread.append(Unread(origin, line, "no application is called"))
            return
        steps.append(
            Step(
                application=application,
                arguments=arguments,
                origin=origin,
                text=call.strip(),
                label=priority[2] or "",
                priority=number,
                comment=comment,
            )
        )


def called(text: str) -> tuple[str, tuple[str, ...]]:
    """Return the application in small letters and its arguments; an empty name where none is called."""
    found = _CALL.match(text) or _OLD_CALL.match(text)
    if found is None:
        return "", ()
    return found[1].casefold(), tuple(split_arguments(found[2] or ""))


def split_arguments(text: str) -> Iterator[str]:
    """Yield what stands between the commas, those in brackets, quotes and after a backslash apart."""
    separator = "," if "," in text or "|" not in text else "|"
    depth, quoted, begin, at = 0, False, 0, 0
    while at < len(text):
        letter = text[at]
        if letter == "\\":
            at += 1
        elif letter == '"':
            quoted = not quoted
        elif not quoted and letter in "([{":
            depth += 1
        elif not quoted and letter in ")]}":
            depth = max(0, depth - 1)
        elif not quoted and depth == 0 and letter == separator:
            yield text[begin:at].strip()
            begin = at + 1
        at += 1
    if text:
        yield text[begin:].strip()


def _lines(file: str, text: str) -> Iterator[tuple[Origin, str, str]]:
    """Yield each line that says something, with the comment beside it, or else the ones right before it."""
    before: list[str] = []
    in_block = False
    for number, raw in enumerate(text.splitlines(), 1):
        if in_block:
            in_block = "--;" not in raw
            continue
        line, comment = _split_comment(raw)
        if comment.startswith("--") and not comment.startswith("---"):
            in_block = "--" not in comment[2:]
            comment = ""
        comment = comment.strip(" ;-=*#\t")
        if not line:
            before = [*before, comment] if raw.strip() else []
            continue
        yield Origin(file, number), line, comment or " ".join(each for each in before if each)
        before = []


def _split_comment(raw: str) -> tuple[str, str]:
    at = raw.find(";")
    while at > 0 and raw[at - 1] == "\\":
        at = raw.find(";", at + 1)
    line, comment = (raw, "") if at < 0 else (raw[:at], raw[at + 1 :])
    return line.replace("\\;", ";").strip(), comment
