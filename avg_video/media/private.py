"""Small private files, written whole or not at all."""

from __future__ import annotations

from pathlib import Path

from avg_video.media.temporary import PrivateTemporary, as_output_error

__all__ = ["write_private"]


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
