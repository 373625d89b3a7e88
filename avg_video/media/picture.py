"""One upright picture in the decoder's own planes (8-bit YUV 4:2:0)."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["Picture"]

U8 = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Picture:
    """One decoded picture, upright, with even sides.

    Attributes
    ----------
    index: its place in order of display, from 0.
    pts: its time in the source's time base.
    i420: uint8 (3 * h // 2, w), C-contiguous: all of Y, then all of U, then all of V. Owned by this object, so
        painting into it can't reach the decoder's reference pictures.
    suspect: True where the picture can't be trusted (around a change of resolution): all of it must be covered.

    Raises `ValueError` when `i420` has another shape or type.
    """

    index: int
    pts: int
    i420: U8
    suspect: bool = False

    def __post_init__(self) -> None:
        a = self.i420
        if a.ndim != 2 or a.dtype != np.uint8 or a.shape[0] % 3 or a.shape[1] % 2 or not a.flags.c_contiguous:
            raise ValueError(f"i420: expected contiguous uint8 (3 * h // 2, even w), got {a.dtype} {a.shape}")

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height in px."""
        return self.i420.shape[1], self.i420.shape[0] * 2 // 3

    @property
    def y(self) -> U8:
        """uint8 (h, w): luma, a view."""
        return self.i420[: self.size_wh[1]]

    @property
    def u(self) -> U8:
        """uint8 (h // 2, w // 2): first chroma plane, a view."""
        return self._chroma(0)

    @property
    def v(self) -> U8:
        """uint8 (h // 2, w // 2): second chroma plane, a view."""
        return self._chroma(1)

    def _chroma(self, k: int) -> U8:
        w, h = self.size_wh
        area = w * h // 4
        start = w * h + k * area
        return self.i420.reshape(-1)[start : start + area].reshape(h // 2, w // 2)

    def luma(self, size_wh: tuple[int, int]) -> U8:
        """uint8 (size_wh[1], size_wh[0]): luma at another size, area-averaged."""
        return np.asarray(cv2.resize(self.y, size_wh, interpolation=cv2.INTER_AREA), dtype=np.uint8)

    def bgr(self, size_wh: tuple[int, int] | None = None, crop_xyxy: tuple[int, int, int, int] | None = None) -> U8:
        """uint8 (h, w, 3) BGR of the picture, or of the part `crop_xyxy` (px; widened to even), at `size_wh` if given.

        The planes are scaled before the colours are converted, which costs a fraction of converting the whole.
        Colours are for looking (BT.601 limited range whatever the source says), not for keeping.
        """
        w, h = self.size_wh
        x1, y1, x2, y2 = crop_xyxy or (0, 0, w, h)
        x1, y1, x2, y2 = x1 & ~1, y1 & ~1, min(x2 + (x2 & 1), w), min(y2 + (y2 & 1), h)
        planes = [self.y[y1:y2, x1:x2]]
        planes += [p[y1 // 2 : y2 // 2, x1 // 2 : x2 // 2] for p in (self.u, self.v)]
        tw, th = size_wh or (x2 - x1, y2 - y1)
        ew, eh = tw + (tw & 1), th + (th & 1)
        parts = []
        for plane, size in zip(planes, ((ew, eh), (ew // 2, eh // 2), (ew // 2, eh // 2)), strict=True):
            if plane.shape[::-1] != size:
                shrinks = plane.shape[1] > size[0]
                way = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
                plane = np.asarray(cv2.resize(plane, size, interpolation=way), dtype=np.uint8)
            parts.append(plane.reshape(-1))
        i420 = np.concatenate(parts).reshape(eh * 3 // 2, ew)
        return np.ascontiguousarray(cv2.cvtColor(i420, cv2.COLOR_YUV2BGR_I420)[:th, :tw], dtype=np.uint8)
