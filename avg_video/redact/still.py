"""Covers faces in one still RGB picture of any size; what is not covered stays bit for bit as it was."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from avg_video.media.picture import Picture
from avg_video.redact.paint import Style, paint
from avg_video.redact.shape import outline

__all__ = ["cover_still", "picture_of"]

U8 = npt.NDArray[np.uint8]
F32 = npt.NDArray[np.float32]

_NEIGHBOURS = np.ones((3, 3), np.uint8)


def picture_of(rgb: U8) -> Picture:
    """The picture uint8 (h, w, 3) RGB in the planes that detectors and painters work on.

    These have even sides: an odd picture is one row or column larger there, its edge repeated.
    """
    h, w = rgb.shape[:2]
    if h % 2 or w % 2:
        rgb = np.asarray(cv2.copyMakeBorder(rgb, 0, h % 2, 0, w % 2, cv2.BORDER_REPLICATE), np.uint8)
    return Picture(0, 0, np.ascontiguousarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2YUV_I420), dtype=np.uint8))


def cover_still(rgb: U8, boxes_xyxy: F32, style: Style = Style.FILL) -> U8:
    """A copy of uint8 (h, w, 3) RGB in which the faces in `boxes_xyxy`, float32 (n, 4) px, are covered.

    Under the shapes nothing of the picture is left, as in `paint`; outside them and their soft edge it is the
    original, without the loss of a way through other planes. Raises as `paint`.
    """
    h, w = rgb.shape[:2]
    covered = rgb.copy()
    picture = picture_of(rgb)
    paint(picture.i420, boxes_xyxy, style)
    for region in outline(boxes_xyxy, picture.size_wh).regions:
        x1, y1, x2, y2 = (2 * v for v in region.window)
        painted = picture.bgr(crop_xyxy=(x1, y1, x2, y2))[..., ::-1]
        # As wide as the paint reaches in the sharper plane, see `paint`.
        touched = np.repeat(np.repeat(cv2.dilate(region.alpha, _NEIGHBOURS) > 0, 2, axis=0), 2, axis=1)
        part = covered[y1 : min(y2, h), x1 : min(x2, w)]
        here = (slice(0, part.shape[0]), slice(0, part.shape[1]))
        np.copyto(part, painted[here], where=touched[here][..., None])
    return covered
