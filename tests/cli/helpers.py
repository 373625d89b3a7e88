"""Running the command as a user does, and small recordings for it."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from click.testing import CliRunner, Result

from avg_video.cli import main
from tests.support.clips import noise, write_clip
from tests.support.people import place

SIZE_WH = (320, 240)


def avg_blur(*args: str | Path) -> Result:
    """`avg-blur ARGS` in this process; `.stdout`, `.stderr` and `.exit_code` are what a shell would get."""
    result = CliRunner().invoke(main, [str(arg) for arg in args], prog_name="avg-blur")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result


def lesson(path: Path, *, pictures: int = 12, tone_s: float = 0.0, faces: int = 1) -> Path:
    """A still room with one or two faces, `pictures` long."""
    room = noise(SIZE_WH, seed=3)
    for i in range(faces):
        place(room, 70, (90 + 140 * i, 110))
    return write_clip(path, [room] * pictures, tone_s=tone_s)


def names_in(folder: Path) -> set[str]:
    """Every file and folder below, hidden ones too."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@contextlib.contextmanager
def without_root_rights() -> Iterator[None]:
    """The administrator may read everything, which hides a missing permission: give that right up for a while.

    Linux only (capset(2), CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH, of this thread; setresuid(2)); nothing to do for
    other users.
    """
    if os.name != "posix" or os.geteuid() != 0:
        yield
        return
    assert sys.platform == "linux"
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # _LINUX_CAPABILITY_VERSION_3, this thread
    data = (ctypes.c_uint32 * 6)()
    assert libc.capget(header, data) == 0
    before = data[0]
    data[0] = before & ~(1 << 1 | 1 << 2)
    assert libc.capset(header, data) == 0
    os.setresuid(65534, 0, 0)  # access(2) asks for the real user
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)
        data[0] = before
        assert libc.capset(header, data) == 0
