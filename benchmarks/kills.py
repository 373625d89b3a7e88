"""Kills a batch at random moments, and one recording at every step on the disk, and looks at what is left each time.

After a kill, whatever lies under a final name must be whole, checked and as its record says; temporary files must be
hidden and private; the chain of the log must hold, and log and register must know every copy. The next run must
complete everything and take away what the kill left.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import functools
import json
import os
import random
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avg_video.batch import read_batch
from avg_video.errors import AvgError
from avg_video.media.folders import DATA_VARIABLE, data_folder
from avg_video.papers.office import Office
from avg_video.pipeline import Settings, anonymise, default_output, record_path_for
from avg_video.record.log import LOG_NAME
from avg_video.register.database import default_register
from benchmarks.paperwork import key_faults, leftovers, lines_in, log_faults, register_faults, rows_in
from benchmarks.verdict import unchecked
from tests.support.clips import noise, write_clip
from tests.support.people import place

__all__ = ["Kill", "kill_a_batch", "kill_at_steps", "make_lessons"]

RECORDINGS = 6
OPTIONS = ("--detector", "centerface", "--threads", "1", "--preset", "ultrafast", "--quiet")
LIMIT_S = 120.0


@dataclass(frozen=True)
class Kill:
    """One kill and what it showed.

    Attributes
    ----------
    when: in words; equal seeds aim at equal moments.
    whole: how many copies lay there, each as it should be.
    temporaries: how many temporary files were left, for the next run to remove.
    spare: how many lines of the log, after the next run, have no copy, since their run was killed.
    faults: everything that was not as it must be; empty is well.
    """

    when: str
    whole: int
    temporaries: int
    spare: int
    faults: tuple[str, ...]


def make_lessons(folder: Path, count: int = RECORDINGS) -> Path:
    """A folder `in` with small recordings of a face, of different lengths."""
    lessons = folder / "in"
    lessons.mkdir()
    for i in range(count):
        picture = noise((64, 48), seed=i)
        place(picture, 30, (32, 24))
        write_clip(lessons / f"lesson{i}.mp4", [picture] * (10 + 3 * i), tone_s=0.4)
    return lessons


def kill_a_batch(lessons: Path, out: Path, seed: int, *, jobs: int = 2) -> Kill:
    """Begin a batch, kill its whole process group at a moment drawn from `seed`, look, and run it again."""
    dice = random.Random(seed)
    finished, wait_s = dice.randrange(RECORDINGS), dice.uniform(0.0, 0.4)
    shutil.rmtree(out, ignore_errors=True)
    shutil.rmtree(data_folder(), ignore_errors=True)  # so that the key and the register are made in this batch
    data_folder().mkdir()
    command = [sys.executable, "-m", "avg_video", str(lessons), "-o", str(out), "--jobs", str(jobs), *OPTIONS]
    command += ["--register", str(default_register())]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)
    until = time.monotonic() + LIMIT_S
    # Aimed at the work on each of the recordings, since most of the time goes into loading.
    while len(list(out.glob("**/*.avg.json"))) < finished and process.poll() is None and time.monotonic() < until:
        time.sleep(0.005)
    time.sleep(wait_s)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    when = f"{wait_s:.3f} s after {finished} records"
    whole, temporaries, faults = look_at(out)
    faults += look_at_papers(out, killed=True)
    again = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    if again.returncode != 0:
        faults.append(f"the next run ended with {again.returncode}: {again.stderr[-300:]}")
    after, left, wrong = look_at(out)
    faults += wrong + look_at_papers(out)
    spare = lines_in(out / LOG_NAME) - after
    if after != len(list(lessons.iterdir())) or left:
        faults.append(f"after the next run there are {after} copies and {left} temporary files")
    with contextlib.suppress(AvgError):
        if any(entry.status not in ("done", "skipped") for entry in read_batch(out / "batch.json").files):
            faults.append("the list of the batch says something else than done")
    return Kill(when, whole, temporaries, spare, tuple(faults))


def look_at(out: Path) -> tuple[int, int, list[str]]:
    """How many whole copies and temporary files are below `out`, and everything that is wrong with them."""
    whole, temporaries, faults = 0, 0, []
    for path in sorted(out.rglob("*")):
        if path.name.endswith(".avg.mp4"):
            wrong = unchecked(path)
            whole += not wrong
            faults += [f"{path.name}: {what}" for what in wrong]
        elif path.name.startswith(".avg-blur-"):
            temporaries += 1
            if stat.S_IMODE(path.stat().st_mode) != 0o600:
                faults.append(f"{path.name} can be read by others")
        elif path.is_file() and not path.name.endswith(".avg.json") and path.name not in ("batch.json", LOG_NAME):
            faults.append(f"{path.name} was left")
    return whole, temporaries, faults


def look_at_papers(out: Path, *, killed: bool = False) -> list[str]:
    """Everything that is wrong with the log in `out`, and with key and register of this user, for the copies there."""
    copies = sorted(out.glob("**/*.avg.mp4"))
    faults = log_faults(out / LOG_NAME, copies, killed=killed)
    faults += register_faults(default_register(), copies) + key_faults(data_folder())
    if not killed:
        faults += leftovers(data_folder())
        if rows_in(default_register()) != len(copies):
            faults.append(f"{rows_in(default_register())} rows in the register for {len(copies)} copies")
    return faults


_STEPS = ("open", "fsync", "link", "unlink", "replace", "truncate", "ftruncate", "write", "mkdir", "chmod", "close")
"""The system's functions that change what is on the disk, or mark the moment between two changes."""


