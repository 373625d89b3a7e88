"""Everything that was found in a recording, and what was decided: a plan, which can be kept as one private file."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from avg_video.errors import UsageError
from avg_video.language import tr
from avg_video.media.timing import Timeline
from avg_video.policy.columns import REMEDY, Column, read_columns, write_columns
from avg_video.policy.decision import Decision, Reason
from avg_video.track.types import CameraMotion, Track

__all__ = ["FORMAT", "Plan"]

FORMAT = 1
"""Raised by one whenever the file changes its meaning."""
MAX_PX = 1e6
"""Largest coordinate, in px, that arithmetic here is meant for."""
MAX_PTS = 1 << 60
MAX_SIDE = 1 << 16

_SHA256 = re.compile(r"[0-9a-f]{64}")
_COLUMNS: dict[str, Column] = {
    "pts": ("<i8", ()),
    "cuts": ("<i4", ()),
    "affine": ("<f4", (2, 3)),
    "trusted": ("|u1", ()),
    "track_id": ("<i4", ()),
    "track_first": ("<i4", ()),
    "track_length": ("<i4", ()),
    "track_confirmed": ("|u1", ()),
    "boxes": ("<f4", (4,)),
    "evidence": ("|u1", ()),
    "covered_count": ("<i4", ()),
    "covered_frames": ("<i4", ()),
}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _DecisionHead(_Strict):
    reason: str
    rule: str | None


class _Head(_Strict):
    format: int
    source_sha256: str
    end_pts: int = Field(ge=-MAX_PTS, le=MAX_PTS)
    time_base: str = Field(pattern=r"^[1-9][0-9]{0,9}/[1-9][0-9]{0,9}$")
    size_wh: list[int] = Field(min_length=2, max_length=2)
    rotation_deg: int
    sample_aspect: str = Field(pattern=r"^[1-9][0-9]{0,9}/[1-9][0-9]{0,9}$")
    decisions: list[_DecisionHead]
    settings: dict[str, Any]


@dataclass(frozen=True, eq=False)
class Plan:
    """What was found in one recording, and what was decided about it. No pictures and no names.

    Attributes
    ----------
    source_sha256: hash of the recording, in hex. A plan fits that file and no other.
    timeline, motion: of the recording; equally many pictures.
    tracks: everybody who was found; different numbers.
    decisions: one for each track in the same order, or none while nothing is decided.
    settings: what it was made with; anything that JSON can hold.

    Raises `ValueError` when built from parts that don't fit each other.
    """

    source_sha256: str
    timeline: Timeline
    motion: CameraMotion
    tracks: tuple[Track, ...]
    decisions: tuple[Decision, ...]
    settings: dict[str, Any]

    def __post_init__(self) -> None:
        n = len(self.timeline)
        if not _SHA256.fullmatch(self.source_sha256):
            raise ValueError("source_sha256: expected 64 lower-case hexadecimal digits")
        if max(abs(int(self.timeline.pts[0])), abs(int(self.timeline.pts[-1])), abs(self.timeline.end_pts)) > MAX_PTS:
            raise ValueError("timeline: expected times of at most 2 ** 60 units")
        if max(self.timeline.size_wh) > MAX_SIDE:
            raise ValueError(f"timeline: expected sides of at most {MAX_SIDE} px")
        if len(self.motion) != n:
            raise ValueError(f"motion: expected {n} pictures as in the timeline, got {len(self.motion)}")
        if len({t.id for t in self.tracks}) < len(self.tracks):
            raise ValueError("tracks: expected different numbers")
        if any(t.first < 0 or t.last >= n for t in self.tracks):
            raise ValueError("tracks: expected pictures of the timeline only")
        parts = [self.motion.affine, *(t.boxes_xyxy for t in self.tracks)]
        if any(float(np.abs(part).max()) > MAX_PX for part in parts):
            raise ValueError(f"motion and tracks: expected coordinates of at most {MAX_PX:g} px")
        if self.decisions and [d.track_id for d in self.decisions] != [t.id for t in self.tracks]:
            raise ValueError("decisions: expected one for each track, in the same order, or none")
        for decision, track in zip(self.decisions, self.tracks, strict=False):
            frames = decision.covered_frames
            if len(frames) and not (track.first <= frames[0] and frames[-1] <= track.last):
                raise ValueError(f"decisions: expected pictures of track {track.id} only")
            if decision.verdict == "show" and not track.confirmed:
                raise ValueError(f"decisions: track {track.id} is not confirmed and can't be shown")
        json.dumps(self.settings, allow_nan=False)

    def save(self, path: Path) -> None:
        """Write it to `path` (NAME.avgplan), replacing what is there, private, all or nothing.

        Raises `OutputError` where the place can't be written.
        """
        line = self.timeline
        head = _Head(
            format=FORMAT,
            source_sha256=self.source_sha256,
            end_pts=line.end_pts,
            time_base=f"{line.time_base.numerator}/{line.time_base.denominator}",
            size_wh=list(line.size_wh),
            rotation_deg=line.rotation_deg,
            sample_aspect=f"{line.sample_aspect.numerator}/{line.sample_aspect.denominator}",
            decisions=[_DecisionHead(reason=d.reason.value, rule=d.rule) for d in self.decisions],
            settings=self.settings,
        )
        columns = {
            "pts": line.pts,
            "cuts": line.cuts,
            "affine": self.motion.affine,
            "trusted": self.motion.trusted,
            "track_id": [t.id for t in self.tracks],
            "track_first": [t.first for t in self.tracks],
            "track_length": [len(t) for t in self.tracks],
            "track_confirmed": [t.confirmed for t in self.tracks],
            "boxes": _joined([t.boxes_xyxy for t in self.tracks], (0, 4)),
            "evidence": _joined([t.evidence for t in self.tracks], (0,)),
            "covered_count": [len(d.covered_frames) for d in self.decisions],
            "covered_frames": _joined([d.covered_frames for d in self.decisions], (0,)),
        }
        write_columns(path, head.model_dump(), {k: np.asarray(v, _COLUMNS[k][0]) for k, v in columns.items()})

    @classmethod
    def load(cls, path: Path) -> Plan:
        """Read a plan. Memory is bounded whatever the file declares, and nothing in it is run.

        Raises `UsageError`: there is no such file, it can't be read, is damaged, was made by another version, or
        holds parts that don't fit each other.
        """
        head, columns = read_columns(path, _COLUMNS)
        if head.get("format") != FORMAT:
            raise UsageError(tr("it was made by another version of this program"), remedy=tr(REMEDY), file=path)
        try:
            return _assemble(_Head.model_validate(head), columns)
        except ValidationError as error:
            raise UsageError(tr("its head is damaged"), remedy=tr(REMEDY), file=path) from error
        except (ValueError, RecursionError) as error:
            raise UsageError(
                tr("its parts don't fit each other ({why})", why=error), remedy=tr(REMEDY), file=path
            ) from error


def _assemble(head: _Head, columns: dict[str, npt.NDArray[Any]]) -> Plan:
    """A plan from checked columns; raises `ValueError` where they don't fit each other."""
    pts, cuts, trusted = columns["pts"], columns["cuts"], columns["trusted"]
    # Timeline compares differences, which overflow for values that no recording has.
    if len(pts) == 0 or (pts > MAX_PTS).any() or (pts < -MAX_PTS).any() or (cuts < 1).any() or (cuts >= len(pts)).any():
        raise ValueError("its times are out of range")
    timeline = Timeline(
        pts.astype(np.int64),
        head.end_pts,
        Fraction(head.time_base),
        (head.size_wh[0], head.size_wh[1]),
        head.rotation_deg,
        Fraction(head.sample_aspect),
        cuts.astype(np.int32),
    )
    motion = CameraMotion(columns["affine"].astype(np.float32), _flags(trusted))
    tracks = _tracks(columns, len(timeline))
    return Plan(head.source_sha256, timeline, motion, tracks, _decisions(head, columns, tracks), head.settings)


