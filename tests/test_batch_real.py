"""A batch with the real work: made once, recognised as done, and made again in any doubt."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from avg_video.batch import BatchSummary, Job, collect, run_batch, worker
from avg_video.batch.one import already_done, make_one
from avg_video.detect.detector import load_detector
from avg_video.errors import ModelError
from avg_video.papers.office import Office
from avg_video.pipeline import Settings, Silent, policy_beside, record_path_for
from avg_video.record.hashes import sha256_file
from avg_video.record.store import read_record
from avg_video.redact.paint import Style
from avg_video.register.database import open_register
from tests.support.clips import noise, write_clip
from tests.support.people import place

SETTINGS = Settings(threads=1, preset="ultrafast", style=Style.SOLID)


@pytest.fixture(scope="module", autouse=True)
def weights() -> None:
    """These tests look for faces for real."""
    try:
        load_detector("auto", threads=1)
    except ModelError as error:
        pytest.skip(f"no detector weights here: {error}")


def clip(path: Path, face_px: int) -> Path:
    """A third of a second of one face."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = noise((192, 144))
    place(picture, face_px, (96, 72))
    return write_clip(path, [picture] * 8)


def run(jobs: Sequence[Job], out: Path, settings: Settings = SETTINGS) -> BatchSummary:
    return run_batch(jobs, worker(settings, 1), out=out)


