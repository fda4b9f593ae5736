"""What a WebDAV server answers to PROPFIND and REPORT: one resource after the other, each with its properties. Pure.

Source: RFC 4918 (multistatus), RFC 6352 (CardDAV).
"""

from collections.abc import Iterator
from typing import Final
from xml.parsers import expat

import msgspec

DAV: Final = "DAV:"
CARDDAV: Final = "urn:ietf:params:xml:ns:carddav"
MAX_DEPTH: Final = 64


class NotMultistatusError(ValueError):
    """What came is no such answer; the text says why."""


class Node(msgspec.Struct):
    """An element."""

    name: str
    """With its namespace: ``DAV: href``."""
    inside: list["Node"] = []
    texts: list[str] = []

    @property
    def text(self) -> str:
        """What stands in it."""
        return "".join(self.texts)

    def all(self, name: str) -> Iterator["Node"]:
        """Go through the elements of a name right inside."""
        return (node for node in self.inside if node.name == name)

    def first(self, *names: str) -> "Node | None":
        """Return the first element down a path."""
        node: Node | None = self
        for name in names:
            node = None if node is None else next(node.all(name), None)
        return node


class Resource(msgspec.Struct, frozen=True):
    """One resource."""

    href: str
    properties: Node
    """What it has of the properties that were asked for."""
    status: str
    """Of the whole, such as ``HTTP/1.1 404 Not Found``; empty where nothing failed."""

    def hrefs(self, name: str) -> list[str]:
        """Return the addresses in a property."""
        found = self.properties.first(name)
        return [] if found is None else [node.text.strip() for node in found.all(f"{DAV} href") if node.text.strip()]

    def has_type(self, name: str) -> bool:
        """Tell whether it is such a thing: ``DAV: collection``."""
        return self.properties.first(f"{DAV} resourcetype", name) is not None

    def text(self, name: str) -> str | None:
        """Return a property's text; None where it has none."""
        found = self.properties.first(name)
        return None if found is None else found.text


def resources_in(data: bytes) -> list[Resource]:
    """Read an answer.

    Raises:
        NotMultistatusError: It is none, or it is one that nobody honest sends.
    """
    root = _tree(data)
    if root.name != f"{DAV} multistatus":
        raise NotMultistatusError(f"it begins with {root.name[:80]!r}")
    return [_resource(node) for node in root.all(f"{DAV} response")]


def _resource(node: Node) -> Resource:
    properties = Node("prop")
    for part in node.all(f"{DAV} propstat"):
        status = part.first(f"{DAV} status")
        found = part.first(f"{DAV} prop")
        if found is not None and (status is None or " 2" in status.text):
            properties.inside.extend(found.inside)
    href, whole = node.first(f"{DAV} href"), node.first(f"{DAV} status")
    return Resource("" if href is None else href.text.strip(), properties, "" if whole is None else whole.text.strip())


def _tree(data: bytes) -> Node:
    top = Node("")
    open_nodes = [top]

    def begin(name: str, _attributes: dict[str, str]) -> None:
        if len(open_nodes) > MAX_DEPTH:
            raise NotMultistatusError("its elements are nested too deeply")
        node = Node(name)
        open_nodes[-1].inside.append(node)
        open_nodes.append(node)

    def refuse(*_declared: object) -> None:
        raise NotMultistatusError("it declares a document type")

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = begin
    parser.EndElementHandler = lambda _name: open_nodes.pop()
    parser.CharacterDataHandler = lambda text: open_nodes[-1].texts.append(text)
    # Entities that grow are declared there.
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, LookupError) as error:
        raise NotMultistatusError(f"it is no XML ({error})") from error
    return top.inside[0]
