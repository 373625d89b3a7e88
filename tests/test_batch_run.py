"""Carrying a batch through: failures, crashes, interrupts, and the summary."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import active_children, get_context
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avg_video.batch import BATCH_FILE, BatchSummary, FileEntry, Job, LeftOut, collect, read_batch, run_batch
from avg_video.batch.crew import HiredCrew, LocalCrew
from avg_video.batch.summary import LeftOutEntry, worst
from avg_video.errors import UsageError
from tests.batch_work import copy, marks
from tests.support.waiting import PATIENCE_S, until

ROOT = Path(__file__).parents[1]
posix = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")


def plant(top: Path, **texts: str) -> list[Job]:
    """A folder `in` of recordings holding these texts, and their jobs into `out`."""
    source = top / "in"
    (source / "sub").mkdir(parents=True)
    for name, text in texts.items():
        (source / "sub" / f"{name}.mp4").write_text(text)
    (top / "out" / "sub").mkdir(parents=True)
    return list(collect([source], top / "out").jobs)


def left(top: Path) -> list[str]:
    """What lies in the output folder."""
    return sorted(path.relative_to(top / "out").as_posix() for path in (top / "out").rglob("*") if path.is_file())


class Log:
    """Writes down what it is told; raises `KeyboardInterrupt` at the first tick after `when` says so."""

    def __init__(self, when: Callable[[], bool] = lambda: False) -> None:
        self.lines: list[tuple[str, str]] = []
        self.threads: set[int] = set()
        self._when = when

    def started(self, job: Job) -> None:
        self._add(job, "started")

    def stage(self, job: Job, name: str, total_s: float | None) -> None:
        self._add(job, f"stage {name} {total_s}")

    def at(self, job: Job, second: float, pictures: int) -> None:
        self._add(job, f"at {second} {pictures}")

    def warn(self, job: Job, text: str) -> None:
        self._add(job, "warn")

    def finished(self, job: Job, entry: FileEntry) -> None:
        self._add(job, f"finished {entry.status}")

    def tick(self) -> None:
        if self._when():
            raise KeyboardInterrupt

    def _add(self, job: Job, what: str) -> None:
        self.lines.append((job.source.stem, what))
        self.threads.add(threading.get_ident())


def statuses(summary: BatchSummary) -> dict[str, tuple[str, int]]:
    return {Path(entry.input).stem: (entry.status, entry.exit_code) for entry in summary.files}


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slowly somebody leaves, they are waited for."""
    for room in ("run", "crew"):
        monkeypatch.setattr(f"avg_video.batch.{room}.STOP_S", PATIENCE_S)


@pytest.fixture(params=["threads", "processes"])
def executor(request: pytest.FixtureRequest) -> Iterator[Executor | None]:
    """Both a stand-in and our own."""
    if request.param == "processes":
        yield None
        return
    with ThreadPoolExecutor(2) as pool:
        yield pool


