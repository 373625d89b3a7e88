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
import json
import os
import sqlite3
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from avg_video.errors import OutputError, RegisterError, UsageError
from avg_video.language import cause_of, tr
from avg_video.media.folders import data_folder
from avg_video.media.temporary import PrivateTemporary
from avg_video.register import schema

__all__ = ["Register", "add_event", "default_register", "moment", "open_register", "path_in", "path_out"]

WAIT_S = 10.0
"""How long to wait for another process that writes. A change takes milliseconds, so longer means that one hangs."""

_RIDERS = ("-wal", "-shm", "-journal")
"""Files that SQLite keeps beside its own while it is open, or after it was killed."""


def default_register() -> Path:
    """The register of this user; it need not exist yet."""
    return data_folder() / "register.sqlite"


def moment(at: datetime | None = None) -> str:
    """A moment as the register writes it, "YYYY-MM-DDTHH:MM:SSZ"; without one, now."""
    return (at or datetime.now(UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


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


def add_event(
    db: sqlite3.Connection,
    kind: str,
    /,
    *,
    output_id: int | None = None,
    role: str | None = None,
    at: datetime | None = None,
    **facts: object,
) -> int:
    """Write down that something happened; an event can never be changed or removed. Returns its id.

    Parameters
    ----------
    db: of `Register.changing`.
    kind: a fixed word, such as "withdrawal".
    role: of whoever did it, as a short word ("student", "teacher"); never a name.
    facts: anything JSON can hold, but no token: a token may have to be erased, and an event may not. A consent is
        named by its id.
    """
    text = json.dumps(facts, sort_keys=True)
    row = db.execute(
        "INSERT INTO event (at, kind, output_id, role, text) VALUES (?, ?, ?, ?, ?)",
        (moment(at), kind, output_id, role, text),
    )
    assert row.lastrowid is not None
    return row.lastrowid


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
    if not _is_there(place):
        if not create:
            raise UsageError(
                tr("there is no register here"),
                remedy=tr("check the name after --register; the first consent or the first copy begins a register"),
                file=place,
            )
        _make(place, own=place == default_register())
    with _explained(place, wait_s):
        return Register(_connect(place, wait_s), place, wait_s)


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
        with _explained(self.path, self._wait_s), _transaction(self._connection, begin):
            yield self._connection

    def backups(self) -> tuple[Path, ...]:
        """Copies of it that were made before it was brought to a newer version, oldest first."""
        head, tail = f"{self.path.name}.v", ".backup"
        names = (entry.name for entry in os.scandir(self.path.parent))
        return tuple(self.path.with_name(n) for n in sorted(names) if n.startswith(head) and n.endswith(tail))

    def sweep(self) -> None:
        """Overwrite what was erased in the files beside the register too, as far as no other process needs them."""
        with _explained(self.path, self._wait_s):
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()

    def close(self) -> None:
        """Let go of it. An open block is undone."""
        self._connection.close()

    def __enter__(self) -> Register:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def _is_there(place: Path) -> bool:
    """Whether a plain file lies at `place`. Anything else there, or a link beside it, is refused."""
    remedy = tr("give the name of a register with --register")
    try:
        mode = _mode(place)
        riders = {rider: _mode(place.with_name(place.name + rider)) for rider in _RIDERS}
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


def _make(place: Path, *, own: bool) -> None:
    """Put a new register at `place`, whole, unless another process was faster.

    A register therefore never is an empty file: one that is, was cut off.
    """
    try:
        if own:
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        elif not place.parent.is_dir():
            raise UsageError(
                tr("its folder does not exist"), remedy=tr("make the folder first, or choose another"), file=place
            )
        with PrivateTemporary(place) as new:
            with _explained(place, 0), contextlib.closing(_open_file(new.path, 0)) as db:
                db.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
                db.execute("PRAGMA journal_mode = WAL")
                with _transaction(db, "BEGIN IMMEDIATE"):
                    _step_up(db, 0)
            new.publish()
    except UsageError:
        if not _mode(place):
            raise
        # Another process made it at the same time.
    except OutputError as error:
        raise _unwritable(error.what, place) from error
    except OSError as error:
        raise _unwritable(cause_of(error) or type(error).__name__, place) from error


def _open_file(place: Path, wait_s: float) -> sqlite3.Connection:
    """A connection to a file that exists; nothing in it is touched yet."""
    name = f"{place.absolute().as_uri()}?mode=rw"
    # The driver is to open no transactions by itself: it would open them later than the reading they depend on.
    db = sqlite3.connect(name, uri=True, timeout=wait_s, isolation_level=None)
    db.row_factory = sqlite3.Row
    return db


def _connect(place: Path, wait_s: float) -> sqlite3.Connection:
    """A connection to the register at `place`, which was found sound and is of the newest version."""
    db = _open_file(place, wait_s)
    try:
        db.execute("PRAGMA trusted_schema = OFF")
        if _number(db, "application_id") != schema.APPLICATION_ID:
            raise _damaged(place)
        _check_version(_number(db, "user_version"), place)
        if [row[0] for row in db.execute("PRAGMA integrity_check(1)")] != ["ok"]:
            raise _damaged(place)
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
        raise _damaged(place)
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
    with _transaction(db, "BEGIN IMMEDIATE"):
        version = _number(db, "user_version")  # another process may have done it while this one waited
        if version < len(schema.STEPS):
            _back_up(place, version)
            _step_up(db, version)
            if db.execute("PRAGMA foreign_key_check").fetchone() is not None:
                raise _damaged(place)
            add_event(db, "migration", before=version, after=len(schema.STEPS))


def _step_up(db: sqlite3.Connection, version: int) -> None:
    for step in schema.STEPS[version:]:
        for statement in step:
            db.execute(statement)
    db.execute(f"PRAGMA user_version = {len(schema.STEPS)}")


def _back_up(place: Path, version: int) -> None:
    """Put a private copy, checked, beside the register. The caller keeps others from writing."""
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    backup = place.with_name(f"{place.name}.v{version}-{now}.backup")
    try:
        with PrivateTemporary(backup) as copy:
            with contextlib.closing(_open_file(place, 0)) as db, contextlib.closing(_open_file(copy.path, 0)) as into:
                db.backup(into)
                if into.execute("PRAGMA integrity_check(1)").fetchone()[0] != "ok":
                    raise _damaged(place)
            copy.publish()
    except OutputError as error:
        raise RegisterError(
            tr("it is of an older version, and could not be backed up ({why})", why=error.what),
            remedy=tr("free some space and check the permissions of its folder; the register was not changed"),
            file=place,
        ) from error


@contextlib.contextmanager
def _transaction(db: sqlite3.Connection, begin: str) -> Iterator[None]:
    db.execute(begin)
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        # On some errors (disk full) SQLite has undone everything by itself.
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


@contextlib.contextmanager
def _explained(place: Path, wait_s: float) -> Iterator[None]:
    """What SQLite refuses, in words with a remedy. Faults of this program (a wrong statement) stay as they are."""
    try:
        yield
    except sqlite3.Error as error:
        # The driver's own errors carry no code; extended codes carry the plain one in their last byte.
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise RegisterError(
                tr("another program is writing to the register and did not finish within {n} s", n=f"{wait_s:g}"),
                remedy=tr("let it finish, or end it, then run again; nothing was changed"),
                file=place,
            ) from error
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise _damaged(place) from error
        if code == sqlite3.SQLITE_FULL:
            raise RegisterError(
                tr("there is no room left on the disk"),
                remedy=tr("free some space, then run again; nothing was changed"),
                file=place,
            ) from error
        if code in _UNWRITABLE:
            raise _unwritable(str(error), place) from error
        raise


_UNWRITABLE = frozenset(
    {
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_AUTH,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_NOLFS,
        sqlite3.SQLITE_PROTOCOL,
    }
)


def _unwritable(why: str, place: Path) -> RegisterError:
    return RegisterError(
        tr("the register can't be used in its folder ({why})", why=why),
        remedy=tr("check the permissions of the file and its folder, or give another register with --register"),
        file=place,
    )


def _damaged(place: Path) -> RegisterError:
    return RegisterError(
        tr("it is damaged, or no register of avg-blur"),
        remedy=tr(
            "put back a backup; or move it away, with the files beside it that begin with its name, to begin anew"
        ),
        file=place,
    )