def outcome(summary: BatchSummary) -> list[tuple[str, int]]:
    return [(entry.status, entry.exit_code) for entry in summary.files]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder `in` with two recordings and a broken one, and `out` after a first run."""
    top = tmp_path_factory.mktemp("batch")
    clip(top / "in" / "a.mp4", 60)
    clip(top / "in" / "klas" / "b.mp4", 40)
    (top / "in" / "klas" / "c.mp4").write_bytes(b"this is no film")
    found = collect([top / "in"], top / "out")
    summary = run(found.jobs, top / "out")
    assert outcome(summary) == [("done", 0), ("done", 0), ("failed", 1)], summary
    return top


def first_job(made: Path) -> Job:
    return collect([made / "in"], made / "out").jobs[0]


def done(job: Job, settings: Settings = SETTINGS) -> bool:
    return already_done(job, settings, policy_beside(job.source), Office()) is not None


def test_a_second_run_makes_only_what_is_not_done(made: Path) -> None:
    before = {p: p.stat().st_mtime_ns for p in (made / "out").rglob("*.avg.*")}
    assert len(before) == 4
    summary = run(collect([made / "in"], made / "out").jobs, made / "out")
    assert outcome(summary) == [("skipped", 0), ("skipped", 0), ("failed", 1)]
    assert summary.files[0].note == "already done, same recording and same settings"
    assert {p: p.stat().st_mtime_ns for p in (made / "out").rglob("*.avg.*")} == before


def test_other_settings_are_not_taken_for_done_and_what_is_there_is_kept(made: Path) -> None:
    job = first_job(made)
    kept = job.output.read_bytes()
    other = replace(SETTINGS, style=Style.FILL)
    summary = run([job], made / "out", other)
    assert outcome(summary) == [("failed", 2)]
    assert "--overwrite" in str(summary.files[0].error)
    assert job.output.read_bytes() == kept
    list_of_all = (made / "out" / "batch.json").read_text(encoding="utf-8")
    assert '"error": "a.avg.mp4: it exists already; ' in list_of_all
    assert str(made) not in list_of_all


def test_threads_make_no_difference(made: Path) -> None:
    assert done(first_job(made))
    assert done(first_job(made), replace(SETTINGS, threads=2, overwrite=True))


def copy_of(made: Path, to: Path) -> Job:
    """The first job with everything that belongs to it, in another folder."""
    job = first_job(made)
    moved = Job(to / "a.mp4", to / "a.avg.mp4", "a.mp4")
    for old, new in ((job.source, moved.source), (job.output, moved.output)):
        new.write_bytes(old.read_bytes())
    record_path_for(moved.output).write_bytes(record_path_for(job.output).read_bytes())
    assert done(moved)
    return moved


def one_byte(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))


def test_one_changed_byte_anywhere_is_not_done(made: Path, tmp_path: Path) -> None:
    for name in ("a.mp4", "a.avg.mp4", "a.avg.json"):
        job = copy_of(made, tmp_path)
        one_byte(tmp_path / name)
        assert not done(job), name


def test_a_missing_copy_or_record_is_not_done(made: Path, tmp_path: Path) -> None:
    for name in ("a.avg.mp4", "a.avg.json"):
        job = copy_of(made, tmp_path)
        (tmp_path / name).unlink()
        assert not done(job), name


def test_a_policy_that_came_later_is_not_done(made: Path, tmp_path: Path) -> None:
    job = copy_of(made, tmp_path)
    (tmp_path / "a.avg.toml").write_text('audio = "keep"\n')
    assert not done(job)


def test_numbers_chosen_by_hand_are_not_what_a_batch_would_make(made: Path, tmp_path: Path) -> None:
    job = copy_of(made, tmp_path)
    path = record_path_for(job.output)
    data = json.loads(path.read_text())
    data["policy"]["source"] = "numbers"
    path.write_text(json.dumps(data))
    assert read_record(path).policy.source == "numbers"
    assert not done(job)


def test_a_policy_for_all_and_a_bad_one(made: Path, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.toml", tmp_path / "bad.toml"
    good.write_text('audio = "keep"\n')
    bad.write_text("colour = 1\n")
    source = first_job(made).source
    for policy, expected in ((good, ("done", 0)), (bad, ("failed", 2))):
        (job,) = collect([source], tmp_path / policy.stem, policy).jobs
        assert outcome(run([job], tmp_path / policy.stem)) == [expected]
    assert read_record(tmp_path / "good" / "a.avg.json").policy.source == "file"


def test_the_list_tells_no_folder_of_a_policy_either(made: Path, tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text("oops = 1\n")
    clip(tmp_path / "in" / "klas" / "b.mp4", 40)
    beside = tmp_path / "in" / "klas" / "b.avg.toml"
    beside.write_text("oops = 1\n")
    for policy, name in ((rules, "rules.toml"), (None, "klas/b.avg.toml")):
        summary = run(collect([tmp_path / "in"], tmp_path / "out", policy).jobs, tmp_path / "out")
        assert str(summary.files[0].error).startswith(f"{name}: unknown key oops")
        assert str(tmp_path) not in summary.model_dump_json()


def test_threads_are_shared_out() -> None:
    shared = worker(Settings(), 64).keywords["settings"]  # type: ignore[attr-defined]
    assert shared.threads == max((os.cpu_count() or 1) // 64, 1)
    assert worker(Settings(threads=3), 64).keywords["settings"].threads == 3  # type: ignore[attr-defined]
    assert worker(Settings(), 1).keywords["settings"].threads == 0  # type: ignore[attr-defined]


def test_the_copy_holds_what_it_should(made: Path) -> None:
    with av.open(str(first_job(made).output)) as box:
        (stream,) = box.streams
        pictures = [frame.to_ndarray(format="rgb24") for frame in box.decode(stream)]
    assert len(pictures) == 8
    face = pictures[4][52:92, 80:112].astype(float)
    assert np.ptp(face.mean(axis=2)) < 40  # a solid cover is flat; the portrait spans 150 and more


def test_a_register_learns_of_copies_that_were_made_without_it(tmp_path: Path) -> None:
    """Otherwise they would not be found when somebody who is visible in them withdraws their consent."""
    clip(tmp_path / "in" / "a.mp4", 60)
    (tmp_path / "out").mkdir()
    (job,) = collect([tmp_path / "in"], tmp_path / "out").jobs
    place, settings = tmp_path / "register.sqlite", replace(SETTINGS, overwrite=True)
    offices = [None, Office(register=place), Office(register=place)]
    said = [make_one(job, Silent(), settings=settings, office=office).status for office in offices]
    assert said == ["done", "skipped", "skipped"]
    with open_register(place) as register, register.changing() as db:
        (row,) = db.execute("SELECT * FROM output").fetchall()
        assert (row["path"], row["sha256"], row["state"]) == (str(job.output), sha256_file(job.output), "kept")
        assert row["run_id"] == str(read_record(record_path_for(job.output)).run_id)
        db.execute("UPDATE output SET state = 'make-again'")
    again = [make_one(job, Silent(), settings=settings, office=offices[1]).status for _ in range(2)]
    assert again == ["done", "skipped"]
