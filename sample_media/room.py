"""The drawn classroom: walls, windows, boards, a door, in one simple perspective.

Metres: X to the right, Y up, Z away from the camera. The camera stands at X = 0, Y = `EYE_M`, Z = 0.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from .soften import soft_noise, soften

F32 = npt.NDArray[np.float32]
Colour = tuple[float, float, float]
Corners = Sequence[tuple[float, float, float]]

SIZE_WH = (1280, 720)
FOCAL_PX = 900.0
EYE_M = 1.75
CENTRE_XY = (640.0, 165.0)
BACK_M = 6.8
HALF_M = 3.4
CEILING_M = 2.9
DOOR_X_M = (2.05, 2.95)
DOOR_Y_M = 2.1
SUPER = 2
"""Everything is drawn this much larger and brought down by area."""
SIZE_WH_BIG = (SIZE_WH[0] * SUPER, SIZE_WH[1] * SUPER)
SIGNS: dict[str, list[list[tuple[float, float]]]] = {
    "y": [[(0.0, 1.0), (0.3, 0.4)], [(0.65, 1.0), (0.05, -0.35)]],
    "x": [[(0.0, 0.95), (0.6, 0.0)], [(0.6, 1.0), (0.0, 0.0)]],
    "=": [[(0.0, 0.65), (0.6, 0.66)], [(0.0, 0.32), (0.6, 0.34)]],
    "-": [[(0.0, 0.5), (0.55, 0.52)]],
    "1": [[(0.1, 0.8), (0.3, 1.0), (0.3, 0.0)]],
    "2": [[(0.0, 0.8), (0.15, 1.0), (0.45, 0.98), (0.52, 0.75), (0.3, 0.4), (0.0, 0.02), (0.58, 0.0)]],
    "3": [[(0.02, 0.95), (0.45, 0.98), (0.48, 0.7), (0.2, 0.55), (0.52, 0.45), (0.5, 0.08), (0.2, -0.02), (0.0, 0.1)]],
    "?": [[(0.0, 0.75), (0.2, 1.0), (0.5, 0.9), (0.45, 0.6), (0.25, 0.45), (0.25, 0.25)], [(0.25, 0.05), (0.27, 0.0)]],
}


def project(x: float, y: float, z: float) -> tuple[float, float]:
    """Picture px of a point of the room."""
    return CENTRE_XY[0] + FOCAL_PX * x / z, CENTRE_XY[1] - FOCAL_PX * (y - EYE_M) / z


def outline_px(corners: Corners, scale: int = SUPER) -> npt.NDArray[np.int32]:
    """int32 (1, k, 2): corners of the room in sixteenths of a px of the canvas that is drawn on."""
    return np.array([[[round(v * scale * 16) for v in project(*c)] for c in corners]], np.int32)


def fill(canvas: F32, corners: Corners, colour: Colour) -> None:
    """Fill a flat part of the room with one colour, in place."""
    cv2.fillPoly(canvas, list(outline_px(corners)), colour, cv2.LINE_AA, 4)


def _on_back(x1: float, y1: float, x2: float, y2: float, z: float = BACK_M) -> Corners:
    return [(x1, y1, z), (x2, y1, z), (x2, y2, z), (x1, y2, z)]


def shade(canvas: F32, corners: Corners, strength: float, blur: float) -> None:
    """Darken (lighten, with a negative strength) a flat part of the room softly, in place."""
    mask = np.zeros(canvas.shape[:2], np.float32)
    cv2.fillPoly(mask, list(outline_px(corners)), 1.0, cv2.LINE_AA, 4)
    canvas *= (1 - strength * soften(mask, blur))[..., None]


def _surfaces(canvas: F32, rng: np.random.Generator) -> None:
    far, near = BACK_M, 0.6
    fill(canvas, [(-HALF_M, 0, near), (HALF_M, 0, near), (HALF_M, 0, far), (-HALF_M, 0, far)], (0.47, 0.44, 0.40))
    for k in range(-7, 8):
        fill(
            canvas,
            [
                (k * 0.5 - 0.004, 0, near),
                (k * 0.5 + 0.004, 0, near),
                (k * 0.5 + 0.004, 0, far),
                (k * 0.5 - 0.004, 0, far),
            ],
            (0.40, 0.375, 0.34),
        )
    for z in np.arange(1.0, far, 0.5):
        fill(
            canvas,
            [(-HALF_M, 0, z), (HALF_M, 0, z), (HALF_M, 0, z + 0.012), (-HALF_M, 0, z + 0.012)],
            (0.40, 0.375, 0.34),
        )
    ceiling = [
        (-HALF_M, CEILING_M, near),
        (HALF_M, CEILING_M, near),
        (HALF_M, CEILING_M, far),
        (-HALF_M, CEILING_M, far),
    ]
    fill(canvas, ceiling, (0.80, 0.80, 0.77))
    fill(canvas, _on_back(-HALF_M, 0, HALF_M, CEILING_M), (0.78, 0.755, 0.69))
    for side, colour in ((-1, (0.66, 0.64, 0.585)), (1, (0.83, 0.805, 0.74))):
        x = side * HALF_M
        fill(canvas, [(x, 0, near), (x, 0, far), (x, CEILING_M, far), (x, CEILING_M, near)], colour)
        fill(canvas, [(x, 0, near), (x, 0, far), (x, 0.1, far), (x, 0.1, near)], (0.40, 0.37, 0.34))
    fill(canvas, _on_back(-HALF_M, 0, HALF_M, 0.1), (0.42, 0.39, 0.36))
    canvas *= (1 + 0.012 * soft_noise(rng, SIZE_WH_BIG, 60, 60))[..., None]
    shade(canvas, _on_back(-HALF_M - 0.3, 0, -HALF_M + 0.15, CEILING_M), 0.22, 26)
    shade(canvas, _on_back(-HALF_M, CEILING_M - 0.1, HALF_M, CEILING_M + 0.1), 0.16, 20)
    shade(canvas, _on_back(HALF_M - 0.12, 0, HALF_M + 0.12, CEILING_M), 0.12, 18)
    for x, z in ((-1.4, 3.8), (1.4, 3.8), (-1.4, 5.6), (1.4, 5.6)):
        lamp = [
            (x - 0.7, CEILING_M, z),
            (x + 0.7, CEILING_M, z),
            (x + 0.7, CEILING_M, z + 0.35),
            (x - 0.7, CEILING_M, z + 0.35),
        ]
        fill(canvas, lamp, (0.98, 0.98, 0.95))


def _windows(canvas: F32, rng: np.random.Generator) -> None:
    x = -HALF_M
    wide = int(project(x, 0, BACK_M)[0]) * SUPER  # all of the left wall
    size = (wide, SIZE_WH_BIG[1])
    rows = np.linspace(0, 1, size[1], dtype=np.float32)[:, None]
    trees = np.clip(soft_noise(rng, size, 26, 26) * 0.5 + (rows - 0.24) * 9, 0, 1)[..., None] * 0.75
    leaves = np.array((0.50, 0.62, 0.42), np.float32) * (1 + 0.16 * soft_noise(rng, size, 10, 10))[..., None]
    sky = np.array((0.93, 0.96, 0.99), np.float32) - rows[..., None] * np.array((0.25, 0.10, 0.0), np.float32)
    view = np.clip(sky * (1 - trees) + leaves * trees, 0, 1)
    for z1, z2 in ((2.2, 3.5), (3.75, 5.05), (5.3, 6.5)):
        pane = [(x, 0.95, z1), (x, 0.95, z2), (x, 2.45, z2), (x, 2.45, z1)]
        mask = np.zeros(size[::-1], np.float32)
        cv2.fillPoly(mask, list(outline_px(pane)), 1.0, cv2.LINE_AA, 4)
        canvas[:, :wide] += (view - canvas[:, :wide]) * mask[..., None]
        frame = (0.90, 0.895, 0.87)
        for y in (0.95, 1.9, 2.45):
            fill(canvas, [(x, y - 0.03, z1), (x, y - 0.03, z2), (x, y + 0.03, z2), (x, y + 0.03, z1)], frame)
        for z in (z1, (z1 + z2) / 2, z2):
            fill(canvas, [(x, 0.92, z - 0.03), (x, 0.92, z + 0.03), (x, 2.48, z + 0.03), (x, 2.48, z - 0.03)], frame)
        fill(canvas, [(x, 0.92, z1), (x, 0.92, z2), (x + 0.16, 0.90, z2), (x + 0.16, 0.90, z1)], (0.87, 0.86, 0.82))


def _boards(canvas: F32) -> None:
    shade(canvas, _on_back(-1.62, 0.98, 1.16, 2.28), 0.25, 8)
    fill(canvas, _on_back(-1.65, 1.0, 1.1, 2.3), (0.62, 0.63, 0.64))
    fill(canvas, _on_back(-1.61, 1.04, 1.06, 2.26), (0.93, 0.94, 0.945))
    fill(canvas, _on_back(-0.9, 0.97, 0.5, 1.0, BACK_M - 0.08), (0.58, 0.58, 0.6))

    def stroke(points: list[tuple[float, float]], colour: Colour, wide: int = 3) -> None:
        line = outline_px([(px, py, BACK_M) for px, py in points])
        cv2.polylines(canvas, list(line), False, colour, wide, cv2.LINE_AA, 4)

    blue, red, black = (0.16, 0.22, 0.55), (0.72, 0.16, 0.15), (0.16, 0.16, 0.18)
    stroke([(-1.45, 1.25), (-0.45, 1.25)], black)
    stroke([(-1.3, 1.12), (-1.3, 2.0)], black)
    curve = np.linspace(-1.42, -0.5, 30)
    stroke([(float(v), float(1.2 + 3.4 * (v + 0.93) ** 2)) for v in curve], blue)
    stroke([(-1.42, 1.16), (-0.5, 1.86)], red)
    for text, x, y, colour in (
        ("y=x2-2x", -0.25, 1.98, blue),
        ("y=3x-1", -0.25, 1.72, red),
        ("x=?", -0.25, 1.46, black),
    ):
        for k, sign in enumerate(text):
            raised = k == 3 and sign == "2"
            size, up = (0.07, 0.07) if raised else (0.12, 0.0)
            for line in SIGNS[sign]:
                stroke([(x + 0.15 * k + size * px, y + up + size * py) for px, py in line], colour)
    for row in range(2):  # a line of writing too small to read
        run = np.arange(0, 0.95 - 0.3 * row, 0.012)
        wave = 0.022 * np.sin(run * 150) * (0.6 + 0.4 * np.sin(run * 37)) * (np.sin(run * 21) > -0.85)
        stroke([(float(-0.25 + v), float(1.27 - 0.1 * row + dy)) for v, dy in zip(run, wave, strict=True)], black, 2)


def _posters(canvas: F32) -> None:
    fill(canvas, _on_back(-3.1, 1.25, -2.0, 2.2), (0.56, 0.42, 0.30))
    notes = [(-3.0, 1.75, 0.3, 0.38, (0.93, 0.92, 0.88)), (-2.62, 1.68, 0.26, 0.4, (0.95, 0.83, 0.45))]
    notes += [(-2.3, 1.8, 0.24, 0.3, (0.62, 0.78, 0.88)), (-2.95, 1.33, 0.42, 0.32, (0.85, 0.55, 0.5))]
    notes += [(-2.45, 1.34, 0.36, 0.28, (0.92, 0.92, 0.9))]
    for x, y, w, h, colour in notes:
        fill(canvas, _on_back(x, y, x + w, y + h), colour)
        for k in range(3):
            top = y + h * (0.3 + 0.2 * k)
            fill(canvas, _on_back(x + w * 0.15, top, x + w * 0.85, top + 0.02), tuple(c * 0.72 for c in colour))  # type: ignore[arg-type]
    fill(canvas, _on_back(1.35, 1.3, 1.85, 2.05), (0.80, 0.86, 0.87))
    for k, colour in enumerate(((0.35, 0.55, 0.45), (0.75, 0.62, 0.35), (0.42, 0.48, 0.66))):
        px, py = project(1.48 + 0.13 * k, 1.62 + 0.12 * (k % 2), BACK_M)
        cv2.ellipse(canvas, (int(px * SUPER), int(py * SUPER)), (22, 30), 20 * k, 0, 360, colour, -1, cv2.LINE_AA)
    px, py = project(1.6, 2.42, BACK_M)
    at = (int(px * SUPER), int(py * SUPER))
    cv2.circle(canvas, at, 34, (0.25, 0.25, 0.27), -1, cv2.LINE_AA)
    cv2.circle(canvas, at, 30, (0.95, 0.95, 0.93), -1, cv2.LINE_AA)
    cv2.line(canvas, at, (at[0] + 4, at[1] - 22), (0.1, 0.1, 0.1), 3, cv2.LINE_AA)
    cv2.line(canvas, at, (at[0] + 15, at[1] + 6), (0.1, 0.1, 0.1), 3, cv2.LINE_AA)
    cupboard = _on_back(-3.3, 0.0, -2.1, 1.05, 6.4)
    fill(canvas, [(-3.3, 1.05, 6.4), (-2.1, 1.05, 6.4), (-2.1, 1.05, BACK_M), (-3.3, 1.05, BACK_M)], (0.72, 0.60, 0.44))
    fill(canvas, cupboard, (0.60, 0.48, 0.34))
    fill(canvas, _on_back(-2.71, 0.05, -2.69, 1.0, 6.4), (0.42, 0.33, 0.24))
    for k, colour in enumerate(
        ((0.5, 0.2, 0.2), (0.2, 0.3, 0.45), (0.75, 0.7, 0.5), (0.3, 0.42, 0.3), (0.55, 0.35, 0.2))
    ):
        x = -3.1 + 0.09 * k
        fill(canvas, _on_back(x, 1.05, x + 0.075, 1.3 + 0.03 * (k % 3), 6.5), colour)


def _corridor(canvas: F32) -> None:
    """What is seen through the open door."""
    x1, x2 = DOOR_X_M
    fill(canvas, _on_back(x1, 0, x2, DOOR_Y_M), (0.60, 0.59, 0.56))
    fill(canvas, [(x1, 0, BACK_M), (x2, 0, BACK_M), (x2 + 0.2, 0, 8.6), (x1 + 0.3, 0, 8.6)], (0.36, 0.34, 0.32))
    px1, top = project(x1, DOOR_Y_M, BACK_M)
    px2, low = project(x2, 0, BACK_M)
    window = outline_px([(x1 + 0.9, 1.2, 8.6), (x2 + 0.4, 1.2, 8.6), (x2 + 0.4, 2.3, 8.6), (x1 + 0.9, 2.3, 8.6)])
    layer = canvas.copy()
    cv2.fillPoly(layer, list(window), (0.86, 0.90, 0.92), cv2.LINE_AA, 4)
    area = np.s_[int(top * SUPER) : int(low * SUPER), int(px1 * SUPER) : int(px2 * SUPER)]
    canvas[area] = layer[area]


def _door(canvas: F32) -> None:
    x1, x2 = DOOR_X_M
    for a, b in (
        ((x1 - 0.07, 0), (x1, DOOR_Y_M + 0.07)),
        ((x2, 0), (x2 + 0.07, DOOR_Y_M + 0.07)),
        ((x1, DOOR_Y_M), (x2, DOOR_Y_M + 0.07)),
    ):
        fill(canvas, _on_back(a[0], a[1], b[0], b[1]), (0.55, 0.56, 0.58))
    leaf = [
        (x2 + 0.03, 0, BACK_M),
        (x2 + 0.33, 0, BACK_M - 0.82),
        (x2 + 0.33, DOOR_Y_M, BACK_M - 0.82),
        (x2 + 0.03, DOOR_Y_M, BACK_M),
    ]
    fill(canvas, leaf, (0.40, 0.50, 0.58))
    handle = [
        (x2 + 0.28, 1.02, BACK_M - 0.72),
        (x2 + 0.31, 1.02, BACK_M - 0.76),
        (x2 + 0.31, 1.06, BACK_M - 0.76),
        (x2 + 0.28, 1.06, BACK_M - 0.72),
    ]
    fill(canvas, handle, (0.75, 0.75, 0.75))


def doorway() -> F32:
    """float32 (720, 1280), 0 to 1: where the corridor is seen through the open door."""
    mask = np.zeros((SIZE_WH[1] * SUPER, SIZE_WH[0] * SUPER), np.float32)
    cv2.fillPoly(mask, list(outline_px(_on_back(DOOR_X_M[0], 0, DOOR_X_M[1], DOOR_Y_M))), 1.0, cv2.LINE_AA, 4)
    return np.asarray(cv2.resize(mask, SIZE_WH, interpolation=cv2.INTER_AREA), np.float32)


def empty_room() -> F32:
    """float32 (720, 1280, 3) RGB, 0 to 1: the room without furniture and people."""
    rng = np.random.default_rng(11)
    canvas = np.zeros((SIZE_WH[1] * SUPER, SIZE_WH[0] * SUPER, 3), np.float32)
    _surfaces(canvas, rng)
    _windows(canvas, rng)
    _boards(canvas)
    _posters(canvas)
    _corridor(canvas)
    _door(canvas)
    for z1, z2 in ((2.2, 3.5), (3.75, 5.05)):  # light of the windows on the floor
        patch = [(-2.9, 0, z1), (-1.2, 0, z1 + 0.5), (-1.2, 0, z2 + 0.5), (-2.9, 0, z2)]
        shade(canvas, patch, -0.20, 22)
    return np.asarray(cv2.resize(canvas, SIZE_WH, interpolation=cv2.INTER_AREA), np.float32)
