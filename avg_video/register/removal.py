"""Deletes one file, if it is the very file that was registered, and nothing else.

No link is followed, neither the file itself nor a folder above it; the bytes are hashed through the handle that was
opened without following links, and the name must still belong to that handle when it is taken away.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

__all__ = ["Found", "Target", "look_at", "opened"]

_OPEN = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
# O_NONBLOCK: opening a pipe must not wait for somebody to write into it.
_BY_FOLDER = os.unlink in os.supports_dir_fd and os.open in os.supports_dir_fd
"""Whether a name can be taken relative to a folder that is held open, so that nobody swaps the folder meanwhile."""


class Found(StrEnum):
    """What lies at the registered place, or became of it."""

    THERE = "there"
    """A plain file of the registered size; its bytes were not compared."""
    DELETED = "deleted"
    """It was the registered file, and is gone now."""
    GONE = "gone"
    """Its folder is there, it isn't."""
    NO_FOLDER = "no-folder"
    """Its folder isn't there: a stick or a network drive that isn't connected, perhaps."""
    OTHER = "other"
    """Another file, or something that is no plain file; left alone."""
    LINK = "link"
    """A link, or a folder above it is one; left alone."""
    REFUSED = "refused"
    """The system didn't allow to read or delete it."""


def look_at(path: Path, size: int) -> Found:
    """What lies at `path`, without reading it; `size` is that of the registered file in bytes."""
    try:
        if _through_a_link(path):
            return Found.LINK
        state = path.lstat()
    except FileNotFoundError:
        return Found.GONE if path.parent.is_dir() else Found.NO_FOLDER
    except NotADirectoryError:
        return Found.NO_FOLDER
    except OSError:
        return Found.REFUSED
    return _kind(state, size)


class Target:
    """A file that was opened, to be deleted or left alone.

    Attributes
    ----------
    found: `Found.THERE` when its bytes are the registered ones, and else what is in the way.
    other_names: how many further names (hard links) the same file has, which `delete` leaves.
    """

    def __init__(self, found: Found, name: str = "", folder: int | None = None, handle: int = -1) -> None:
        self.found = found
        self._name, self._folder, self._handle = name, folder, handle
        self.other_names = os.fstat(handle).st_nlink - 1 if found is Found.THERE else 0

    def delete(self) -> None:
        """Take its name away. What a drive keeps of a file without a name is beyond any program: flash drives keep
        old copies of blocks where only their own electronics can reach them.

        Raises `OSError` when the system refuses, or when the name belongs to another file by now; nothing is changed
        then.
        """
        if self.found is not Found.THERE:
            raise RuntimeError("only a file that was found to be the registered one can be deleted")
        named = os.stat(self._name, dir_fd=self._folder, follow_symlinks=False)
        if not os.path.samestat(os.fstat(self._handle), named):
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
        if os.name == "nt":
            self.close()  # an open file can't be deleted there
        os.unlink(self._name, dir_fd=self._folder)
        if self._folder is not None:
            with contextlib.suppress(OSError):  # some network drives can't; the name is gone all the same
                os.fsync(self._folder)

    def close(self) -> None:
        """Let go of it."""
        handle, self._handle = self._handle, -1
        if handle >= 0:
            os.close(handle)


@contextlib.contextmanager
def opened(path: Path, sha256: str, size: int) -> Iterator[Target]:
    """The file at `path`, held open and its bytes compared with `sha256` (64 hex digits) and `size` (bytes).

    Raises nothing of its own: what is in the way is `Target.found`.
    """
    with contextlib.ExitStack() as stack:
        yield _open(path, sha256, size, stack)


def _open(path: Path, sha256: str, size: int, stack: contextlib.ExitStack) -> Target:
    found = look_at(path, size)
    if found is not Found.THERE:
        return Target(found)
    try:
        folder = stack.enter_context(_folder(path))
        name = path.name if folder is not None else str(path)
        handle = os.open(name, _OPEN, dir_fd=folder)
    except FileNotFoundError:
        return Target(look_at(path, size))  # it went away while this was looking
    except OSError as error:
        # ELOOP: what O_NOFOLLOW says of a link that came into place since.
        return Target(Found.LINK if error.errno == errno.ELOOP else Found.REFUSED)
    try:
        found = _compare(handle, sha256, size)
        target = Target(found, name, folder, handle)
    except OSError:
        found, target = Found.REFUSED, Target(Found.REFUSED)
    if found is not Found.THERE:
        os.close(handle)
        return Target(found)
    stack.callback(target.close)
    return target


def _compare(handle: int, sha256: str, size: int) -> Found:
    before = os.fstat(handle)
    found = _kind(before, size)
    if found is not Found.THERE:
        return found
    with os.fdopen(os.dup(handle), "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    after = os.fstat(handle)
    still = (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    return Found.THERE if still and digest == sha256 else Found.OTHER


@contextlib.contextmanager
def _folder(path: Path) -> Iterator[int | None]:
    """The folder of `path`, held open; None where the system can't take names relative to one."""
    if not _BY_FOLDER:
        yield None
        return
    handle = os.open(path.parent, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
    try:
        # The folder that was opened is the one that was checked for links, and not one that was put there since.
        if _through_a_link(path) or not os.path.samestat(os.fstat(handle), path.parent.lstat()):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        yield handle
    finally:
        os.close(handle)


def _through_a_link(path: Path) -> bool:
    """Whether the file, or a folder above it, is a link (on Windows, a junction too). `path` is absolute."""
    return os.path.normcase(path.parent.resolve()) != os.path.normcase(path.parent) or path.is_symlink()


def _kind(state: os.stat_result, size: int) -> Found:
    if stat.S_ISLNK(state.st_mode):
        return Found.LINK
    if not stat.S_ISREG(state.st_mode) or state.st_size != size:
        return Found.OTHER
    return Found.THERE
