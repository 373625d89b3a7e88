"""Names for copies that tell nothing of the recording: avg-0001.mp4, avg-0002.mp4, and so on."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from avg_video.errors import AvgError, UsageError
from avg_video.media.temporary import as_output_error
from avg_video.pipeline import default_output, record_path_for
from avg_video.record.hashes import sha256_file
from avg_video.record.store import read_record

__all__ = ["NeutralNames", "Place", "is_neutral_copy"]

_OURS = re.compile(r"avg-(\d{4,9})\..+")
_COPY = re.compile(r"avg-\d{4,9}\.(mp4|jpg|png)")


@dataclass(frozen=True)
class Place:
    """Where a copy goes. `fresh`: nothing had that name when it was chosen, so nothing may be replaced there."""

    output: Path
    fresh: bool


@dataclass(frozen=True)
class _Known:
    """A copy made earlier, from a recording of so many bytes with this hash."""

    output: Path
    source_bytes: int
    source_sha256: str


class NeutralNames:
    """Gives every recording a name of its own in one folder.

    A recording that has a record there, made in an earlier run, gets the name it had then, whatever the recording is
    called now. Any other gets the lowest number that no file in the folder begins with.

    Raises `OutputError` when the folder is there and can't be listed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: list[_Known] = []
        self._used: set[int] = set()
        self._scan()

    def place(self, source: Path) -> Place:
        """Where the copy of that recording goes; every call takes the name it gives."""
        suffix = default_output(source).suffix
        for known in self._known:
            if known.output.suffix == suffix and _is_of(known, source):
                self._known.remove(known)
                return Place(known.output, fresh=False)
        number = next(n for n in range(1, len(self._used) + 2) if n not in self._used)
        self._used.add(number)
        return Place(self._folder / f"avg-{number:04d}{suffix}", fresh=True)

    def _scan(self) -> None:
        try:
            names = sorted(entry.name for entry in os.scandir(self._folder))
        except FileNotFoundError:
            return
        except OSError as error:
            raise as_output_error(error, self._folder) from error
        for name in names:
            ours = _OURS.fullmatch(name.casefold())
            if ours is None:
                continue
            self._used.add(int(ours[1]))
            # A copy whose record is missing, damaged or of another version is nobody's: its number stays taken.
            self._known += _known_by(self._folder / name, self._folder / name.split(".")[0])


def _known_by(path: Path, stem: Path) -> list[_Known]:
    """The copy that the record at `path` is about; none where `path` is no such record."""
    for suffix in (".mp4", ".jpg", ".png"):
        output = stem.with_suffix(suffix)
        if record_path_for(output) == path:
            try:
                said = read_record(path).input
            except UsageError:
                return []
            return [_Known(output, said.bytes, said.sha256)]
    return []


def _is_of(known: _Known, source: Path) -> bool:
    """Whether the copy was made from this recording; its size is compared first, since hashing takes its time."""
    try:
        return source.stat().st_size == known.source_bytes and sha256_file(source) == known.source_sha256
    except (OSError, AvgError):
        return False  # the work on it will say what is wrong, and the others go on


def is_neutral_copy(path: Path) -> bool:
    """Whether a file has such a name and a record of this program beside it."""
    return _COPY.fullmatch(path.name.casefold()) is not None and record_path_for(path).is_file()
