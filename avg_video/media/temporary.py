"""A private file beside the output, which becomes the output in one step or disappears."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import importlib
import os
import re
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import av

from avg_video.errors import AvgError, OutputError, UsageError
from avg_video.language import cause_of, tr

fcntl: Any
try:
    fcntl = importlib.import_module("fcntl")
except ImportError:  # Windows: there an open file can't be removed, which serves as the lock
    fcntl = None

__all__ = ["PrivateTemporary", "alone_in", "as_output_error", "discard_all", "remove_stale", "sync_folder"]

_live: set[PrivateTemporary] = set()
"""Those of this process that exist now."""

_NAME = re.compile(r"\.avg-blur-[0-9a-f]{16}\.part")

# File systems without hard links answer in one of these ways (FAT and exFAT sticks, some network shares).
_NO_LINKS = frozenset({errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EMLINK, errno.EACCES})

_FULL = frozenset({errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)})


def as_output_error(error: OSError | av.FFmpegError, file: Path) -> OutputError:
    """The system's or FFmpeg's refusal to write `file`, in words with a remedy."""
    code = error.errno
    if code in _FULL:
        return OutputError(
            tr("there is no room left on the disk"),
            remedy=tr("free some space, or choose another disk with -o"),
            file=file,
        )
    if code in (errno.EACCES, errno.EPERM, errno.EROFS):
        return OutputError(
            tr("the folder can't be written to"),
            remedy=tr("choose another folder with -o, or change its permissions"),
            file=file,
        )
    if code in (errno.ENOENT, errno.ENOTDIR):
        return OutputError(
            tr("its folder does not exist"), remedy=tr("make the folder first, or choose another"), file=file
        )
    if code == errno.ENAMETOOLONG:
        return OutputError(tr("its name is too long"), remedy=tr("choose a shorter one with -o"), file=file)
    why = cause_of(error) or type(error).__name__
    return OutputError(
        tr("it can't be written ({why})", why=why), remedy=tr("check the disk, or choose another folder"), file=file
    )


class PrivateTemporary:
    """`with PrivateTemporary(final) as temporary: ... write to temporary.path ... temporary.publish()`

    The file is made in the folder of `final`, readable by its owner only, and locked while it is in use. Leaving the
    block in any way without `publish()` removes it. A run that is killed leaves it behind, unlocked; the next run that
    writes into the same folder removes it.

    Parameters
    ----------
    final: the name under which the file appears in the end.
    overwrite: whether `publish` may replace what is there. Without it, a file that appears under that name at any
        moment before the end is kept and `publish` raises.

    Raises on entering
    ------------------
    UsageError: `final` exists and `overwrite` is not given, or `final` is a folder.
    OutputError: the folder can't be written to.
    """

    def __init__(self, final: Path, overwrite: bool = False) -> None:
        self._final = final
        self._overwrite = overwrite
        self._path: Path | None = None
        self._handle = -1

    @property
    def path(self) -> Path:
        """Where to write. Raises `RuntimeError` outside the `with` block or after `publish`."""
        if self._path is None:
            raise RuntimeError("the temporary file exists only inside its with block, until it is published")
        return self._path

    def __enter__(self) -> PrivateTemporary:
        self._refuse_existing()
        try:
            with contextlib.suppress(PermissionError):  # a folder may be writable without being readable
                remove_stale(self._final.parent)
            self._create()
        except OSError as error:
            self._discard()
            raise as_output_error(error, self._final) from error
        except BaseException:
            self._discard()
            raise
        return self

    def _refuse_existing(self) -> None:
        if os.path.isdir(self._final):  # noqa: PTH112 -- Path.is_dir raises where the folder may not be entered
            raise UsageError(tr("it is a folder"), remedy=tr("give the name of a file"), file=self._final)
        if not self._overwrite and os.path.lexists(self._final):
            raise _exists(self._final)

    def _create(self) -> None:
        """Make and lock the file; once more with another name if a run that was tidying up took it for a stale one."""
        flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
        while True:
            path = self._final.parent / f".avg-blur-{secrets.token_hex(8)}.part"
            # Known before it exists: Ctrl-C may come between any two steps, and `discard_all` must then find it.
            self._path = path
            _live.add(self)
            try:
                handle = self._handle = os.open(path, flags, 0o600)
            except FileExistsError:  # another's, by one chance in 2**64
                self._path = None
                continue
            except OSError:
                self._path = None  # never made: there is nothing to remove
                raise
            if _lock(handle) is not False and _same_file(path, handle):
                return
            self._discard()

    def publish(self) -> None:
        """Give the file its final name, in one step, after its bytes have reached the disk.

        Raises
        ------
        UsageError: without `overwrite`, something has appeared under the final name; it is untouched.
        OutputError: the system refused.
        """
        path = self.path
        if not _same_file(path, self._handle):
            raise OutputError(
                tr("its temporary file was replaced while it was being written"),
                remedy=tr("run again"),
                file=self._final,
            )
        try:
            os.fsync(self._handle)
            if os.name == "nt":
                os.close(self._handle)  # an open file can't be renamed there
                self._handle = -1
            if self._overwrite:
                path.replace(self._final)
            else:
                _rename_without_replacing(path, self._final)
            self._path = None
            sync_folder(self._final.parent)
        except FileExistsError as error:
            raise _exists(self._final) from error
        except OSError as error:
            raise as_output_error(error, self._final) from error

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if isinstance(error, AvgError) and error.file is not None and error.file == self._path:
            error.file = self._final  # the user knows no other name
        self._discard()

    def _discard(self) -> None:
        """Remove the file if it is still a temporary one, then let go of the lock; forget it only when it is gone."""
        handle, self._handle = self._handle, -1
        try:
            if os.name == "nt" and handle >= 0:
                os.close(handle)
                handle = -1
            if self._path is not None:
                self._path.unlink(missing_ok=True)
                self._path = None
            _live.discard(self)
        finally:
            if handle >= 0:
                os.close(handle)


@contextlib.contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Within the block no other run of this program gives names in `folder`, so that a copy and its record appear
    together. Waits for its turn. Where a folder can't be locked (Windows, some network shares) nothing is waited for.
    """
    handle = -1
    if fcntl is not None:
        with contextlib.suppress(OSError):
            handle = os.open(folder, os.O_RDONLY)
            fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        yield
    finally:
        if handle >= 0:
            os.close(handle)


