"""The copy that is being made, or was made last, as the page is told of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from avg_video.errors import AvgError
from avg_video.job import Outcome
from avg_video.record.store import record_data
from avg_video.review.server.progress import Cancelled, Meter

__all__ = ["Making", "error_view"]


class Making:
    """One copy on its way.

    Parameters
    ----------
    closing: says in lines what came of a copy.
    waits: whether it is about to be made; else there is none.
    overwrite: whether it may replace one.

    Attributes
    ----------
    stage: "idle", "waiting", "making", "done", "failed" or "cancelled".
    outcome: what came of it, when it is done.
    """

    def __init__(
        self, closing: Callable[[Outcome], list[str]], *, waits: bool = False, overwrite: bool = False
    ) -> None:
        self._closing = closing
        self.overwrite = overwrite
        self.stage = "waiting" if waits else "idle"
        self.outcome: Outcome | None = None
        self._meter: Meter | None = None
        self._error: AvgError | None = None
        self._warnings: list[str] = []
        self._seconds = 0.0
        self._cancelled = False

    @property
    def under_way(self) -> bool:
        """Whether it is still to be waited for."""
        return self.stage in ("waiting", "making")

    def run(self, meter: Meter, work: Callable[[], Outcome]) -> None:
        """Do the work, and keep what comes of it. What is no `AvgError` goes on to the caller."""
        began = time.monotonic()
        self._meter, self.stage = meter, "making"
        try:
            if self._cancelled:
                raise Cancelled
            self.outcome = work()
            self.stage = "done"
        except Cancelled:
            self.stage = "cancelled"
        except AvgError as error:
            self.stage, self._error = "failed", error
        finally:
            self.stage = "cancelled" if self.stage == "making" else self.stage
            self._warnings, self._seconds, self._meter = meter.warnings, time.monotonic() - began, None

    def cancel(self) -> None:
        """Stop the work at its next report."""
        self._cancelled = True
        if self._meter is not None:
            self._meter.cancel()

    def view(self) -> dict[str, Any]:
        """As it stands in the state."""
        meter = self._meter
        looks = meter is None or meter.stage_name == "looking"
        nothing = {"share": None, "seconds_left": None, "pictures_per_s": None}
        return {
            **(nothing if meter is None or looks else meter.view()),
            "stage": "checking" if meter is not None and meter.stage_name == "checking" else self.stage,
            "warnings": list(self._warnings if meter is None else meter.warnings),
            "error": None if self._error is None else error_view(self._error),
            "result": None if self.outcome is None else self._result(self.outcome),
        }

    def _result(self, outcome: Outcome) -> dict[str, Any]:
        record = outcome.record
        return {
            "exit_code": outcome.exit_code,
            "output": outcome.output.name,
            "folder": str(outcome.output.absolute().parent),
            "record_name": outcome.record_path.name,
            "covered": record.covered,
            "shown": record.shown,
            "seconds": round(self._seconds, 1),
            "finds": record.second_look.finds,
            "warnings": list(record.warnings),
            "not_checked": list(record.not_checked),
            "text": self._closing(outcome),
            "record": record_data(record),
        }


def error_view(error: AvgError) -> dict[str, str]:
    """An error for the page."""
    return {"code": type(error).__name__, "text": error.what, "remedy": error.remedy}
