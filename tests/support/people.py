"""A face to find: the public-domain portrait that scikit-image carries, set into a picture at any size."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt
from skimage.data import astronaut

RGB = npt.NDArray[np.uint8]

FACE_XYXY = (176, 62, 268, 182)
"""Where the face lies in the 512 x 512 portrait, px: brow line's hair to chin, ear to ear."""


@lru_cache
def portrait() -> RGB:
    """uint8 (512, 512, 3) RGB."""
    return np.asarray(astronaut(), dtype=np.uint8)


def head(face_h_px: int) -> tuple[RGB, tuple[float, float, float, float]]:
    """The head and shoulders scaled so that the face is `face_h_px` high, and the face's box within that picture."""
    x1, y1, x2, y2 = FACE_XYXY
    crop = portrait()[10:280, 90:360]
    k = face_h_px / (y2 - y1)
    size = (max(round(crop.shape[1] * k), 2), max(round(crop.shape[0] * k), 2))
    small = cv2.resize(crop, size, interpolation=cv2.INTER_AREA if k < 1 else cv2.INTER_CUBIC)
    return np.asarray(small, np.uint8), ((x1 - 90) * k, (y1 - 10) * k, (x2 - 90) * k, (y2 - 10) * k)


def place(picture: RGB, face_h_px: int, at_xy: tuple[int, int]) -> tuple[float, float, float, float]:
    """Paint a head into `picture` with the middle of its face at `at_xy`; what falls outside is cut off.

    Returns the face's true box in px of `picture` (it may reach outside).
    """
    small, (fx1, fy1, fx2, fy2) = head(face_h_px)
    left, top = round(at_xy[0] - (fx1 + fx2) / 2), round(at_xy[1] - (fy1 + fy2) / 2)
    h, w = picture.shape[:2]
    x1, y1, x2, y2 = max(left, 0), max(top, 0), min(left + small.shape[1], w), min(top + small.shape[0], h)
    if x1 < x2 and y1 < y2:
        picture[y1:y2, x1:x2] = small[y1 - top : y2 - top, x1 - left : x2 - left]
    return left + fx1, top + fy1, left + fx2, top + fy2
