"""The file of a register: found, made, looked over and brought to the newest version."""

from __future__ import annotations

import contextlib
import sqlite3
import stat
from datetime import UTC, datetime
from pathlib import Path

from avg_video.errors import OutputError, RegisterError, UsageError
from avg_video.language import cause_of, tr
from avg_video.media.temporary import PrivateTemporary, as_output_error
from avg_video.register import schema
from avg_video.register.events import add_event
from avg_video.register.refusals import damaged, transaction, unwritable

__all__ = ["BACKUP", "connect", "is_there", "make"]

BACKUP = ".backup"
"""How the name of a backup ends; it begins with that of its register and ".v"."""

_RIDERS = ("-wal", "-shm", "-journal")
"""Files that SQLite keeps beside its own while it is open, or after it was killed."""


def is_there(place: Path) -> bool:
    """Whether a plain file lies at `place`.

    Raises
    ------
    UsageError: a folder, a link or something else that is no plain file lies there.
    RegisterError: so it does under a name that SQLite uses beside it, or the folder can't be entered.
    """
    remedy = tr("give the name of a register with --register")
    try:
        mode = _mode(place)
        # The folder one is in, or the root, has no name that riders could have too.
        riders = {rider: _mode(place.with_name(place.name + rider)) if place.name else None for rider in _RIDERS}
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        why = cause_of(error) or tr("no valid name")
        raise RegisterError(
            tr("the register can't be read ({why})", why=why),
            remedy=tr("check the permissions of its folder, or give another register with --register"),
            file=place,
        ) from error
    for rider, its_mode in riders.items():
        if its_mode is not None and not stat.S_ISREG(its_mode):
            raise RegisterError(
                tr("beside the register lies {name}, which is no plain file", name=place.name + rider),
                remedy=tr("find out who put it there, and remove it"),
                file=place,
            )
    if mode is None:
        # Without its register, SQLite would take such a file for a part of the new one.
        left = next((place.name + rider for rider in ("-wal", "-journal") if riders[rider]), None)
        if left is not None and _mode(place) is None:
            raise RegisterError(
                tr("the register is gone, but {name}, which belongs to it, is still there", name=left),
                remedy=tr("put the register back, or move that file away to begin a new one"),
                file=place,
            )
        return _mode(place) is not None
    if stat.S_ISLNK(mode):
        raise UsageError(tr("it is a link, and links are not followed"), remedy=remedy, file=place)
    if stat.S_ISDIR(mode):
        raise UsageError(tr("it is a folder"), remedy=remedy, file=place)
    if not stat.S_ISREG(mode):
        raise UsageError(tr("it is not a plain file"), remedy=remedy, file=place)
    return True


def _mode(path: Path) -> int | None:
    try:
        return path.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None


def make(place: Path, *, own: bool) -> None:
    """Put a new register at `place`, whole, unless another process was faster.

    A register therefore never is an empty file: one that is, was cut off. With `own` its folder is made too.

    Raises
    ------
    UsageError: its folder does not exist.
    RegisterError: its folder can't be written to.
    """
    try:
        if own:
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        elif not place.parent.is_dir():
            raise UsageError(
                tr("its folder does not exist"), remedy=tr("make the folder first, or choose another"), file=place
            )
        with PrivateTemporary(place) as new:
            try:
                new.path.write_bytes(_new())
            except OSError as error:
                raise as_output_error(error, place) from error
            new.publish()
    except UsageError:
        if not _mode(place):
            raise
        # Another process made it at the same time.
    except OutputError as error:
        raise unwritable(error.what, place) from error
    except OSError as error:
        raise unwritable(cause_of(error) or type(error).__name__, place) from error


def _new() -> bytes:
    """A register that holds nothing yet. Made in memory: beside a file SQLite would leave others when it is killed."""
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        db.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        with transaction(db, "BEGIN IMMEDIATE"):
            _step_up(db, 0)
        data = bytearray(db.serialize())
    data[18:20] = b"\2\2"  # with a write-ahead log, from the first opening on (SQLite's file format, 1.3.3)
    return bytes(data)


