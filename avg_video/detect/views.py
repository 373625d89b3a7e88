"""Parts of a picture, and looking at them: each at a size of its own, everyone found once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from avg_video.detect.boxes import Boxes, joined
from avg_video.detect.detector import Detector
from avg_video.media.picture import Picture

__all__ = ["View", "close_views", "look", "merged", "scaled", "tiles"]

F32 = npt.NDArray[np.float32]

TILE_SHAPE = 0.6
"""Short side of the largest tile by its long one: four of them make up a picture of 16 to 9."""


@dataclass(frozen=True)
class View:
    """One part of a picture, and the size at which the detector sees it.

    Attributes
    ----------
    crop_xyxy: px of the picture.
    size_wh: px given to the detector.
    """

    crop_xyxy: tuple[int, int, int, int]
    size_wh: tuple[int, int]


def look(picture: Picture, views: Sequence[View], detector: Detector, min_score: float | None = None) -> Boxes:
    """Everyone found in the views, in px of the picture, each once.

    A face cut off at a tile's inner border is left to the tile next to it, or to the quick look: tiles overlap.
    """
    parts = []
    w, h = picture.size_wh
    for view in views:
        x1, y1, x2, y2 = view.crop_xyxy
        found = detector(picture.bgr(view.size_wh, view.crop_xyxy), min_score)
        scale = np.array([(x2 - x1) / view.size_wh[0], (y2 - y1) / view.size_wh[1]] * 2, np.float32)
        boxes = found.boxes_xyxy * scale + np.array([x1, y1, x1, y1], np.float32)
        edge = 2.0 * scale[0]
        cut_off = (boxes[:, 0] < x1 + edge) & (x1 > 0) | (boxes[:, 1] < y1 + edge) & (y1 > 0)
        cut_off |= (boxes[:, 2] > x2 - edge) & (x2 < w) | (boxes[:, 3] > y2 - edge) & (y2 < h)
        parts.append(Boxes(boxes.astype(np.float32), found.scores).take(~cut_off))
    return merged(joined(*parts))


def close_views(
    boxes_xyxy: F32, size_wh: tuple[int, int], *, most: float, reach: float, face_px: int
) -> tuple[View, ...]:
    """Places around boxes, float32 (n, 4) px of a picture of that size; those that overlap become one where that is
    cheaper.

    Parameters
    ----------
    most: scale beyond which a place is never enlarged.
    reach: side of a place in sizes of its face.
    face_px: a place is scaled so that its face has this size.
    """
    w, h = size_wh
    sizes = (boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]).max(axis=1, initial=1)
    # The least side keeps a 16 px face's place from being so small that a network sees nothing around it.
    half = np.maximum(reach * sizes, 2 * face_px / most) / 2
    middle = (boxes_xyxy[:, :2] + boxes_xyxy[:, 2:]) / 2
    places = [
        (np.concatenate([np.maximum(m - r, 0), np.minimum(m + r, [w, h])]), min(most, face_px / s))
        for m, r, s in zip(middle, half, sizes, strict=True)
    ]
    views: list[tuple[F32, float]] = []
    for place, scale in sorted(places, key=lambda p: -p[1]):
        for k, (other, other_scale) in enumerate(views):
            joined = np.concatenate([np.minimum(place[:2], other[:2]), np.maximum(place[2:], other[2:])])
            if _cost(joined, other_scale) <= _cost(place, scale) + _cost(other, other_scale):
                views[k] = joined, other_scale
                break
        else:
            views.append((place, scale))
    crops = [((int(x1), int(y1), int(np.ceil(x2)), int(np.ceil(y2))), scale) for (x1, y1, x2, y2), scale in views]
    return tuple(View(c, scaled((c[2] - c[0], c[3] - c[1]), k)) for c, k in crops if c[2] > c[0] and c[3] > c[1])


def _cost(place: F32, scale: float) -> float:
    return float(np.prod(place[2:] - place[:2])) * scale * scale


def merged(found: Boxes, overlap: float = 0.4, within: float = 0.7) -> Boxes:
    """One box per face: of boxes that overlap, or lie mostly within one another, the surest is kept."""
    order = np.argsort(-found.scores, kind="stable")
    b = found.boxes_xyxy[order]
    low = np.maximum(b[:, None, :2], b[None, :, :2])
    both = np.prod(np.clip(np.minimum(b[:, None, 2:], b[None, :, 2:]) - low, 0, None), axis=2)
    area = np.prod(b[:, 2:] - b[:, :2], axis=1)
    same = (both / (area[:, None] + area[None] - both) > overlap) | (
        both / np.minimum(area[:, None], area[None]) > within
    )
    keep: list[int] = []
    gone = np.zeros(len(b), np.bool_)
    for k in range(len(b)):
        if not gone[k]:
            keep.append(k)
            gone |= same[k]
    return found.take(order[keep])


def scaled(size_wh: tuple[int, int], scale: float) -> tuple[int, int]:
    """That size at another scale, at least 1 x 1."""
    return max(round(size_wh[0] * scale), 1), max(round(size_wh[1] * scale), 1)


def _starts(length: float, tile: float, overlap: float) -> tuple[list[float], float]:
    """Starts of the fewest equal tiles of at most `tile` that cover `length` with `overlap`, and their length."""
    if length <= tile:
        return [0.0], length
    n = int(np.ceil((length - overlap) / (tile - overlap)))
    size = (length + (n - 1) * overlap) / n
    return [k * (size - overlap) for k in range(n)], size


def tiles(size_wh: tuple[int, int], scale: float, *, tile_px: int, overlap_px: int) -> tuple[View, ...]:
    """The fewest equal views that show all of a picture at `scale`, with long sides of at most `tile_px` as the
    detector sees them, and that overlap by `overlap_px`."""
    w, h = size_wh
    long, short = tile_px / scale, tile_px * TILE_SHAPE / scale
    wide, high = (long, short) if w >= h else (short, long)
    across, tw = _starts(w, wide, overlap_px / scale)
    down, th = _starts(h, high, overlap_px / scale)
    views = []
    for y in down:
        for x in across:
            x1, y1 = int(x) & ~1, int(y) & ~1
            x2, y2 = min(x1 + 2 * int(np.ceil(tw / 2)) + 2, w), min(y1 + 2 * int(np.ceil(th / 2)) + 2, h)
            views.append(View((x1, y1, x2, y2), scaled((x2 - x1, y2 - y1), scale)))
    return tuple(views)
