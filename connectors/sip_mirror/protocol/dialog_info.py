"""The document that says which dialogs a telephone is in: ``application/dialog-info+xml``.

Source: RFC 4235. The XML has no entities and no document type, a size and a depth: what has more is refused before it is
built. Asterisk names one dialog, by the extension, for all that a telephone is in, and says of a hold the opposite of what the
RFC means; :mod:`connectors.sip_mirror.mapping` knows.
"""

import re
from typing import Final
from xml.parsers import expat

import msgspec

from gateway.model.errors import PeerProtocolError

CONTENT_TYPE: Final = "application/dialog-info+xml"
MAX_DOCUMENT_BYTES: Final = 128 * 1024
"""Bytes of a document; a dialog has some 500."""
MAX_DIALOGS: Final = 256
"""Of one telephone."""
_MAX_DEPTH: Final = 12
_STATES: Final = frozenset({"trying", "proceeding", "early", "confirmed", "terminated"})
_NUMBER: Final = re.compile(r"[0-9]{1,10}")


class Dialog(msgspec.Struct, kw_only=True):
    """One dialog as the PBX tells it; what it does not say is empty."""

    id: str
    state: str = ""
    """``trying``, ``proceeding``, ``early``, ``confirmed`` or ``terminated``."""
    event: str = ""
    """Why it is over: ``cancelled``, ``rejected``, ``replaced``, ``local-bye``, ``remote-bye``, ``error`` or ``timeout``."""
    code: int = 0
    """The SIP status behind it."""
    call_id: str = ""
    local_tag: str = ""
    remote_tag: str = ""
    direction: str = ""
    """``initiator`` or ``recipient``."""
    duration_s: float = 0.0
    local_uri: str = ""
    local_display: str = ""
    remote_uri: str = ""
    remote_display: str = ""
    replaced_call_id: str = ""
    """Call-ID of the dialog whose place it took."""
    rendering: bool = True
    """False where the local target does not play what it is sent."""


class DialogInfo(msgspec.Struct, kw_only=True):
    """A document."""

    entity: str
    version: int
    full: bool
    """All dialogs are listed; else those that changed."""
    dialogs: list[Dialog]


class _Reader:
    """Builds the document while expat reads it."""

    def __init__(self) -> None:
        self.document: DialogInfo | None = None
        self._path: list[str] = []
        self._text = ""

    def start(self, name: str, given: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        self._path.append(local)
        self._text = ""
        if len(self._path) > _MAX_DEPTH:
            raise PeerProtocolError("a dialog-info document is nested too deeply")
        if len(self._path) == 1:
            if local != "dialog-info":
                raise PeerProtocolError(f"a dialog-info document begins with <{local[:40]}>")
            version = given.get("version", "")
            if not _NUMBER.fullmatch(version):
                raise PeerProtocolError("a dialog-info document has no version")
            self.document = DialogInfo(
                entity=given.get("entity", ""), version=int(version), full=given.get("state", "full") != "partial", dialogs=[]
            )
            return
        document = self.document
        assert document is not None  # the first element made it
        if self._path == ["dialog-info", "dialog"]:
            if len(document.dialogs) >= MAX_DIALOGS:
                raise PeerProtocolError(f"a dialog-info document has more than {MAX_DIALOGS} dialogs")
            document.dialogs.append(
                Dialog(
                    id=given.get("id", ""),
                    call_id=given.get("call-id", ""),
                    local_tag=given.get("local-tag", ""),
                    remote_tag=given.get("remote-tag", ""),
                    direction=given.get("direction", ""),
                )
            )
        elif self._path[:2] == ["dialog-info", "dialog"]:
            self._inside(document.dialogs[-1], given)

    def _inside(self, dialog: Dialog, given: dict[str, str]) -> None:
        match self._path[2:]:
            case ["state"]:
                dialog.event = given.get("event", "")
                code = given.get("code", "")
                dialog.code = int(code) if _NUMBER.fullmatch(code) and int(code) < 700 else 0
            case ["local", "identity"]:
                dialog.local_display = given.get("display", "")
            case ["remote", "identity"]:
                dialog.remote_display = given.get("display", "")
            case ["replaces"]:
                dialog.replaced_call_id = given.get("call-id", "")
            case ["local", "target", "param"] if given.get("pname") == "+sip.rendering":
                dialog.rendering = given.get("pvalue") != "no"
            case _:
                pass

    def data(self, text: str) -> None:
        self._text += text

    def end(self, _name: str) -> None:
        if self.document is not None and self._path[:2] == ["dialog-info", "dialog"] and len(self._path) > 2:
            self._take(self.document.dialogs[-1], self._text.strip())
        self._text = ""
        self._path.pop()

    def _take(self, dialog: Dialog, text: str) -> None:
        match self._path[2:]:
            case ["state"]:
                if text not in _STATES:
                    raise PeerProtocolError("a dialog-info document has a dialog in no state that there is")
                dialog.state = text
            case ["local", "identity"]:
                dialog.local_uri = text
            case ["remote", "identity"]:
                dialog.remote_uri = text
            case ["duration"] if _NUMBER.fullmatch(text):
                dialog.duration_s = float(text)
            case _:
                pass


def read_dialog_info(data: bytes) -> DialogInfo:
    """Read a document.

    Raises:
        PeerProtocolError: It is no such document, or larger, deeper or cleverer than one may be.
    """
    if len(data) > MAX_DOCUMENT_BYTES:
        raise PeerProtocolError(f"a dialog-info document has more than {MAX_DOCUMENT_BYTES} bytes")
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.CharacterDataHandler = reader.data
    parser.EndElementHandler = reader.end
    parser.StartDoctypeDeclHandler = _refuse
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError, LookupError) as error:  # the two last for encodings that there are not
        raise PeerProtocolError(f"a dialog-info document is no XML: {error}") from error
    document = reader.document
    assert document is not None  # XML has a first element
    if any(not dialog.id or not dialog.state for dialog in document.dialogs):
        raise PeerProtocolError("a dialog-info document has a dialog without id or state")
    return document


def _refuse(*_: object) -> None:
    # Entities that expand to gigabytes, and files that they name, come by this.
    raise PeerProtocolError("a dialog-info document declares a document type")


def number_of(uri: str) -> str:
    """Return the number of a SIP or tel URI, empty for a caller who withholds it."""
    found = re.fullmatch(r"<?(?:sips?:([^@>]*)@[^>]*|tel:([^;>]*))>?.*", uri.strip(), re.IGNORECASE | re.DOTALL)
    number = (found[1] or found[2] or "") if found else ""
    user = re.sub(r"%([0-9A-Fa-f]{2})", lambda each: chr(int(each[1], 16)), number.partition(";")[0])
    return "" if user.lower() in ("anonymous", "unknown", "unavailable", "restricted") else user
