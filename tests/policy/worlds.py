"""Small recordings without pictures: timelines, tracks and cameras to decide about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import HealthCheck, settings

from avg_video.media.timing import Timeline
from avg_video.policy.decide import Verdicts, decide
from avg_video.policy.decision import Decision
from avg_video.policy.document import Policy
from avg_video.track.types import CameraMotion, Evidence, Track

W, H, FPS = 1000, 500, 25
WHOLE = [[0, 0], [1, 0], [1, 1], [0, 1]]
LEFT = [[0, 0], [0.5, 0], [0.5, 1], [0, 1]]
RIGHT = [[0.5, 0], [1, 0], [1, 1], [0.5, 1]]

quick = settings(
    max_examples=60, derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
"""Hypothesis, the same every time."""


def timeline(n: int, cuts: Sequence[int] = (), fps: int = FPS) -> Timeline:
    """`n` pictures of 1000 x 500 px, the first not at zero."""
    return Timeline(
        np.arange(7, n + 7, dtype=np.int64),
        n + 7,
        Fraction(1, fps),
        (W, H),
        0,
        Fraction(1),
        np.asarray(cuts, np.int32),
    )


def track(
    number: int,
    first: int,
    last: int,
    at: tuple[float, float] | Callable[[int], tuple[float, float]] | npt.NDArray[np.float64] = (250, 250),
    size: float = 40,
    *,
    confirmed: bool = True,
    evidence: Sequence[int] | None = None,
) -> Track:
    """A square face around a point of the picture, or around one for each picture, in the pictures first, ..., last."""
    frames = np.arange(first, last + 1, dtype=np.int32)
    centres = np.array([at(int(i)) for i in frames] if callable(at) else at, np.float32)
    centres = np.broadcast_to(centres, (len(frames), 2))
    boxes = np.concatenate([centres - size / 2, centres + size / 2], axis=1).astype(np.float32)
    kinds = np.full(len(frames), Evidence.DETECTED, np.uint8) if evidence is None else np.asarray(evidence, np.uint8)
    return Track(number, frames, boxes, kinds, confirmed)


def camera(n: int, step: Sequence[Sequence[float]], untrusted: Sequence[int] = ()) -> CameraMotion:
    """A camera that makes the same step (2, 3) between all pictures, and can't be followed into some."""
    affine = np.tile(np.asarray(step, np.float32), (n, 1, 1))
    affine[0] = np.eye(2, 3)
    trusted = np.ones(n, np.bool_)
    trusted[list(untrusted)] = False
    affine[~trusted] = np.eye(2, 3)
    return CameraMotion(affine, trusted)


def judged(
    tracks: Sequence[Track],
    policy: dict[str, Any],
    n: int = 100,
    *,
    cuts: Sequence[int] = (),
    motion: CameraMotion | None = None,
    **numbers: Any,
) -> Verdicts:
    """Decide about tracks in `n` pictures under a policy given as its tables; cuts are never trusted."""
    moved = motion or CameraMotion.still(n)
    trusted = moved.trusted.copy()
    trusted[list(cuts)] = False
    return decide(
        tracks,
        timeline(n, cuts),
        CameraMotion(moved.affine, trusted),
        Policy.model_validate(policy),
        **numbers,
    )


def by_id(verdicts: Verdicts) -> dict[int, Decision]:
    """The decisions by the number of the person."""
    return {d.track_id: d for d in verdicts.decisions}


def reasons(verdicts: Verdicts) -> dict[int, str]:
    """The reason codes by the number of the person."""
    return {d.track_id: str(d.reason) for d in verdicts.decisions}


def seen(verdicts: Verdicts, tracks: Sequence[Track]) -> set[tuple[int, int]]:
    """Every (person, picture) in which a face is visible."""
    found = by_id(verdicts)
    return {
        (t.id, int(f))
        for t in tracks
        if found[t.id].verdict == "show"
        for f in set(t.frames.tolist()) - set(found[t.id].covered_frames.tolist())
    }
