"""Reads YAML files into plain data that still knows on which line each key stands.

Only what everybody reads the same way is taken as another type than text: YAML 1.1's ``NO``, ``on`` or ``22:30`` stay text
(Norway's region is no ``false``), a key that stands twice is refused, and merge keys and tags do not exist.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec
import yaml

from gateway.model.errors import ConfigurationError

KeyPath = tuple[str | int, ...]
"""Keys and list positions from the top: ``("connectors", 0, "port")``."""

MAX_DEPTH: Final = 32
"""Levels of nesting; deeper is a YAML anchor that holds itself."""
FOLDER_OF_PARTS: Final = "conf.d"


class Place(msgspec.Struct, frozen=True):
    """Where something stands."""

    file: Path
    line: int
    """From 1; 0 where no line can be named."""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong in the configuration, and what to do about it."""

    place: Place
    key: KeyPath
    what: str
    cure: str

    def __str__(self) -> str:
        line = f":{self.place.line}" if self.place.line else ""
        key = f" {key_text(self.key)}:" if self.key else ""
        return f"{self.place.file}{line}:{key} {self.what}. {self.cure}"


class SettingsError(ConfigurationError):
    """The configuration is wrong; the operator must act. Its text has one line for each problem."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


class Document(msgspec.Struct, kw_only=True):
    """The data of one file or of several merged ones."""

    data: dict[str, Any]
    places: dict[KeyPath, Place]

    def place(self, key: KeyPath) -> Place:
        """Return where this key stands, or the nearest one above it."""
        while key and key not in self.places:
            key = key[:-1]
        return self.places[key]


def key_text(key: KeyPath) -> str:
    """Write a key path as people do: ``connectors[0].site.region``."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in key)
    return text.removeprefix(".")


def read(file: Path) -> Document:
    """Read the file and the ``conf.d/*.yaml`` beside it, in the order of their names.

    A later file's plain value replaces an earlier one's, its lists are appended, its mappings are merged.

    Raises:
        SettingsError: A file cannot be read, or is no YAML of the plain kind.
    """
    document = _read_one(file)
    for part in sorted((file.parent / FOLDER_OF_PARTS).glob("*.y*ml")):
        _merge(document, _read_one(part))
    return document


def _read_one(file: Path) -> Document:
    top = Place(file, 0)
    try:
        text = file.read_text("utf-8-sig")
    except OSError as error:
        raise _error(
            top, (), f"cannot be read: {error.strerror}", "Name a file that exists and that this user may read"
        ) from error
    except UnicodeDecodeError as error:
        raise _error(top, (), f"is no UTF-8 text: {error.reason}", "Save it as UTF-8") from error
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = Place(file, mark.line + 1) if mark is not None else top
        what = " ".join(str(getattr(error, "problem", None) or error).split())
        raise _error(
            place, (), f"is no YAML: {what}", "Look at the indentation, quotes and colons there and just above"
        ) from error
    document = Document(data={}, places={(): Place(file, 1)})
    if node is None:
        return document
    if not isinstance(node, yaml.MappingNode):
        raise _error(Place(file, 1), (), "holds no keys at its top", "Begin with a key such as `connectors:`")
    document.data = _Reader(file, document.places).value(node, ())
    return document


class _Loader(yaml.SafeLoader):
    """YAML's syntax with JSON's types."""


_Loader.yaml_implicit_resolvers = {}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(?:null|~|)$"), ["n", "~", ""])
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^(?:0|-?[1-9][0-9]*)$"), list("-0123456789"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"^-?[0-9]+\.[0-9]+$"), list("-0123456789"))

_SCALARS: Final[dict[str, Callable[[str], Any]]] = {
    "tag:yaml.org,2002:str": str,
    "tag:yaml.org,2002:int": int,
    "tag:yaml.org,2002:float": float,
    "tag:yaml.org,2002:bool": lambda text: text == "true",
    "tag:yaml.org,2002:null": lambda _text: None,
}


class _Reader:
    def __init__(self, file: Path, places: dict[KeyPath, Place]) -> None:
        self._file = file
        self._places = places

    def value(self, node: yaml.Node, key: KeyPath) -> Any:
        place = self._places.setdefault(key, Place(self._file, node.start_mark.line + 1))
        if len(key) > MAX_DEPTH:
            raise _error(place, key[:3], "is nested too deep", "Take out the anchor (`&name`) that holds itself")
        match node:
            case yaml.MappingNode():
                return self._mapping(node, key)
            case yaml.SequenceNode():
                return [self.value(item, (*key, position)) for position, item in enumerate(node.value)]
            case _ if node.tag in _SCALARS:
                return _SCALARS[node.tag](node.value)
            case _:
                raise _error(place, key, f"has the tag {node.tag}", "Take it out: write plain text or a plain number")

    def _mapping(self, node: yaml.MappingNode, key: KeyPath) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name_node, value_node in node.value:
            place = Place(self._file, name_node.start_mark.line + 1)
            if not isinstance(name_node, yaml.ScalarNode):
                raise _error(place, key, "has a list or a mapping as a key", "Write a word before the colon")
            name = str(name_node.value)
            if name in found:
                first = self._places[(*key, name)].line
                raise _error(place, (*key, name), f"stands here again, first on line {first}", "Keep one of the two")
            self._places[(*key, name)] = place
            found[name] = self.value(value_node, (*key, name))
        return found


def _merge(into: Document, part: Document) -> None:
    into.data = _merged(into, into.data, part, part.data, (), ())


def _merged(into: Document, old: Any, part: Document, new: Any, old_key: KeyPath, new_key: KeyPath) -> Any:
    if isinstance(old, dict) and isinstance(new, dict):
        merged = dict(old)
        for name, value in new.items():
            merged[name] = _merged(into, old.get(name), part, value, (*old_key, name), (*new_key, name))
        return merged
    if isinstance(old, list) and isinstance(new, list):
        for position in range(len(new)):
            _move(into, part, (*old_key, len(old) + position), (*new_key, position))
        return [*old, *new]
    _move(into, part, old_key, new_key)
    return new


def _move(into: Document, part: Document, old_key: KeyPath, new_key: KeyPath) -> None:
    """Take over the places of a value that came from another file."""
    for key, place in part.places.items():
        if key[: len(new_key)] == new_key:
            into.places[old_key + key[len(new_key) :]] = place


def _error(place: Place, key: KeyPath, what: str, cure: str) -> SettingsError:
    return SettingsError([Problem(place=place, key=key, what=what, cure=cure)])
