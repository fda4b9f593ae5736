from pathlib import Path

import pytest

from gateway.__main__ import main

pytestmark = pytest.mark.slow
DIALOG = """itr: 1
name: shop
languages: [en]
start: main
human: {queue: support}
nodes:
  main: {say: Hello., choices: [{digit: "1", go: hours}]}
  hours: {label: opening hours, examples: [when are you open], say: At nine.}
"""


def test_all_prompts_are_made_with_a_bar(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dialog, folder = tmp_path / "shop.yaml", tmp_path / "itr"
    dialog.write_text(DIALOG)
    assert main(["itr", "render", "--dialog", str(dialog), "--folder", str(folder)]) == 0
    made = len(list(folder.glob("prompts/??/*.pcm")))
    assert made > 20
    assert f"[{'#' * 40}] " in capsys.readouterr().err


def test_what_cannot_be_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["itr", "render", "--dialog", str(tmp_path / "none.yaml"), "--folder", str(tmp_path)]) == 1
    assert "none.yaml" in capsys.readouterr().err
