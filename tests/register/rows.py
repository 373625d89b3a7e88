"""Runs for the register, as if a copy had been made."""

from __future__ import annotations

import hashlib
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from avg_video.register.runs import RunRow

__all__ = ["MADE_AT", "run_row", "sha256_of"]

MADE_AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


def sha256_of(text: str) -> str:
    """A hash that is the same for the same text."""
    return hashlib.sha256(text.encode()).hexdigest()


def run_row(folder: Path, copy: str = "lesson.avg.mp4", *, source: str = "lesson.mp4", **other: Any) -> RunRow:
    """A run that made `copy` of `source` in `folder`; both are written there, and are hashed as they are.

    Whatever of a run is in `other` is taken instead. Bytes differ by name, and by `salt`.
    """
    salt = other.pop("salt", "")
    for name in (source, copy):
        (folder / name).write_text(f"{name}{salt if name == copy else ''}")
    values: dict[str, Any] = {
        "run_id": uuid.uuid4(),
        "made_at": MADE_AT,
        "recording_sha256": sha256_of(source),
        "recording_bytes": len(source),
        "recording_path": folder / source,
        "output_sha256": sha256_of(f"{copy}{salt}"),
        "output_bytes": len(f"{copy}{salt}"),
        "output_path": folder / copy,
        "record_path": folder / f"{copy}.json",
        "record_sha256": sha256_of("record"),
    }
    return RunRow(**{**values, **other})
