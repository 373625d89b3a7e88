"""What is said when something fails that no part of the program expected."""

from __future__ import annotations

import errno
import os

import click
import pytest

from avg_video.cli.endings import describe
from avg_video.errors import DamagedInput


@pytest.mark.parametrize(
    ("error", "line", "code"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device", "/x/a\n.mp4"),
            "/x/a\\n.mp4: no space left on device; free some space and run it again",
            1,
        ),
        (
            PermissionError(errno.EACCES, "Permission denied", b"/x/\xff"),
            "/x/\\udcff: permission denied; check that you may read the input and write into the folder of the output",
            1,
        ),
        (
            OSError(errno.ENXIO, "No such device or address"),
            "no such device or address; set AVG_BLUR_DEBUG=1 for details",
            1,
        ),
        (MemoryError(), "the memory is full; close other programs, or use a smaller --threads or --jobs", 1),
        (
            KeyboardInterrupt(),
            "interrupted, nothing half done was left; run the same command again to start over",
            130,
        ),
        (
            click.Abort(),
            "interrupted, nothing half done was left; run the same command again to start over",
            130,
        ),
        (
            RuntimeError("two\nlines"),
            "a fault of the program, not yours (RuntimeError: two\\nlines); "
            "run it again with AVG_BLUR_DEBUG=1 for details to report",
            1,
        ),
        (
            AssertionError(),
            "a fault of the program, not yours (AssertionError); "
            "run it again with AVG_BLUR_DEBUG=1 for details to report",
            1,
        ),
        (DamagedInput("breaks off", remedy="copy it again", file="a.mp4"), "a.mp4: breaks off; copy it again", 1),
    ],
)
@pytest.mark.skipif(os.name != "posix", reason="bytes that are no text, as POSIX has them in names")
def test_one_line_and_a_code(error: BaseException, line: str, code: int) -> None:
    assert describe(error) == (line, code)
