"""Notices a call of FFmpeg that does not come back, as a file made to harm can bring about.

Such a call can't be broken off from within the process, and Python can't even run its own endings while a thread is
stuck in it. So whoever owns the process says what is to be done (`when_stalled`), which can only be to end it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final

from avg_video.errors import DamagedInput
from avg_video.language import tr
from avg_video.media.limits import STALL_S

__all__ = ["OnStall", "stalled", "watched", "when_stalled"]

OnStall = Callable[[Path], object]
"""What to do about a file that stalls; called in a thread of its own."""

TICK_S: Final = 1.0
"""How often it is looked. Ticks are counted, not seconds: a computer that was asleep in between doesn't count them."""

_calls: dict[int, watched] = {}
"""The calls under way, by the thread that made them."""


class watched:  # noqa: N801 -- used like a function, as contextlib's own
    """`with watched(file): ...` around one call of FFmpeg that reads `file`."""

    __slots__ = ("_outer", "file", "ticks")

    def __init__(self, file: Path) -> None:
        self.file = file
        self.ticks = 0

    def __enter__(self) -> None:
        me = threading.get_ident()
        self._outer = _calls.get(me)
        _calls[me] = self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        me = threading.get_ident()
        if self._outer is None:
            _calls.pop(me, None)
        else:
            _calls[me] = self._outer


def stalled(file: Path) -> DamagedInput:
    """The error for it."""
    return DamagedInput(
        tr("reading it gave nothing for {seconds:.0f} s", seconds=STALL_S),
        remedy=tr("copy it to this computer again, or convert it with another program first"),
        file=file,
    )


@contextmanager
def when_stalled(act: OnStall, *, after_s: float = STALL_S) -> Iterator[None]:
    """Within the block, call `act(file)` once when any watched call has taken `after_s` seconds."""
    over = threading.Event()

    def look() -> None:
        while not over.wait(TICK_S):
            for call in list(_calls.values()):
                call.ticks += 1
                if call.ticks * TICK_S > after_s:
                    act(call.file)
                    return

    threading.Thread(target=look, name="avg-blur-watch", daemon=True).start()
    try:
        yield
    finally:
        over.set()
