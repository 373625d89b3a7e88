"""The temporary file: private, locked, published in one step, and gone after every kind of failure."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import pytest

from avg_video.errors import CheckFailed, OutputError, UsageError
from avg_video.media import temporary
from avg_video.media.temporary import PrivateTemporary, as_output_error, discard_all, remove_stale

posix_only = pytest.mark.skipif(os.name == "nt", reason="modes, links and signals as POSIX has them")

HOLD = """
import sys, time
from pathlib import Path
from avg_video.media.temporary import PrivateTemporary
with PrivateTemporary(Path(sys.argv[1])) as t:
    t.path.write_bytes(b"half")
    print(t.path, flush=True)
    time.sleep(3600)
"""


@contextlib.contextmanager
def holding(final: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A real other process that has a temporary file for `final` in use."""
    child = subprocess.Popen([sys.executable, "-c", HOLD, str(final)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    try:
        yield child, Path(child.stdout.readline().strip())
    finally:
        child.kill()
        child.wait()
        child.stdout.close()


def write_and_fail(final: Path, kind: type[BaseException]) -> None:
    with PrivateTemporary(final, overwrite=True) as t:
        t.path.write_bytes(b"newer")
        raise kind


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def test_it_appears_under_its_name_only_when_published(tmp_path: Path) -> None:
    final = tmp_path / "out.mp4"
    with PrivateTemporary(final) as t:
        t.path.write_bytes(b"all of it")
        assert t.path.parent == tmp_path
        assert t.path.name.startswith(".")
        assert not final.exists()
        t.publish()
        assert names(tmp_path) == ["out.mp4"]
        with pytest.raises(RuntimeError):
            _ = t.path
    assert final.read_bytes() == b"all of it"
    assert names(tmp_path) == ["out.mp4"]


@posix_only
def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        with PrivateTemporary(tmp_path / "out.mp4") as t:
            assert stat.S_IMODE(t.path.stat().st_mode) == 0o600
            t.publish()
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "out.mp4").stat().st_mode) == 0o600


@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt, SystemExit])
def test_nothing_stays_after_an_error(tmp_path: Path, kind: type[BaseException]) -> None:
    with pytest.raises(kind):
        write_and_fail(tmp_path / "out.mp4", kind)
    assert names(tmp_path) == []


def test_nothing_stays_when_it_was_never_published(tmp_path: Path) -> None:
    with PrivateTemporary(tmp_path / "out.mp4") as t:
        t.path.write_bytes(b"x")
    assert names(tmp_path) == []


def test_an_existing_output_is_refused_before_any_work(tmp_path: Path) -> None:
    final = tmp_path / "out.mp4"
    final.write_bytes(b"mine")
    with pytest.raises(UsageError, match=r"exists already; give --overwrite"), PrivateTemporary(final):
        pytest.fail("work was started")
    assert final.read_bytes() == b"mine"
    assert names(tmp_path) == ["out.mp4"]


def test_overwriting_replaces_only_at_the_end(tmp_path: Path) -> None:
    final = tmp_path / "out.mp4"
    final.write_bytes(b"old")
    with PrivateTemporary(final, overwrite=True) as t:
        t.path.write_bytes(b"new")
        assert final.read_bytes() == b"old"
        t.publish()
    assert final.read_bytes() == b"new"
    with pytest.raises(ZeroDivisionError):
        write_and_fail(final, ZeroDivisionError)
    assert final.read_bytes() == b"new"


@pytest.mark.parametrize("way", ["link", "rename", "take the name first"])
def test_a_file_that_appears_meanwhile_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    if way != "link":
        monkeypatch.setattr(os, "link", _no_links)
    if way == "take the name first":
        monkeypatch.setattr("avg_video.media.temporary._rename_if_free", _never)
    final = tmp_path / "out.mp4"
    with PrivateTemporary(final) as t:
        t.path.write_bytes(b"ours")
        final.write_bytes(b"theirs")
        with pytest.raises(UsageError, match="exists already"):
            t.publish()
    assert final.read_bytes() == b"theirs"
    assert names(tmp_path) == ["out.mp4"]


@posix_only
def test_a_link_that_leads_nowhere_counts_as_existing(tmp_path: Path) -> None:
    final = tmp_path / "out.mp4"
    final.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError), PrivateTemporary(final):
        pytest.fail("work was started")
    with PrivateTemporary(final, overwrite=True) as t:
        t.path.write_bytes(b"new")
        t.publish()
    assert names(tmp_path) == ["out.mp4"]
    assert not final.is_symlink()


def _no_links(*_: object, **__: object) -> None:
    raise OSError(errno.EPERM, "Operation not permitted")


def _never(*_: object) -> bool:
    return False


