"""Hashes that tie a record to the files and the settings it is about."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from avg_video.errors import InputError, UsageError
from avg_video.language import cause_of, tr

__all__ = ["fingerprint", "holds", "sha256_file"]

CHUNK_BYTES = 1 << 20


def sha256_file(path: Path, progress: Callable[[int, int], None] | None = None) -> str:
    """SHA-256 (FIPS 180-4) of the whole file, 64 lower-case hex digits; memory stays at one chunk of 1 MiB.

    `progress(done, total)` is called after every chunk with bytes; `total` is the size when the reading began.

    Raises
    ------
    UsageError: there is no such file, or it is not a plain file (a folder, a pipe, a device).
    InputError: it can't be read.
    """
    if not path.exists():
        raise UsageError(tr("there is no such file"), remedy=tr("check the name"), file=path)
    if not path.is_file():
        # Reading a pipe or a device could wait for ever.
        raise UsageError(tr("this is not a plain file"), remedy=tr("give the name of a file"), file=path)
    digest = hashlib.sha256()
    try:
        total, done = path.stat().st_size, 0
        with path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                digest.update(chunk)
                done += len(chunk)
                if progress is not None:
                    progress(done, total)
    except OSError as error:
        why = cause_of(error) or type(error).__name__
        raise InputError(
            tr("it can't be read ({why})", why=why), remedy=tr("check its permissions"), file=path
        ) from error
    return digest.hexdigest()


def holds(path: Path, sha256: str) -> bool:
    """Whether a plain file of that hash lies at `path`; one that can't be read does not count."""
    try:
        return sha256_file(path) == sha256
    except (InputError, UsageError):
        return False


def fingerprint(mapping: Mapping[str, Any]) -> str:
    """SHA-256 of `mapping` in one fixed spelling: JSON with sorted keys, no spaces, UTF-8.

    Two mappings with equal content have one fingerprint, in whatever order they were built. A tuple counts as a list.

    Raises `TypeError` for a value that JSON has no form for, or a key that isn't text (1 and "1" would be one key),
    and `ValueError` for NaN and infinity.
    """
    _only_text_keys(mapping)
    text = json.dumps(mapping, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _only_text_keys(value: object) -> None:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise TypeError(f"keys: expected text, got {key!r}")
            _only_text_keys(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            _only_text_keys(inner)
