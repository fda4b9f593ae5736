"""Reads a configuration's YAML files into plain data that still knows on which line each key stands."""

from pathlib import Path
from typing import Any, Final

from gateway.model.yaml_text import Document, KeyPath, Place, Problem, SettingsError, key_text, parse, read_text

__all__ = ["FOLDER_OF_PARTS", "Document", "KeyPath", "Place", "Problem", "SettingsError", "key_text", "read"]

FOLDER_OF_PARTS: Final = "conf.d"


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
    return parse(read_text(file), file, "connectors")


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
