"""Logs to spoil: made by the program, with made-up hashes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from avg_video.record.log import LOG_NAME, Head, append


def sha(text: str) -> str:
    """A hash that belongs to `text`."""
    return hashlib.sha256(text.encode()).hexdigest()


def add(path: Path, name: str = "a") -> Head:
    """A line about a made-up output."""
    return append(path, output_sha256=sha(name), record_sha256=sha(f"record of {name}"), run_id=uuid4())


def log_of(folder: Path, lines: int) -> Path:
    """A log with so many lines."""
    path = folder / LOG_NAME
    for n in range(lines):
        add(path, f"output {n + 1}")
    return path


def lines_of(path: Path) -> list[bytes]:
    """The lines, each with its end."""
    return path.read_bytes().splitlines(keepends=True)


@contextmanager
def another_computer(folder: Path) -> Iterator[None]:
    """Within the block the user's data folder is an empty one: another key signs, and this one is unknown."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AVG_BLUR_DATA", str(folder))
        yield
