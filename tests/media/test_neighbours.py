"""Files beside a recording that tell more than its copy: which ones are seen, and how they are named."""

from __future__ import annotations

import os
import sys
import unicodedata
from pathlib import Path

import pytest

from avg_video.media.neighbours import neighbours_of


def beside(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).write_bytes(b"x")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("lesson.THM", "thumbnails"),
        ("lesson.LRV", "previews"),
        ("Lesson.srt", "subtitles"),
        ("LESSON.VTT", "subtitles"),
        ("lesson.ass", "subtitles"),
        ("lesson.xmp", "metadata"),
        ("lesson.txt", "transcripts"),
        ("lesson.json", "telemetry"),
        ("lesson.Gpx", "telemetry"),
        ("lesson.nl.srt", "subtitles"),
        ("lesson.mp4.xmp", "metadata"),
        ("lesson.transcript.vtt", "subtitles"),
        ("lessonM01.XML", "metadata"),
        ("lesson.m4a", "sound"),
        ("lesson.WAV", "sound"),
        ("other.srt", "subtitles"),
        ("chat.txt", "transcripts"),
        ("Meeting_Saved_Closed_Caption.txt", "transcripts"),
        ("Les 3 - Transcriptie.docx", "transcripts"),
        ("audio1234567890.m4a", "sound"),
        ("participants_987.csv", "telemetry"),
    ],
)
def test_one_neighbour_is_named_and_counted_by_category(name: str, kind: str, tmp_path: Path) -> None:
    beside(tmp_path, "lesson.mp4", name)
    found = neighbours_of(tmp_path / "lesson.mp4")
    assert (found.names, found.counts) == ((name,), {kind: 1})
    assert found.warning == f"{name} lies beside it and may tell more; it was not copied"


@pytest.mark.parametrize(
    "name",
    [
        "lesson.avg.json",
        "lesson.avg.jpg.json",
        "lesson.avg.toml",
        "lesson.avg.mp4",
        "other.THM",
        "notes.txt",
        "marks.csv",
        "music.mp3",
        "lesson.mov",
        "lesson",
    ],
)
def test_what_is_ours_or_belongs_to_another_is_not_named(name: str, tmp_path: Path) -> None:
    beside(tmp_path, "lesson.mp4", name)
    found = neighbours_of(tmp_path / "lesson.mp4")
    assert (found.names, found.counts, found.warning) == ((), {}, None)


def test_what_bears_the_name_of_another_recording_is_not_named(tmp_path: Path) -> None:
    beside(tmp_path, "lesson.mp4", "Lesson2.MOV", "lesson2.srt", "lesson2.transcript.txt", "chat.srt")
    assert neighbours_of(tmp_path / "lesson.mp4").names == ("chat.srt",)
    assert neighbours_of(tmp_path / "lesson2.MOV").names == ("chat.srt", "lesson2.srt", "lesson2.transcript.txt")


def test_a_photo_has_no_transcript(tmp_path: Path) -> None:
    beside(tmp_path, "class.jpg", "chat.txt", "other.srt", "class.xmp")
    assert neighbours_of(tmp_path / "class.jpg").names == ("class.xmp",)


def test_the_recording_is_no_neighbour_of_its_own(tmp_path: Path) -> None:
    beside(tmp_path, "lesson.ogg")
    assert neighbours_of(tmp_path / "lesson.ogg").names == ()


def test_a_folder_of_such_a_name_is_none(tmp_path: Path) -> None:
    beside(tmp_path, "lesson.mp4")
    (tmp_path / "lesson.srt").mkdir()
    assert neighbours_of(tmp_path / "lesson.mp4").names == ()


def test_several_are_named_in_one_sentence(tmp_path: Path) -> None:
    beside(tmp_path, "lesson.mp4", "lesson.srt", "lesson.THM")
    found = neighbours_of(tmp_path / "lesson.mp4")
    assert found.warning == "lesson.THM and lesson.srt lie beside it and may tell more; they were not copied"


def test_many_are_counted(tmp_path: Path) -> None:
    beside(tmp_path, "lesson.mp4", *(f"lesson.{k}.srt" for k in range(9)))
    found = neighbours_of(tmp_path / "lesson.mp4")
    assert found.counts == {"subtitles": 9}
    assert found.warning is not None
    assert "lesson.5.srt and 3 more lie beside it" in found.warning


def test_the_preview_of_a_gopro_has_a_name_of_its_own(tmp_path: Path) -> None:
    beside(tmp_path, "GX010042.MP4", "GL010042.LRV", "GL010043.LRV", "GX010042.THM")
    assert neighbours_of(tmp_path / "GX010042.MP4").names == ("GL010042.LRV", "GX010042.THM")


def test_two_spellings_of_one_accent_are_one_name(tmp_path: Path) -> None:
    name = "le\u00e7on"
    beside(tmp_path, f"{name}.mp4", unicodedata.normalize("NFD", name) + ".srt")
    assert neighbours_of(tmp_path / f"{name}.mp4").counts == {"subtitles": 1}


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_names_can_not_steer_the_terminal(tmp_path: Path) -> None:
    beside(tmp_path, "lesson.mp4", "lesson.\x1b[2J\n.srt")
    (tmp_path / os.fsdecode(b"lesson.\xff.vtt")).write_bytes(b"x")
    warning = neighbours_of(tmp_path / "lesson.mp4").warning
    assert warning is not None
    assert warning.isprintable()
    assert r"lesson.\x1b[2J\n.srt" in warning


def test_a_folder_that_can_not_be_listed_is_said_to_be_so(tmp_path: Path) -> None:
    found = neighbours_of(tmp_path / "gone" / "lesson.mp4")
    assert found.counts is None
    assert found.warning is not None
    assert "can't be listed" in found.warning
