"""What stands in the drawn classroom: desks with things on them, and a chair."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from .room import SIZE_WH, SIZE_WH_BIG, SUPER, fill, outline_px, shade
from .soften import soft_noise

F32 = npt.NDArray[np.float32]

DESK_M = 0.74
"""Height of a desk."""


def desk(x: float, z: float, wide: float = 1.25, seed: int = 0) -> F32:
    """float32 (720, 1280, 4) RGBA: one desk with what lies on it; its middle at `x`, its far edge at `z`."""
    rng = np.random.default_rng(seed)
    canvas = np.zeros((SIZE_WH[1] * SUPER, SIZE_WH[0] * SUPER, 3), np.float32)
    mask = np.zeros(canvas.shape[:2], np.float32)
    x1, x2, near = x - wide / 2, x + wide / 2, z - 0.5
    top = [(x1, DESK_M, near), (x2, DESK_M, near), (x2, DESK_M, z), (x1, DESK_M, z)]
    edge = [(x1, DESK_M - 0.035, near), (x2, DESK_M - 0.035, near), (x2, DESK_M, near), (x1, DESK_M, near)]
    panel = [
        (x1 + 0.06, 0.32, near + 0.12),
        (x2 - 0.06, 0.32, near + 0.12),
        (x2 - 0.06, DESK_M - 0.035, near + 0.12),
        (x1 + 0.06, DESK_M - 0.035, near + 0.12),
    ]
    legs = [
        [(lx, 0, lz), (lx + 0.045, 0, lz), (lx + 0.045, DESK_M, lz), (lx, DESK_M, lz)]
        for lx in (x1 + 0.03, x2 - 0.075)
        for lz in (z - 0.04, near + 0.04)
    ]
    for part, colour in [(g, (0.30, 0.31, 0.33)) for g in legs] + [
        (panel, (0.50, 0.505, 0.50)),
        (edge, (0.52, 0.40, 0.27)),
        (top, (0.76, 0.63, 0.46)),
    ]:
        fill(canvas, part, colour)
        cv2.fillPoly(mask, list(outline_px(part)), 1.0, cv2.LINE_AA, 4)
    shade(
        canvas,
        [
            (x1, DESK_M - 0.16, near + 0.12),
            (x2, DESK_M - 0.16, near + 0.12),
            (x2, DESK_M - 0.02, near + 0.12),
            (x1, DESK_M - 0.02, near + 0.12),
        ],
        0.3,
        5,
    )
    flat = np.zeros_like(mask)
    cv2.fillPoly(flat, list(outline_px(top)), 1.0, cv2.LINE_AA, 4)
    wood = soft_noise(rng, SIZE_WH_BIG, 30, 0.8)
    canvas *= (1 + 0.035 * flat * wood)[..., None]
    _things(canvas, x, z, rng)
    small = [cv2.resize(p, SIZE_WH, interpolation=cv2.INTER_AREA) for p in (canvas, mask)]
    return np.asarray(np.dstack(small), np.float32)


def _things(canvas: F32, x: float, z: float, rng: np.random.Generator) -> None:
    """An open exercise book, a pen and perhaps a book or a pencil case."""
    lift = DESK_M + 0.003
    turn = float(rng.uniform(-0.05, 0.05))
    page = [
        (x - 0.2, lift, z - 0.4 + turn),
        (x + 0.2, lift, z - 0.4 - turn),
        (x + 0.2, lift, z - 0.15 - turn),
        (x - 0.2, lift, z - 0.15 + turn),
    ]
    fill(canvas, page, (0.92, 0.92, 0.90))
    fill(
        canvas,
        [
            (x - 0.004, lift, z - 0.4),
            (x + 0.004, lift, z - 0.4),
            (x + 0.004, lift, z - 0.15),
            (x - 0.004, lift, z - 0.15),
        ],
        (0.66, 0.66, 0.66),
    )
    side = float(rng.choice([-1, 1]))
    bx = x + side * 0.42
    colour = [(0.30, 0.42, 0.60), (0.62, 0.26, 0.25), (0.28, 0.48, 0.40), (0.80, 0.62, 0.25)][int(rng.integers(4))]
    fill(
        canvas,
        [
            (bx - 0.1, lift, z - 0.38),
            (bx + 0.1, lift, z - 0.36),
            (bx + 0.1, lift, z - 0.12),
            (bx - 0.1, lift, z - 0.14),
        ],
        colour,
    )
    fill(
        canvas,
        [
            (x - side * 0.32, lift, z - 0.3),
            (x - side * 0.30, lift, z - 0.3),
            (x - side * 0.38, lift, z - 0.14),
            (x - side * 0.40, lift, z - 0.14),
        ],
        (0.15, 0.2, 0.5),
    )


def chair(x: float, z: float) -> F32:
    """float32 (720, 1280, 4) RGBA: the back of a chair at `x`, `z`."""
    canvas = np.zeros((SIZE_WH[1] * SUPER, SIZE_WH[0] * SUPER, 3), np.float32)
    mask = np.zeros(canvas.shape[:2], np.float32)
    parts = [
        (
            [(x + s - 0.015, 0.3, z), (x + s + 0.015, 0.3, z), (x + s + 0.015, 0.85, z), (x + s - 0.015, 0.85, z)],
            (0.32, 0.33, 0.35),
        )
        for s in (-0.16, 0.16)
    ]
    parts.append(
        ([(x - 0.2, 0.62, z), (x + 0.2, 0.62, z), (x + 0.185, 0.88, z), (x - 0.185, 0.88, z)], (0.30, 0.40, 0.50))
    )
    for part, colour in parts:
        fill(canvas, part, colour)
        cv2.fillPoly(mask, list(outline_px(part)), 1.0, cv2.LINE_AA, 4)
    small = [cv2.resize(p, SIZE_WH, interpolation=cv2.INTER_AREA) for p in (canvas, mask)]
    return np.asarray(np.dstack(small), np.float32)
