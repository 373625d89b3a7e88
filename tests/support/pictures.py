"""Pictures in the decoder's planes, made from RGB arrays."""

from __future__ import annotations

import av
import numpy as np
import numpy.typing as npt

from avg_video.media.picture import Picture


def picture_from(rgb: npt.NDArray[np.uint8], index: int = 0, pts: int | None = None) -> Picture:
    """A `Picture` of an RGB array, uint8 (h, w, 3), whose sides are even."""
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24").reformat(format="yuv420p")
    return Picture(index, index if pts is None else pts, np.ascontiguousarray(frame.to_ndarray()))
