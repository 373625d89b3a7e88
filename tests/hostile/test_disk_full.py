"""A disk that is full, at whichever write: one clear line, exit 1, and nothing left behind."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from PIL import Image

from avg_video.batch import read_batch
from avg_video.record.log import LOG_NAME, append
from avg_video.register.database import open_register
from benchmarks.paperwork import key_faults, leftovers, lines_in, log_faults, register_faults, rows_in
from tests.cli.helpers import avg_blur, names_in
from tests.support.clips import card, noise, write_clip
from tests.support.people import place
from tests.support.waiting import PATIENCE_S

resource: Any = pytest.importorskip("resource", reason="limits of POSIX")

MADE = {"lesson.avg.mp4", "lesson.avg.json", LOG_NAME}
OPTIONS = ("--detector", "centerface", "--threads", "1", "--preset", "ultrafast")
NO_ROOM = "there is no room left on the disk; free some space, or choose another disk with -o\n"


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half a second of one face and a tone."""
    picture = noise((96, 80))
    place(picture, 50, (48, 40))
    return write_clip(tmp_path_factory.mktemp("made") / "lesson.mp4", [picture] * 12, tone_s=0.5)


@pytest.fixture(scope="module")
def sizes(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[int, int]:
    """Bytes of the copy and of its record when there is room."""
    folder = tmp_path_factory.mktemp("room")
    assert avg_blur(clip, "-o", folder, "--audio", "keep", *OPTIONS).exit_code == 0
    return (folder / "lesson.avg.mp4").stat().st_size, (folder / "lesson.avg.json").stat().st_size


@contextlib.contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """No file may grow beyond `size` bytes; a write beyond fails with EFBIG, since Python ignores SIGXFSZ.

    Nothing is compiled meanwhile: Python 3.11 leaves what it could write of a module, and breaks down at it later.
    """
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "dont_write_bytecode", True)
        patch.setenv("PYTHONDONTWRITEBYTECODE", "1")
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextlib.contextmanager
def small_disk(at: Path, size: int) -> Iterator[Path]:
    """A disk of `size` bytes in memory."""
    at.mkdir(exist_ok=True)
    try:
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(at)], capture_output=True, check=False
        )
    except OSError:
        pytest.skip("no mount here")
    if done.returncode:
        pytest.skip("not allowed to mount a small disk")
    try:
        yield at
    finally:
        subprocess.run(["umount", str(at)], check=True)


def lines(text: str) -> list[str]:
    """All lines but the warnings that come before the error."""
    return [line for line in text.splitlines(keepends=True) if "room" in line or "fault" in line or "written" in line]


