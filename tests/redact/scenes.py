"""Pictures to cover: faces on a texture, as I420 planes; the measure of what is left of a face; and made-up looks."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from avg_video.detect.boxes import Boxes
from avg_video.media.picture import Picture
from avg_video.redact.second import SecondLook
from tests.support.clips import noise
from tests.support.people import place

U8 = npt.NDArray[np.uint8]
F32 = npt.NDArray[np.float32]
Look = Callable[[Picture], Boxes]


def i420(rgb: U8) -> U8:
    """RGB (h, w, 3), even sides, as I420 planes."""
    return np.ascontiguousarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2YUV_I420), dtype=np.uint8)


def with_faces(size_wh: tuple[int, int], *faces: tuple[int, tuple[int, int]]) -> tuple[U8, F32]:
    """I420 planes of a texture with faces (height, middle), and their boxes."""
    rgb = noise(size_wh, seed=7)
    boxes = [place(rgb, height, at_xy) for height, at_xy in faces]
    return i420(rgb), np.array(boxes, np.float32).reshape(-1, 4)


def detail(luma: U8, box: F32) -> F32:
    """What makes a face itself in a crop: 32 x 32 luma with its coarse light taken away."""
    x1, y1, x2, y2 = (round(float(v)) for v in box)
    crop = luma[max(y1, 0) : max(y2, y1 + 2), max(x1, 0) : max(x2, x1 + 2)]
    small = cv2.resize(crop, (32, 32), interpolation=cv2.INTER_AREA).astype(np.float32)
    return np.asarray(small - cv2.GaussianBlur(small, (0, 0), 3), np.float32)


def retained(before: U8, after: U8, box: F32) -> tuple[float, float]:
    """Correlation of a face's detail before and after, and the share of its energy that is left."""
    a, b = detail(before, box), detail(after, box)
    energy = float((a * a).sum())
    assert energy > 32 * 32 * 2, "the scene must hold a face with detail"
    return float((a * b).sum()) / (np.sqrt(energy * float((b * b).sum())) + 1e-6), float((b * b).sum()) / energy


def leaks(before: U8, after: U8, box: F32) -> bool:
    """Whether a face is still recognisable: its detail correlates and a fifth of its energy is there."""
    correlation, energy = retained(before, after, box)
    return correlation > 0.5 and energy > 0.2


def nobody(picture: Picture) -> Boxes:
    """A look that finds nobody."""
    return Boxes.none()


def looked_at(second: SecondLook) -> list[int]:
    """Replaces its look by one that finds the same and notes at which pictures it was asked."""
    seen: list[int] = []
    inner = second.look

    def noting(picture: Picture) -> Boxes:
        seen.append(picture.index)
        return inner(picture)

    second.look = noting
    return seen
