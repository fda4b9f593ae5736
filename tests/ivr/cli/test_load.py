import re
from pathlib import Path

import pytest
from support.voice_itr import DIALOG

from gateway.__main__ import main

pytestmark = [pytest.mark.live, pytest.mark.slow]


def test_it_says_how_many_callers_are_talked_with(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dialog = tmp_path / "shop.yaml"
    dialog.write_text(DIALOG.replace("languages: [en, zh]", "languages: [en]"))
    status = main(["itr", "load", "--dialog", str(dialog), "--callers", "1", "--turns", "2", "--folder", str(tmp_path)])
    told = capsys.readouterr().out
    assert re.search(r"^ +1 callers: [12] answers, median \d+\.\d\d s", told, re.MULTILINE), told
    assert re.search(r"^this machine talks with [01] at once$", told, re.MULTILINE)
    assert status in (0, 1)


def test_what_cannot_be_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["itr", "load", "--dialog", str(tmp_path / "none.yaml")]) == 1
    assert "none.yaml" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["itr", "load", "--callers", "0"])
