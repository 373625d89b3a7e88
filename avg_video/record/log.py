"""The log of an output folder, `avg-log.jsonl`: a signed line for every run, each tied to the one before by its hash.

Lines are added at the end and nothing else ever happens to a log, except that one which a failed run began, and nobody
went on with, is removed. A line that broke off (the power failed, the process was killed) stays where it is; the next
run ends it, signs that it found it so, and goes on after it. A line is written before its output gets its name: an
output without a line can't come about, and a line without an output is harmless.
docs/log.md says what this proves and what not.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from avg_video.errors import AvgError, OutputError, UsageError
from avg_video.language import cause_of, tr
from avg_video.media.folders import data_folder
from avg_video.media.temporary import PrivateTemporary, as_output_error, sync_folder
from avg_video.record.codes import control_number
from avg_video.record.envelope import LogEntry, NotALine, is_beginning, open_line, seal
from avg_video.record.keys import signing_key
from avg_video.record.lock import LockBusy, LockUnknown, locked

__all__ = ["LOG_NAME", "Head", "append", "check_log_place", "may_have_broken_off", "read_lines", "unbegin"]

LOG_NAME = "avg-log.jsonl"
MAX_LOG_BYTES = 64 << 20
"""Some sixty thousand lines: forty years of thirty copies a week."""
MAX_LINES = 100_000
"""More of them in so few bytes are none of this program."""
TAIL_BYTES = 1 << 16
"""As much of the end is read to add a line: some fifty lines."""
PATIENCE_S = 60.0
"""How long to wait for other runs, each of which needs a few milliseconds; longer means that one hangs."""


@dataclass(frozen=True)
class Head:
    """The line that was added.

    Attributes
    ----------
    sequence: its number, from 1.
    sha256: hash of the line without its end. It stands for the whole log up to here.
    control_number: the number and 75 bits of that hash, to be written down and kept elsewhere.
    """

    sequence: int
    sha256: str
    control_number: str


def append(path: Path, *, output_sha256: str, record_sha256: str, run_id: UUID) -> Head:
    """Add the line of one run to the log at `path`, which is made if it isn't there, and see it safely to the disk.

    Several processes may do so at once; each waits for its turn.

    Raises
    ------
    UsageError: what lies at `path` is no log, or its end was changed; it is untouched.
    OutputError: the folder, the disk or the key refuses; the log is as it was.
    """
    signer = signing_key()
    with _opened(path) as handle:
        end = _end_of(handle, path)
        line = seal(
            signer,
            sequence=end.sequence,
            previous=end.previous,
            unfinished=end.unfinished,
            output_sha256=output_sha256,
            record_sha256=record_sha256,
            run_id=run_id,
        )
        _write(handle, end.size, (b"\n" if end.open else b"") + line + b"\n", path)
        sha256 = hashlib.sha256(line).hexdigest()
        return Head(end.sequence, sha256, control_number(end.sequence, sha256))


def unbegin(path: Path, head: Head) -> None:
    """Remove a log that holds the line of `head` and nothing else, since the run that began it failed after all.

    In any other log the line stays: others may have gone on after it. Raises as `append` does.
    """
    if head.sequence != 1 or not os.path.lexists(path):
        return
    with _opened(path) as handle:
        lines, _ = _split(_read(handle, 0, TAIL_BYTES))
        if [hashlib.sha256(line).hexdigest() for line in lines] == [head.sha256]:
            # Emptied first, so that a run that waits for this file finds nothing in it whatever becomes of its name.
            os.ftruncate(handle, 0)
            path.unlink()


def check_log_place(path: Path) -> None:
    """Refuse, before any work is done, a place where `append` could not add a line. Makes the key if there is none, but
    no log.

    Raises as `append` does.
    """
    signing_key()
    if os.path.lexists(path):
        with _opened(path) as handle:
            _end_of(handle, path)
        return
    try:
        with PrivateTemporary(path):
            pass
    except OutputError as error:
        if isinstance(error.__cause__, OSError):
            raise _refused(error.__cause__, path) from error
        raise


def read_lines(path: Path) -> tuple[list[bytes], bool]:
    """The lines of a log without their ends, and whether the last one has its end. Waits while a run adds a line.

    Raises `UsageError`: there is no such log, or it can't be read.
    """
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0))
        try:
            _plain_file(handle, path)
            with contextlib.ExitStack() as held:
                # A log that can't be locked can be read all the same: at worst the line being added is seen half.
                with contextlib.suppress(LockBusy, LockUnknown):
                    held.enter_context(locked(handle, PATIENCE_S))
                data = _read(handle, 0, MAX_LOG_BYTES + 1)
        finally:
            os.close(handle)
    except FileNotFoundError as error:
        raise UsageError(tr("there is no such log"), remedy=tr("check the name"), file=path) from error
    except OSError as error:
        why = cause_of(error) or type(error).__name__
        raise UsageError(
            tr("the log can't be read ({why})", why=why), remedy=tr("check its permissions"), file=path
        ) from error
    if len(data) > MAX_LOG_BYTES or data.count(b"\n") > MAX_LINES:
        raise UsageError(
            tr("it is too large for a log of this program"), remedy=tr("give the log that avg-blur wrote"), file=path
        )
    return _split(data)


def may_have_broken_off(line: bytes) -> bool:
    """Whether these bytes can be the beginning of a line whose writing was cut short, and not a line that was changed.

    A file system may have made room for the bytes before it had them; zeros stand there then.
    """
    begun = line.rstrip(b"\0")
    return is_beginning(begun) if begun else bool(line)


@dataclass(frozen=True)
class _End:
    """Where the next line goes: its number and what it follows on."""

    size: int
    open: bool
    sequence: int
    previous: str | None
    unfinished: int


def _end_of(handle: int, path: Path) -> _End:
    """What the log ends with. Raises `UsageError` if that isn't a line of a log, whole or broken off."""
    size = os.fstat(handle).st_size
    if size > MAX_LOG_BYTES:
        raise _no_log(path, tr("the log is full"))
    start = max(0, size - TAIL_BYTES)
    lines, ended = _split(_read(handle, start, TAIL_BYTES))
    if start:
        del lines[0]  # its beginning was not read
    for back, line in enumerate(reversed(lines)):
        entry = _entry_or_none(line)
        if entry is not None:
            sequence, unfinished = entry.sequence + back + 1, back
            break
        if not may_have_broken_off(line):
            raise _no_log(path, tr("its last line is none of a log, or was changed"))
    else:
        if start:
            raise _no_log(path, tr("its last lines are none of a log"))
        sequence, unfinished = len(lines) + 1, len(lines)
    previous = hashlib.sha256(lines[-1]).hexdigest() if lines else None
    return _End(size, not ended, sequence, previous, unfinished)


