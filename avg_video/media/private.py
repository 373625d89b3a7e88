"""Small private files, written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from avg_video.errors import OutputError

__all__ = ["write_private"]

PART_SUFFIX = ".avg-part"


def write_private(path: Path, data: bytes) -> None:
    """Put `data` at `path`, replacing what is there, so that nobody ever sees half of it.

    The file gets mode 0600 where the platform knows modes. A link at `path` is replaced, not followed.

    Raises
    ------
    OutputError: the folder is missing or not writable, or the disk is full; what was at `path` is then unchanged.
    """
    part: Path | None = None
    try:
        # mkstemp opens with O_EXCL and mode 0600, so no one else can have put the file, or read it, in between.
        handle, name = tempfile.mkstemp(prefix=".", suffix=PART_SUFFIX, dir=path.parent)
        part = Path(name)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise OutputError(
            f"it can't be written ({why})", remedy="check the folder, its permissions and the free space", file=path
        ) from error
    finally:
        if part is not None:
            with contextlib.suppress(OSError):  # after a replace it is gone, which is the usual case
                part.unlink(missing_ok=True)
