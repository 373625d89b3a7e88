"""Whether anybody is looking: open pages, and when something was asked last."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

__all__ = ["Presence"]

CLOSED_S = 20.0
"""The review ends so long after its page was closed; a page that is loaded again is back by then."""
UNOPENED_S = 1800.0
"""... or after so long without any page at all, once there is something to see."""
IDLE_S = 7200.0
"""... or after so long without a request, with a page that stands open."""

OPENING_S = 6.0
"""A browser that is started along with the review has its page open by then."""


class Presence:
    """Counts the pages that are open, and notes when something was asked; safe for several threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._pages, self._ever = 0, False
        self._began = self._asked = self._left = clock()

    def await_page(self) -> None:
        """Return when a page is open, or when a browser would have opened it by now."""
        while not self._pages and self._clock() - self._began < OPENING_S:
            time.sleep(0.05)

    def asked(self) -> None:
        """The page asked for something, or got something to see."""
        self._asked = self._clock()

    def opened(self) -> None:
        """A page is open."""
        with self._lock:
            self._pages, self._ever = self._pages + 1, True

    def closed(self) -> None:
        """One is not any more."""
        with self._lock:
            self._pages, self._left = self._pages - 1, self._clock()

    def refresh(self) -> None:
        """Count from now: what took its time is over."""
        with self._lock:
            self._asked = self._left = self._clock()

    def over(self, *, ready: bool) -> str | None:
        """Why nobody is there any more, "closed" or "idle"; None while somebody may be. `ready`: there is something to
        see, so that somebody who was never there won't come."""
        with self._lock:
            now = self._clock()
            patience = CLOSED_S if self._ever else UNOPENED_S
            if not self._pages and now - self._left > patience and (ready or self._ever):
                return "closed"
            return "idle" if ready and now - self._asked > IDLE_S else None