def discard_all() -> None:
    """Remove every temporary file of this process that is still there, just before it ends.

    Leaving their blocks removes them, except where the process is ended without unwinding, or where Ctrl-C came in the
    few steps between making one and entering its block, or while it was being removed.
    """
    for temporary in list(_live):
        path = temporary._path
        if path is not None:
            with contextlib.suppress(OSError):  # Windows: it is open; the next run removes it
                path.unlink()


def remove_stale(folder: Path) -> tuple[Path, ...]:
    """Remove temporary files that a killed run has left in `folder`; those in use, here or elsewhere, stay.

    Returns what was removed. A file that can't be judged or removed stays. Raises `OSError` when the folder can't be
    listed.
    """
    removed = []
    for entry in os.scandir(folder):
        if _NAME.fullmatch(entry.name) and entry.is_file(follow_symlinks=False) and _remove_if_unused(Path(entry.path)):
            removed.append(Path(entry.path))
    return tuple(removed)


def _remove_if_unused(path: Path) -> bool:
    try:
        if fcntl is None:
            path.unlink()  # refused while another process holds it open
            return True
        handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
        try:
            if _lock(handle) is not True or not _same_file(path, handle):
                return False
            path.unlink()
            return True
        finally:
            os.close(handle)
    except OSError:
        return False  # another user's, or gone by now: not ours to worry about


def _lock(handle: int) -> bool | None:
    """Lock an open file without waiting: True, False when someone else holds it, None where it can't be known."""
    if fcntl is None:
        return None
    try:
        # flock belongs to the open file, so FFmpeg opening and closing the same path does not release it (POSIX locks
        # would be lost then).
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return False if error.errno in (errno.EWOULDBLOCK, errno.EACCES, errno.EAGAIN) else None
    return True


def _same_file(path: Path, handle: int) -> bool:
    """Whether `path` still names the open file."""
    try:
        return os.path.samestat(path.lstat(), os.fstat(handle))
    except FileNotFoundError:
        return False


def _exists(final: Path) -> UsageError:
    return UsageError(
        tr("it exists already"), remedy=tr("give --overwrite to replace it, or another name with -o"), file=final
    )


def _rename_without_replacing(path: Path, final: Path) -> None:
    """Rename, raising `FileExistsError` if there is anything at `final` at that very moment."""
    if os.name == "nt":
        path.rename(final)  # refuses an existing target by itself
        return
    try:
        os.link(path, final)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
    else:
        path.unlink()
        return
    if _rename_if_free(path, final):
        return
    # Take the name first (which only succeeds if it is free), then rename over our own empty file. Killed in between,
    # the empty file stays.
    handle = os.open(final, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    os.close(handle)
    try:
        path.replace(final)
    except BaseException:
        final.unlink()
        raise


def _rename_if_free(path: Path, final: Path) -> bool:
    """Rename in a single step that is refused (`FileExistsError`) if the name is taken; False where there is none.

    renameat2(2) of Linux, which FAT and exFAT know, though they have no hard links, and renamex_np(2) of macOS.
    """
    old, new = os.fsencode(path), os.fsencode(final)
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        if sys.platform == "linux":
            failed = libc.renameat2(-100, old, -100, new, 1)  # AT_FDCWD twice, RENAME_NOREPLACE
        elif sys.platform == "darwin":
            failed = libc.renamex_np(old, new, 4)  # RENAME_EXCL
        else:
            return False
    except (AttributeError, OSError, TypeError):
        return False  # a C library without it
    if not failed:
        return True
    number = ctypes.get_errno()
    if number in (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP):
        return False  # a file system without it
    raise OSError(number, os.strerror(number), str(path), None, str(final))


def sync_folder(folder: Path) -> None:
    """Make the new name itself survive a power cut, where the system can."""
    if os.name == "nt":
        return
    # Some network file systems refuse to sync a folder, and a folder may be writable without being readable. The file
    # itself is synced and has its name by now: nothing that goes wrong here may be told as a failure.
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
