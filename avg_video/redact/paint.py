"""Paint covers into a picture's own planes, in place and only where a shape or its soft edge lies."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from avg_video.media.picture import Picture
from avg_video.redact.shape import Region, outline
from avg_video.redact.styles import GREY, PAINTERS, Ground, Style, Surface

__all__ = ["Style", "paint", "paint_all", "paint_picture"]

U8 = npt.NDArray[np.uint8]
F32 = npt.NDArray[np.float32]


_NEIGHBOURS = np.ones((3, 3), np.uint8)


def paint(i420: U8, boxes_xyxy: F32, style: Style = Style.FILL) -> None:
    """Cover the faces in `boxes_xyxy`, float32 (n, 4) in px, in the picture `i420`, uint8 (3 * h // 2, w), in place.

    Under the shapes nothing of the picture is left; across a soft edge outside them the cover runs out; everything
    else stays bit for bit as it was. Boxes may overlap, touch, and reach outside the picture.

    Raises `ValueError` for arrays of another shape, a picture that can't be written, and boxes that are not finite or
    have no area. Nothing is painted then.
    """
    picture = Picture(0, 0, i420)
    if not i420.flags.writeable:
        raise ValueError("i420: expected an array that may be painted into, got a read-only one")
    plan = outline(boxes_xyxy, picture.size_wh)
    ground = Ground(picture.y, picture.u, picture.v, plan.known)
    # All surfaces first: none may be grown from a neighbour's fresh paint, whatever the order of the boxes.
    surfaces = [PAINTERS[style](ground, region) for region in plan.regions]
    for region, surface in zip(plan.regions, surfaces, strict=True):
        _lay(ground, region, surface)


def paint_picture(picture: Picture, boxes_xyxy: F32, style: Style = Style.FILL) -> None:
    """Cover the faces in a picture, in place; all of it, in neutral grey, where the picture can't be trusted.

    Raises as `paint`.
    """
    if picture.suspect:
        paint_all(picture.i420)
    else:
        paint(picture.i420, boxes_xyxy, style)


def paint_all(i420: U8) -> None:
    """Cover the whole picture `i420`, uint8 (3 * h // 2, w), with neutral grey, in place."""
    i420[...] = GREY


def _lay(ground: Ground, region: Region, surface: Surface) -> None:
    x1, y1, x2, y2 = region.window
    # Widened by a block first, so that smoothing the soft edge for the luma plane can't thin out the cover at its rim.
    wider = cv2.dilate(region.alpha, _NEIGHBOURS)
    luma_alpha = cv2.resize(wider, None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR)
    for channel, (plane, k, alpha) in enumerate(
        ((ground.y, 2, luma_alpha), (ground.u, 1, region.alpha), (ground.v, 1, region.alpha))
    ):
        target = plane[y1 * k : y2 * k, x1 * k : x2 * k]
        paint = _spread(surface, channel, (x1 * k, y1 * k, x2 * k, y2 * k), k)
        kept = cv2.multiply(target, 255 - alpha, scale=1 / 255)
        cv2.add(kept, cv2.multiply(paint, alpha, scale=1 / 255), dst=target)


def _spread(surface: Surface, channel: int, window_px: tuple[int, int, int, int], per_block: int) -> U8:
    """One channel of the surface at full size over `window_px` of a plane with `per_block` px to a block's side."""
    x1, y1, x2, y2 = window_px
    if surface.grid.shape[:2] == (1, 1):
        return np.full((y2 - y1, x2 - x1), surface.grid[0, 0, channel], np.uint8)
    side = surface.cell * per_block
    border = 2 if surface.smooth else 0  # what lies further off does not reach into the window
    rows, columns = surface.grid.shape[:2]
    c0, r0 = surface.corner
    c1, r1 = max(x1 // side - border - c0, 0), max(y1 // side - border - r0, 0)
    c2, r2 = min(-(-x2 // side) + border - c0, columns), min(-(-y2 // side) + border - r0, rows)
    cells = np.ascontiguousarray(surface.grid[r1:r2, c1:c2, channel])
    size = ((c2 - c1) * side, (r2 - r1) * side)
    if not surface.smooth:
        large = cv2.resize(cells, size, interpolation=cv2.INTER_NEAREST)
    else:
        if side > 4:
            # Rounded corners come from the first, small step; the rest is then straight and cheap.
            cells = np.asarray(cv2.resize(cells, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC), np.uint8)
        large = cv2.resize(cells, size, interpolation=cv2.INTER_LINEAR if side > 4 else cv2.INTER_CUBIC)
    left, top = x1 - (c1 + c0) * side, y1 - (r1 + r0) * side
    return np.asarray(large[top : top + y2 - y1, left : left + x2 - x1], np.uint8)
