"""What following yields: tracks of people, and the motion of the camera."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

__all__ = ["CameraMotion", "Evidence", "Track"]


class Evidence(IntEnum):
    """How a box of a track is known, the surest first."""

    DETECTED = 0
    INTERPOLATED = 1
    FLOWED = 2
    HELD = 3


@dataclass(frozen=True, eq=False)
class Track:
    """One person's face through time, without holes and never across a cut.

    Attributes
    ----------
    id: the person's number, from 1.
    frames: int32 (k,), consecutive picture indices.
    boxes_xyxy: float32 (k, 4), px of the upright picture; may reach outside it.
    evidence: uint8 (k,), values of `Evidence`.
    confirmed: False for a run of weak hits only; it is covered, and can never be shown.

    Raises `ValueError` when built with other shapes or types.
    """

    id: int
    frames: npt.NDArray[np.int32]
    boxes_xyxy: npt.NDArray[np.float32]
    evidence: npt.NDArray[np.uint8]
    confirmed: bool = True

    def __post_init__(self) -> None:
        k = len(self.frames)
        if self.id < 1:
            raise ValueError(f"id: expected a number from 1, got {self.id}")
        if k == 0 or self.frames.dtype != np.int32 or self.frames.ndim != 1 or np.any(np.diff(self.frames) != 1):
            raise ValueError(f"frames: expected consecutive int32 (k,) with k > 0, got {self.frames.dtype} k={k}")
        if self.boxes_xyxy.dtype != np.float32 or self.boxes_xyxy.shape != (k, 4):
            raise ValueError(
                f"boxes_xyxy: expected float32 ({k}, 4), got {self.boxes_xyxy.dtype} {self.boxes_xyxy.shape}"
            )
        if not np.isfinite(self.boxes_xyxy).all() or np.any(self.boxes_xyxy[:, 2:] <= self.boxes_xyxy[:, :2]):
            raise ValueError("boxes_xyxy: expected finite boxes with x1 < x2 and y1 < y2")
        if self.evidence.dtype != np.uint8 or self.evidence.shape != (k,) or np.any(self.evidence > max(Evidence)):
            raise ValueError(f"evidence: expected uint8 ({k},) with values of Evidence")

    def __len__(self) -> int:
        return len(self.frames)

    @property
    def first(self) -> int:
        """Index of its first picture."""
        return int(self.frames[0])

    @property
    def last(self) -> int:
        """Index of its last picture."""
        return int(self.frames[-1])

    def box_at(self, index: int) -> npt.NDArray[np.float32] | None:
        """float32 (4,): its box in that picture, or None where it does not live."""
        k = index - self.first
        return self.boxes_xyxy[k] if 0 <= k < len(self) else None


@dataclass(frozen=True, eq=False)
class CameraMotion:
    """How the camera moved between each picture and the one before.

    Attributes
    ----------
    affine: float32 (n, 2, 3); row i maps px of picture i - 1 to px of picture i (`p_i = A @ [x, y, 1]`).
        Row 0 is the identity.
    trusted: bool (n,); False at a cut, and wherever too few points of the room agreed.

    Raises `ValueError` when built with other shapes or types.
    """

    affine: npt.NDArray[np.float32]
    trusted: npt.NDArray[np.bool_]

    def __post_init__(self) -> None:
        n = len(self.trusted)
        if self.affine.dtype != np.float32 or self.affine.shape != (n, 2, 3) or not np.isfinite(self.affine).all():
            raise ValueError(
                f"affine: expected finite float32 ({n}, 2, 3), got {self.affine.dtype} {self.affine.shape}"
            )
        if self.trusted.dtype != np.bool_ or self.trusted.ndim != 1:
            raise ValueError(f"trusted: expected bool (n,), got {self.trusted.dtype} {self.trusted.shape}")

    def __len__(self) -> int:
        return len(self.trusted)

    @classmethod
    def still(cls, n: int) -> CameraMotion:
        """A camera on a tripod for `n` pictures."""
        return cls(np.tile(np.eye(2, 3, dtype=np.float32), (n, 1, 1)), np.ones(n, np.bool_))
