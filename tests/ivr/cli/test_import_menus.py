from pathlib import Path

import pytest

from gateway.__main__ import main
from ivr.definition.reading import read_dialog

OLD = "[main]\nexten => s,1,Background(welcome)\nexten => 1,1,Queue(600)\nexten => 2,1,Frobnicate()\n"


def test_the_dialog_is_written_and_the_report_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old, new = tmp_path / "extensions.conf", tmp_path / "new.yaml"
    old.write_text(OLD)
    assert main(["itr", "import", str(old), "--name", "shop", "-o", str(new)]) == 0
    told = capsys.readouterr().err
    assert f"{old}:4: Frobnicate(): the application frobnicate is not known" in told
    assert "1 menus with 2 entries; 2 lines are for you to look at" in told
    assert [choice.digit for choice in read_dialog(new).dialog.nodes["main"].choices] == ["1", "2"]


def test_without_a_file_to_write_the_dialog_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = tmp_path / "extensions.conf"
    old.write_text(OLD)
    assert main(["itr", "import", str(old), "--format", "asterisk", "--language", "zh"]) == 0
    assert "languages: [zh]" in capsys.readouterr().out


def test_what_cannot_be_imported_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["itr", "import", str(tmp_path / "away.conf")]) == 1
    assert "it cannot be read" in capsys.readouterr().err
    empty = tmp_path / "empty.conf"
    empty.write_text("[a]\nexten => 1,1,Hangup()\n")
    assert main(["itr", "import", str(empty)]) == 1
    assert "there is no menu in it" in capsys.readouterr().err
    empty.write_text(OLD)
    assert main(["itr", "import", str(empty), "-o", str(tmp_path / "away" / "new.yaml")]) == 1
    assert "it cannot be written" in capsys.readouterr().err
