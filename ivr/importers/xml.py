"""XML of strangers as a plain tree that keeps lines and comments: no entities of its own, nothing fetched, bounded. Pure."""

import re
from typing import Final
from xml.parsers import expat

import msgspec

from gateway.model.errors import ConfigurationError

MAX_DEPTH: Final = 100
MAX_ELEMENTS: Final = 200_000
MAX_TEXT: Final = 100_000
"""Characters of one element that are kept, its children's among them: no label is longer, and each around it holds them again."""

_DECLARED: Final = re.compile(r"\A\ufeff?\s*<\?xml\s[^>]*\?>")


class XmlRefusedError(ConfigurationError):
    """It is no XML, or none that is read here; the text says where and why."""


class Element(msgspec.Struct, kw_only=True):
    """One element."""

    tag: str
    """Without a namespace's prefix."""
    attributes: dict[str, str]
    line: int
    text: str = ""
    """All that is written in it, its children's too, in order."""
    comment: str = ""
    """On its line behind it, or right before it."""
    children: list["Element"] = []

    def get(self, name: str, otherwise: str = "") -> str:
        """Return an attribute."""
        return self.attributes.get(name, otherwise).strip()

    def all(self, *tags: str) -> list["Element"]:
        """Return what is below it, at any depth, of these tags, in order."""
        found = []
        waiting = list(reversed(self.children))
        while waiting:
            each = waiting.pop()
            if each.tag in tags:
                found.append(each)
            waiting += reversed(each.children)
        return found


def parse_xml(text: str, file: str) -> Element:
    """Read a document; ``file`` is named in what is refused. What precompilers write (``<X-PRE-PROCESS …/>``) is an element.

    Raises:
        XmlRefusedError: It is no XML, declares entities, or is too large or too deep.
    """
    builder = _Builder(file)
    try:
        # Servers' pages have blank lines before the declaration, which XML forbids; what is said of the encoding is done with.
        plain = _DECLARED.sub(lambda found: "\n" * found[0].count("\n"), text, count=1)
        builder.parser.Parse(plain.encode("utf-8", "replace"), True)
    except expat.ExpatError as error:
        raise XmlRefusedError(f"{file}:{error.lineno}: it is no XML: {expat.errors.messages.get(error.code, error)}") from error
    return builder.root


class _Builder:
    def __init__(self, file: str) -> None:
        self.root = Element(tag="", attributes={}, line=1)
        self._file = file
        self._open = [self.root]
        self._texts: list[tuple[list[str], int]] = [([], 0)]
        self._count = 0
        self._comment = ""
        self._last: Element | None = None
        self.parser = expat.ParserCreate(encoding="utf-8")
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters
        self.parser.CommentHandler = self._commented
        self.parser.EntityDeclHandler = self._entity

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > MAX_ELEMENTS or len(self._open) > MAX_DEPTH:
            raise XmlRefusedError(f"{self._file}:{self.parser.CurrentLineNumber}: it is too large, or too deep")
        made = Element(
            tag=name.rpartition(":")[2],
            attributes={key.rpartition(":")[2]: value for key, value in attributes.items()},
            line=self.parser.CurrentLineNumber,
            comment=self._comment,
        )
        self._comment = ""
        self._open[-1].children.append(made)
        self._open.append(made)
        self._texts.append(([], 0))

    def _end(self, _name: str) -> None:
        self._last = self._open.pop()
        self._last.text = "".join(self._texts.pop()[0])
        self._characters(f" {self._last.text}")

    def _characters(self, data: str) -> None:
        parts, length = self._texts[-1]
        if length < MAX_TEXT:
            parts.append(data[: MAX_TEXT - length])
            self._texts[-1] = (parts, length + len(data))

    def _commented(self, data: str) -> None:
        words = " ".join(data.split())
        if self._last is not None and self._last.line == self.parser.CurrentLineNumber:
            self._last.comment = self._last.comment or words
        else:
            self._comment = words

    def _entity(self, name: str, *_: object) -> None:
        raise XmlRefusedError(f"{self._file}:{self.parser.CurrentLineNumber}: it declares the entity {name}, and none is read")
