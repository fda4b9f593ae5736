from pathlib import Path

import pytest
import yaml
from support.understood import NODES

from gateway.__main__ import main


def test_suggestions_are_printed_and_the_dialog_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dialog, said = tmp_path / "shop.yaml", tmp_path / "said.tsv"
    nodes = {name: dict(node) for name, node in NODES.items()}
    for name in nodes:
        nodes[name] |= {"label": name} if name != "main" else {}
    held = {"itr": 1, "name": "shop", "languages": ["en", "zh"], "start": "main", "human": {"queue": "q"}, "nodes": nodes}
    dialog.write_text(yaml.safe_dump(held, allow_unicode=True), "utf-8")
    before = dialog.read_bytes()
    said.write_text("\twhere's that parcel of mine\nrefund\tI am owed something\n", "utf-8")

    assert main(["itr", "learn", str(dialog), str(said)]) == 0
    assert {each["node"] for each in yaml.safe_load(capsys.readouterr().out)} == {"track", "refund"}
    assert dialog.read_bytes() == before


def test_what_cannot_be_read_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["itr", "learn", str(tmp_path / "none.yaml"), str(tmp_path / "none.tsv")]) == 1
    assert "none.yaml" in capsys.readouterr().err
