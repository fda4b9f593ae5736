from pathlib import Path

import pytest
from support.dialogs import SHOP

from gateway.__main__ import main

RIGHT = "itr: 1\nname: d\nlanguages: [en]\nstart: main\nhuman: {queue: q}\nnodes:\n  main: {say: Hello, listen: true}\n"


def test_what_is_wrong_is_printed_by_file_and_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text(SHOP, "utf-8")

    assert main(["itr", "lint", str(file)]) == 1
    assert f"{file}:41: nodes.round: nobody gets here" in capsys.readouterr().out


def test_what_cannot_be_read_is_printed_the_same_way(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text(RIGHT.replace("say:", "sey:"), "utf-8")

    assert main(["itr", "lint", str(file), str(tmp_path / "none.yaml")]) == 1
    told = capsys.readouterr().out
    assert f"{file}:7: nodes.main.sey: there is no such key. Did you mean say?" in told
    assert "none.yaml: cannot be read" in told


def test_nothing_wrong_is_said_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "right.yaml"
    file.write_text(RIGHT, "utf-8")

    assert main(["itr", "lint", str(file)]) == 0
    assert capsys.readouterr().out == f"{file}: nothing is wrong (1 nodes, 0 slots, 0 answers)\n"


def test_examples_are_compared_by_meaning_unless_letters_will_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "d.yaml"
    texts = {
        "bill": ["how much is my bill", "what do I owe you", "show me the charges", "last month's invoice"],
        "password": ["I forgot my password", "my account is locked", "the app refuses my login", "a new code"],
        "login": ["I do not remember my password", "courier wages", "overtime was not paid", "when is pay day"],
    }
    nodes = "".join(f"  {name}: {{label: N, say: N, examples: {said}}}\n" for name, said in texts.items())
    file.write_text(RIGHT + nodes, "utf-8")

    assert main(["itr", "lint", str(file), "--letters"]) == 0
    capsys.readouterr()
    assert main(["itr", "lint", str(file)]) == 1
    assert "“I do not remember my password” is like “I forgot my password” of password" in capsys.readouterr().out
