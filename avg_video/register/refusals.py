"""What SQLite refuses, as errors in words with a remedy; and transactions that always come to an end."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from avg_video.errors import RegisterError
from avg_video.language import tr

__all__ = ["damaged", "explained", "transaction", "unwritable"]

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


@contextlib.contextmanager
def transaction(db: sqlite3.Connection, begin: str) -> Iterator[None]:
    """A block that the statement `begin` begins: kept when it is left, undone on an exception."""
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
def explained(place: Path, wait_s: float) -> Iterator[None]:
    """Within the block, what SQLite refuses becomes a `RegisterError` about `place`, for which it waited `wait_s`.

    Faults of this program (a wrong statement) stay as they are.
    """
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
            raise damaged(place) from error
        if code == sqlite3.SQLITE_FULL:
            raise RegisterError(
                tr("there is no room left on the disk"),
                remedy=tr("free some space, then run again; nothing was changed"),
                file=place,
            ) from error
        if code in _UNWRITABLE:
            raise unwritable(str(error), place) from error
        raise


def unwritable(why: str, place: Path) -> RegisterError:
    """The error for a register that the system does not let be used."""
    return RegisterError(
        tr("the register can't be used in its folder ({why})", why=why),
        remedy=tr("check the permissions of the file and its folder, or give another register with --register"),
        file=place,
    )


def damaged(place: Path) -> RegisterError:
    """The error for what is no register, or no whole one."""
    return RegisterError(
        tr("it is damaged, or no register of avg-blur"),
        remedy=tr(
            "check the name after --register; if it is the right one, put back a backup, or move it away, with the "
            "files beside it that begin with its name, to begin anew"
        ),
        file=place,
    )
