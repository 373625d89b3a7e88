"""The file of the register: made, opened, checked, brought to the newest version, read and changed.

Everything that reads goes through `Register.reading`, everything that writes through `Register.changing`:

    with open_register() as register, register.changing() as db:
        db.execute("UPDATE output SET uploaded_on = ? WHERE sha256 = ?", (day, sha256))
        add_event(db, "uploaded", output_id=7, role="student", on=day)

A change is whole or not at all, also when the power fails in the middle of it (SQLite with a write-ahead log, synced at
every commit). Several processes may have the register open: readers wait for nobody, writers for one another.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from avg_video.errors import UsageError
from avg_video.language import tr
from avg_video.media.folders import data_folder
from avg_video.media.temporary import remove_stale
from avg_video.register.events import add_event, moment
from avg_video.register.file import BACKUP, connect, is_there, make
from avg_video.register.refusals import explained, transaction

__all__ = ["Register", "add_event", "default_register", "moment", "open_register", "path_in", "path_out"]

WAIT_S = 10.0
"""How long to wait for another process that writes. A change takes milliseconds, so longer means that one hangs."""


def default_register() -> Path:
    """The register of this user; it need not exist yet."""
    return data_folder() / "register.sqlite"


def path_in(path: Path) -> str | bytes:
    """A path as the register writes it: absolute, its folder without links; the file itself is not followed.

    As text, or as bytes where it is no Unicode text, which POSIX allows. Equal results mean the same name.
    """
    name = os.path.join(os.path.realpath(path.parent), path.name)  # noqa: PTH118 -- bytes and `..` need the plain name
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return os.fsencode(name)
    return name


def path_out(value: str | bytes) -> Path:
    """The path that `path_in` wrote."""
    return Path(os.fsdecode(value))


def open_register(path: Path | None = None, *, create: bool = True, wait_s: float = WAIT_S) -> Register:
    """Open the register, to be closed by leaving its `with` block.

    It is looked over first. One of an older version is backed up beside itself, then brought to the newest.

    Parameters
    ----------
    path: the file; None is the register of this user.
    create: False where an empty register would be the wrong answer, as for a withdrawal: a slip in `path` would then
        look as if nothing were known.
    wait_s: seconds to wait for another process that writes.

    Raises
    ------
    UsageError: there is no register (with `create` False), or `path` is a folder, a link or no plain file, or its
        folder does not exist.
    RegisterError: it is damaged, of a newer version, of another program, in use for too long, or can't be written to.
        Nothing in it has been changed.
    """
    place = default_register() if path is None else Path(path)
    if not is_there(place):
        if not create:
            raise UsageError(
                tr("there is no register here"),
                remedy=tr(
                    "check the name after --register; a register begins with the first consent, or the first copy that "
                    "follows a profile"
                ),
                file=place,
            )
        make(place, own=place == default_register())
    else:
        with contextlib.suppress(OSError):  # a folder that can't be listed
            remove_stale(place.parent)  # what a run left that was killed while it made the register
    with explained(place, wait_s):
        return Register(connect(place, wait_s), place, wait_s)


class Register:
    """An open register. Use it in one thread, and give each process its own.

    Attributes
    ----------
    path: its file.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path, wait_s: float) -> None:
        self._connection, self.path, self._wait_s = connection, path, wait_s

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection to read from. All that is read in the block belongs to one moment. Rows go by column name.

        Raises `RegisterError` when the register can't be read, or is in use for too long.
        """
        with self._block("BEGIN") as db:
            yield db

    @contextlib.contextmanager
    def changing(self) -> Iterator[sqlite3.Connection]:
        """A connection to write to. Leaving the block keeps everything, an exception undoes everything.

        Nobody else writes meanwhile, so keep it short, and read in the same block what the change depends on.
        Raises `RegisterError` when it can't be written to, or is in use for too long.
        """
        with self._block("BEGIN IMMEDIATE") as db:
            yield db

    @contextlib.contextmanager
    def _block(self, begin: str) -> Iterator[sqlite3.Connection]:
        with explained(self.path, self._wait_s), transaction(self._connection, begin):
            yield self._connection

    def backups(self) -> tuple[Path, ...]:
        """Copies of it that were made before it was brought to a newer version, oldest first."""
        head, tail = f"{self.path.name}.v", BACKUP
        names = (entry.name for entry in os.scandir(self.path.parent))
        found = [name for name in names if name.startswith(head) and name.endswith(tail)]
        return tuple(self.path.with_name(name) for name in sorted(found, key=lambda name: name.rpartition("-")[2]))

    def sweep(self) -> None:
        """Overwrite what was erased in the files beside the register too, as far as no other process needs them."""
        with explained(self.path, self._wait_s):
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()

    def close(self) -> None:
        """Let go of it. An open block is undone."""
        self._connection.close()

    def __enter__(self) -> Register:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
