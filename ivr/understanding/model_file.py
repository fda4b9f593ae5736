"""A trained dialog as a file: plain arrays and the hash of what they were learned from; reading one runs no code of it."""

import hashlib
import io
import os
import zipfile
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from ivr.definition.values import Dialog
from ivr.understanding import sounds
from ivr.understanding.classifier import Classifier, Progress
from ivr.understanding.embedding import Embedding, Floats
from ivr.understanding.understanding import Understanding, examples_of, learned, looked_up

FORMAT: Final = 3
"""Changes with what is learned, so that a model of before is learned anew."""
MAX_BYTES: Final = 2**30
"""Of a model that is read."""
_ABOUT: Final = "about"


class About(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What such a file says of itself."""

    hash: str
    nodes: tuple[str, ...]


def hash_of(dialog: Dialog, embedding: Embedding | None) -> str:
    """Return the hash of all that a model is made of."""
    examples = examples_of(dialog)
    data = (FORMAT, embedding.name if embedding else "", sounds.installed(), examples.texts, examples.nodes)
    return hashlib.sha256(msgspec.json.encode(data)).hexdigest()


def write_model(file: Path, classifier: Classifier, data_hash: str) -> None:
    """Write it in one piece: a reader sees the old file or the new one.

    Raises:
        OSError: It cannot be written there.
    """
    about = np.frombuffer(msgspec.json.encode(About(data_hash, classifier.nodes)), dtype=np.uint8)
    held = io.BytesIO()
    np.savez(held, allow_pickle=False, **{_ABOUT: about}, **classifier.arrays)
    whole = file.with_name(f"{file.name}.{os.getpid()}.new")
    whole.write_bytes(held.getvalue())
    whole.replace(file)


def read_model(file: Path, data_hash: str, embedding: Embedding | None) -> Classifier | None:
    """Return the model; None when there is none, or it was learned from other data or is damaged: it is learned anew then."""
    try:
        if file.stat().st_size > MAX_BYTES:
            return None
        # numpy leaves a file that it opened itself open when it is damaged.
        with file.open("rb") as opened, np.load(opened, allow_pickle=False) as held:
            about = msgspec.json.decode(held[_ABOUT].tobytes(), type=About)
            if about.hash != data_hash:
                return None
            arrays: dict[str, Floats] = {name: np.asarray(held[name], dtype=np.float32) for name in held.files if name != _ABOUT}
        return Classifier(about.nodes, arrays, embedding)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, msgspec.MsgspecError):
        return None


def understanding_of(
    dialog: Dialog, file: Path | None, embedding: Embedding | None, *, progress: Progress = lambda what, done, of: None
) -> Understanding:
    """Read a dialog's model, or learn it and write it; ``file`` None keeps none. Takes up to a minute: not for an event loop.

    Raises:
        OSError: The model cannot be written.
    """
    data_hash = hash_of(dialog, embedding)
    if file is not None and (classifier := read_model(file, data_hash, embedding)) is not None:
        return Understanding(dialog, classifier, looked_up(dialog, progress))
    made = learned(dialog, embedding, progress=progress)
    if file is not None and made.classifier is not None:
        write_model(file, made.classifier, data_hash)
    return made
