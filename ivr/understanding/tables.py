"""Tables of a node, a tab and a sentence, one a line."""

from pathlib import Path

from gateway.model.errors import ConfigurationError


class TableError(ConfigurationError):
    """A table cannot be read; whoever wrote it corrects the line that is named."""


def read_rows(file: Path, *, node_needed: bool = True) -> list[tuple[str, str]]:
    """Return (node, sentence) of each line that is not empty.

    Raises:
        TableError: It cannot be read, or a line has no tab, no sentence, or (where it is needed) no node.
    """
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise TableError(f"{file}: cannot be read: {error}") from error
    rows: list[tuple[str, str]] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        node, tab, text = line.partition("\t")
        if not tab or not text.strip() or (node_needed and not node.strip()):
            raise TableError(f"{file}:{number}: write a node, a tab and a sentence")
        rows.append((node.strip(), text.strip()))
    return rows
