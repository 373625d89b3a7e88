"""The faces seen so far, while the recording is still being looked at: a first impression, without numbers.

Who objected can be said of them already; everything else waits until it is known who is who.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from avg_video.detect.boxes import Boxes, iou
from avg_video.media.picture import Picture
from avg_video.review.strips import crop
from avg_video.track.types import Track

__all__ = ["Early"]

F32 = npt.NDArray[np.float32]

MOST = 60
"""Faces that are kept; a class fits into it."""
SAME_IOU = 0.3
"""A face is taken for one that was seen before when it overlaps where that was last by so much."""
FORGET_S = 3.0
"""... within so many seconds."""


class _Face:
    def __init__(self, number: int, picture: Picture, second: float, box: F32, jpeg: bytes) -> None:
        self.id, self.picture, self.second, self.box = number, picture.index, second, box
        self.last_s, self.last_box, self.seen, self.jpeg = second, box, 1, jpeg
        self.size = float(box[3] - box[1])
        self.objected = False


class Early:
    """Collects faces from the thread that looks, and answers the page's.

    Attributes
    ----------
    revision: grows when something new is to be seen.
    """

    def __init__(self, strong: float) -> None:
        self._strong = strong
        self._lock = threading.Lock()
        self._faces: list[_Face] = []
        self._size_wh = (1, 1)
        self._aspect = 1.0
        self.revision = 0

    def of_shape(self, aspect: float) -> None:
        """Width / height of one pixel."""
        self._aspect = aspect

    def met(self, picture: Picture, second: float, found: Boxes) -> None:
        """Faces found in a picture, float32 (n, 4) px; only sure ones count here."""
        boxes = found.boxes_xyxy[found.scores >= self._strong]
        if not len(boxes):
            return
        with self._lock:
            self._size_wh = picture.size_wh
            free = [face for face in self._faces if second - face.last_s <= FORGET_S]
            for box in boxes:
                best = max(free, key=lambda face: float(iou(box[None], face.last_box[None])[0, 0]), default=None)
                if best is not None and iou(box[None], best.last_box[None])[0, 0] >= SAME_IOU:
                    free.remove(best)
                    best.last_s, best.last_box, best.seen = second, box, best.seen + 1
                    self._better(best, picture, second, box)
                elif len(self._faces) < MOST:
                    jpeg = crop(picture, box, self._aspect)
                    self._faces.append(_Face(len(self._faces) + 1, picture, second, box, jpeg))
            self.revision += 1

    def _better(self, face: _Face, picture: Picture, second: float, box: F32) -> None:
        """Take a larger picture of a face in the place of the one there is."""
        if float(box[3] - box[1]) > 1.25 * face.size:
            face.picture, face.second, face.box, face.size = picture.index, second, box, float(box[3] - box[1])
            face.jpeg = crop(picture, box, self._aspect)

    def __len__(self) -> int:
        return len(self._faces)

    def object(self, number: int, *, objected: bool) -> None:
        """Note that this face objected, or did not after all. Raises `IndexError` where there is none."""
        with self._lock:
            if not 1 <= number <= len(self._faces):
                raise IndexError(number)
            self._faces[number - 1].objected = objected
            self.revision += 1

    @property
    def objections(self) -> int:
        """How many of them objected."""
        return sum(face.objected for face in self._faces)

    def edits(self, tracks: Sequence[Track]) -> list[dict[str, Any]]:
        """The objections as edits of a policy: by the number of whoever is there, else by the place and the moment,
        which the policy treats as if it could be anybody."""
        with self._lock:
            return [_edit(face, tracks, self._size_wh) for face in self._faces if face.objected]

    def view(self) -> dict[str, Any]:
        """All of them, those seen most first."""
        with self._lock:
            w, h = self._size_wh
            faces = [
                {
                    "id": face.id,
                    "picture": face.picture,
                    "second": round(face.second, 6),
                    "box": [round(float(v), 5) for v in face.box / np.array([w, h, w, h])],
                    "seen": face.seen,
                    "objected": face.objected,
                }
                for face in sorted(self._faces, key=lambda face: -face.seen)
            ]
            return {"revision": self.revision, "faces": faces}

    def jpeg(self, number: int) -> bytes:
        """A picture of that face. Raises `IndexError` where there is none."""
        with self._lock:
            if not 1 <= number <= len(self._faces):
                raise IndexError(number)
            return self._faces[number - 1].jpeg


def _edit(face: _Face, tracks: Sequence[Track], size_wh: tuple[int, int]) -> dict[str, Any]:
    there = [(track.id, box) for track in tracks if (box := track.box_at(face.picture)) is not None]
    shares = [float(iou(face.box[None], box[None])[0, 0]) for _, box in there]
    if shares and max(shares) >= SAME_IOU:
        return {"do": "mark", "number": there[shares.index(max(shares))][0], "as": "objected"}
    x, y = ((float(face.box[k]) + float(face.box[k + 2])) / 2 / size_wh[k] for k in (0, 1))
    at = {"t": round(face.second, 3), "x": round(min(max(x, 0), 1), 4), "y": round(min(max(y, 0), 1), 4)}
    return {"do": "add", "table": "objected", "line": {"at": at}}