def kill_at_steps(lesson: Path, every: int = 1, *, links: bool = True) -> Iterator[Kill]:
    """Make one copy again and again, each time killed at the next of its steps on the disk, until one comes through.

    `links` False: as on a disk that has no hard links, such as most sticks. Needs `os.fork`. Nothing may have been run
    in this process before that started threads.
    """
    output, folder = default_output(lesson), lesson.parent
    expected = {lesson.name, output.name, record_path_for(output).name, LOG_NAME}
    step = 0
    while True:
        data_folder().mkdir()
        status = _forked(lesson, output, step, links)
        whole, temporaries, faults = look_at_one(output)
        faults += look_at_papers(folder, killed=True)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        if status and not killed:
            faults.append(f"ended with status {status}")
        if killed and (again := _forked(lesson, output, None, links)):
            faults.append(f"the next run ends with status {again}")
        faults += look_at_one(output)[2] + look_at_papers(folder)
        faults += [f"the next run leaves {name}" for name in sorted({p.name for p in folder.iterdir()} - expected)]
        yield Kill(f"step {step}", whole, temporaries, lines_in(folder / LOG_NAME) - 1, tuple(faults))
        for name in expected - {lesson.name}:
            (folder / name).unlink(missing_ok=True)
        shutil.rmtree(data_folder())
        if not status or faults:
            return
        step += every


def _forked(lesson: Path, output: Path, step: int | None, links: bool) -> int:
    """How a process of its own ends that makes the copy; with `step` it is killed there."""
    pid = os.fork()
    if pid == 0:
        _make_and_die(lesson, output, step, links)
    return os.waitpid(pid, 0)[1]


def look_at_one(output: Path) -> tuple[int, int, list[str]]:
    """As `look_at`, of the folder of one recording."""
    wrong = unchecked(output) if os.path.lexists(output) else []
    parts = list(output.parent.glob(".avg-blur-*"))
    wrong += [f"{p.name} can be read by others" for p in parts if stat.S_IMODE(p.stat().st_mode) != 0o600]
    return int(output.exists() and not wrong), len(parts), wrong


def _make_and_die(lesson: Path, output: Path, step: int | None, links: bool) -> None:
    """In a process of its own: make the copy, and end without a word before the `step`-th change on the disk.

    Writing counts twice: before it, and when half of it is done. Every statement to the register counts as well.
    """
    count = 0

    def passed() -> bool:
        """Whether the process lives on after this step."""
        nonlocal count
        count += 1
        return step is None or count <= step

    def deadly(ordinary: Callable[..., Any]) -> Callable[..., Any]:
        def instead(*arguments: Any, **named: Any) -> Any:
            if not passed():
                os.kill(os.getpid(), signal.SIGKILL)
            return ordinary(*arguments, **named)

        return instead

    def half(handle: int, data: Any) -> int:
        if not passed():
            write(handle, bytes(data)[: len(data) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        return write(handle, data)

    class Register(sqlite3.Connection):
        execute = deadly(sqlite3.Connection.execute)

    def refused(*_: Any, **__: Any) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    if not links:
        os.link = refused
    write = os.write
    os.write = half
    for name in _STEPS:
        setattr(os, name, deadly(getattr(os, name)))
    sqlite3.connect = functools.partial(sqlite3.connect, factory=Register)
    code = 1
    try:
        settings = Settings(detector="centerface", threads=1, preset="ultrafast", overwrite=step is None)
        office = Office(log=output.with_name(LOG_NAME), register=default_register())
        anonymise(lesson, output, settings=settings, office=office)
        code = 0
    finally:
        os._exit(code)


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kills", description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=100, help="kills of a batch")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--no-links", action="store_true", help="kill at steps as on a disk without hard links")
    parser.add_argument("--json", type=Path, metavar="FILE")
    return parser.parse_args(words)


def main(words: Sequence[str] | None = None) -> int:
    """Kill, say what was left, and end with 1 if anything was wrong."""
    chosen = _arguments(words)
    with tempfile.TemporaryDirectory(prefix="kills-") as top:
        os.environ[DATA_VARIABLE] = str(Path(top) / "data")
        lessons = make_lessons(Path(top))
        steps = []
        alone = Path(top) / "one" / "lesson.mp4"
        alone.parent.mkdir()
        shutil.copyfile(lessons / "lesson0.mp4", alone)
        if hasattr(os, "fork"):
            steps = list(kill_at_steps(alone, links=not chosen.no_links))
        kills = []
        for seed in range(chosen.first_seed, chosen.first_seed + chosen.times):
            kills.append(kill_a_batch(lessons, Path(top) / "out", seed, jobs=chosen.jobs))
            if kills[-1].faults:
                sys.stderr.write(f"seed {seed}, {kills[-1].when}: {'; '.join(kills[-1].faults)}\n")
    result = {
        "batches_killed": len(kills),
        "copies_left": dict(sorted(Counter(kill.whole for kill in kills).items())),
        "kills_that_left_temporaries": sum(kill.temporaries > 0 for kill in kills),
        "steps_killed": max(len(steps) - 1, 0),
        "lines_without_copy": sum(kill.spare for kill in steps + kills),
        "faults": [f"{kill.when}: {what}" for kill in steps + kills for what in kill.faults],
    }
    text = json.dumps(result, indent=1) + "\n"
    sys.stdout.write(text)
    if chosen.json is not None:
        chosen.json.write_text(text, encoding="utf-8")
    return 1 if result["faults"] else 0


if __name__ == "__main__":
    sys.exit(main())