def _open_file(place: Path, wait_s: float) -> sqlite3.Connection:
    """A connection to a file that exists; nothing in it is touched yet."""
    name = f"{place.absolute().as_uri()}?mode=rw"
    # The driver is to open no transactions by itself: it would open them later than the reading they depend on.
    db = sqlite3.connect(name, uri=True, timeout=wait_s, isolation_level=None)
    db.row_factory = sqlite3.Row
    return db


def connect(place: Path, wait_s: float) -> sqlite3.Connection:
    """A connection to the register at `place`, which was found sound and is of the newest version.

    Raises `RegisterError` when it is damaged, of a newer version or of another program, and `sqlite3.Error`.
    """
    db = _open_file(place, wait_s)
    try:
        db.execute("PRAGMA trusted_schema = OFF")
        if _number(db, "application_id") != schema.APPLICATION_ID:
            raise damaged(place)
        _check_version(_number(db, "user_version"), place)
        if [row[0] for row in db.execute("PRAGMA integrity_check(1)")] != ["ok"]:
            raise damaged(place)
        # Where a file system can't have a write-ahead log, the older kind does as well, if more slowly.
        if db.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            db.execute("PRAGMA journal_mode = WAL").fetchone()
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA secure_delete = ON")  # an erased token is overwritten, not just let go
        if _number(db, "user_version") < len(schema.STEPS):
            _migrate(db, place)
        db.execute("PRAGMA foreign_keys = ON")
    except BaseException:
        db.close()
        raise
    return db


def _number(db: sqlite3.Connection, pragma: str) -> int:
    return int(db.execute(f"PRAGMA {pragma}").fetchone()[0])


def _check_version(version: int, place: Path) -> None:
    if version < 1:
        raise damaged(place)
    if version > len(schema.STEPS):
        raise RegisterError(
            tr(
                "it is of version {version}, made by a newer avg-blur; this one knows up to {known}",
                version=version,
                known=len(schema.STEPS),
            ),
            remedy=tr("install the newest avg-blur; nothing in the register was changed"),
            file=place,
        )


def _migrate(db: sqlite3.Connection, place: Path) -> None:
    """Back the register up, then bring it to the newest version, or leave it as it was."""
    db.execute("PRAGMA foreign_keys = OFF")  # a step may build a table anew; all keys are checked at the end
    with transaction(db, "BEGIN IMMEDIATE"):
        version = _number(db, "user_version")  # another process may have done it while this one waited
        if version < len(schema.STEPS):
            _back_up(place, version)
            _step_up(db, version)
            if db.execute("PRAGMA foreign_key_check").fetchone() is not None:
                raise damaged(place)
            add_event(db, "migration", before=version, after=len(schema.STEPS))


def _step_up(db: sqlite3.Connection, version: int) -> None:
    for step in schema.STEPS[version:]:
        for statement in step:
            db.execute(statement)
    db.execute(f"PRAGMA user_version = {len(schema.STEPS)}")


def _back_up(place: Path, version: int) -> None:
    """Put a private copy, checked, beside the register. The caller keeps others from writing."""
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    backup = place.with_name(f"{place.name}.v{version}-{now}{BACKUP}")
    try:
        with PrivateTemporary(backup) as copy:
            with contextlib.closing(_open_file(place, 0)) as db, contextlib.closing(_open_file(copy.path, 0)) as into:
                db.backup(into)
                if into.execute("PRAGMA integrity_check(1)").fetchone()[0] != "ok":
                    raise damaged(place)
            copy.publish()
    except OutputError as error:
        raise RegisterError(
            tr("it is of an older version, and could not be backed up ({why})", why=error.what),
            remedy=tr("free some space and check the permissions of its folder; the register was not changed"),
            file=place,
        ) from error
