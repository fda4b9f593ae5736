"""Reads the lines that another program appends to a file, from where the last reading ended."""

from pathlib import Path
from typing import Final

TAIL_BYTES: Final = 8 * 1024 * 1024
"""Bytes at the file's end with which the first reading begins: some 30,000 rows of a CDR."""


class Tail:
    """One growing file, which may be rotated away. Reading blocks: do it in a thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file_id = 0
        self._read_to = 0

    def forget(self) -> None:
        """Begin with the file's end again: what was read before is read once more."""
        self._file_id = 0

    def new_lines(self) -> list[str]:
        """Return the whole lines that came since the last reading; what is no UTF-8 in them is shown as U+FFFD.

        Raises:
            OSError: The file cannot be read.
        """
        with self.path.open("rb") as file:
            size = file.seek(0, 2)
            file_id = self.path.stat().st_ino
            starts_in_line = False
            if file_id != self._file_id or size < self._read_to:
                self._file_id, self._read_to = file_id, max(size - TAIL_BYTES, 0)
                starts_in_line = self._read_to > 0
            file.seek(self._read_to)
            data = file.read(size - self._read_to)
        whole = data.rfind(b"\n") + 1
        self._read_to += whole
        lines = data[:whole].decode("utf-8", "replace").split("\n")[:-1]
        return lines[1:] if starts_in_line else lines
