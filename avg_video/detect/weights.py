"""Weights on this computer: where they lie, whether they are the right ones, and how they get there."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import tempfile
from pathlib import Path

from avg_video.detect.download import download
from avg_video.detect.manifest import HERE, Model, known_models, model
from avg_video.errors import ModelError, UsageError
from avg_video.language import cause_of, tr
from avg_video.media.folders import data_folder

__all__ = ["add", "fetch", "find", "models_dir", "read"]

FOLDER_VARIABLE = "AVG_BLUR_MODELS"
"""Environment variable that names another folder for the user's weights."""


def models_dir() -> Path:
    """Folder of the weights that the user fetched or added; it need not exist yet."""
    chosen = os.environ.get(FOLDER_VARIABLE)
    return Path(chosen) if chosen else data_folder() / "models"


def find(name: str) -> Path | None:
    """Where the weights of that model lie on this computer, unchecked; None when they are not there.

    Raises `ModelError` when no model has that name.
    """
    known = model(name)
    if known.home == "mediapipe":
        # Without importing it: that takes seconds and writes to the terminal.
        spec = importlib.util.find_spec("mediapipe")
        places = [Path(p).parent for p in spec.submodule_search_locations or ()] if spec is not None else []
    elif known.home == "package":
        places = [HERE / "_weights"]
    else:
        places = [models_dir()]
    return next((place / known.file for place in places if (place / known.file).is_file()), None)


def read(name: str) -> bytes:
    """The checked weights of that model, as bytes, so that what was checked is what is run.

    Raises `ModelError` when they are not on this computer, can't be read, or are not the ones in the manifest.
    """
    known = model(name)
    path = find(name)
    if path is None:
        raise ModelError(
            tr("the weights of {name} are not on this computer", name=known.name), remedy=_how_to_get(known)
        )
    data = _contents(path, known.size_bytes)
    if _sha256(data) != known.sha256:
        raise ModelError(
            tr("these are not the weights of {name} that this program was checked with", name=known.name),
            remedy=tr("remove the file, then {how}", how=_how_to_get(known)),
            file=path,
        )
    return data


def add(file: Path) -> Model:
    """Take in a weights file the user has: recognised by its checksum, copied whole or not at all.

    Raises `UsageError` when there is no such file, and `ModelError` when it can't be read, or is not one of the files
    the user can add.
    """
    if not file.exists() or file.is_dir():
        raise UsageError(tr("there is no such file"), remedy=tr("name a weights file"), file=file)
    wanted = {m.sha256: m for m in known_models().values() if m.home == "user"}
    data = _contents(file, max(m.size_bytes for m in wanted.values()))
    known = wanted.get(_sha256(data))
    if known is None:
        expected = ", ".join(tr("{file} (sha256 {sha256})", file=m.file, sha256=m.sha256) for m in wanted.values())
        raise ModelError(
            tr("not one of the weights that can be added"),
            remedy=tr("add one of: {expected}", expected=expected),
            file=file,
        )
    _place(known, data)
    return known


def fetch(name: str, *, url: str | None = None) -> Model:
    """Get the weights of that model over the network, from `url` or else from where the manifest says.

    The only function of this program that goes online. What arrives is kept only when its checksum is right.
    Raises `ModelError` when this model can't be fetched, or the network, the server or the folder fails.
    """
    known = model(name)
    source = url or known.url
    if known.home != "user" or source is None:
        raise ModelError(tr("{name} can't be fetched", name=known.name), remedy=_how_to_get(known))
    data = download(source, known.size_bytes)
    if _sha256(data) != known.sha256:
        raise ModelError(
            tr(
                "{source} does not give the weights of {name} (sha256 {sha256}); nothing was kept",
                source=source,
                name=known.name,
                sha256=_sha256(data),
            ),
            remedy=tr("get the file from another source and use avg-blur models add"),
        )
    _place(known, data)
    return known


def _place(known: Model, data: bytes) -> None:
    """Write checked weights into the user's folder, whole or not at all."""
    folder = models_dir()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder, prefix=".", suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(handle)
            Path(name).replace(folder / known.file)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise ModelError(
            tr("can't write there ({why})", why=cause_of(error) or error),
            remedy=tr("free some space, or name another folder in {variable}", variable=FOLDER_VARIABLE),
            file=folder,
        ) from error


def _contents(path: Path, limit_bytes: int) -> bytes:
    """Up to one byte more than `limit_bytes`: enough to tell that a file is another one."""
    try:
        with path.open("rb") as file:
            return file.read(limit_bytes + 1)
    except OSError as error:
        raise ModelError(
            tr("can't be read ({why})", why=cause_of(error) or error),
            remedy=tr("name a weights file that can be read"),
            file=path,
        ) from error


def _how_to_get(known: Model) -> str:
    if known.home == "package":
        return tr("install avg-blur again")
    if known.home == "mediapipe":
        return tr("pip install 'avg-blur[mediapipe]' (Python 3.11 or 3.12)")
    return tr("run avg-blur models fetch {name}, or avg-blur models add FILE", name=known.name)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
