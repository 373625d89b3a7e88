"""Three people in a short clip: one known well, one seen weakly, one never detected."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt

from avg_video.media.timing import Timeline
from avg_video.policy.plan import Plan
from avg_video.record.hashes import sha256_file
from avg_video.track.types import CameraMotion, Evidence, Track
from tests.support.clips import noise, write_clip
from tests.support.people import place

SIZE_WH = (320, 240)
FRAMES = 50
WHERE = ((70, 60), (250, 160))
FACE_PX = 48

Box = tuple[float, float, float, float]


def room() -> tuple[npt.NDArray[np.uint8], tuple[Box, ...]]:
    """A picture of the room, and the true boxes of the two faces in it."""
    picture = noise(SIZE_WH)
    return picture, tuple(place(picture, FACE_PX, at) for at in WHERE)


def clip(folder: Path, name: str = "needle-in-the-name.mp4") -> Path:
    """The recording."""
    return write_clip(folder / name, [room()[0]] * FRAMES)


def track(number: int, box: Box, first: int, last: int, every: int | None, *, confirmed: bool = True) -> Track:
    """Someone who doesn't move, detected in every `every`-th picture, or never."""
    frames = np.arange(first, last + 1, dtype=np.int32)
    evidence = np.full(len(frames), Evidence.FLOWED, np.uint8)
    if every:
        evidence[::every] = Evidence.DETECTED
    return Track(number, frames, np.tile(np.array(box, np.float32), (len(frames), 1)), evidence, confirmed)


def timeline(n: int = FRAMES, pts_step: int = 512, time_base: Fraction = Fraction(1, 12800)) -> Timeline:
    """25 pictures a second on the clock of the clip."""
    pts = np.arange(n, dtype=np.int64) * pts_step
    return Timeline(pts, n * pts_step, time_base, SIZE_WH, 0, Fraction(1), np.zeros(0, np.int32))


def plan(source: Path, line: Timeline) -> Plan:
    """The plan for that recording."""
    left, right = room()[1]
    tracks = (
        track(1, left, 0, FRAMES - 1, 5),
        track(2, right, 10, 30, 4, confirmed=False),
        track(3, left, 5, 20, None, confirmed=False),
    )
    return Plan(sha256_file(source), line, CameraMotion.still(FRAMES), tracks, (), {})
