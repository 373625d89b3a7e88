"""A record with every kind of entry in it, to be changed by tests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from avg_video.record.model import (
    CheckEntry,
    ConsentEntry,
    HumanReview,
    InputEntry,
    ModelEntry,
    OutputEntry,
    PersonEntry,
    PolicyEntry,
    ProcessingEntry,
    ProfileEntry,
    RecipientEntry,
    Record,
    RoleEntry,
    RuleEntry,
    SecondLookEntry,
    SoundEntry,
    StorageEntry,
    StorageTerm,
)
from avg_video.record.versions import tool_versions


def person(number: int, **changes: Any) -> PersonEntry:
    """Someone covered for 20 pictures."""
    values: dict[str, Any] = {
        "number": number,
        "first_s": 0.2,
        "last_s": 1.0,
        "frames": 20,
        "detected": 5,
        "interpolated": 10,
        "flowed": 3,
        "held": 2,
        "confirmed": True,
        "verdict": "cover",
        "reason": "no-rule",
        "rule": None,
        "frames_covered_though_shown": 0,
        "shown_s": ((0.2, 0.6), (0.8, 1.04)) if changes.get("verdict") == "show" else (),
    }
    return PersonEntry(**(values | changes))


def processing(**changes: Any) -> ProcessingEntry:
    """Everything that a policy and a guideline can state."""
    place = "Bewaren, lid 2"
    values: dict[str, Any] = {
        "profile": ProfileEntry(
            name="aeres-3", version=1, sha256="f" * 64, title="Wider use", source="Guideline of the school, 2020"
        ),
        "controller": "School for all",
        "contact": "privacy@school.example",
        "operator_role": "student",
        "purpose": "teacher-training",
        "legal_basis": "consent",
        "purpose_place": "Doel, lid 1",
        "recipients": (RecipientEntry(text="the student"), RecipientEntry(text="supervisors", place="Inzien, lid 1")),
        "storage": (StorageEntry(text="the closed system of the training", place=place),),
        "keep_original": StorageTerm(after="upload", weeks=4, text="four weeks after the upload", place=place),
        "keep_output": StorageTerm(
            after="study-end", latest="leaving-school", text="at the end of the study", place=place
        ),
        "breach_hours": 24,
        "breach_contact": "cert@school.example",
        "breach_place": "Als het misgaat, lid 1",
        "rules": (RuleEntry(text="nothing goes to others", place="Delen, lid 1"),),
        "checklist": (
            CheckEntry(id="informed", ask="were pupils and parents told?", place=place, confirmed=True),
            CheckEntry(id="no-usb", ask="is it on no stick?", place=None, confirmed=False),
        ),
        "consents": (
            ConsentEntry(token="L05", state="given", line="show L05"),
            ConsentEntry(token="L07", state="withdrawn", line="show L07"),
        ),
        "shown_by_role": (RoleEntry(role="teacher", line="show teacher", place="Docent, lid 2"),),
        "human_review": HumanReview(done=True, stretches_s=((0.0, 4.0), (6.0, 10.0))),
        "register_ref": "VR-2025-11",
        "dpia_ref": "DPIA-7",
    }
    return ProcessingEntry(**(values | changes))


def record(**changes: Any) -> Record:
    """A record of two people, one of them shown."""
    values: dict[str, Any] = {
        "run_id": UUID("9f1c0f5e-5a0e-4f3b-8a53-2d6a4d0c8b11"),
        "status": "done",
        "started": datetime(2025, 3, 4, 9, 30, 0, 123456, tzinfo=UTC),
        "finished": datetime(2025, 3, 4, 9, 31, 5, tzinfo=UTC),
        "tool": tool_versions(),
        "input": InputEntry(
            sha256="a" * 64,
            bytes=123456,
            container="mov,mp4,m4a,3gp,3g2,mj2",
            codec="h264",
            size_wh=(1280, 720),
            rotation_deg=90,
            declared_seconds=10.0,
            declared_frames=None,
            decoded_frames=250,
            decoded_seconds=10.0,
            hidden=("tags", "chapters", "cover-art"),
            neighbours={"subtitles": 2, "thumbnails": 1},
        ),
        "output": OutputEntry(
            sha256="b" * 64,
            bytes=65432,
            frames=250,
            seconds=10.0,
            size_wh=(1280, 720),
            encoder="libx264",
            encoder_options={"preset": "veryfast", "crf": "20"},
            style="fill",
            sound=SoundEntry(kept=True, muted_seconds=1.5),
            inspected=("boxes", "streams"),
        ),
        "policy": PolicyEntry(source="file", sha256="c" * 64, profile="iclon", purpose="teacher-training"),
        "processing": processing(),
        "settings_sha256": "d" * 64,
        "model": ModelEntry(name="centerface", sha256="e" * 64),
        "people": (person(1), person(2, verdict="show", rule="show[0]", frames_covered_though_shown=4)),
        "covered": 1,
        "shown": 1,
        "second_look": SecondLookEntry(on=True, looks=20, finds=1, frames_added=13),
        "cuts": 0,
        "warnings": ("the recording has two video streams; only the first was used",),
        "not_checked": ("text and names that can be read in the picture",),
    }
    return Record(**(values | changes))
