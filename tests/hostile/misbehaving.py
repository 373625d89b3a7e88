"""Work that crashes or hangs, for a test of what becomes of it; a file of its own, since its processes load that."""

from __future__ import annotations

import os
import time
from pathlib import Path


def misbehave(folder: Path, task: str) -> str:
    """The task in capitals, unless it is "crash" or "hang"."""
    if task == "crash":
        os.abort()
    if task == "hang":
        time.sleep(600)
    return task.upper()
