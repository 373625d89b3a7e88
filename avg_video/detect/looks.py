"""Which part of which picture is looked at, at what size, and when.

Small faces need full resolution and sit still; near ones are big and move, and some are only known for heads when much
is seen around them. So looks are spread by time and take turns: the whole picture at a middling size; then the whole
picture small, together with one sharp tile. Everything at a cut; almost nothing where the picture does not change.
While most people are calm, every second one of the latter goes only to the places of those who are not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from avg_video.detect.activity import Activity
from avg_video.detect.boxes import Boxes
from avg_video.detect.restless import Restless
from avg_video.detect.views import View, close_views, scaled, tiles

__all__ = ["Agenda", "LookSettings", "Round", "Rounds"]

U8 = npt.NDArray[np.uint8]
F32 = npt.NDArray[np.float32]


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
    again_px: long side of the whole picture in the second look, at a size that the first look does not use: what one
        size misses another may find.
    every_s: greatest time from one look to the next, s, where pictures come often enough. Twice that is the time
        between looks at the whole picture at its larger size; beyond half a second tracks are split (`policy.gaps`).
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
    again_px: int = 720
    every_s: float = 0.25
    idle_s: float = 1.0
    close_reach: float = 3.0
    close_face_px: int = 64
    close_share: float = 0.6


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

    def __init__(self, size_wh: tuple[int, int], settings: LookSettings | None = None, *, strong: float = 0.5) -> None:
        self._set = settings or LookSettings()
        self._size_wh, self._restless = size_wh, Restless(strong)
        whole = (0, 0, *size_wh)
        scales = [min(px / max(size_wh), self._set.enlarge) for px in self._set.wide_px]
        self.wide = tuple(View(whole, scaled(size_wh, scale)) for scale in scales)
        self._sharp = sharp_scale(size_wh, self._set)
        self.tiles = sharp_tiles(size_wh, self._set)
        self._activity = Activity(size_wh)
        self._tile_seen = [-np.inf] * len(self.tiles)
        self._asked = self._looked = self._second = -np.inf
        self._turn = 0
        self._was_close = False

    def missed(self, found: Boxes) -> tuple[View, ...]:
        """Where to look again in the same picture: the places of those who were found in the last rounds, however
        weakly, and are not among `found`, in px of the picture. Without it one miss would be a gap twice as long as any
        other.

        None after a round with the smaller whole picture, which misses small faces by nature.
        """
        return () if self._turn else self._places(self._restless.missed(found)) or ()

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
        waited, step = second - self._looked, second - self._second
        self._second = second
        if not cut and second + step - self._asked <= self._set.every_s + 1e-6:
            return None  # the next picture will still be in time
        self._asked = second
        self._activity.see(luma)
        if cut or self._looked == -np.inf:
            self._restless.forget()
            self._turn = 0
            return self._now(second, *dict.fromkeys(self.wide), *self.tiles)
        if waited + self._set.every_s <= self._set.idle_s and not self._activity.changed(self.wide[0].crop_xyxy):
            return Round(())
        self._turn = (self._turn + 1) % len(self.wide)
        if self._turn == 0:
            return self._now(second, self.wide[0])
        close = None if self._was_close else self._close()
        self._was_close = close is not None
        if close is not None:
            return Round(close, whole=False) if close else None
        needs = [self._need(k, second) for k in range(len(self.tiles))]
        if not needs or max(needs) <= 0:
            return self._now(second, self.wide[self._turn])
        return self._now(second, self.wide[self._turn], self.tiles[int(np.argmax(needs))])

    def _close(self) -> tuple[View, ...] | None:
        """The places of the restless; None where nothing is known yet, or they cost nearly as much as everything."""
        boxes = self._restless.boxes_xyxy
        return None if boxes is None else self._places(boxes)

    def _places(self, boxes_xyxy: F32) -> tuple[View, ...] | None:
        """Places around those boxes; None where looking at everything costs little more."""
        using = self._set
        views = close_views(
            boxes_xyxy, self._size_wh, most=self._sharp, reach=using.close_reach, face_px=using.close_face_px
        )
        cost = sum(view.size_wh[0] * view.size_wh[1] for view in views)
        all_of_it = self.wide[0].size_wh[0] * self.wide[0].size_wh[1]
        return views if cost <= using.close_share * all_of_it else None

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
    """Looks at single pictures in turn, whatever the time: the whole picture, a sharp tile, the whole picture again.

    Parameters
    ----------
    size_wh: of the pictures.
    """

    def __init__(self, size_wh: tuple[int, int], settings: LookSettings | None = None) -> None:
        using = settings or LookSettings()
        scale = min(using.again_px / max(size_wh), using.enlarge)
        self._whole = View((0, 0, *size_wh), scaled(size_wh, scale))
        self._tiles = sharp_tiles(size_wh, using)
        self._turn = 0

    def next(self) -> View:
        """What to look at now."""
        turn, self._turn = self._turn, self._turn + 1
        if turn % 2 == 0 or not self._tiles:
            return self._whole
        return self._tiles[turn // 2 % len(self._tiles)]


def sharp_scale(size_wh: tuple[int, int], settings: LookSettings) -> float:
    """The scale of the sharpest looks at pictures of that size."""
    long = max(size_wh)
    return min(max(settings.sharp_px, *settings.wide_px) / long, settings.enlarge)


def sharp_tiles(size_wh: tuple[int, int], settings: LookSettings) -> tuple[View, ...]:
    """The sharp views that take turns; none where the picture is small enough to be seen sharply at once."""
    sharp = sharp_scale(size_wh, settings)
    if sharp <= min(max(settings.wide_px) / max(size_wh), settings.enlarge) * 1.15:
        return ()
    return tiles(size_wh, sharp, tile_px=settings.tile_px, overlap_px=settings.overlap_px)