def _tracks(columns: dict[str, npt.NDArray[Any]], pictures: int) -> tuple[Track, ...]:
    ids, first, length = columns["track_id"], columns["track_first"], columns["track_length"]
    confirmed = _flags(columns["track_confirmed"])
    boxes, evidence = columns["boxes"], columns["evidence"]
    if not len(ids) == len(first) == len(length) == len(confirmed):
        raise ValueError("its tracks have parts of different lengths")
    if (length < 1).any() or (first < 0).any() or (first.astype(np.int64) + length > pictures).any():
        raise ValueError("its tracks lie outside the recording")
    if not len(boxes) == len(evidence) == int(length.sum(dtype=np.int64)):
        raise ValueError("it has another number of boxes than its tracks")
    tracks, at = [], 0
    for k in range(len(ids)):
        part = slice(at, at + int(length[k]))
        frames = np.arange(first[k], int(first[k]) + int(length[k]), dtype=np.int32)
        own = boxes[part].astype(np.float32), evidence[part].astype(np.uint8)
        tracks.append(Track(int(ids[k]), frames, *own, bool(confirmed[k])))
        at = part.stop
    return tuple(tracks)


def _decisions(head: _Head, columns: dict[str, npt.NDArray[Any]], tracks: Sequence[Track]) -> tuple[Decision, ...]:
    count, frames = columns["covered_count"], columns["covered_frames"].astype(np.int32)
    if len(head.decisions) != len(count) or len(count) not in (0, len(tracks)):
        raise ValueError("it has another number of decisions than tracks")
    if (count < 0).any() or int(count.sum(dtype=np.int64)) != len(frames):
        raise ValueError("it has another number of covered pictures than its decisions")
    parts = np.split(frames, np.cumsum(count, dtype=np.int64)[:-1]) if len(count) else []
    decisions = []
    for decided, part, track in zip(head.decisions, parts, tracks, strict=False):  # no decisions, or one for each
        reason = Reason(decided.reason)
        decisions.append(Decision(track.id, "show" if reason.shows else "cover", reason, decided.rule, part))
    return tuple(decisions)


def _flags(values: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    if (values > 1).any():
        raise ValueError("its flags are neither 0 nor 1")
    return values.astype(np.bool_)


def _joined(parts: Sequence[npt.NDArray[Any]], empty: tuple[int, ...]) -> npt.NDArray[Any]:
    return np.concatenate(parts) if parts else np.zeros(empty)
