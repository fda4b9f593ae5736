from pathlib import Path

import numpy as np
import pytest
from support.understood import NODES, shop

from ivr.understanding.classifier import trained
from ivr.understanding.model_file import hash_of, read_model, understanding_of, write_model
from ivr.understanding.understanding import examples_of


def test_a_model_is_read_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "shop.model"
    first = understanding_of(shop(), file, None)
    told: list[str] = []
    again = understanding_of(shop(), file, None, progress=lambda what, done, of: told.append(what))

    assert told == []
    assert first.understand("refund", at="main") == again.understand("refund", at="main")
    assert [each.name for each in tmp_path.iterdir()] == ["shop.model"]


def test_other_data_have_another_model(tmp_path: Path) -> None:
    file = tmp_path / "shop.model"
    understanding_of(shop(), file, None)
    changed = shop(nodes=NODES | {"jobs": {"examples": ["a job"]}})

    assert hash_of(changed, None) != hash_of(shop(), None)
    assert read_model(file, hash_of(changed, None), None) is None


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 torn", b"\x80\x04."], ids=["empty", "torn", "a pickle"])
def test_what_is_no_model_is_learned_anew(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "shop.model"
    file.write_bytes(content)
    assert read_model(file, "hash", None) is None


def test_a_model_runs_no_code(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, ...]:
            return (Path.touch, (tmp_path / "ran",))

    file = tmp_path / "bomb"
    with file.open("wb") as out:
        np.savez(out, about=np.array([Bomb()], dtype=object))

    assert read_model(file, "hash", None) is None
    assert not (tmp_path / "ran").exists()


def test_a_folder_that_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_model(tmp_path / "none" / "m", trained(examples_of(shop()), None), "hash")