@pytest.mark.skipif(sys.platform != "linux", reason="other systems know the step on some file systems only")
def test_without_hard_links_the_name_is_never_that_of_an_empty_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that is killed there would leave it: a key, a register or a copy with nothing in it."""
    monkeypatch.setattr(os, "link", _no_links)
    final, opened, ordinary = tmp_path / "out.mp4", [], os.open

    def noting(path: Path, *arguments: int) -> int:
        opened.append(Path(path))
        return ordinary(path, *arguments)

    with PrivateTemporary(final) as t:
        t.path.write_bytes(b"ours")
        monkeypatch.setattr(os, "open", noting)
        t.publish()
    assert final.read_bytes() == b"ours"
    assert final not in opened


@pytest.mark.parametrize("in_one_step", [True, False])
def test_works_where_there_are_no_hard_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_one_step: bool
) -> None:
    monkeypatch.setattr(os, "link", _no_links)
    if not in_one_step:
        monkeypatch.setattr("avg_video.media.temporary._rename_if_free", _never)
    with PrivateTemporary(tmp_path / "out.mp4") as t:
        t.path.write_bytes(b"ours")
        t.publish()
    assert names(tmp_path) == ["out.mp4"]
    assert (tmp_path / "out.mp4").read_bytes() == b"ours"


@posix_only
def test_a_killed_run_leaves_a_file_that_the_next_one_removes(tmp_path: Path) -> None:
    with holding(tmp_path / "out.mp4") as (child, left):
        assert remove_stale(tmp_path) == ()  # in use by another process: stays
        child.send_signal(signal.SIGKILL)
        child.wait()
        assert left.read_bytes() == b"half"
        with PrivateTemporary(tmp_path / "other.mp4") as t:
            assert names(tmp_path) == [t.path.name]


@posix_only
def test_a_run_in_the_same_folder_leaves_files_in_use_alone(tmp_path: Path) -> None:
    with holding(tmp_path / "a.mp4") as (_, theirs), PrivateTemporary(tmp_path / "b.mp4") as t:
        with PrivateTemporary(tmp_path / "c.mp4") as u:
            assert names(tmp_path) == sorted([theirs.name, t.path.name, u.path.name])
            u.publish()
        assert names(tmp_path) == sorted([theirs.name, t.path.name, "c.mp4"])


def test_only_our_own_names_are_removed(tmp_path: Path) -> None:
    ours = ".avg-blur-" + "0" * 16 + ".part"
    others = [".avg-blur-0.part", "avg-blur-0123456789abcdef.part", ".avg-blur-0123456789abcdef.part.txt"]
    for name in (ours, *others):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / (".avg-blur-" + "1" * 16 + ".part")).mkdir()
    assert remove_stale(tmp_path) == (tmp_path / ours,)
    assert set(others) < set(names(tmp_path))


@posix_only
def test_a_file_taken_for_stale_while_it_was_made_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = temporary._lock
    taken: list[Path] = []

    def lock_after_a_theft(handle: int) -> bool | None:
        if not taken:  # another run tidies up in the moment between making and locking
            taken.extend(remove_stale_with(real, tmp_path))
        return real(handle)

    monkeypatch.setattr(temporary, "_lock", lock_after_a_theft)
    with PrivateTemporary(tmp_path / "out.mp4") as t:
        assert len(taken) == 1
        assert t.path != taken[0]
        t.path.write_bytes(b"whole")
        t.publish()
    assert names(tmp_path) == ["out.mp4"]


def remove_stale_with(lock: object, folder: Path) -> tuple[Path, ...]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(temporary, "_lock", lock)
        return remove_stale(folder)


def test_a_swapped_temporary_file_is_not_published(tmp_path: Path) -> None:
    with PrivateTemporary(tmp_path / "out.mp4") as t:
        evil = tmp_path / "evil"
        evil.write_bytes(b"not ours")
        evil.replace(t.path)
        with pytest.raises(OutputError, match="replaced while it was being written"):
            t.publish()
    assert names(tmp_path) == []


@posix_only
def test_a_read_only_folder_is_an_output_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    tmp_path.chmod(0o755)
    folder = Path("locked")
    folder.mkdir(mode=0o555)
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)  # root may write anywhere
    try:
        with (
            pytest.raises(OutputError, match=r"locked.out\.mp4: the folder can't be written to; choose another folder"),
            PrivateTemporary(folder / "out.mp4"),
        ):
            pytest.fail("work was started")
    finally:
        if root:
            os.seteuid(0)
    assert names(folder) == []


def test_a_missing_folder_and_a_folder_as_name(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="does not exist"), PrivateTemporary(tmp_path / "no" / "out.mp4"):
        pytest.fail("work was started")
    with pytest.raises(UsageError, match="is a folder"), PrivateTemporary(tmp_path, overwrite=True):
        pytest.fail("work was started")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (errno.ENOSPC, "no room left"),
        (errno.EFBIG, "no room left"),
        (errno.EROFS, "can't be written to"),
        (errno.ENAMETOOLONG, "too long"),
        (errno.EIO, "Input/output error"),
    ],
)
def test_the_systems_refusals_in_words(code: int, words: str) -> None:
    error = as_output_error(OSError(code, os.strerror(code)), Path("out.mp4"))
    assert words in str(error)
    assert str(error).count("; ") == 1


def test_an_error_about_the_temporary_file_names_the_final_one(tmp_path: Path) -> None:
    final, other = tmp_path / "out.mp4", tmp_path / "in.mp4"
    with pytest.raises(CheckFailed) as caught, PrivateTemporary(final) as t, PrivateTemporary(tmp_path / "out.json"):
        raise CheckFailed("no good", remedy="run again", file=t.path)
    assert str(caught.value) == f"{final}: no good; run again"
    with pytest.raises(CheckFailed) as caught, PrivateTemporary(final):
        raise CheckFailed("no good", remedy="run again", file=other)
    assert str(caught.value) == f"{other}: no good; run again"


def interrupted_at(step: int, final: Path) -> bool:
    """Make and drop a temporary file, with Ctrl-C before the `step`-th line of the module; whether it came that far."""
    lines = 0

    def trace(frame: FrameType, event: str, arg: object) -> object:
        nonlocal lines
        if frame.f_code.co_filename not in (temporary.__file__, __file__):
            return None
        lines += event == "line"
        if event == "line" and lines == step:
            sys.settrace(None)
            raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        with PrivateTemporary(final):
            pass
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False


def test_ctrl_c_between_any_two_steps_leaves_nothing(tmp_path: Path) -> None:
    final = tmp_path / "out.mp4"
    step = 1
    while interrupted_at(step, final):
        discard_all()
        assert names(tmp_path) == [], f"stopped before line {step}"
        step += 1
    assert step > 20  # it was really stopped, over and over
    assert names(tmp_path) == []
