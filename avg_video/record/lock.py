"""One process at a time: a lock on an open file, which the system takes away when its process ends in any way."""

from __future__ import annotations

import contextlib
import errno
import importlib
import os
import time
from collections.abc import Iterator
from typing import Any

__all__ = ["LockBusy", "LockUnknown", "locked"]


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


fcntl, msvcrt = _module("fcntl"), _module("msvcrt")

FIRST_WAIT_S, LONGEST_WAIT_S = 0.002, 0.1
BEYOND = 2**31 - 2
"""Windows locks bytes, which nobody else can read then; this one lies behind the end of any log. Its C library counts
places in 31 bits."""

_BUSY = frozenset({errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK})


class LockBusy(Exception):
    """Somebody else held the lock all the time."""


class LockUnknown(Exception):
    """The file lies where files can't be locked, as on some network shares."""


@contextlib.contextmanager
def locked(handle: int, patience_s: float) -> Iterator[None]:
    """Within the block nobody else who asks has the open file locked. Waits for its turn, `patience_s` at most.

    Raises `LockBusy` or `LockUnknown`. The place in the file may be another afterwards.
    """
    until, wait = time.monotonic() + patience_s, FIRST_WAIT_S
    while not _take(handle):
        if time.monotonic() > until:
            raise LockBusy
        time.sleep(wait)
        wait = min(2 * wait, LONGEST_WAIT_S)
    try:
        yield
    finally:
        _give_back(handle)


def _take(handle: int) -> bool:
    try:
        if fcntl is not None:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        elif msvcrt is not None:
            os.lseek(handle, BEYOND, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            raise LockUnknown
    except OSError as error:
        if error.errno in _BUSY:
            return False
        raise LockUnknown from error
    return True


def _give_back(handle: int) -> None:
    with contextlib.suppress(OSError):  # closing the file gives it back in any case
        if fcntl is not None:
            fcntl.flock(handle, fcntl.LOCK_UN)
        else:
            os.lseek(handle, BEYOND, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)
