"""Copies whose names say nothing: stable, never twice, and what is done is known again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from avg_video.batch.collect import collect
from avg_video.batch.neutral import NeutralNames, is_neutral_copy
from avg_video.errors import UsageError
from avg_video.pipeline import Settings, anonymise
from tests.cli.helpers import avg_blur, lesson, names_in

QUICK = ("--preset", "ultrafast", "--detector", "centerface", "--threads", "1", "--no-second-look")
FAST = Settings(preset="ultrafast", detector="centerface", threads=1, second_look=False)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two different recordings in folders with telling names, never changed."""
    folder = tmp_path_factory.mktemp("clips")
    for name, pictures in (("3b-anna.mp4", 6), ("3c-bram.mp4", 7)):
        (folder / name[:2]).mkdir()
        lesson(folder / name[:2] / name, pictures=pictures)
    return folder


def statuses(out: Path) -> dict[str, tuple[str, str]]:
    data = json.loads((out / "batch.json").read_text("utf-8"))
    return {entry["input"]: (entry["output"], entry["status"]) for entry in data["files"]}


def test_a_batch_gives_numbers_side_by_side_and_knows_them_again(clips: Path, tmp_path: Path) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    shutil.copytree(clips, source)
    args = (source, "-o", out, "--neutral-names", *QUICK)
    ran = avg_blur(*args)
    assert (ran.exit_code, ran.stderr) == (0, "")
    made = {"avg-0001.mp4", "avg-0001.avg.json", "avg-0002.mp4", "avg-0002.avg.json", "batch.json", "avg-log.jsonl"}
    assert names_in(out) == made
    first = {"3b/3b-anna.mp4": ("avg-0001.mp4", "done"), "3c/3c-bram.mp4": ("avg-0002.mp4", "done")}
    assert statuses(out) == first
    before = {path.name: path.read_bytes() for path in out.glob("avg-0*")}
    for path in out.glob("avg-*"):
        told = path.read_bytes()
        assert not any(name in told for name in (b"-anna", b"-bram", b"3b-", b"3c-")), path
    # A new recording that sorts before the others, one that is called otherwise now, and one that is gone.
    lesson(source / "0-new.mp4", pictures=5)
    (source / "3c" / "3c-bram.mp4").rename(source / "1-renamed.mp4")
    assert avg_blur(*args).exit_code == 0
    assert statuses(out) == {
        "0-new.mp4": ("avg-0003.mp4", "done"),
        "1-renamed.mp4": ("avg-0002.mp4", "skipped"),
        "3b/3b-anna.mp4": ("avg-0001.mp4", "skipped"),
    }
    assert {name: (out / name).read_bytes() for name in before} == before


def test_what_failed_gets_its_turn_and_other_files_keep_their_numbers(clips: Path, tmp_path: Path) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    out.mkdir()
    shutil.copy(clips / "3b" / "3b-anna.mp4", source / "b.mp4")
    (source / "a.mp4").write_bytes(b"no film")
    (out / "AVG-0002.txt").write_text("somebody else's")
    args = (source, "-o", out, "--neutral-names", *QUICK)
    assert avg_blur(*args).exit_code == 1
    assert statuses(out) == {"a.mp4": ("avg-0001.mp4", "failed"), "b.mp4": ("avg-0003.mp4", "done")}
    shutil.copy(clips / "3c" / "3c-bram.mp4", source / "a.mp4")
    assert avg_blur(*args).exit_code == 0
    assert statuses(out) == {"a.mp4": ("avg-0001.mp4", "done"), "b.mp4": ("avg-0003.mp4", "skipped")}


def test_the_same_recording_twice_is_two_copies(clips: Path, tmp_path: Path) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    for name in ("a.mp4", "b.mp4"):
        shutil.copy(clips / "3b" / "3b-anna.mp4", source / name)
    args = (source, "-o", out, "--neutral-names", *QUICK)
    assert avg_blur(*args).exit_code == 0
    assert [output for output, _ in statuses(out).values()] == ["avg-0001.mp4", "avg-0002.mp4"]
    assert avg_blur(*args).exit_code == 0
    assert set(statuses(out).values()) == {("avg-0001.mp4", "skipped"), ("avg-0002.mp4", "skipped")}


def test_one_file_gets_a_number_beside_it_and_its_policy_is_found(clips: Path, tmp_path: Path) -> None:
    source = tmp_path / "anna.mp4"
    shutil.copy(clips / "3b" / "3b-anna.mp4", source)
    (tmp_path / "anna.avg.toml").write_text('purpose = "needle-purpose"\n')
    ran = avg_blur(source, "--neutral-names", *QUICK)
    assert ran.exit_code == 0
    assert names_in(tmp_path) == {"anna.mp4", "anna.avg.toml", "avg-0001.mp4", "avg-0001.avg.json", "avg-log.jsonl"}
    record = json.loads((tmp_path / "avg-0001.avg.json").read_text("utf-8"))
    assert (record["policy"]["source"], record["policy"]["purpose"]) == ("file", "needle-purpose")
    again = avg_blur(source, "--neutral-names", *QUICK)
    assert (again.exit_code, "avg-0001.mp4: it exists already" in again.stderr) == (2, True)
    assert avg_blur(source, "--neutral-names", "--overwrite", *QUICK).exit_code == 0
    assert avg_blur("verify", tmp_path / "avg-0001.mp4", "--detector", "centerface", "-q").exit_code == 0
    assert len(names_in(tmp_path)) == 5


def test_a_number_that_is_free_replaces_nothing_even_when_asked_to_overwrite(clips: Path, tmp_path: Path) -> None:
    """Another run may take the same number between choosing and writing."""
    [job] = collect([clips / "3b"], tmp_path, neutral=True).jobs
    assert (job.output, job.fresh) == (tmp_path / "avg-0001.mp4", True)
    job.output.write_bytes(b"of another run")
    from dataclasses import replace

    from avg_video.batch.one import make_one
    from avg_video.job import Silent

    with pytest.raises(UsageError, match="exists already"):
        make_one(job, Silent(), settings=replace(FAST, overwrite=True))
    assert job.output.read_bytes() == b"of another run"


def test_a_name_and_neutral_names_contradict_each_other(clips: Path, tmp_path: Path) -> None:
    ran = avg_blur(clips / "3b" / "3b-anna.mp4", "--neutral-names", "-o", tmp_path / "x.mp4")
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert "--neutral-names chooses the name; give -o a folder that exists" in ran.stderr


def test_a_copy_with_a_neutral_name_is_not_made_again(clips: Path, tmp_path: Path) -> None:
    source = tmp_path / "anna.mp4"
    shutil.copy(clips / "3b" / "3b-anna.mp4", source)
    anonymise(source, tmp_path / "avg-0001.mp4", settings=FAST)
    shutil.copy(source, tmp_path / "avg-0002.mp4")  # a camera's own name, without a record
    found = collect([tmp_path], tmp_path / "out")
    assert [job.name for job in found.jobs] == ["anna.mp4", "avg-0002.mp4"]
    assert {item.name: item.reason for item in found.left_out} == {
        "avg-0001.avg.json": "a record",
        "avg-0001.mp4": "a copy made by this program",
    }
    assert not is_neutral_copy(tmp_path / "avg-0002.mp4")


def test_a_record_that_can_not_be_read_keeps_its_number(clips: Path, tmp_path: Path) -> None:
    (tmp_path / "avg-0001.avg.json").write_text("{}")
    place = NeutralNames(tmp_path).place(clips / "3b" / "3b-anna.mp4")
    assert (place.output.name, place.fresh) == ("avg-0002.mp4", True)