def _entry_or_none(line: bytes) -> LogEntry | None:
    try:
        return open_line(line)
    except NotALine:
        return None


def _split(data: bytes) -> tuple[list[bytes], bool]:
    """The lines, and whether the last one has its end."""
    lines = data.split(b"\n")
    last = lines.pop()
    return (lines, True) if not last else ([*lines, last], False)


def _read(handle: int, start: int, at_most: int) -> bytes:
    os.lseek(handle, start, os.SEEK_SET)
    parts: list[bytes] = []
    while at_most > 0 and (part := os.read(handle, min(at_most, 1 << 20))):
        parts.append(part)
        at_most -= len(part)
    return b"".join(parts)


def _write(handle: int, size: int, data: bytes, path: Path) -> None:
    """Add `data` and see it to the disk; whatever goes wrong, the log is made as long again as it was."""
    try:
        todo = memoryview(data)
        while todo:
            todo = todo[os.write(handle, todo) :]
        os.fsync(handle)
    except BaseException as error:  # Ctrl-C too
        with contextlib.suppress(OSError):  # half a line stays then, and the next run deals with it
            os.ftruncate(handle, size)
            os.fsync(handle)
        if isinstance(error, OSError):
            raise _refused(error, path) from error
        raise


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[int]:
    """The log, opened for adding to it and locked; made if it isn't there."""
    handle = -1
    try:
        with contextlib.ExitStack() as held:
            while True:
                is_new = not os.path.lexists(path)
                handle = _open(path)
                held.callback(os.close, handle)
                held.enter_context(_turn(handle, path))
                if _still_there(handle, path):
                    break
                held.close()  # it was moved away while this run waited; the log is what has the name now
            try:
                if is_new:
                    sync_folder(path.parent)
                yield handle
            except BaseException:
                if is_new and os.fstat(handle).st_size == 0:
                    # A run that failed leaves nothing behind; whoever waits for this file sees that it is gone.
                    with contextlib.suppress(OSError):
                        path.unlink()
                raise
    except OSError as error:
        raise _refused(error, path) from error


def _open(path: Path) -> int:
    # What a link leads to is not in this folder: lines would go where nobody looks for them, or into another file.
    if path.is_symlink():
        raise _no_log(path, tr("it is a link"))
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND
    for more in ("O_BINARY", "O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_NOINHERIT"):
        flags |= getattr(os, more, 0)
    handle = os.open(path, flags, 0o600)
    try:
        _plain_file(handle, path)
    except BaseException:
        os.close(handle)
        raise
    return handle


def _plain_file(handle: int, path: Path) -> None:
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        raise _no_log(path, tr("it is not a plain file"))


def _still_there(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(path.lstat(), os.fstat(handle))
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def _turn(handle: int, path: Path) -> Iterator[None]:
    """This run's turn to add a line."""
    with contextlib.ExitStack() as held:
        try:
            try:
                held.enter_context(locked(handle, PATIENCE_S))
            except LockUnknown:
                # Where the log can't be locked, the runs of this user on this computer still wait for each other.
                own = os.open(data_folder() / "keys" / "log.lock", os.O_RDWR | os.O_CREAT, 0o600)
                held.callback(os.close, own)
                held.enter_context(locked(own, PATIENCE_S))
        except LockBusy as error:
            raise OutputError(
                tr("another run has held the log for a minute"),
                remedy=tr("see whether one hangs, and end it"),
                file=path,
            ) from error
        except LockUnknown as error:
            raise OutputError(
                tr("the log can't be locked there"), remedy=tr("name another place with --log"), file=path
            ) from error
        yield


def _refused(error: OSError, path: Path) -> AvgError:
    """The system's refusal, in words with a remedy."""
    if error.errno in (errno.ELOOP, errno.EMLINK):  # what O_NOFOLLOW answers; on FreeBSD EMLINK
        return _no_log(path, tr("it is a link"))
    if error.errno == errno.EISDIR or path.is_dir():
        return _no_log(path, tr("it is a folder"))
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return OutputError(
            tr("no line can be added to the log"),
            remedy=tr("check its permissions, or name another place with --log"),
            file=path,
        )
    return as_output_error(error, path)


def _no_log(path: Path, what: str) -> UsageError:
    return UsageError(
        what, remedy=tr("see what avg-blur verify says about it, or name another log with --log"), file=path
    )
