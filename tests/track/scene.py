"""A moving scene of textured heads before a textured wall, with every true box known."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from avg_video.detect.boxes import Boxes
from avg_video.track.camera import CameraEstimator
from avg_video.track.follow import Follower, FollowSettings
from avg_video.track.types import CameraMotion, Track
from tests.support.clips import noise

FPS = 25
SIZE_WH = (320, 180)

Where = Callable[[int], tuple[float, float] | None]
"""Centre of a head in picture i, or None while it is not there."""


@dataclass(frozen=True)
class Head:
    """A textured ellipse of `size` px that is where `at` says; `shade` tells heads apart."""

    at: Where
    size: int = 28
    seed: int = 1

    def box(self, i: int) -> npt.NDArray[np.float32] | None:
        where = self.at(i)
        if where is None:
            return None
        (x, y), r = where, self.size / 2
        return np.array([x - r, y - r, x + r, y + r], np.float32)

    def draw(self, luma: npt.NDArray[np.uint8], i: int, camera: tuple[float, float] = (0, 0)) -> None:
        where = self.at(i)
        if where is None:
            return
        s = self.size
        texture = cv2.resize(noise((s * 2, s * 2), self.seed)[..., 0], (s + 2, s + 2)).astype(np.float32)
        grid = np.mgrid[-1 : 1 : (s + 2) * 1j, -1 : 1 : (s + 2) * 1j]
        alpha = (np.clip((1.0 - np.hypot(*grid)) * 6, 0, 1)).astype(np.float32)
        shift = np.array([[1, 0, where[0] - s / 2 - 1], [0, 1, where[1] - s / 2 - 1]], np.float32)
        h, w = luma.shape
        texture, alpha = (cv2.warpAffine(a, shift, (w, h)) for a in (texture, alpha))
        luma[:] = (luma * (1 - alpha) + texture * alpha).astype(np.uint8)


def wall(i: int, seed: int = 7, pan: Callable[[int], float] = lambda i: 0.0) -> npt.NDArray[np.uint8]:
    """The room in picture i, uint8 (180, 320), moved left by `pan(i)` px."""
    w, h = SIZE_WH
    wide = noise((w * 4, h), seed)[..., 0]
    shift = np.array([[1, 0, -pan(i)], [0, 1, 0]], np.float32)
    return np.asarray(cv2.warpAffine(wide, shift, (w, h)), np.uint8)


def follow(
    heads: Sequence[Head],
    n: int,
    seen: Callable[[int, int], float | None] = lambda i, k: 0.9,
    *,
    look_every: int = 5,
    pan: Callable[[int], float] = lambda i: 0.0,
    walls: Callable[[int], int] = lambda i: 7,
    cuts: Collection[int] = (),
    settings: FollowSettings | None = None,
    told: Callable[[int, npt.NDArray[np.float32]], npt.NDArray[np.float32]] = lambda i, box: box,
) -> tuple[tuple[Track, ...], CameraMotion]:
    """Follow `heads` through `n` pictures; `seen(i, k)` is the score of head k in picture i, None if not found, and
    `told(i, box)` the box that is reported for a true one."""
    camera, follower = CameraEstimator(), Follower(1.0, settings or FollowSettings())
    for i in range(n):
        luma = wall(i, walls(i), pan)
        for head in heads:
            head.draw(luma, i)
        step = camera.push(luma, forced_cut=i in cuts)
        follower.push(i, i / FPS, luma, step.affine, cut=step.cut)
        if i % look_every == 0 or step.cut:
            hits = [(head.box(i), seen(i, k)) for k, head in enumerate(heads)]
            found = [(b, s) for b, s in hits if b is not None and s is not None]
            boxes = np.array([told(i, b) for b, _ in found], np.float32).reshape(-1, 4)
            follower.look(Boxes(boxes, np.array([s for _, s in found], np.float32)))
    return follower.finish(), camera.motion(1.0)


def covered_share(tracks: Sequence[Track], box: npt.NDArray[np.float32], i: int) -> float:
    """The greatest share of `box` that the box of one track covers in picture i."""
    best = 0.0
    for track in tracks:
        other = track.box_at(i)
        if other is not None:
            wide = np.clip(np.minimum(box[2:], other[2:]) - np.maximum(box[:2], other[:2]), 0, None)
            best = max(best, float(np.prod(wide) / np.prod(box[2:] - box[:2])))
    return best
