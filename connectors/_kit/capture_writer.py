"""Writes a capture folder while it happens; :mod:`connectors._kit.capture` says what is in one and reads it."""

from pathlib import Path
from typing import IO, Any, Final

import msgspec

from gateway.model.errors import CaptureError
from gateway.model.site import Site

_JSON: Final = msgspec.json.Encoder()


class CaptureWriter:
    """One recording. Writing blocks: do it in a thread. What a crash leaves can be read, but for the last moments."""

    def __init__(self, folder: Path, wire_name: str, site: Site) -> None:
        """Begin a recording in a folder that is new or empty.

        Raises:
            CaptureError: The folder holds something, or cannot be written.
        """
        self._folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if any(folder.iterdir()):
                raise CaptureError(f"{folder} is not empty: name a folder that does not exist yet")
            self._write("site.json", site)
            self._wire: IO[bytes] = (folder / wire_name).open("wb")
            self._chunks: IO[bytes] = (folder / "chunks.jsonl").open("wb")
            self._sent: IO[bytes] = (folder / "sent.jsonl").open("wb")
        except OSError as error:
            raise CaptureError(f"{folder} cannot be written: {error.strerror}") from error
        self._length = 0
        self._parts: list[dict[str, Any]] = []

    def opened(self, at: float) -> None:
        """Note that a connection was made."""
        self._parts.append({"offset": self._length, "length": 0, "connected": at, "disconnected": None})
        self._write_parts()

    def received(self, at: float, length: int, data: bytes) -> None:
        """Note that ``length`` bytes came; ``data`` is what can be written of all that came so far and was not written yet."""
        self._chunks.write(_JSON.encode((at, self._length, length)) + b"\n")
        self._length += length
        self._parts[-1]["length"] += length
        self._wire.write(data)

    def sent(self, at: float, data: bytes) -> None:
        """Note what we sent."""
        # As Latin-1 any byte survives.
        self._sent.write(_JSON.encode({"t": at, "sent": data.decode("latin-1")}) + b"\n")

    def closed(self, at: float, data: bytes) -> None:
        """Note that the connection ended; ``data`` is what was not written yet."""
        self._wire.write(data)
        self._parts[-1]["disconnected"] = at
        self._write_parts()
        self.flush()

    def flush(self) -> None:
        """Bring what was noted to the disk."""
        for file in (self._wire, self._chunks, self._sent):
            file.flush()

    def close(self) -> None:
        """End the recording."""
        for file in (self._wire, self._chunks, self._sent):
            file.close()

    def _write_parts(self) -> None:
        # One connection needs no parts: the recording's end is no cut.
        if len(self._parts) > 1:
            self._write("parts.json", self._parts)

    def _write(self, name: str, content: Any) -> None:
        (self._folder / name).write_bytes(msgspec.json.format(_JSON.encode(content), indent=1) + b"\n")
