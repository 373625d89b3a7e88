"""The settings that these tests share."""

from __future__ import annotations

from avg_video.job import Settings

FAST = Settings(detector="centerface", threads=1)
