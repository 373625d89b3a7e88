"""Adding to the log: at once, after a crash, on a full disk, and what is refused."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from avg_video.errors import AvgError, OutputError, UsageError
from avg_video.record import lock, log
from avg_video.record.codes import control_number
from avg_video.record.envelope import open_line
from avg_video.record.log import LOG_NAME, check_log_place, may_have_broken_off, read_lines, unbegin
from avg_video.verification.log import check_log
from tests.cli.helpers import names_in, without_root_rights
from tests.record.logs import add, another_computer, lines_of, log_of, sha
from tests.support.waiting import PATIENCE_S, until

ONE_MORE = """
import sys, hashlib, uuid, pathlib
from avg_video.record.log import append
for n in range(int(sys.argv[2])):
    of = hashlib.sha256(uuid.uuid4().bytes).hexdigest()
    append(pathlib.Path(sys.argv[1]), output_sha256=of, record_sha256=of, run_id=uuid.uuid4())
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / LOG_NAME


def sound(path: Path) -> bool:
    """Whether the log holds, without a word to say."""
    check = check_log(path)
    return not (check.faults or check.doubts or check.notes)


def test_each_line_follows_on_the_one_before(path: Path) -> None:
    heads = [add(path, name) for name in "abc"]
    lines, ended = read_lines(path)
    entries = [open_line(line) for line in lines]
    assert ended
    assert [entry.sequence for entry in entries] == [head.sequence for head in heads] == [1, 2, 3]
    assert [entry.previous for entry in entries] == [None, heads[0].sha256, heads[1].sha256]
    assert [entry.output for entry in entries] == [sha(name) for name in "abc"]
    assert heads[2].control_number == control_number(3, heads[2].sha256) == check_log(path).control_number
    assert sound(path)


@pytest.mark.skipif(os.name != "posix", reason="modes are of POSIX systems")
def test_only_its_owner_may_read_it(path: Path) -> None:
    before = os.umask(0)
    try:
        add(path)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600


def test_runs_at_once_each_get_a_line(path: Path) -> None:
    runs = [subprocess.Popen([sys.executable, "-c", ONE_MORE, str(path), "12"]) for _ in range(4)]
    assert [run.wait(timeout=PATIENCE_S) for run in runs] == [0] * 4
    assert len(lines_of(path)) == 48
    assert sound(path)


def _longer(path: Path, lines: int) -> bool:
    return len(lines_of(path)) > lines


def test_runs_that_are_killed_cost_no_line_that_was_there(path: Path) -> None:
    add(path)
    for wait_s in (0.0, 0.01, 0.05):
        lines = len(lines_of(path))
        run = subprocess.Popen([sys.executable, "-c", ONE_MORE, str(path), "1000000"])
        until(partial(_longer, path, lines + 1), pause_s=0.002)  # the last may not be whole yet
        time.sleep(wait_s)
        run.kill()
        run.wait(timeout=PATIENCE_S)
        before = path.read_bytes()
        head = add(path)
        assert path.read_bytes().startswith(before)
        assert head.sequence == len(lines_of(path)) > lines + 1
        check = check_log(path)
        assert (check.faults, check.doubts) == ([], [])


def test_without_a_lock_the_same_runs_would_spoil_the_log(path: Path) -> None:
    """The test above can fail: taken out of its turn, a line follows on one that is not the last."""
    add(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(log, "_end_of", _at_the_same_moment(path))
        add(path)
    assert check_log(path).faults


def _at_the_same_moment(path: Path) -> Callable[..., Any]:
    """Another run adds its line between the look at the end and the writing."""
    end_of = log._end_of

    def first_another(handle: int, where: Path) -> Any:
        end = end_of(handle, where)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(log, "_end_of", end_of)
            patch.setattr(lock, "_take", lambda handle: True)
            add(path)
        return end

    return first_another


def test_who_waits_too_long_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "PATIENCE_S", 0.05)
    add(path)
    before = path.read_bytes()
    with path.open("rb") as file, lock.locked(file.fileno(), 1.0), pytest.raises(OutputError, match="held the log"):
        add(path)
    assert path.read_bytes() == before
    add(path)
    assert sound(path)


