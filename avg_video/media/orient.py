"""Turning stored pictures upright and padding them to even sides, plane by plane."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["UPRIGHT", "Orientation", "even", "lay_out"]

U8 = npt.NDArray[np.uint8]

_TOLERANCE = 0.02
"""How far a normalised matrix entry may lie from -1, 0 or 1 (about one degree); cameras write exact ones."""


@dataclass(frozen=True)
class Orientation:
    """How stored pixels become upright ones: mirrored left to right first (if so), then turned clockwise.

    Attributes
    ----------
    rotation_deg: clockwise turn: 0, 90, 180 or 270.
    mirrored: True where the stored picture must be mirrored left to right before it is turned.
    """

    rotation_deg: int
    mirrored: bool = False

    @classmethod
    def from_matrix(cls, matrix: Sequence[int]) -> Orientation | None:
        """Read a display matrix: nine 32-bit numbers `a b u c d v x y w` of ISO/IEC 14496-12, 6.2.2.

        A stored pixel (x, y) is shown at (a * x + c * y, b * x + d * y), y down. None where that is not a turn by
        quarters, with or without a mirror: a slanted, scaled or degenerate picture.
        """
        a, b, _, c, d = (float(v) for v in matrix[:5])
        scale = max(abs(a), abs(b), abs(c), abs(d))
        if scale == 0:
            return None
        entries = np.array([[a, c], [b, d]]) / scale
        signs = np.rint(entries)
        if np.abs(entries - signs).max() > _TOLERANCE or abs(round(float(np.linalg.det(signs)))) != 1:
            return None
        mirrored = np.linalg.det(signs) < 0
        if mirrored:
            signs = signs @ np.array([[-1, 0], [0, 1]])
        # The x axis of the stored picture points right, down, left, up when turned clockwise by 0, 90, 180, 270.
        turn = {(1, 0): 0, (0, 1): 90, (-1, 0): 180, (0, -1): 270}[(int(signs[0, 0]), int(signs[1, 0]))]
        return cls(turn, bool(mirrored))

    @property
    def swaps(self) -> bool:
        """True where width and height change places."""
        return self.rotation_deg in (90, 270)

    def size(self, size_wh: tuple[int, int]) -> tuple[int, int]:
        """Width and height after turning a picture of `size_wh`."""
        return (size_wh[1], size_wh[0]) if self.swaps else size_wh

    def turn(self, plane: U8, into: U8) -> None:
        """Write `plane` uint8 (h, w), mirrored and turned, into `into` (h, w) or (w, h)."""
        if self.mirrored:
            plane = np.asarray(cv2.flip(plane, 1), np.uint8)
        if self.rotation_deg == 0:
            into[:] = plane
        else:
            into[:] = cv2.rotate(plane, _CV_TURNS[self.rotation_deg])


_CV_TURNS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}

UPRIGHT = Orientation(0)


def even(size_wh: tuple[int, int]) -> tuple[int, int]:
    """The size with each odd side one larger."""
    return size_wh[0] + size_wh[0] % 2, size_wh[1] + size_wh[1] % 2


def lay_out(planes: Sequence[U8], orientation: Orientation) -> U8:
    """One upright even picture in memory of its own.

    `planes`: Y uint8 (h, w), U and V uint8 (ceil(h / 2), ceil(w / 2)); views into foreign memory are fine.
    An odd side is padded by repeating the last row or column of Y *before* turning, so that each chroma value stays
    with its own four pixels; chroma planes already have the padded size.
    Returns uint8 (3 * h' // 2, w'), C-contiguous, as `Picture.i420`.
    """
    h, w = planes[0].shape
    stored = even((w, h))
    out_w, out_h = orientation.size(stored)
    i420 = np.empty((out_h * 3 // 2, out_w), np.uint8)
    flat = i420.reshape(-1)
    start = 0
    for k, plane in enumerate(planes):
        ph, pw = (out_h, out_w) if k == 0 else (out_h // 2, out_w // 2)
        target = flat[start : start + ph * pw].reshape(ph, pw)
        start += ph * pw
        if k == 0 and stored != (w, h):
            plane = np.pad(plane, ((0, stored[1] - h), (0, stored[0] - w)), mode="edge")
        if orientation == UPRIGHT:
            target[:] = plane
        else:
            orientation.turn(plane, target)
    return i420
