"""Who is covered and who is shown in each picture, looked up by picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from avg_video.track.types import Track

__all__ = ["Script"]

F32 = npt.NDArray[np.float32]


class Script:
    """The boxes of every picture, split into those to cover and those to leave.

    Parameters
    ----------
    tracks: everyone who was followed.
    shown: for each track id that may be shown, the pictures int32 (k,) in which it is covered all the same. A track
        that is not named here is covered.

    Raises `ValueError` for an id that no track has, so that a mix-up can't show anyone by accident.
    """

    def __init__(self, tracks: Sequence[Track], shown: Mapping[int, npt.NDArray[np.int32]]) -> None:
        strangers = set(shown) - {t.id for t in tracks}
        if strangers:
            raise ValueError(f"shown: expected ids of tracks, got {sorted(strangers)}")
        none = np.zeros(0, np.int32)
        frames = np.concatenate([none, *(t.frames for t in tracks)])
        boxes = np.concatenate([np.zeros((0, 4), np.float32), *(t.boxes_xyxy for t in tracks)])
        covered = np.concatenate(
            [
                np.zeros(0, np.bool_),
                *(np.isin(t.frames, shown[t.id]) if t.id in shown else np.ones(len(t), np.bool_) for t in tracks),
            ]
        )
        order = np.argsort(frames, kind="stable")
        self._frames, self._boxes, self._covered = frames[order], boxes[order], covered[order]

    def at(self, index: int) -> tuple[F32, F32]:
        """Boxes to cover, float32 (n, 4), and boxes to leave, float32 (m, 4), of that picture; px."""
        a, b = np.searchsorted(self._frames, [index, index + 1])
        boxes, covered = self._boxes[a:b], self._covered[a:b]
        return boxes[covered], boxes[~covered]