def test_a_log_moved_away_while_a_run_waits_is_not_followed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody sets the log aside at the moment before the lock is got: the line goes to what has the name then."""
    add(path, "old")
    aside = path.with_name("avg-log-2025.jsonl")
    take = lock._take

    def moved(handle: int) -> bool:
        if not aside.exists():
            path.rename(aside)
        return take(handle)

    monkeypatch.setattr(lock, "_take", moved)
    assert add(path, "new").sequence == 1
    assert [len(lines_of(file)) for file in (aside, path)] == [1, 1]


@pytest.mark.parametrize("left", [1, 12, 13, 300, -6, -5, -2])
def test_a_line_that_broke_off_is_kept_and_told_and_the_log_goes_on(left: int, path: Path) -> None:
    log_of(path.parent, 3)
    whole = lines_of(path)
    torn = whole[2][:left]
    path.write_bytes(b"".join(whole[:2]) + torn)
    assert [doubt.split(":")[0] for doubt in check_log(path).doubts] == ["line 3, at its end, broke off"]
    head = add(path, "after")
    assert path.read_bytes().startswith(b"".join(whole[:2]) + torn + b"\n")
    entry = open_line(lines_of(path)[3][:-1])
    assert (head.sequence, entry.unfinished, entry.previous) == (4, 1, check_log(path).lines[2])
    check = check_log(path)
    assert (check.faults, check.doubts) == ([], [])
    assert check.notes == ["line 3 broke off while it was written; the run after it found it so"]


def test_a_log_that_broke_off_twice_in_a_row_or_in_its_first_line_goes_on(path: Path) -> None:
    log_of(path.parent, 2)
    one, two = lines_of(path)
    path.write_bytes(one[:40] + b"\n" + two[:500])
    assert add(path).sequence == 3
    check = check_log(path)
    assert (check.faults, check.doubts, len(check.notes)) == ([], [], 2)
    assert add(path).sequence == 4


def test_zeros_that_a_power_cut_left_are_a_line_that_broke_off(path: Path) -> None:
    log_of(path.parent, 1)
    path.write_bytes(path.read_bytes() + bytes(700))
    assert add(path).sequence == 3
    assert check_log(path).faults == check_log(path).doubts == []


def test_only_the_end_of_the_last_line_is_missing(path: Path) -> None:
    log_of(path.parent, 2)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    assert len(check_log(path).doubts) == 1
    assert add(path).sequence == 3
    assert path.read_bytes().startswith(whole)
    assert sound(path)


def test_a_line_that_was_changed_did_not_break_off(path: Path) -> None:
    add(path)
    line = lines_of(path)[0][:-1]
    assert not may_have_broken_off(line)
    assert not may_have_broken_off(line.replace(b"a", b"b", 1))
    assert not may_have_broken_off(b"")
    assert not may_have_broken_off(b"a note of somebody's")
    assert not may_have_broken_off(line + b"\x0b")
    assert not may_have_broken_off(line[:300] + b"!" + line[301:600])
    assert may_have_broken_off(line[:300] + bytes(9))
    assert all(may_have_broken_off(line[:k]) for k in range(1, len(line)))


@pytest.mark.parametrize("change", [b"x", b"\r\n", b"\n", b"{}\n", b"\n\n"])
def test_nothing_is_built_on_what_was_changed(change: bytes, path: Path) -> None:
    log_of(path.parent, 2)
    spoilt = path.read_bytes()[:-1] + b"\n" + change
    path.write_bytes(spoilt)
    for refused in (lambda: add(path), lambda: check_log_place(path)):
        with pytest.raises(UsageError, match="its last line is none of a log, or was changed"):
            refused()
    assert path.read_bytes() == spoilt


def test_one_changed_byte_of_the_last_line_is_not_built_on(path: Path) -> None:
    add(path)
    data = bytearray(path.read_bytes())
    data[200] ^= 1
    path.write_bytes(data)
    with pytest.raises(UsageError, match=r"was changed; see what avg-blur verify says"):
        add(path)


def test_a_long_log_is_read_from_its_end_only(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "TAIL_BYTES", 1500)
    log_of(path.parent, 9)
    assert sound(path)
    assert [entry.sequence for entry in check_log(path).entries.values()] == list(range(1, 10))
    data = path.read_bytes()
    monkeypatch.setattr(log, "TAIL_BYTES", 500)  # less than a line: nothing whole is in it
    with pytest.raises(UsageError):
        add(path)
    assert path.read_bytes() == data


def test_a_full_log_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add(path)
    monkeypatch.setattr(log, "MAX_LOG_BYTES", 100)
    with pytest.raises(UsageError, match="the log is full"):
        add(path)


class _Disk:
    """`os.write` and `os.fsync` of a disk that takes `room` bytes and then says `code`."""

    def __init__(self, room: int, code: int, *, at_sync: bool = False) -> None:
        self.room, self.code, self.at_sync = room, code, at_sync
        self._write, self._sync = os.write, os.fsync

    def write(self, handle: int, data: bytes) -> int:
        if self.room == 0:
            raise OSError(self.code, os.strerror(self.code))
        done = self._write(handle, bytes(data)[: self.room])
        self.room -= 0 if self.at_sync else done
        return done

    def fsync(self, handle: int) -> None:
        if self.at_sync and self.room:
            self.room = 0
            raise OSError(self.code, os.strerror(self.code))
        self._sync(handle)


@pytest.mark.parametrize("torn", [False, True])
@pytest.mark.parametrize(
    ("disk", "said"),
    [
        (lambda: _Disk(100, errno.ENOSPC), "there is no room left on the disk"),
        (lambda: _Disk(0, errno.ENOSPC), "there is no room left on the disk"),
        (lambda: _Disk(4000, errno.EIO, at_sync=True), "it can't be written"),
    ],
)
def test_half_a_line_is_taken_back(
    disk: Callable[[], _Disk], said: str, torn: bool, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_of(path.parent, 2)
    if torn:
        path.write_bytes(path.read_bytes()[:-300])
    before, full = path.read_bytes(), disk()
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full.write)
        patch.setattr(os, "fsync", full.fsync)
        with pytest.raises(OutputError, match=said):
            add(path)
    assert path.read_bytes() == before
    add(path)
    assert check_log(path).faults == []


def test_a_first_line_that_found_no_room_leaves_no_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add(path.with_name("for the key"))
    before = names_in(path.parent)
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", _Disk(50, errno.ENOSPC).write)
        with pytest.raises(OutputError):
            add(path)
    assert names_in(path.parent) == before


def test_a_stop_in_the_middle_of_a_line_takes_it_back(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add(path)
    before, write = path.read_bytes(), os.write

    def stopped(handle: int, data: bytes) -> int:
        write(handle, bytes(data)[:70])
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", stopped)
        with pytest.raises(KeyboardInterrupt):
            add(path)
    assert path.read_bytes() == before


@pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_FSIZE with a caught signal, and the killing, as on Linux")
def test_a_run_whose_file_may_not_grow_leaves_the_log_as_it_was(path: Path) -> None:
    """A real refusal of the system in the middle of a line."""
    add(path)
    before = path.read_bytes()
    limit = f"""
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, ({len(before) + 333}, {len(before) + 333}))
"""
    # -B: Python 3.11 leaves what it could write of a compiled module, and breaks down at it the next time.
    run = subprocess.run([sys.executable, "-B", "-c", limit + ONE_MORE, str(path), "1"], capture_output=True, text=True)
    assert "there is no room left on the disk" in run.stderr
    assert path.read_bytes() == before


@pytest.mark.skipif(os.name != "posix", reason="rights are of POSIX systems")
@pytest.mark.parametrize("what", ["folder", "log"])
def test_a_log_that_may_not_be_written_is_told(what: str, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    path = folder / LOG_NAME
    add(path if what == "log" else tmp_path / "for the key")
    (path if what == "log" else folder).chmod(0o444 if what == "log" else 0o555)
    before = names_in(tmp_path)
    with without_root_rights():
        for refused in (lambda: add(path), lambda: check_log_place(path)):
            with pytest.raises(OutputError, match=r"no line can be added to the log; .* --log"):
                refused()
    assert names_in(tmp_path) == before


@pytest.mark.parametrize("kind", ["link", "dangling link", "folder", "pipe"])
def test_what_is_no_plain_file_is_refused(kind: str, path: Path) -> None:
    victim = path.with_name("victim")
    if kind == "link":
        victim.write_bytes(b"")
        path.symlink_to(victim)
    elif kind == "dangling link":
        path.symlink_to(victim)
    elif kind == "folder":
        path.mkdir()
    elif hasattr(os, "mkfifo"):
        os.mkfifo(path)
    else:
        pytest.skip("no pipes with names here")
    for refused in (lambda: add(path), lambda: check_log_place(path)):
        with pytest.raises(UsageError, match=r"it is (a link|a folder|not a plain file)"):
            refused()
    assert not victim.exists() or victim.read_bytes() == b""


def test_a_link_is_refused_by_the_system_too(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when it is put there just after the look."""
    if not hasattr(os, "O_NOFOLLOW"):
        pytest.skip("O_NOFOLLOW is of POSIX systems")
    path.symlink_to(path.with_name("victim"))
    with monkeypatch.context() as patch:
        patch.setattr(Path, "is_symlink", lambda self: False)
        with pytest.raises(UsageError, match="it is a link"):
            add(path)
    monkeypatch.delattr(os, "O_NOFOLLOW")  # Windows has none; the look alone must do there
    with pytest.raises(UsageError, match="it is a link"):
        add(path)
    assert not path.with_name("victim").exists()


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    for refused in (lambda: add(tmp_path / "no" / LOG_NAME), lambda: check_log_place(tmp_path / "no" / LOG_NAME)):
        with pytest.raises(OutputError, match="its folder does not exist"):
            refused()


