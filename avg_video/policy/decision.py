"""What was decided about one person, and why."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import numpy as np
import numpy.typing as npt

__all__ = ["Decision", "Reason", "number_rule"]

_RULE = re.compile(r"[A-Za-z0-9_, +-]{1,120}")


class Reason(StrEnum):
    """Why somebody is covered or shown. The strongest reason for cover is given; objections beat everything."""

    OBJECTED_NUMBER = "objected-number"
    """Covered: chosen by number."""
    OBJECTED_POINT = "objected-point"
    """Covered: an objection's point lies on this face at that moment."""
    OBJECTED_SEAT = "objected-seat"
    """Covered: this face was in a seat whose pupil objected."""
    OBJECTION_INHERITED = "objection-inherited"
    """Covered: it ends or begins so near somebody who objected, in time and place, that it may be the same person."""
    UNCONFIRMED = "unconfirmed"
    """Covered: seen only weakly, or not at all for a while; such a face is never shown."""
    CONSENT_MISSING = "consent-missing"
    """Covered: a line would show this person, but a consent that it needs is lacking."""
    SHOW_UNCLEAR = "show-unclear"
    """Covered: a point of somebody who may be shown lies on this face and on another one."""
    OBJECTION_UNRESOLVED = "objection-unresolved"
    """Covered: somebody objected by a point that lies on no face, so it could be anybody in a region."""
    SEAT_LOST = "seat-lost"
    """Covered: the camera moved so that the seat of somebody who objected is not known during this track."""
    REGION_ENDED = "region-ended"
    """Covered: in a consent region while that held, but it ended before the track did."""
    OUTSIDE_REGION = "outside-region"
    """Covered: not in one consent region in every picture of its life."""
    NO_RULE = "no-rule"
    """Covered: the policy has no line that shows anybody like this. The default."""
    SHOWN_NUMBER = "shown-number"
    """Shown: chosen by number."""
    SHOWN_POINT = "shown-point"
    """Shown: the point of a show line lies on this face, and on no other, at that moment."""
    IN_REGION = "in-region"
    """Shown: in a consent region in every picture of its life."""

    @property
    def shows(self) -> bool:
        """Whether it is a reason to show somebody; all others are reasons to cover."""
        return self in (Reason.SHOWN_NUMBER, Reason.SHOWN_POINT, Reason.IN_REGION)


def number_rule(number: int, said: str | None = None) -> str:
    """What reports call a number of `--show`; `said` is the token or the role that was given with it."""
    return f"--show {number}" if said is None else f"--show {number} {said}"


@dataclass(frozen=True, eq=False)
class Decision:
    """One person's verdict.

    Attributes
    ----------
    track_id: the person's number.
    verdict: "cover" or "show".
    reason: why; a showing reason exactly when the verdict is "show".
    rule: the line it came from, such as "consent_region 1", "objected L07", "show teacher" or "--show 1 L05"; None
        where no line says anything.
    covered_frames: int32 (k,), increasing indices of the pictures in which somebody who is shown is covered all the
        same, because the face overlaps one that is covered. Empty for those who are covered anyway.

    Raises `ValueError` when built with other types, or with parts that contradict each other.
    """

    track_id: int
    verdict: Literal["cover", "show"]
    reason: Reason
    rule: str | None
    covered_frames: npt.NDArray[np.int32]

    def __post_init__(self) -> None:
        frames = self.covered_frames
        if self.track_id < 1:
            raise ValueError(f"track_id: expected a number from 1, got {self.track_id}")
        if not isinstance(self.reason, Reason):
            raise ValueError(f"reason: expected a Reason, got {self.reason!r}")
        if self.verdict not in ("cover", "show") or (self.verdict == "show") != self.reason.shows:
            raise ValueError(f"verdict: {self.verdict} does not go with the reason {self.reason}")
        if self.rule is not None and not _RULE.fullmatch(self.rule):
            raise ValueError("rule: expected the short name of a line of the policy")
        if frames.dtype != np.int32 or frames.ndim != 1 or (frames[1:] <= frames[:-1]).any() or (frames[:1] < 0).any():
            raise ValueError(f"covered_frames: expected increasing int32 (k,), got {frames.dtype} {frames.shape}")
        if self.verdict == "cover" and len(frames):
            raise ValueError("covered_frames: expected none for somebody who is covered anyway")

    @classmethod
    def cover(cls, track_id: int, reason: Reason, rule: str | None = None) -> Decision:
        """Covered throughout."""
        return cls(track_id, "cover", reason, rule, np.zeros(0, np.int32))
