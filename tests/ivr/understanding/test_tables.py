from pathlib import Path

import pytest

from ivr.understanding.tables import TableError, read_rows


def test_rows_are_a_node_and_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "t.tsv"
    file.write_text("\ufefftrack\twhere is it\n\n\tunknown\n", "utf-8")
    assert read_rows(file, node_needed=False) == [("track", "where is it"), ("", "unknown")]
    with pytest.raises(TableError, match=r"t\.tsv:3: write a node, a tab and a sentence"):
        read_rows(file)


@pytest.mark.parametrize("content", [b"no tab", b"node\t ", b"\xff\xfe\t"])
def test_what_is_no_table_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "t.tsv"
    file.write_bytes(content)
    with pytest.raises(TableError, match=r"t\.tsv"):
        read_rows(file)


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"none\.tsv: cannot be read"):
        read_rows(tmp_path / "none.tsv")
