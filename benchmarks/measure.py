"""The measure: how many true faces stay recognisable in a covered copy, and how much else was changed.

Per true face and picture, original and copy are brought to 32 x 32 luma and freed of coarse light (a Gaussian of a
tenth of the box), which leaves the face's own detail: eyes, nose, mouth, outline. A face leaks where the copy still
carries that detail: correlation above 0.5 with the original's, and at least a fifth of its energy. A smooth cover with
the right shading is no leak; a face that is blurred a little is one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import numpy.typing as npt

U8 = npt.NDArray[np.uint8]
F32 = npt.NDArray[np.float32]
Box = Sequence[float]

SIDE = 32
COARSE_SIGMA = 3.0
CORRELATION, ENERGY = 0.5, 0.2
LEAST_ENERGY = SIDE * SIDE * 2
"""Below this (1.4 levels, root mean square) the original has no detail that could stay."""
HEIGHTS = (24, 48, 96, 4000)
AROUND = 0.4
"""A face's surroundings, added at each side as a share of its box, do not count as elsewhere."""
EVERY, SHRINK, CHANGED = 10, 8, 12
"""Change elsewhere is looked for in every 10th picture, in blocks of 8 x 8 px, from 12 levels on."""


@dataclass(frozen=True)
class Truth:
    """True face boxes of a clip, px.

    Attributes
    ----------
    frames: per picture, the box of every visible face.
    people: per person, a box or None per picture; empty where the clip's boxes are not told apart.
    """

    frames: list[list[Box]]
    people: dict[str, list[Box | None]]

    @classmethod
    def load(cls, path: Path) -> Truth:
        """Read `klas.json` or any file with `frames`."""
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return cls(data["frames"], data.get("people", {}))


@dataclass
class Meter:
    """Counts leaks, picture by picture. `add` takes the pictures in order; `result` gives the figures."""

    truth: Truth
    min_h: float = 16
    pictures: int = 0
    _total: list[int] = field(default_factory=lambda: [0] * len(HEIGHTS))
    _leaked: list[int] = field(default_factory=lambda: [0] * len(HEIGHTS))
    _people: dict[str, list[int]] = field(default_factory=dict)
    _leaky: int = 0
    _looked: int = 0
    _elsewhere: list[float] = field(default_factory=list)

    def add(self, original: U8, copy: U8) -> None:
        """Compare one picture's luma, uint8 (h, w), with that of the copy."""
        index = self.pictures
        self.pictures += 1
        if index >= len(self.truth.frames):
            return
        if copy.shape != original.shape:
            copy = np.asarray(cv2.resize(copy, original.shape[::-1]), np.uint8)
        who = {tuple(b[index] or ()): name for name, b in self.truth.people.items()}
        here = 0
        for box in self.truth.frames[index]:
            height = box[3] - box[1]
            if height < self.min_h:
                continue
            leaks = leaked(original, copy, box)
            if leaks is None:
                continue
            group = next((k for k, top in enumerate(HEIGHTS) if height < top), len(HEIGHTS) - 1)
            self._total[group] += 1
            self._leaked[group] += leaks
            here += leaks
            name = who.get(tuple(box))
            if name is not None:
                count = self._people.setdefault(name, [0, 0])
                count[0] += leaks
                count[1] += 1
        self._looked += 1
        self._leaky += here > 0
        if index % EVERY == 0:
            self._elsewhere.append(changed_elsewhere(original, copy, self.truth.frames[index]))

    def result(self) -> dict[str, Any]:
        """Everything counted, ready for JSON. `by_height` and `people` hold [leaked, all, rate]."""
        lows = [f"{self.min_h:g}", *(str(v) for v in HEIGHTS[:-1])]
        leaked_all, total = sum(self._leaked), sum(self._total)
        return {
            "frames": self.pictures,
            "gt_frames": len(self.truth.frames),
            "face_frames": total,
            "leaked": leaked_all,
            "leak_rate": _rate(leaked_all, total),
            "by_height": {
                f"{low}-{high}": [a, b, _rate(a, b)]
                for low, high, a, b in zip(lows, HEIGHTS, self._leaked, self._total, strict=True)
            },
            "frames_with_leak": _rate(self._leaky, self._looked),
            "altered_elsewhere": round(float(np.mean(self._elsewhere)) if self._elsewhere else 0.0, 4),
            "people": {name: [a, b, _rate(a, b)] for name, (a, b) in sorted(self._people.items())},
        }


def _rate(part: int, whole: int) -> float:
    return round(part / max(whole, 1), 4)


def _detail(luma: U8, box: Box) -> F32 | None:
    x1, y1, x2, y2 = (round(v) for v in box)
    crop = luma[max(y1, 0) : max(y2, y1 + 2), max(x1, 0) : max(x2, x1 + 2)]
    if crop.size == 0:
        return None
    small = cv2.resize(crop, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    return np.asarray(small - cv2.GaussianBlur(small, (0, 0), COARSE_SIGMA), np.float32)


def leaked(original: U8, copy: U8, box: Box) -> bool | None:
    """Whether the face in `box` is still there; None where the original has no detail to compare."""
    a, b = _detail(original, box), _detail(copy, box)
    if a is None or b is None:
        return None
    energy, left = float((a * a).sum()), float((b * b).sum())
    if energy < LEAST_ENERGY:
        return None
    correlation = float((a * b).sum()) / (float(np.sqrt(energy * left)) + 1e-6)
    return correlation > CORRELATION and left / energy > ENERGY


def changed_elsewhere(original: U8, copy: U8, boxes: Sequence[Box]) -> float:
    """The share of the picture away from all faces that was changed."""
    away = np.ones(original.shape, np.uint8)
    for x1, y1, x2, y2 in boxes:
        dx, dy = AROUND * (x2 - x1), AROUND * (y2 - y1)
        cv2.rectangle(away, (int(x1 - dx), int(y1 - dy)), (int(x2 + dx), int(y2 + dy)), 0, -1)
    small = [
        cv2.resize(p, None, fx=1 / SHRINK, fy=1 / SHRINK, interpolation=cv2.INTER_AREA).astype(int)
        for p in (original, copy)
    ]
    changed = np.abs(small[0] - small[1]) > CHANGED
    there = cv2.resize(away, changed.shape[::-1], interpolation=cv2.INTER_NEAREST) > 0
    return float((changed & there).sum() / max(int(there.sum()), 1))


def lumas(path: Path) -> Iterator[U8]:
    """uint8 (h, w): the luma of every picture of a file."""
    with av.open(str(path)) as box:
        stream = box.streams.video[0]
        stream.thread_type = "AUTO"
        for frame in box.decode(stream):
            yield np.asarray(frame.to_ndarray(format="gray"), np.uint8)


def compare(original: Path, copy: Path, truth: Truth, min_h: float = 16) -> dict[str, Any]:
    """The figures of a finished copy. Raises `ValueError` when it does not hold as many pictures as the original."""
    meter = Meter(truth, min_h)
    ours, theirs = lumas(original), lumas(copy)
    for a in ours:
        b = next(theirs, None)
        if b is None:
            raise ValueError(f"the copy ends after {meter.pictures} pictures, the original goes on")
        meter.add(a, b)
    if next(theirs, None) is not None:
        raise ValueError(f"the copy goes on after the original's {meter.pictures} pictures")
    return meter.result()
