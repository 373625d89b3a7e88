"""Which colours the numbers in a picture stand for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import av

__all__ = ["BT709", "FULL_RANGE", "HDR_TRANSFERS", "LIMITED_RANGE", "UNSPECIFIED", "ColourTags", "tags_of"]

UNSPECIFIED: Final = 2
"""Of matrix, primaries and transfer (ITU-T H.273); an unspecified range is 0."""

LIMITED_RANGE: Final = 1
FULL_RANGE: Final = 2

HDR_TRANSFERS: Final = {16: "PQ", 18: "HLG"}
"""SMPTE ST 2084 and ARIB STD-B67 (ITU-R BT.2100), as numbered in H.273."""


@dataclass(frozen=True)
class ColourTags:
    """Colour description in FFmpeg's numbers; all but the range are those of ITU-T H.273.

    Attributes
    ----------
    range: 0 unspecified, 1 limited (16 to 235), 2 full (0 to 255).
    matrix: 1 BT.709, 5 and 6 BT.601, 9 BT.2020, 0 RGB, 2 unspecified.
    primaries: 1 BT.709, 5 and 6 BT.601, 9 BT.2020, 12 Display P3, 2 unspecified.
    transfer: 1 BT.709, 6 BT.601, 14 and 15 BT.2020, 16 PQ, 18 HLG, 2 unspecified.
    """

    range: int
    matrix: int
    primaries: int
    transfer: int


BT709: Final = ColourTags(LIMITED_RANGE, 1, 1, 1)


def tags_of(frame: av.VideoFrame) -> ColourTags:
    """The tags of one decoded frame; FFmpeg's old `yuvj` formats and grey ones mean full range."""
    name = frame.format.name
    full = name.startswith(("yuvj", "gray"))
    limits = FULL_RANGE if full else int(frame.color_range)
    return ColourTags(limits, int(frame.colorspace), int(frame.color_primaries), int(frame.color_trc))
