"""How far looking or making is, for the page; and the way to stop it from there."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from avg_video.job import Progress

__all__ = ["Cancelled", "Meter"]

SETTLING_S = 1.0
"""Seconds before the time left is guessed."""
TOLD_EVERY_S = 0.2


class Cancelled(Exception):
    """The page asked to stop what is being made."""


class Meter:
    """Tells a terminal's progress as well as the page's. Fits the pipeline's `Progress`.

    Parameters
    ----------
    other: told everything too.
    check: called at every report; may raise to stop.
    changed: called when there is something new for the page, not oftener than five times a second.

    Attributes
    ----------
    stage_name: "looking", "making" or "checking".
    warnings: said so far.
    """

    def __init__(self, other: Progress, changed: Callable[[], None], check: Callable[[], None] = lambda: None) -> None:
        self._other, self._changed, self._also = other, changed, check
        self._cancelled = False
        self._total_s: float | None = None
        self._begun = self._told = time.monotonic()
        self._at_s, self._pictures = 0.0, 0
        self.stage_name = ""
        self.warnings: list[str] = []

    def cancel(self) -> None:
        """Make the next report raise `Cancelled`."""
        self._cancelled = True

    def stage(self, name: str, total_s: float | None) -> None:
        """A stage begins; as of `Progress`."""
        self._check()
        self._other.stage(name, total_s)
        self.stage_name, self._total_s, self._at_s, self._pictures = name, total_s, 0.0, 0
        self._begun = time.monotonic()
        self._changed()

    def at(self, second: float, pictures: int) -> None:
        """How far it is; as of `Progress`."""
        self._check()
        self._other.at(second, pictures)
        self._at_s, self._pictures = second, pictures
        now = time.monotonic()
        if now - self._told >= TOLD_EVERY_S:
            self._told = now
            self._changed()

    def warn(self, text: str) -> None:
        """Something the user must know; as of `Progress`."""
        self._other.warn(text)
        self.warnings.append(text)

    def view(self) -> dict[str, Any]:
        """Share done, seconds left and pictures a second; None where they are not known."""
        took = time.monotonic() - self._begun
        share = min(self._at_s / self._total_s, 1.0) if self._total_s else None
        left = took / share - took if share and took > SETTLING_S else None
        return {
            "share": None if share is None else round(share, 4),
            "seconds_left": None if left is None else round(left, 1),
            "pictures_per_s": round(self._pictures / took, 1) if took > SETTLING_S else None,
        }

    def _check(self) -> None:
        if self._cancelled:
            raise Cancelled
        self._also()