def test_all_are_made_and_told_in_order(
    tmp_path: Path, executor: Executor | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("avg_video.batch.run.LAST_WORDS_S", PATIENCE_S)  # however late a report is
    jobs = plant(tmp_path, a="one", b="look at two", c="three")
    log = Log()
    summary = run_batch(jobs, copy, executor=executor, jobs_n=2, progress=log, out=tmp_path / "out")
    assert statuses(summary) == {"a": ("done", 0), "b": ("look", 3), "c": ("done", 0)}
    assert summary.exit_code == 3
    assert left(tmp_path) == [BATCH_FILE, "sub/a.avg.mp4", "sub/b.avg.mp4", "sub/c.avg.mp4"]
    assert (tmp_path / "out/sub/a.avg.mp4").read_text() == "one"
    for name, status in (("a", "done"), ("b", "look"), ("c", "done")):
        told = [what for who, what in log.lines if who == name]
        assert told == ["started", "stage looking 2.0", "at 1.0 25", "warn", f"finished {status}"]
    assert log.threads == {threading.get_ident()}


def test_a_failure_ends_one_file_only(tmp_path: Path, executor: Executor | None) -> None:
    jobs = plant(tmp_path, a="damaged", b="fault", c="fine")
    summary = run_batch(jobs, copy, executor=executor, out=tmp_path / "out")
    assert statuses(summary) == {"a": ("failed", 1), "b": ("failed", 1), "c": ("done", 0)}
    assert summary.exit_code == 1
    assert summary.files[0].error == "sub/a.mp4: it breaks off; copy it again"
    assert summary.files[1].error is not None
    assert "ZeroDivisionError" in summary.files[1].error
    assert "\n" not in summary.files[1].error
    assert left(tmp_path) == [BATCH_FILE, "sub/c.avg.mp4"]


@pytest.mark.parametrize("jobs_n", [1, 2])
def test_a_crash_is_found_out_and_the_others_are_made(tmp_path: Path, jobs_n: int) -> None:
    jobs = plant(tmp_path, a="fine", b="crash", c="fine", d="fine")
    log = Log()
    summary = run_batch(jobs, copy, jobs_n=jobs_n, progress=log, out=tmp_path / "out")
    assert statuses(summary) == {"a": ("done", 0), "b": ("failed", 1), "c": ("done", 0), "d": ("done", 0)}
    assert summary.files[1].error is not None
    assert summary.files[1].error.startswith("sub/b.mp4: the process that worked on it ended suddenly; ")
    assert left(tmp_path) == [BATCH_FILE, "sub/a.avg.mp4", "sub/c.avg.mp4", "sub/d.avg.mp4"]
    assert ("b", "finished failed") in log.lines


@pytest.mark.slow
def test_two_crashes_beside_each_other(tmp_path: Path) -> None:
    jobs = plant(tmp_path, a="crash", b="crash", c="fine")
    assert statuses(run_batch(jobs, copy, jobs_n=2)) == {"a": ("failed", 1), "b": ("failed", 1), "c": ("done", 0)}


def test_another_process_does_each_job_of_our_own(tmp_path: Path) -> None:
    jobs = plant(tmp_path, a="slow", b="slow")
    log = Log(lambda: len(marks(tmp_path)) == 2)
    run_batch(jobs, copy, jobs_n=2, progress=log)
    one, two = marks(tmp_path)
    assert os.getpid() not in (one, two)
    assert one != two


def test_a_given_pool_that_breaks_ends_the_batch_and_says_so(tmp_path: Path) -> None:
    jobs = plant(tmp_path, a="fine", b="crash", c="fine")
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        summary = run_batch(jobs, copy, executor=pool)
    assert statuses(summary) == {"a": ("done", 0), "b": ("failed", 1), "c": ("failed", 1)}


def test_an_interrupt_stops_all_and_leaves_nothing(
    tmp_path: Path, executor: Executor | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[object] = []
    for crew in (HiredCrew, LocalCrew):
        monkeypatch.setattr(crew, "kill", ended.append)
    jobs = plant(tmp_path, a="fine", b="slow", c="slow", d="fine", e="fine")
    log = Log(lambda: len(marks(tmp_path)) == 2)
    summary = run_batch(jobs, copy, executor=executor, jobs_n=2, progress=log, out=tmp_path / "out")
    assert ended == [], "they leave by themselves"
    assert statuses(summary) == {"a": ("done", 0)} | dict.fromkeys("bcde", ("stopped", 130))
    assert summary.exit_code == 130
    assert summary.interrupted
    assert left(tmp_path) == [BATCH_FILE, "sub/a.avg.mp4"]
    assert active_children() == []


def test_a_process_that_does_not_listen_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("avg_video.batch.run.STOP_S", 0.0)  # however soon it is, the process is gone before tidying up
    jobs = plant(tmp_path, a="deaf")
    summary = run_batch(jobs, copy, progress=Log(lambda: bool(marks(tmp_path))), out=tmp_path / "out")
    assert statuses(summary) == {"a": ("stopped", 130)}
    assert left(tmp_path) == [BATCH_FILE]
    assert active_children() == []


def test_another_error_while_telling_stops_all_and_is_raised(tmp_path: Path) -> None:
    class Deaf(Log):
        def tick(self) -> None:
            if marks(tmp_path):
                raise BrokenPipeError

    jobs = plant(tmp_path, a="slow")
    with pytest.raises(BrokenPipeError):
        run_batch(jobs, copy, progress=Deaf())
    assert left(tmp_path) == []
    assert active_children() == []


SCRIPT = """
import sys
from pathlib import Path
from avg_video.batch import collect, run_batch
from tests.batch_work import copy
if __name__ == "__main__":
    top = Path(sys.argv[1])
    sys.exit(run_batch(collect([top / "in"], top / "out").jobs, copy, jobs_n=3, out=top / "out").exit_code)
"""


def begin(top: Path) -> subprocess.Popen[str]:
    """A batch in a process group of its own, once two files are under way and a third process has nothing to do."""
    plant(top, a="slow", b="slow", c="fine")
    script = top / "batch_script.py"
    script.write_text(SCRIPT)
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    batch = subprocess.Popen(
        [sys.executable, str(script), str(top)],
        env=os.environ | {"PYTHONPATH": path},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    until(lambda: (len(marks(top)) == 2 and (top / "out/sub/c.avg.mp4").exists()) or batch.poll() is not None)
    return batch


@posix
def test_ctrl_c_reaches_all_processes_and_none_of_them_cries(tmp_path: Path) -> None:
    batch = begin(tmp_path)
    os.killpg(batch.pid, signal.SIGINT)
    _, errors = batch.communicate(timeout=PATIENCE_S)
    assert (batch.returncode, errors) == (130, "")
    assert left(tmp_path) == [BATCH_FILE, "sub/c.avg.mp4"]
    ends = {entry.input: entry.status for entry in read_batch(tmp_path / "out" / BATCH_FILE).files}
    assert {ends["sub/a.mp4"], ends["sub/b.mp4"]} == {"stopped"}
    # The third had put its output in place; whether word of that came before the stop is a matter of milliseconds.
    assert ends["sub/c.mp4"] in ("done", "stopped")


@posix
def test_workers_leave_when_the_batch_is_killed(tmp_path: Path) -> None:
    batch = begin(tmp_path)
    workers = marks(tmp_path)
    batch.kill()
    batch.communicate(timeout=PATIENCE_S)
    until(lambda: not any(alive(pid) for pid in workers))
    assert left(tmp_path) == ["sub/c.avg.mp4"]


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # An orphan's new parent may not have taken note of its end yet; such a process does nothing any more.
    state = Path(f"/proc/{pid}/stat")
    return not (state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z")


def test_the_list_can_be_read_back_and_tells_no_folders(tmp_path: Path) -> None:
    jobs = plant(tmp_path, a="one", b="damaged")
    left_out = [LeftOut("notes.txt", "not a recording"), LeftOut("a\x1b[2J", "hidden")]
    summary = run_batch(jobs, copy, out=tmp_path / "out", left_out=left_out)
    path = tmp_path / "out" / BATCH_FILE
    assert read_batch(path) == summary
    text = path.read_text("utf-8")
    assert str(tmp_path) not in text
    assert "\x1b" not in text
    data = json.loads(text)
    assert list(data) == ["schema_version", "started", "finished", "exit_code", "files", "left_out"]
    assert data["files"][0] | {"seconds": 0} == {
        "input": "sub/a.mp4",
        "output": "sub/a.avg.mp4",
        "status": "done",
        "exit_code": 0,
        "error": None,
        "note": None,
        "seconds": 0,
        "control_number": None,
    }
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o600
    for odd in (b"", b"{}", text.replace('"exit_code": 1', '"exit_code": 7').encode()):
        path.write_bytes(odd)
        with pytest.raises(UsageError, match="not the list of a batch"):
            read_batch(path)


def test_a_folder_that_could_not_be_read_counts_as_a_failure(tmp_path: Path) -> None:
    jobs = plant(tmp_path, a="one")
    assert run_batch(jobs, copy, left_out=[LeftOut("locked", "can't be read", problem=True)]).exit_code == 1


def test_the_manual_explains_every_field_of_the_list() -> None:
    manual = (ROOT / "docs" / "record.md").read_text("utf-8").split("## The list of a batch")[1]
    fields = [name for entry in (BatchSummary, FileEntry, LeftOutEntry) for name in entry.model_fields]
    assert [name for name in fields if f"`{name}`" not in manual] == []


def test_the_worst_code_wins() -> None:
    assert [worst(codes) for codes in ([], [0], [0, 3], [3, 2, 0], [2, 1, 3], [1, 130])] == [0, 0, 3, 2, 1, 130]


@given(st.lists(st.sampled_from([0, 1, 2, 3, 130])), st.sampled_from([0, 1, 2, 3, 130]))
def test_one_more_never_makes_it_better(codes: list[int], code: int) -> None:
    assert worst([*codes, code]) in (worst(codes), code)
    assert worst([*codes, code]) != 0 or code == 0
