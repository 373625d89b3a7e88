"""Which part of which picture is looked at, at what size, and when.

Small faces need full resolution and sit still; near ones are big and move, and some are only known for heads when much
is seen around them. So looks are spread by time and take turns: the whole picture at a middling size; then the whole
picture small, together with one sharp tile. Everything at a cut; almost nothing where the picture does not change; and
every second time only the places of people who are not calm, where that costs less.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from avg_video.detect.activity import Activity
from avg_video.detect.boxes import Boxes
from avg_video.detect.detector import Detector
from avg_video.detect.restless import Restless
from avg_video.media.picture import Picture

__all__ = ["Agenda", "LookSettings", "Round", "Rounds", "View", "look", "merged"]

U8 = npt.NDArray[np.uint8]
F32 = npt.NDArray[np.float32]

TILE_SHAPE = 0.6
"""Short side of the largest tile by its long one: four of them make up a picture of 16 to 9."""


@dataclass(frozen=True)
class LookSettings:
    """When and how sharply to look. Fewer or smaller looks are faster and leak faces.

    Attributes
    ----------
    wide_px: long sides of the whole picture in the looks that take turns; with every second one goes a tile. The
        larger finds people in the middle of a room; the smaller those near the camera, hidden in part or turned.
    sharp_px: long side of the picture that the tiles together make up. Lower loses the back row.
    tile_px: greatest long side of one tile, as the detector sees it.
    overlap_px: by how much tiles overlap, as the detector sees it; more than the largest face only tiles can find.
    enlarge: a small picture is enlarged at most so much for the sharp looks.
    every_s: seconds between looks.
    close_reach: side of the place around one restless person that is looked at, in sizes of the face. Networks find
        less without shoulders and hair in view.
    close_face_px: such a place is brought down so that the face has about this size.
    close_share: restless places are looked at instead of everything while they cost less than this share of it.
    idle_s: where nothing changed at all since the last look, the next comes after this time at the latest.
    """

    wide_px: tuple[int, int] = (960, 560)
    sharp_px: int = 1920
    tile_px: int = 1056
    overlap_px: int = 96
    enlarge: float = 1.5
    every_s: float = 0.2
    idle_s: float = 1.0
    close_reach: float = 4.0
    close_face_px: int = 64
    close_share: float = 0.6


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


@dataclass(frozen=True)
class Round:
    """One time to look.

    Attributes
    ----------
    views: what to look at; none where nothing changed since the last look, which would find the same again.
    whole: whether that is the whole picture, and not only places.
    """

    views: tuple[View, ...]
    whole: bool = True


class Agenda:
    """Says for each picture what to look at. After each look at a whole picture, tell it with `saw` what was found.

    Parameters
    ----------
    size_wh: of the pictures.
    strong: score from which a hit is sure; see `Restless`.

    Attributes
    ----------
    wide: the views of the whole picture that take turns.
    tiles: the sharp views; none where the picture is small enough to be seen sharply at once.
    """

    def __init__(
        self, size_wh: tuple[int, int], settings: LookSettings | None = None, *, strong: float = 0.5
    ) -> None:
        self._set = settings or LookSettings()
        self._size_wh, self._restless = size_wh, Restless(strong)
        w, h = size_wh
        whole = (0, 0, w, h)
        scales = [min(px / max(w, h), self._set.enlarge) for px in self._set.wide_px]
        sharp = min(max(self._set.sharp_px / max(w, h), max(scales)), self._set.enlarge)
        self.wide = tuple(View(whole, _scaled((w, h), scale)) for scale in scales)
        self.tiles = () if sharp <= max(scales) * 1.15 else _tiles(size_wh, sharp, self._set)
        self._activity = Activity(size_wh)
        self._tile_seen = [-np.inf] * len(self.tiles)
        self._asked = self._looked = -np.inf
        self._turn = 0
        self._rested = True
        self._sharp = sharp

    def saw(self, found: Boxes) -> None:
        """Take what the last round found, px of the picture, when it was one at the whole picture."""
        self._restless.see(found)

    def due(self, second: float, luma: U8, *, cut: bool = False) -> Round | None:
        """What to look at in the picture shown at `second`; None: nothing now.

        Parameters
        ----------
        luma: uint8 (h, w), the picture's luma, reduced; tells where anything changed since it was looked at.
        cut: the picture is the first of a shot; everything is looked at.
        """
        waited = second - self._looked
        if not cut and second - self._asked < self._set.every_s - 1e-6:
            return None
        self._asked = second
        self._activity.see(luma)
        if cut or self._looked == -np.inf:
            self._restless.forget()
            return self._now(second, *dict.fromkeys(self.wide), *self.tiles)
        if waited < self._set.idle_s - 1e-6 and not self._activity.changed(self.wide[0].crop_xyxy):
            return Round(())
        self._rested = not self._rested
        close = None if self._rested else self._close()
        if close is not None:
            return Round(close, whole=False) if close else None
        self._rested = True
        self._turn = (self._turn + 1) % len(self.wide)
        needs = [self._need(k, second) for k in range(len(self.tiles))]
        if self._turn == 0 or not needs or max(needs) <= 0:
            return self._now(second, self.wide[self._turn])
        return self._now(second, self.wide[self._turn], self.tiles[int(np.argmax(needs))])

    def _close(self) -> tuple[View, ...] | None:
        """The places of the restless; None where looking at everything costs little more, or nothing is known yet."""
        boxes = self._restless.boxes_xyxy
        if boxes is None:
            return None
        views = close_views(boxes, self._size_wh, self._sharp, self._set)
        cost = sum(view.size_wh[0] * view.size_wh[1] for view in views)
        all_of_it = self.wide[0].size_wh[0] * self.wide[0].size_wh[1]
        return views if cost <= self._set.close_share * all_of_it else None

    def _now(self, second: float, *views: View) -> Round:
        self._looked = second
        for view in views:
            self._activity.mark(view.crop_xyxy)
            if view in self.tiles:
                self._tile_seen[self.tiles.index(view)] = second
        return Round(views)

    def _need(self, k: int, second: float) -> float:
        """How long tile `k` waits, s; nothing when it is as it was when it was looked at."""
        waited = second - self._tile_seen[k]
        if waited < self._set.idle_s * len(self.tiles) and not self._activity.changed(self.tiles[k].crop_xyxy):
            return 0.0
        return waited


class Rounds:
    """Looks at single pictures that take turns as those of an agenda do, whatever the time.

    Parameters
    ----------
    agenda: whose views are taken.
    """

    def __init__(self, agenda: Agenda) -> None:
        self._wide, self._tiles = agenda.wide, agenda.tiles
        self._turn = 0

    def views(self) -> tuple[View, ...]:
        """What to look at next."""
        turn, self._turn = self._turn, self._turn + 1
        wide = self._wide[turn % len(self._wide)]
        if turn % len(self._wide) == 0 or not self._tiles:
            return (wide,)
        return wide, self._tiles[turn // len(self._wide) % len(self._tiles)]


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
    boxes = np.concatenate([p.boxes_xyxy for p in parts]) if parts else np.zeros((0, 4), np.float32)
    scores = np.concatenate([p.scores for p in parts]) if parts else np.zeros(0, np.float32)
    return merged(Boxes(boxes, scores))


def close_views(boxes_xyxy: F32, size_wh: tuple[int, int], sharp: float, settings: LookSettings) -> tuple[View, ...]:
    """Places around boxes, float32 (n, 4) px; those that overlap become one.

    `sharp` is the scale beyond which a place is never enlarged.
    """
    w, h = size_wh
    sizes = (boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]).max(axis=1, initial=1)
    # The least side keeps a 16 px face's place from being so small that a network sees nothing around it.
    half = np.maximum(settings.close_reach * sizes, 2 * settings.close_face_px / sharp) / 2
    middle = (boxes_xyxy[:, :2] + boxes_xyxy[:, 2:]) / 2
    places = [
        (np.concatenate([np.maximum(m - r, 0), np.minimum(m + r, [w, h])]), min(sharp, settings.close_face_px / s))
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
    crops = [(tuple(int(v) for v in (x1, y1, np.ceil(x2), np.ceil(y2))), s) for (x1, y1, x2, y2), s in views]
    return tuple(View(c, _scaled((c[2] - c[0], c[3] - c[1]), s)) for c, s in crops if c[2] > c[0] and c[3] > c[1])


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


def _scaled(size_wh: tuple[int, int], scale: float) -> tuple[int, int]:
    return max(round(size_wh[0] * scale), 1), max(round(size_wh[1] * scale), 1)


def _starts(length: float, tile: float, overlap: float) -> tuple[list[float], float]:
    """Starts of the fewest equal tiles of at most `tile` that cover `length` with `overlap`, and their length."""
    if length <= tile:
        return [0.0], length
    n = int(np.ceil((length - overlap) / (tile - overlap)))
    size = (length + (n - 1) * overlap) / n
    return [k * (size - overlap) for k in range(n)], size


def _tiles(size_wh: tuple[int, int], scale: float, settings: LookSettings) -> tuple[View, ...]:
    w, h = size_wh
    long, short = settings.tile_px / scale, settings.tile_px * TILE_SHAPE / scale
    wide, high = (long, short) if w >= h else (short, long)
    across, tw = _starts(w, wide, settings.overlap_px / scale)
    down, th = _starts(h, high, settings.overlap_px / scale)
    views = []
    for y in down:
        for x in across:
            x1, y1 = int(x) & ~1, int(y) & ~1
            x2, y2 = min(x1 + 2 * int(np.ceil(tw / 2)) + 2, w), min(y1 + 2 * int(np.ceil(th / 2)) + 2, h)
            views.append(View((x1, y1, x2, y2), _scaled((x2 - x1, y2 - y1), scale)))
    return tuple(views)
