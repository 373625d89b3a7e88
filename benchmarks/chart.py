"""Draws curves: leaked faces against changed area, one line per series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

U8 = npt.NDArray[np.uint8]
Colour = tuple[int, int, int]

SIZE_WH = (900, 600)
LEFT, TOP, RIGHT, BOTTOM = 90, 60, 870, 520
COLOURS: tuple[Colour, ...] = ((166, 84, 23), (40, 90, 210), (70, 140, 40), (140, 60, 140), (60, 60, 60))
"""BGR."""


@dataclass(frozen=True)
class Series:
    """One line: `points` are (share changed elsewhere, share leaked), `labels` one short word each."""

    name: str
    points: Sequence[tuple[float, float]]
    labels: Sequence[str]


def draw(series: Sequence[Series], title: str, path: Path) -> None:
    """Write the chart as PNG or JPEG, by the name of `path`. Raises `ValueError` for no points or an unknown kind."""
    points = [p for s in series for p in s.points]
    if not points:
        raise ValueError("there is nothing to draw: no series has a point")
    image = np.full((SIZE_WH[1], SIZE_WH[0], 3), 255, np.uint8)
    top_x, top_y = (_nice(max(p[k] for p in points)) for k in (0, 1))
    _axes(image, title, top_x, top_y)
    for k, one in enumerate(series):
        colour = COLOURS[k % len(COLOURS)]
        at = [_place(p, top_x, top_y) for p in one.points]
        if len(at) > 1:
            cv2.polylines(image, [np.array(at, np.int32)], False, colour, 2, cv2.LINE_AA)
        for (x, y), label in zip(at, one.labels, strict=True):
            cv2.circle(image, (x, y), 5, colour, -1, cv2.LINE_AA)
            _text(image, label, (x + 8, y - 8), 0.42, colour)
        cv2.line(image, (RIGHT - 230, TOP + 16 + 24 * k), (RIGHT - 200, TOP + 16 + 24 * k), colour, 3, cv2.LINE_AA)
        _text(image, one.name, (RIGHT - 190, TOP + 21 + 24 * k), 0.5, (40, 40, 40))
    done, data = cv2.imencode(path.suffix, image)
    if not done:
        raise ValueError(f"{path.suffix}: no kind of picture that can be written; use .png or .jpg")
    path.write_bytes(data.tobytes())


def _nice(value: float) -> float:
    """The next round number above, for the end of an axis."""
    if value <= 0:
        return 0.01
    power = 10.0 ** np.floor(np.log10(value))
    return float(next(step * power for step in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if step * power >= value))


def _place(point: tuple[float, float], top_x: float, top_y: float) -> tuple[int, int]:
    x = LEFT + point[0] / top_x * (RIGHT - LEFT)
    y = BOTTOM - point[1] / top_y * (BOTTOM - TOP)
    return round(x), round(y)


def _axes(image: U8, title: str, top_x: float, top_y: float) -> None:
    grey: Colour = (70, 70, 70)
    for k in range(6):
        x, y = _place((top_x * k / 5, top_y * k / 5), top_x, top_y)
        cv2.line(image, (x, TOP), (x, BOTTOM), (228, 228, 228), 1)
        cv2.line(image, (LEFT, y), (RIGHT, y), (228, 228, 228), 1)
        _text(image, f"{100 * top_x * k / 5:.3g} %", (x - 20, BOTTOM + 24), 0.45, grey)
        _text(image, f"{100 * top_y * k / 5:.3g} %", (LEFT - 66, y + 5), 0.45, grey)
    cv2.line(image, (LEFT, BOTTOM), (RIGHT, BOTTOM), grey, 2)
    cv2.line(image, (LEFT, TOP), (LEFT, BOTTOM), grey, 2)
    _text(image, title, (LEFT, 34), 0.65, (20, 20, 20))
    _text(image, "changed away from faces", (RIGHT - 230, BOTTOM + 52), 0.5, grey)
    _text(image, "faces that leak", (10, TOP - 12), 0.5, grey)


def _text(image: U8, text: str, at: tuple[int, int], size: float, colour: Colour) -> None:
    cv2.putText(image, text, at, cv2.FONT_HERSHEY_SIMPLEX, size, colour, 1, cv2.LINE_AA)
