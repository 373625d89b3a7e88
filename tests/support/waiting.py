"""Waiting for what must come, on a computer of any speed.

No test depends on how fast something is: it waits for what it needs, and the limits below are met only where something
is wrong.
"""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["PATIENCE_S", "until"]

PATIENCE_S = 120.0


def until(true: Callable[[], object], *, pause_s: float = 0.01) -> None:
    """Return when it is true; fails when it never becomes so."""
    limit = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < limit, "it never came to be"
        time.sleep(pause_s)