@pytest.mark.parametrize("sound", ["keep", "drop"])
def test_at_every_size_of_the_copy(clip: Path, sizes: tuple[int, int], tmp_path: Path, sound: str) -> None:
    film, note = sizes
    for limit in (0, 1, 40, 500, note - 1, *range(note, film, film // 8), film - 1 if sound == "keep" else note - 2):
        with files_up_to(limit):
            result = avg_blur(clip, "-o", tmp_path, "--audio", sound, *OPTIONS)
        if result.exit_code == 0 and sound == "drop":
            assert limit >= (tmp_path / "lesson.avg.mp4").stat().st_size
            for name in names_in(tmp_path):
                (tmp_path / name).unlink()
            continue
        assert (result.exit_code, result.stdout) == (1, ""), (limit, result.stderr)
        assert lines(result.stderr)[-1].endswith(NO_ROOM), (limit, result.stderr)
        assert len(lines(result.stderr)) == 1
        assert names_in(tmp_path) == set(), limit


def test_on_a_small_disk(clip: Path, sizes: tuple[int, int], tmp_path: Path) -> None:
    """Pages of 4 KiB: there is room for the copy alone, then for all."""
    film, note = (-(-size // 4096) for size in sizes)  # the log's line takes one more
    outcomes = []
    for pages in range(1, film + note + 4):
        with small_disk(tmp_path / "disk", pages * 4096) as disk:
            result = avg_blur(clip, "-o", disk, "--audio", "keep", *OPTIONS)
            outcomes.append(result.exit_code)
            if result.exit_code:
                assert lines(result.stderr)[-1].endswith(NO_ROOM), (pages, result.stderr)
                assert names_in(disk) == set(), pages
            else:
                assert names_in(disk) == MADE
                assert log_faults(disk / LOG_NAME, [disk / "lesson.avg.mp4"]) == []
    assert outcomes == sorted(outcomes, reverse=True)
    assert set(outcomes) == {0, 1}


STEPS = ("open", "fsync", "link", "replace", "write")


_WRITE = os.write


class _Refusing:
    """Stands in for one of the system's functions: the `step`-th change in a folder is refused."""

    def __init__(self, folder: Path, step: int, number: int) -> None:
        self._folder, self._step, self._number = str(folder), step, number
        self._count = 0
        self.refused = False

    def instead_of(self, ordinary: Any) -> Any:
        def refusing(*arguments: Any, **named: Any) -> Any:
            place = arguments[0]
            if isinstance(place, int) or os.fsdecode(place).startswith(self._folder):
                self._count += 1
                if self._count > self._step and not self.refused:
                    self.refused = True  # once: cleaning up comes later, and must work
                    if ordinary is _WRITE:
                        ordinary(place, bytes(arguments[1])[:100])  # as much as there was room for
                    raise OSError(self._number, os.strerror(self._number))
            return ordinary(*arguments, **named)

        return refusing


@pytest.mark.parametrize("before", [[], ["lesson.avg.mp4", "lesson.avg.json", LOG_NAME]], ids=["empty", "there"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT], ids=["full", "quota"])
def test_at_every_step(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, before: list[str]
) -> None:
    """The system refuses the n-th change, for every n until the copy comes through."""
    made, out = tmp_path / "made", tmp_path / "out"
    for folder in (made, out):
        folder.mkdir()
    assert avg_blur(clip, "-o", made, "--crf", "40", *OPTIONS).exit_code == 0
    codes = []
    for step in range(100):
        for name in before:
            shutil.copy(made / name, out / name)
        refusing = _Refusing(out, step, number)
        with monkeypatch.context() as patch:
            for name in STEPS:
                patch.setattr(os, name, refusing.instead_of(getattr(os, name)))
            result = avg_blur(clip, "-o", out, "--overwrite", *OPTIONS)
        codes.append(result.exit_code)
        if result.exit_code == 0:  # some steps are not needed, such as that which makes a name survive a power cut
            assert names_in(out) == MADE, step
            assert log_faults(out / LOG_NAME, [out / "lesson.avg.mp4"]) == []
            assert lines_in(out / LOG_NAME) == 1 + bool(before)
        else:
            assert result.exit_code == 1, (step, result.stderr)
            assert lines(result.stderr)[-1].endswith(NO_ROOM), (step, result.stderr)
            assert names_in(out) == set(before), step
            for name in before[:2]:
                assert (out / name).read_bytes() == (made / name).read_bytes(), step
            assert log_faults(out / LOG_NAME, [out / name for name in before[:1]]) == []
        for name in names_in(out):
            (out / name).unlink()
        if not refusing.refused:
            break
    assert not refusing.refused
    assert codes.count(1) >= 8


def test_while_the_line_of_the_log_is_written(clip: Path, sizes: tuple[int, int], tmp_path: Path) -> None:
    """A log that is longer than the copy, so that it alone meets the limit."""
    log = tmp_path / LOG_NAME
    lengths = [0]
    while lengths[-1] <= max(sizes) + 1000:
        append(log, output_sha256="0" * 64, record_sha256="1" * 64, run_id=uuid4())
        lengths.append(log.stat().st_size)
    before, line = log.read_bytes(), lengths[-1] - lengths[-2]
    for room in (0, 1, line // 2, line - 1):
        with files_up_to(len(before) + room):
            result = avg_blur(clip, "-o", tmp_path, "--audio", "keep", *OPTIONS)
        assert result.exit_code == 1, (room, result.stderr)
        assert lines(result.stderr)[-1].endswith(f"{LOG_NAME}: {NO_ROOM}"), (room, result.stderr)
        assert names_in(tmp_path) == {LOG_NAME}
        assert log.read_bytes() == before
    assert avg_blur(clip, "-o", tmp_path, "--audio", "keep", *OPTIONS).exit_code == 0
    assert log_faults(log, [tmp_path / "lesson.avg.mp4"]) == []


def test_while_the_register_is_written(clip: Path, sizes: tuple[int, int], tmp_path: Path) -> None:
    register, out, codes = tmp_path / "register.sqlite", tmp_path / "out", []
    with open_register(register):
        pass
    out.mkdir()
    for limit in range(max(sizes), max(sizes) + 120_000, 8_000):
        with files_up_to(limit):
            result = avg_blur(clip, "-o", out, "--register", register, *OPTIONS)
        codes.append(result.exit_code)
        if result.exit_code == 0:
            assert names_in(out) == MADE
            assert register_faults(register, [out / "lesson.avg.mp4"]) == []
            break
        assert result.exit_code == 1, (limit, result.stderr)
        assert "register" in result.stderr.splitlines()[-1]
        assert names_in(out) == set(), limit
        assert (rows_in(register), register_faults(register, [])) == (0, [])
    assert codes[0] == 1
    assert codes[-1] == 0


def test_while_the_key_is_written(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AVG_BLUR_DATA", str(tmp_path / "data"))
    out = tmp_path / "out"
    out.mkdir()
    for limit in (0, 1, 100):
        with files_up_to(limit):
            result = avg_blur(clip, "-o", out, *OPTIONS)
        assert result.exit_code == 1
        assert "no room left on the disk" in result.stderr.splitlines()[-1]
        assert names_in(tmp_path) <= {"out", "data", str(Path("data", "keys"))}
    assert avg_blur(clip, "-o", out, *OPTIONS).exit_code == 0
    assert key_faults(tmp_path / "data") + leftovers(tmp_path / "data") == []


def test_what_was_there_stays(clip: Path, tmp_path: Path) -> None:
    assert avg_blur(clip, "-o", tmp_path, *OPTIONS).exit_code == 0
    before = {name: (tmp_path / name).read_bytes() for name in names_in(tmp_path)}
    with files_up_to(2000):
        assert avg_blur(clip, "-o", tmp_path, "--overwrite", *OPTIONS).exit_code == 1
    assert {name: (tmp_path / name).read_bytes() for name in names_in(tmp_path)} == before


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_a_photo(tmp_path: Path, suffix: str) -> None:
    picture = noise((96, 80))
    place(picture, 50, (48, 40))
    photo, out = tmp_path / f"class{suffix}", tmp_path / "out"
    Image.fromarray(picture).save(photo)
    out.mkdir()
    assert avg_blur(photo, "-o", out, *OPTIONS).exit_code == 0
    sizes = sorted((out / name).stat().st_size for name in names_in(out))
    before = {name: (out / name).read_bytes() for name in names_in(out)}
    for limit in (0, 10, sizes[0] - 1, sizes[1] - 1):
        for overwrite in (True, False):
            with files_up_to(limit):
                place_to = out if overwrite else tmp_path / "empty"
                place_to.mkdir(exist_ok=True)
                result = avg_blur(photo, "-o", place_to, *OPTIONS, *(["--overwrite"] if overwrite else []))
            assert result.exit_code == 1, limit
            assert lines(result.stderr)[-1].endswith(NO_ROOM), (limit, result.stderr)
        assert {name: (out / name).read_bytes() for name in names_in(out)} == before, limit
        assert names_in(tmp_path / "empty") == set(), limit


def test_a_table_of_colours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """HDR needs a small file in the system's temporary folder, which may be full while the output's is not."""
    tags = "setparams=range=tv:colorspace=bt2020nc:color_primaries=bt2020:color_trc=arib-std-b67"
    hdr = card(tmp_path / "hdr.mp4", "-vf", tags, "-c:v", "libx264", "-pix_fmt", "yuv420p10le")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    with files_up_to(2000):
        result = avg_blur(hdr, *OPTIONS)
    assert result.exit_code == 1
    assert lines(result.stderr)[-1].endswith(NO_ROOM), result.stderr
    assert ".cube" in lines(result.stderr)[-1]
    assert names_in(tmp_path) == {"hdr.mp4", "temporary"}
    done = avg_blur(hdr, *OPTIONS)
    assert (done.exit_code, "HDR (HLG)" in done.stderr) == (0, True)
    assert names_in(tmp_path / "temporary") == set()


def test_a_look_page_and_its_plan(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "private"))
    (tmp_path / "private").mkdir()
    words = ("look", clip, "-o", tmp_path / "page.html", "--detector", "centerface", "--threads", "1")
    for limit in (0, 10, 200, 1000, 2000):
        with files_up_to(limit):
            result = avg_blur(*words)
        assert result.exit_code == 1, (limit, result.stderr)
        assert lines(result.stderr)[-1].endswith(NO_ROOM), (limit, result.stderr)
        left = {name for name in names_in(tmp_path) if (tmp_path / name).is_file()}
        assert not [name for name in left if not name.endswith(".where")], (limit, left)
    assert avg_blur(*words).exit_code == 0


def test_a_batch(clip: Path, tmp_path: Path) -> None:
    """Its recordings are made by other processes, which have the same limit."""
    lessons, out = tmp_path / "in", tmp_path / "out"
    lessons.mkdir()
    for name in ("a.mp4", "b.mp4"):
        (lessons / name).write_bytes(clip.read_bytes())
    command = [sys.executable, "-m", "avg_video", str(lessons), "-o", str(out), *OPTIONS]

    def run(limit: int) -> subprocess.CompletedProcess[str]:
        with files_up_to(limit):
            return subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S)

    some = run(2000)
    assert some.returncode == 1
    assert some.stderr.count(NO_ROOM) == 2, some.stderr
    assert "Traceback" not in some.stderr
    assert names_in(out) == {"batch.json"}
    assert [entry.status for entry in read_batch(out / "batch.json").files] == ["failed", "failed"]
    before = (out / "batch.json").read_bytes()
    none = run(100)
    assert none.returncode == 1
    assert none.stderr.splitlines()[-1] == f"avg-blur: {out / 'batch.json'}: {NO_ROOM.strip()}"
    assert "Traceback" not in none.stderr
    assert names_in(out) == {"batch.json"}
    assert (out / "batch.json").read_bytes() == before
