"""Others at work at the same time: two runs with one output, and an input that changes on the way; odd places."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from avg_video.errors import AvgError
from avg_video.media.temporary import PrivateTemporary, alone_in
from avg_video.pipeline import Settings, anonymise
from avg_video.record.hashes import sha256_file
from avg_video.record.log import LOG_NAME
from avg_video.record.store import read_record
from avg_video.verification.log import check_log
from benchmarks.paperwork import key_faults, leftovers, lines_in, log_faults, register_faults, rows_in
from tests.cli.helpers import lesson
from tests.hostile.program import command, environment, names_in
from tests.support.waiting import PATIENCE_S, until

QUICK = ["--preset", "ultrafast", "--style", "solid", "--threads", "1"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return lesson(tmp_path_factory.mktemp("made") / "lesson.mp4", pictures=10).read_bytes()


def start(folder: Path, *args: str | Path) -> subprocess.Popen[str]:
    """A run in `folder`, of a user who keeps a register."""
    data = folder / "data"
    data.mkdir(exist_ok=True)
    return subprocess.Popen(
        [*command(), *QUICK, *map(str, args), "--register", str(data / "register.sqlite")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env=environment(AVG_BLUR_DATA=str(data)),
    )


def in_order(folder: Path, *, lines: int, copies: int) -> None:
    """Log, register and key are as they should be, and hold no more than that."""
    made = sorted(folder.glob("*.avg.mp4"))
    data = folder / "data"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AVG_BLUR_DATA", str(data))
        faults = log_faults(folder / LOG_NAME, made) + register_faults(data / "register.sqlite", made)
        assert faults + key_faults(data) + leftovers(data) == []
    assert (len(made), lines_in(folder / LOG_NAME), rows_in(data / "register.sqlite")) == (copies, lines, copies)


def belongs(folder: Path) -> None:
    """The record is that of the copy."""
    record = read_record(folder / "lesson.avg.json")
    assert record.output.sha256 == sha256_file(folder / "lesson.avg.mp4")


@pytest.mark.parametrize("more", [[], ["--overwrite"]], ids=["first wins", "last wins"])
def test_two_runs_at_once(tmp_path: Path, made: bytes, more: list[str]) -> None:
    (tmp_path / "lesson.mp4").write_bytes(made)
    both = [start(tmp_path, "lesson.mp4", "--crf", crf, *more) for crf in ("20", "40")]
    ended = []
    for run in both:
        out, err = run.communicate(timeout=2 * PATIENCE_S)
        assert run.returncode in (0, 2), err
        assert ("Made " in out) == (run.returncode == 0)
        ended.append((run.returncode, err))
    if more:
        assert [code for code, _ in ended] == [0, 0], ended
    else:
        assert sorted(code for code, _ in ended) == [0, 2], ended
        (line,) = (err for code, err in ended if code == 2)
        assert line.startswith("avg-blur: lesson.avg.mp4: it exists already; ")
        assert line.count("\n") == 1
    found = {name for name in names_in(tmp_path) if not name.startswith("data")}
    assert found == {"lesson.mp4", "lesson.avg.mp4", "lesson.avg.json", LOG_NAME}
    belongs(tmp_path)
    in_order(tmp_path, lines=len([code for code, _ in ended if code == 0]), copies=1)


def test_two_runs_at_once_begin_one_log_one_register_and_one_key(tmp_path: Path, made: bytes) -> None:
    """Nothing is there yet, and both make it."""
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.mp4").write_bytes(made)
    for run in [start(tmp_path, f"{name}.mp4") for name in ("a", "b", "c")]:
        assert (run.communicate(timeout=2 * PATIENCE_S)[1], run.returncode) == ("", 0)
    in_order(tmp_path, lines=3, copies=3)
    check = check_log(tmp_path / LOG_NAME)
    assert [entry.sequence for entry in check.entries.values()] == [1, 2, 3]
    assert len(check.keys) == 1


def test_a_run_that_ends_between_the_record_and_the_copy_of_another(
    tmp_path: Path, made: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worst moment there is: the first has checked that the name is free, and is about to take it."""
    if os.name != "posix":
        pytest.skip("folders can't be locked there")
    (tmp_path / "lesson.mp4").write_bytes(made)
    source, output = tmp_path / "lesson.mp4", tmp_path / "lesson.avg.mp4"
    publish, refused = PrivateTemporary.publish, []

    def other() -> None:
        try:
            anonymise(source, output, settings=Settings(preset="ultrafast", crf=40, threads=1))
        except AvgError as error:
            refused.append(str(error))

    second, waits = threading.Thread(target=other), threading.Event()

    def slow(temporary: PrivateTemporary) -> None:
        if not second.ident:
            second.start()
            assert waits.wait(PATIENCE_S)
            second.join(0.3)  # so that it waits for its turn by now, most probably; it is as good if not
            assert second.is_alive()
        publish(temporary)

    def turn(folder: Path) -> AbstractContextManager[None]:
        if threading.current_thread() is second:
            waits.set()
        return alone_in(folder)

    monkeypatch.setattr(PrivateTemporary, "publish", slow)
    monkeypatch.setattr("avg_video.job.alone_in", turn)
    anonymise(source, output, settings=Settings(preset="ultrafast", threads=1))
    second.join(PATIENCE_S)
    assert len(refused) == 1
    assert "it exists already" in refused[0]
    belongs(tmp_path)
    assert names_in(tmp_path) == {"lesson.mp4", "lesson.avg.mp4", "lesson.avg.json"}


