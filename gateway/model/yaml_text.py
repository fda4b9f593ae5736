"""Reads YAML text into plain data that still knows on which line each key stands.

Only what everybody reads the same way is taken as another type than text: YAML 1.1's ``NO``, ``on`` or ``22:30`` stay text
(Norway's region is no ``false``), a key that stands twice is refused, and merge keys and tags do not exist.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
import yaml

from gateway.model.errors import ConfigurationError

if TYPE_CHECKING:
    from yaml import SafeLoader as _FastLoader
else:
    # libyaml reads a dialog of a thousand nodes in a tenth of the time; not every build of PyYAML has it.
    _FastLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

KeyPath = tuple[str | int, ...]
"""Keys and list positions from the top: ``("connectors", 0, "port")``."""

MAX_DEPTH: Final = 32
"""Levels of nesting; deeper is a YAML anchor that holds itself."""


class Place(msgspec.Struct, frozen=True):
    """Where something stands."""

    file: Path
    line: int
    """From 1; 0 where no line can be named."""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong in a file, and what to do about it."""

    place: Place
    key: KeyPath
    what: str
    cure: str

    def __str__(self) -> str:
        line = f":{self.place.line}" if self.place.line else ""
        key = f" {key_text(self.key)}:" if self.key else ""
        return f"{self.place.file}{line}:{key} {self.what}. {self.cure}"


class SettingsError(ConfigurationError):
    """What an operator wrote is wrong, and he must act. Its text has one line for each problem."""

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


def parse(text: str, file: Path, first_key: str) -> Document:
    """Read the text of a file; ``first_key`` is one with which such a file may begin, for whoever wrote something else.

    Raises:
        SettingsError: It is no YAML of the plain kind.
    """
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = Place(file, mark.line + 1 if mark is not None else 0)
        what = " ".join(str(getattr(error, "problem", None) or error).split())
        raise refusal(
            place, (), f"is no YAML: {what}", "Look at the indentation, quotes and colons there and just above"
        ) from error
    document = Document(data={}, places={(): Place(file, 1)})
    if node is None:
        return document
    if not isinstance(node, yaml.MappingNode):
        raise refusal(Place(file, 1), (), "holds no keys at its top", f"Begin with a key such as `{first_key}:`")
    document.data = _Reader(file, document.places).value(node, ())
    return document


def read_text(file: Path) -> str:
    """Return what a file holds.

    Raises:
        SettingsError: It cannot be read, or is no UTF-8.
    """
    top = Place(file, 0)
    try:
        return file.read_text("utf-8-sig")
    except OSError as error:
        raise refusal(
            top, (), f"cannot be read: {error.strerror}", "Name a file that exists and that this user may read"
        ) from error
    except UnicodeDecodeError as error:
        raise refusal(top, (), f"is no UTF-8 text: {error.reason}", "Save it as UTF-8") from error


def refusal(place: Place, key: KeyPath, what: str, cure: str) -> SettingsError:
    """Make the error of one problem."""
    return SettingsError([Problem(place=place, key=key, what=what, cure=cure)])


class _Loader(_FastLoader):
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
            raise refusal(place, key[:3], "is nested too deep", "Take out the anchor (`&name`) that holds itself")
        match node:
            case yaml.MappingNode():
                return self._mapping(node, key)
            case yaml.SequenceNode():
                return [self.value(item, (*key, position)) for position, item in enumerate(node.value)]
            case _ if node.tag in _SCALARS:
                return _SCALARS[node.tag](node.value)
            case _:
                raise refusal(place, key, f"has the tag {node.tag}", "Take it out: write plain text or a plain number")

    def _mapping(self, node: yaml.MappingNode, key: KeyPath) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name_node, value_node in node.value:
            place = Place(self._file, name_node.start_mark.line + 1)
            if not isinstance(name_node, yaml.ScalarNode):
                raise refusal(place, key, "has a list or a mapping as a key", "Write a word before the colon")
            name = str(name_node.value)
            if name in found:
                first = self._places[(*key, name)].line
                raise refusal(place, (*key, name), f"stands here again, first on line {first}", "Keep one of the two")
            self._places[(*key, name)] = place
            found[name] = self.value(value_node, (*key, name))
        return found
