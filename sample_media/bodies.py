"""Drawn clothes: a seated or standing body with folds and soft light, to set a head on.

Coordinates are the portrait's units (see heads.py), from `LEFT`, `TOP`; the neck comes out of the collar at (226, 184).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from .soften import soft_noise, soften

F32 = npt.NDArray[np.float32]
Colour = tuple[float, float, float]
Line = Sequence[tuple[float, float]]

LEFT, TOP = -34, 90
SIZE_WH = (520, 590)
TALL_WH = (520, 1030)
MIDDLE = 226


@dataclass(frozen=True)
class Clothes:
    """What one person wears.

    Attributes
    ----------
    colour, trousers: RGB, 0 to 1.
    kind: "crew" (round neck), "hood" or "shirt" (an open collar over a T-shirt).
    stripes: height of cross stripes in units, or 0.
    broad: width factor.
    long_hair: hair that falls on the shoulders, in the colour `hair`.
    skin: colour of neck and hands.
    """

    colour: Colour
    trousers: Colour = (0.16, 0.18, 0.25)
    kind: str = "crew"
    stripes: int = 0
    broad: float = 1.0
    long_hair: bool = False
    hair: Colour = (0.2, 0.15, 0.1)
    skin: Colour = (0.75, 0.58, 0.5)


def _smooth(points: Line, size_wh: tuple[int, int], blur: float = 5.0) -> F32:
    """float32 (h, w): a polygon with rounded corners; blurred and cut again: round corners, soft edges."""
    big = np.zeros((size_wh[1] * 2, size_wh[0] * 2), np.uint8)
    cv2.fillPoly(big, [((np.array(points) - (LEFT, TOP)) * 2).astype(np.int32)], 255)
    soft = cv2.GaussianBlur(
        cv2.resize(big, size_wh, interpolation=cv2.INTER_AREA).astype(np.float32) / 255, (0, 0), blur
    )
    return np.asarray(np.clip((soft - 0.5) * blur * 1.1 + 0.5, 0, 1), np.float32)


def _both(points: Line) -> tuple[Line, Line]:
    return points, [(2 * MIDDLE - x, y) for x, y in points]


def _folds(size_wh: tuple[int, int], rng: np.random.Generator) -> F32:
    """float32 (h, w), about -1 to 1: creases of cloth, longer than wide."""
    w, h = size_wh
    out = np.zeros((h, w), np.float32)
    for along, across, weight in ((46, 9, 1.0), (90, 22, 0.8), (40, 60, 0.7)):
        out += weight * soft_noise(rng, size_wh, across, along)
    slant = cv2.getRotationMatrix2D((w / 2, h / 2), 14, 1.25)
    return np.asarray(cv2.warpAffine(out / 2.0, slant, (w, h), borderMode=cv2.BORDER_REFLECT), np.float32)


def _lit(mask: F32, colour: F32, folds: F32, depth: float) -> F32:
    """float32 (h, w, 3): a part of the body as a soft solid, lit from the upper left."""
    height = soften(mask, depth) + 0.0028 * depth * folds
    gx, gy = (cv2.Sobel(height, cv2.CV_32F, dx, 1 - dx, ksize=3) * depth / 8 for dx in (1, 0))
    light = 0.86 + 0.62 * gx + 0.42 * gy + 0.035 * folds
    edge = cv2.distanceTransform((mask > 0.5).astype(np.uint8), cv2.DIST_L2, 3)
    light *= 0.70 + 0.30 * np.clip(edge / (depth * 0.9), 0, 1) ** 0.6
    return np.asarray(np.clip(colour * np.clip(light, 0.15, 1.35)[..., None], 0, 1), np.float32)


def _lay(canvas: F32, rgb: F32, mask: F32, shadow: float = 0.0) -> None:
    """Lay one part over `canvas` (h, w, 4) in place, with a soft shadow on what lies below."""
    if shadow:
        dark = soften(mask, 9.0) * shadow
        canvas[..., :3] *= (1 - dark)[..., None]
    m = mask[..., None]
    canvas[..., :3] = canvas[..., :3] * (1 - m) + rgb * m
    canvas[..., 3] = np.maximum(canvas[..., 3], mask)


def _trunk(standing: bool) -> Line:
    half = [(34, 172), (52, 190), (84, 203), (112, 214), (130, 236), (134, 290), (116, 340), (108, 430)]
    half += [(112, 560), (110, 600)] if standing else [(112, 680)]
    return [(MIDDLE + x, y) for x, y in half] + [(MIDDLE - x, y) for x, y in reversed(half)]


def body(clothes: Clothes, standing: bool, seed: int, away: bool = False) -> F32:
    """float32 (h, w, 4) RGBA 0 to 1, `SIZE_WH` when seated, `TALL_WH` when standing; `away`: seen from behind."""
    rng = np.random.default_rng(seed)
    size = TALL_WH if standing else SIZE_WH
    w, h = size
    canvas = np.zeros((h, w, 4), np.float32)
    folds = _folds(size, rng)
    cloth = np.broadcast_to(np.array(clothes.colour, np.float32), (h, w, 3)).copy()
    if clothes.stripes:
        rows = (np.arange(h)[:, None] + 8 * np.sin(np.arange(w) / 83.0)[None] + 5 * folds) // clothes.stripes % 2
        cloth = np.where(rows[..., None] > 0, cloth, cloth * 0.35 + 0.58).astype(np.float32)
    _legs(canvas, clothes, folds, size, standing)
    trunk = _smooth(_trunk(standing), size)
    _lay(canvas, _lit(trunk, cloth, folds, 34.0), trunk)
    _arms(canvas, clothes, cloth, folds, size, standing, away)
    _neckline(canvas, clothes, cloth, folds, size)
    if clothes.long_hair:
        _long_hair(canvas, np.array(clothes.hair, np.float32), size, rng)
    if clothes.broad != 1.0:
        x = MIDDLE - LEFT
        wide = np.array([[clothes.broad, 0, x * (1 - clothes.broad)], [0, 1, 0]], np.float32)
        canvas = cv2.warpAffine(canvas, wide, size, flags=cv2.INTER_LINEAR)
    return np.asarray(canvas, np.float32)


def _legs(canvas: F32, clothes: Clothes, folds: F32, size: tuple[int, int], standing: bool) -> None:
    if not standing:
        return
    for points in _both(
        [(MIDDLE - 4, 590), (MIDDLE + 112, 580), (MIDDLE + 104, 800), (MIDDLE + 84, 1115), (MIDDLE + 20, 1115)]
    ):
        leg = _smooth(points, size)
        _lay(canvas, _lit(leg, np.array(clothes.trousers, np.float32), folds, 26.0), leg, 0.3)


def _arms(
    canvas: F32, clothes: Clothes, cloth: F32, folds: F32, size: tuple[int, int], standing: bool, away: bool
) -> None:
    if standing:
        sleeve = [
            (MIDDLE + 98, 216),
            (MIDDLE + 128, 228),
            (MIDDLE + 150, 300),
            (MIDDLE + 160, 420),
            (MIDDLE + 158, 540),
        ]
        sleeve += [(MIDDLE + 124, 544), (MIDDLE + 118, 430), (MIDDLE + 106, 320)]
        hand = [(MIDDLE + 126, 536), (MIDDLE + 158, 534), (MIDDLE + 158, 596), (MIDDLE + 136, 612), (MIDDLE + 122, 590)]
        parts = [(hand, True), (sleeve, False)]
    else:
        sleeve = [
            (MIDDLE + 100, 216),
            (MIDDLE + 130, 230),
            (MIDDLE + 154, 310),
            (MIDDLE + 168, 420),
            (MIDDLE + 120, 452),
        ]
        sleeve += [(MIDDLE + 108, 330)]
        fore = [(MIDDLE + 176, 408), (MIDDLE + 172, 462), (MIDDLE + 130, 482), (MIDDLE + 40, 474), (MIDDLE + 38, 438)]
        fore += [(MIDDLE + 112, 424)]
        hand = [(MIDDLE + 48, 436), (MIDDLE + 48, 474), (MIDDLE + 8, 478), (MIDDLE - 10, 468), (MIDDLE - 4, 446)]
        parts = [(sleeve, False)] if away else [(sleeve, False), (hand, True), (fore, False)]
    for points, is_skin in parts:
        for one in _both(points):
            mask = _smooth(one, size)
            colour = np.array(clothes.skin, np.float32) if is_skin else cloth
            _lay(canvas, _lit(mask, colour, folds * (0.3 if is_skin else 1.0), 18.0), mask, 0.28)


def _neckline(canvas: F32, clothes: Clothes, cloth: F32, folds: F32, size: tuple[int, int]) -> None:
    """Neck, collar and the shadow that the head throws on both."""
    m = MIDDLE
    neck = _smooth(
        [(m - 36, 150), (m + 32, 150), (m + 34, 184), (m + 20, 210), (m - 24, 210), (m - 38, 184)], size, 3.0
    )
    column = _smooth([(m - 38, 100), (m + 34, 100), (m + 34, 330), (m - 38, 330)], size, 3.0)
    _lay(canvas, _lit(column, np.array(clothes.skin, np.float32) * 0.95, folds * 0.2, 14.0), neck)
    if clothes.kind == "crew":
        ring = _smooth(
            [
                (m - 46, 180),
                (m - 30, 204),
                (m, 214),
                (m + 28, 204),
                (m + 42, 180),
                (m + 52, 190),
                (m + 36, 216),
                (m, 227),
                (m - 38, 216),
                (m - 56, 190),
            ],
            size,
            2.5,
        )
        _lay(canvas, _lit(ring, cloth * 0.86, folds * 0.4, 8.0), ring, 0.25)
    elif clothes.kind == "hood":
        for one in _both(
            [(m + 30, 168), (m + 66, 176), (m + 84, 208), (m + 58, 236), (m + 14, 244), (m + 2, 226), (m + 26, 206)]
        ):
            flap = _smooth(one, size, 4.0)
            _lay(canvas, _lit(flap, cloth * 0.94, folds, 14.0), flap, 0.3)
        for x in (m - 20, m + 20):
            cord = _smooth([(x - 3, 236), (x + 3, 236), (x + 4, 310), (x - 4, 310)], size, 1.5)
            _lay(canvas, _lit(cord, np.array((0.9, 0.9, 0.88), np.float32), folds * 0.2, 4.0), cord, 0.2)
    else:
        inner = _smooth([(m - 30, 196), (m + 26, 196), (m + 4, 268), (m - 4, 268)], size, 2.5)
        _lay(canvas, _lit(inner, np.array((0.88, 0.88, 0.86), np.float32), folds * 0.5, 10.0), inner)
        for one in _both([(m + 28, 172), (m + 50, 178), (m + 60, 206), (m + 30, 250), (m + 12, 234), (m + 26, 206)]):
            flap = _smooth(one, size, 2.5)
            _lay(canvas, _lit(flap, np.minimum(cloth * 1.08, 1), folds * 0.5, 8.0), flap, 0.35)
    shade = np.zeros(size[::-1], np.float32)
    cv2.ellipse(shade, (m - LEFT + 3, 178 - TOP), (50, 26), 0, 0, 360, 1.0, -1)
    canvas[..., :3] *= (1 - 0.30 * soften(shade, 11.0))[..., None]


def _long_hair(canvas: F32, hair: F32, size: tuple[int, int], rng: np.random.Generator) -> None:
    """Two falls of hair beside the neck, streaked along their length."""
    streak = soft_noise(rng, size, 1.4, 34.0)
    m = MIDDLE
    for one in _both(
        [
            (m + 26, 96),
            (m + 58, 96),
            (m + 70, 130),
            (m + 76, 190),
            (m + 72, 250),
            (m + 58, 290),
            (m + 40, 262),
            (m + 32, 190),
        ]
    ):
        fall = _smooth(one, size, 4.0)
        lit = _lit(fall, hair, np.zeros_like(streak), 12.0) * (1 + 0.22 * streak)[..., None]
        _lay(canvas, np.clip(lit, 0, 1).astype(np.float32), fall, 0.3)