@pytest.mark.parametrize("how", ["grows", "changes", "is replaced", "is gone"])
def test_the_input_changes_on_the_way(tmp_path: Path, made: bytes, how: str) -> None:
    """Changed in the middle of the work, when the first pass is over."""
    folder, mark = tmp_path / "in", tmp_path / "mark"
    folder.mkdir()
    source = folder / "lesson.mp4"
    source.write_bytes(made)
    run = subprocess.Popen(
        [sys.executable, "-m", "tests.support.held", *QUICK, "lesson.mp4"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env=environment(HELD=f"making:{mark}"),
    )
    until(lambda: mark.exists() or run.poll() is not None)
    assert run.poll() is None, run.communicate()
    if how == "grows":
        with source.open("ab") as file:
            file.write(b"\0\0\0\x08free")
    elif how == "changes":
        with source.open("r+b") as file:
            file.seek(-1, os.SEEK_END)
            file.write(b"!")
    elif how == "is replaced":
        source.with_suffix(".new").write_bytes(source.read_bytes()[:-1])
        source.with_suffix(".new").replace(source)
    else:
        source.unlink()
    mark.unlink()
    out, err = run.communicate(timeout=PATIENCE_S)
    assert out == ""
    assert run.returncode in (1, 2), err
    lines = [line for line in err.splitlines() if "no face was found" not in line]
    assert len(lines) == 1, err
    assert lines[0].startswith("avg-blur: ")
    assert names_in(folder) <= {"lesson.mp4"}


@pytest.fixture
def read_only(tmp_path: Path) -> Path:
    """A folder on a file system that can't be written to, where this user may make one."""
    place = tmp_path / "stick"
    place.mkdir()
    if sys.platform != "linux" or os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only the administrator of a Linux computer may mount")
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", place]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("this computer does not let anybody mount")
    return place


def test_a_stick_that_is_locked_and_a_copy_on_another_disk(read_only: Path, tmp_path: Path, made: bytes) -> None:
    try:
        (read_only / "lesson.mp4").write_bytes(made)
        (read_only / "sub").mkdir()
        subprocess.run(["mount", "-o", "remount,ro", read_only], check=True)
        run = start(tmp_path, read_only / "lesson.mp4")
        out, err = run.communicate(timeout=2 * PATIENCE_S)
        assert (run.returncode, out) == (1, "")
        assert "the folder can't be written to; choose another folder with -o" in err
        assert err.count("\n") == 1
        run = start(tmp_path, read_only, "-o", read_only / "sub" / "out")
        out, err = run.communicate(timeout=2 * PATIENCE_S)
        assert run.returncode == 1
        assert "Traceback" not in err
        run = start(tmp_path, read_only / "lesson.mp4", "-o", "lesson.avg.mp4")  # from one disk to another
        out, err = run.communicate(timeout=2 * PATIENCE_S)
        assert run.returncode == 0, err
        belongs(tmp_path)
    finally:
        subprocess.run(["umount", read_only], check=True)


def test_a_folder_without_rights(tmp_path: Path, made: bytes) -> None:
    if os.name != "posix" or os.geteuid() == 0:
        pytest.skip("rights do not bind the administrator")
    (tmp_path / "lesson.mp4").write_bytes(made)
    tmp_path.chmod(0o500)
    try:
        run = start(tmp_path, "lesson.mp4")
        out, err = run.communicate(timeout=2 * PATIENCE_S)
        assert (run.returncode, out) == (1, "")
        assert "the folder can't be written to" in err
    finally:
        tmp_path.chmod(0o700)