def test_the_place_is_looked_at_without_leaving_anything(path: Path) -> None:
    check_log_place(path)
    assert not path.exists()
    log_of(path.parent, 2)
    before = path.read_bytes()
    check_log_place(path)
    assert path.read_bytes() == before


def test_a_log_that_a_failed_run_began_is_removed_and_any_other_stays(path: Path) -> None:
    unbegin(path, add(path))
    assert not path.exists()
    first, second = add(path), add(path)
    before = path.read_bytes()
    for head in (first, second):  # others have gone on after the one, and the other came after others
        unbegin(path, head)
        assert path.read_bytes() == before
    path.unlink()
    unbegin(path, first)
    add(path)  # of another run, under the same name and number
    before = path.read_bytes()
    unbegin(path, first)
    assert path.read_bytes() == before


def test_a_log_of_another_key_goes_on_with_ones_own(path: Path, tmp_path: Path) -> None:
    with another_computer(tmp_path / "other"):
        log_of(path.parent, 2)
    add(path)
    check = check_log(path)
    assert check.faults == []
    assert list(check.keys.values()) == [[1, 2], [3]]
    assert "lines 1-2; ask whose it is" in check.doubts[0]


def test_where_files_can_not_be_locked_runs_of_one_user_still_wait(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, asked = lock._take, []

    def take(handle: int) -> bool:
        if os.path.samestat(os.fstat(handle), path.stat()):
            raise lock.LockUnknown
        asked.append(handle)
        return real(handle)

    monkeypatch.setattr(lock, "_take", take)
    add(path)
    add(path)
    assert len(asked) == 2
    assert check_log(path).faults == []
    monkeypatch.setattr(lock, "_take", _unknown)
    with pytest.raises(OutputError, match=r"can't be locked there; .*--log"):
        add(path)


def _unknown(handle: int) -> bool:
    raise lock.LockUnknown


class _Msvcrt:
    """The lock of Windows: bytes from the place in the file on, which only whoever locked them may give back."""

    LK_NBLCK, LK_UNLCK = 2, 0

    def __init__(self) -> None:
        self.held: set[tuple[int, int]] = set()

    def locking(self, handle: int, mode: int, count: int) -> None:
        place = (os.fstat(handle).st_ino, os.lseek(handle, 0, os.SEEK_CUR))
        assert count == 1
        assert place[1] < 2**31
        if mode == self.LK_UNLCK:
            self.held.remove(place)
        elif place in self.held:
            raise OSError(errno.EACCES, "locked")
        else:
            self.held.add(place)


def test_on_windows_a_byte_behind_the_end_is_locked(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    windows = _Msvcrt()
    monkeypatch.setattr(lock, "fcntl", None)
    monkeypatch.setattr(lock, "msvcrt", windows)
    monkeypatch.setattr(log, "PATIENCE_S", 0.05)
    log_of(path.parent, 2)
    assert (windows.held, sound(path)) == (set(), True)
    with path.open("rb") as file, lock.locked(file.fileno(), 1.0):
        assert len(windows.held) == 1
        with pytest.raises(OutputError, match="held the log"):
            add(path)
    assert len(lines_of(path)) == 2


def test_errors_are_of_the_one_tree(path: Path) -> None:
    path.mkdir()
    with pytest.raises(AvgError):
        add(path)
    with pytest.raises(UsageError, match="no such log"):
        read_lines(path.with_name("gone"))
    with pytest.raises(UsageError, match=r"it is a folder|not a plain file|can't be read"):
        read_lines(path)
