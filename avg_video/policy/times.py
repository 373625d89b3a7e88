"""Moments and stretches of time as people write them in a policy: "HH:MM:SS.fff", or seconds."""

from __future__ import annotations

import math
import re
from datetime import time

from avg_video.language import tr

__all__ = ["MAX_S", "format_seconds", "parse_seconds"]

MAX_S = 360_000.0
"""Longest time that is accepted, in seconds (100 hours). Anything above is a slip of the pen."""

_CLOCK = re.compile(r"([0-9]{2}):([0-5][0-9]):([0-5][0-9](?:\.[0-9]{1,9})?)")


def parse_seconds(value: object) -> float:
    """Seconds since the first picture, from "HH:MM:SS", "HH:MM:SS.fff", a number of seconds, or a TOML time.

    Raises `ValueError` for anything else, negative and endless times included; its text is a clause for the user.
    """
    if isinstance(value, time) and value.tzinfo is None:
        # TOML reads 00:03:12.5 without quotes as a time of day, which can only mean one thing here.
        return value.hour * 3600 + value.minute * 60 + value.second + value.microsecond / 1e6
    if isinstance(value, str):
        match = _CLOCK.fullmatch(value)
        if match is None:
            raise ValueError(tr("it is not a time"))
        hours, minutes, seconds = match.groups()
        return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(tr("it is not a time"))
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(tr("it is not a finite time"))
    if value < 0:
        raise ValueError(tr("it lies before the start"))
    if value > MAX_S:
        raise ValueError(tr("it is more than 100 hours"))
    return float(value)


def format_seconds(seconds: float) -> str:
    """ "HH:MM:SS.fff", rounded up to the millisecond.

    Up, so that the text of a picture's time is a moment at which that picture is on screen, not the one before it.
    """
    milli = max(math.ceil(seconds * 1000 - 1e-6), 0)
    minutes, rest = divmod(milli, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}.{rest % 1000:03d}"
