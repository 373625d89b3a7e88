"""What is known of a face is where it was and how sure that is: nothing by which it could be told from another."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np

from avg_video.detect.boxes import Boxes
from avg_video.pipeline import Settings, analyse
from avg_video.track.types import Track
from tests.cli.helpers import lesson

ROW_BYTES = {
    "head": 1,
    "pts": 8,
    "cuts": 4,
    "affine": 4 * 6,
    "trusted": 1,
    "track_id": 4,
    "track_first": 4,
    "track_length": 4,
    "track_confirmed": 1,
    "boxes": 4 * 4,
    "evidence": 1,
    "covered_count": 4,
    "covered_frames": 4,
}
"""Every column of a plan, and the bytes of one entry. A template of a face takes 512 bytes and more."""


def test_a_plan_keeps_places_and_times_of_people_and_nothing_more(tmp_path: Path) -> None:
    plan = analyse(lesson(tmp_path / "lesson.mp4", faces=2), Settings(detector="centerface"))
    assert plan.tracks
    plan.save(tmp_path / "lesson.avgplan")
    with np.load(tmp_path / "lesson.avgplan") as columns:
        found = {name: columns[name] for name in columns.files}
    assert {name: column[:1].nbytes for name, column in found.items() if len(column)}.items() <= ROW_BYTES.items()
    assert set(found) == set(ROW_BYTES)
    followed = sum(len(track) for track in plan.tracks)
    per_picture, per_person = len(plan.timeline), len(plan.tracks)
    for name, most in {"boxes": followed, "evidence": followed, "pts": per_picture, "track_id": per_person}.items():
        assert len(found[name]) == most, name
    assert len(found["head"]) < 1000


def test_finding_and_following_carry_no_more_than_boxes() -> None:
    assert [field.name for field in fields(Boxes)] == ["boxes_xyxy", "scores"]
    assert [field.name for field in fields(Track)] == ["id", "frames", "boxes_xyxy", "evidence", "confirmed"]
