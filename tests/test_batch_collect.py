"""Which files a batch makes, where they go, and what is left out."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pytest

from avg_video.batch import LeftOut, collect
from avg_video.batch.collect import RECORDING_SUFFIXES
from avg_video.errors import UsageError

links = pytest.mark.skipif(not hasattr(os, "symlink") or os.name == "nt", reason="links need rights there")


def plant(top: Path, *names: str) -> Path:
    """Empty files, with their folders."""
    for name in names:
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return top


def names(top: Path, out: Path | None) -> list[tuple[str, str]]:
    """What each job is called and where it goes."""
    base = top if out is None else out
    return [(job.name, job.output.relative_to(base).as_posix()) for job in collect([top], out).jobs]


def test_the_tree_is_kept_and_the_order_fixed(tmp_path: Path) -> None:
    top = plant(tmp_path / "in", "b.mp4", "klas 2/les.MOV", "klas 10/les.mkv", "a.mp4", "klas 2/deep/er/x.webm")
    expected = [
        ("a.mp4", "a.avg.mp4"),
        ("b.mp4", "b.avg.mp4"),
        ("klas 10/les.mkv", "klas 10/les.avg.mp4"),
        ("klas 2/les.MOV", "klas 2/les.avg.mp4"),
        ("klas 2/deep/er/x.webm", "klas 2/deep/er/x.avg.mp4"),
    ]
    assert names(top, tmp_path / "out") == expected
    assert names(top, None) == expected


def test_what_is_no_recording_is_left_out_and_listed(tmp_path: Path) -> None:
    own = ("les.avg.mp4", "les.AVG.MP4.bak", "les.avg.json", "les.avg.toml", "les.avgplan")
    top = plant(tmp_path / "in", "les.mp4", "notes.txt", ".hidden.mp4", ".git/x.mp4", "README", *own)
    found = collect([top], tmp_path / "out")
    assert [job.name for job in found.jobs] == ["les.mp4"]
    assert set(found.left_out) == {
        LeftOut("notes.txt", "not a recording"),
        LeftOut("README", "not a recording"),
        LeftOut(".hidden.mp4", "hidden"),
        LeftOut(".git", "hidden"),
        LeftOut("les.avg.mp4", "a copy made by this program"),
        LeftOut("les.AVG.MP4.bak", "not a recording"),
        LeftOut("les.avg.json", "a record"),
        LeftOut("les.avg.toml", "a policy"),
        LeftOut("les.avgplan", "a plan"),
    }


@links
def test_no_link_is_followed(tmp_path: Path) -> None:
    top = plant(tmp_path / "in", "les.mp4", "sub/b.mp4")
    plant(tmp_path / "elsewhere", "secret.mp4")
    (top / "out-of-it").symlink_to(tmp_path / "elsewhere")
    (top / "film.mp4").symlink_to(tmp_path / "elsewhere" / "secret.mp4")
    (top / "sub" / "circle").symlink_to(top)
    (top / "nowhere.mp4").symlink_to(top / "missing")
    found = collect([top], tmp_path / "out")
    assert [job.name for job in found.jobs] == ["les.mp4", "sub/b.mp4"]
    assert {item.name for item in found.left_out} == {"out-of-it", "film.mp4", "sub/circle", "nowhere.mp4"}
    assert {item.reason for item in found.left_out} == {"a link"}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in the file system here")
def test_a_pipe_that_is_called_like_a_recording_is_left_out(tmp_path: Path) -> None:
    top = plant(tmp_path / "in", "les.mp4")
    os.mkfifo(top / "pipe.mp4")
    assert collect([top], None).left_out == (LeftOut("pipe.mp4", "not a plain file"),)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="the superuser may read everything")
def test_a_folder_that_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    top = plant(tmp_path / "in", "les.mp4", "locked/x.mp4")
    (top / "locked").chmod(0)
    try:
        (item,) = collect([top], None).left_out
    finally:
        (top / "locked").chmod(0o700)
    assert item.problem
    assert "can't be read" in item.reason


def test_a_file_that_is_named_is_taken_whatever_it_is_called(tmp_path: Path) -> None:
    top = plant(tmp_path / "in", "recording.bin", "x.mp4")
    found = collect([top / "recording.bin", top / "x.mp4"], tmp_path / "out")
    assert [job.output.name for job in found.jobs] == ["recording.avg.mp4", "x.avg.mp4"]


def test_nothing_comes_twice(tmp_path: Path) -> None:
    top = plant(tmp_path / "in", "sub/les.mp4")
    found = collect([top, top / "sub", top / "sub" / "les.mp4"], tmp_path / "out")
    assert [job.name for job in found.jobs] == ["sub/les.mp4"]
    assert found.left_out == (LeftOut("les.mp4", "named twice"), LeftOut("les.mp4", "named twice"))


def test_outputs_inside_the_input_folder_are_never_inputs(tmp_path: Path) -> None:
    top = plant(tmp_path / "in", "les.mp4", "out/les.avg.mp4", "out/les.avg.json", "out/batch.json")
    found = collect([top], top / "out")
    assert [(job.name, job.output) for job in found.jobs] == [("les.mp4", top / "out" / "les.avg.mp4")]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("a.mp4", "a.mov"),
        ("A.mp4", "a.mov"),
        ("Klas/a.mp4", "klas/a.mp4"),
        ("STRASSE.mp4", "straße.mov"),
        (unicodedata.normalize("NFC", "één.mp4"), unicodedata.normalize("NFD", "één.mov")),
    ],
)
def test_two_that_would_become_one_are_refused(tmp_path: Path, first: str, second: str) -> None:
    top = plant(tmp_path / "in", first, second)
    if len([p for p in top.rglob("*") if p.is_file()]) < 2:
        pytest.skip("this disk takes the two names for one")
    for out in (tmp_path / "out", None):
        with pytest.raises(UsageError, match="would be written to the same place") as caught:
            collect([top], out)
        line = unicodedata.normalize("NFC", str(caught.value))
        assert all(unicodedata.normalize("NFC", name) in line for name in (first, second))


def test_two_folders_with_the_same_names_are_refused_only_if_they_meet(tmp_path: Path) -> None:
    one, two = plant(tmp_path / "one", "a.mp4"), plant(tmp_path / "two", "a.mp4")
    assert len(collect([one, two], None).jobs) == 2
    with pytest.raises(UsageError, match="same place"):
        collect([one, two], tmp_path / "out")


def test_what_is_asked_wrongly_is_refused(tmp_path: Path) -> None:
    top = plant(tmp_path / "in", "notes.txt")
    with pytest.raises(UsageError, match="no such file or folder"):
        collect([top / "missing.mp4"], None)
    with pytest.raises(UsageError, match=r"no recordings here, only 1 other"):
        collect([top], None)
    with pytest.raises(UsageError, match="it is a file"):
        collect([top], top / "notes.txt")


def test_every_suffix_is_lower_case_with_a_dot() -> None:
    assert all(s == s.lower() and s.startswith(".") for s in RECORDING_SUFFIXES)
    assert {".mp4", ".mov", ".mkv", ".webm", ".avi", ".ts", ".mts", ".m2ts", ".wmv", ".3gp"} <= RECORDING_SUFFIXES
