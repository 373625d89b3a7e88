"""Small private files, written whole or not at all."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from avg_video.errors import AvgError
from avg_video.media.temporary import PrivateTemporary, as_output_error

__all__ = ["put_back", "write_private"]


def write_private(path: Path, data: bytes) -> None:
    """Put `data` at `path`, replacing a file that is there, so that nobody ever sees half of it.

    The file gets mode 0600 where the platform knows modes. A link at `path` is replaced, not followed.

    Raises
    ------
    UsageError: `path` is a folder.
    OutputError: the folder is missing or not writable, or the disk is full; what was at `path` is then unchanged.
    """
    with PrivateTemporary(path, overwrite=True) as temporary:
        try:
            temporary.path.write_bytes(data)
        except OSError as error:
            raise as_output_error(error, path) from error
        temporary.publish()


@contextlib.contextmanager
def put_back(path: Path, *, unless: Callable[[], bool]) -> Iterator[None]:
    """When the block is left by an exception, the small file at `path` is as it was before, or gone as it was before.

    `unless`: asked then; where it says yes, everything stays.
    """
    was_there, before = os.path.lexists(path), None
    if path.is_file():
        with contextlib.suppress(OSError):  # one that nobody can read is nothing to put back
            before = path.read_bytes()
    try:
        yield
    except BaseException:  # Ctrl-C too
        if not unless():
            with contextlib.suppress(AvgError, OSError):  # the exception itself is what the user must know
                if not was_there:
                    path.unlink(missing_ok=True)
                elif before is not None and path.read_bytes() != before:
                    write_private(path, before)
        raise
