"""Looks whether the log, the register and the key are in order, however the runs before ended.

Every copy under its final name must have its line and its row; lines and rows without a copy are harmless.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Collection, Iterator
from pathlib import Path

from avg_video.errors import AvgError
from avg_video.job import record_path_for
from avg_video.record.hashes import sha256_file
from avg_video.record.keys import own_key
from avg_video.register.database import open_register, path_in
from avg_video.verification.log import check_log

__all__ = ["key_faults", "leftovers", "lines_in", "log_faults", "register_faults", "rows_in"]

_OURS = re.compile(r"signing-key(\.pub)?\.pem|log\.lock|register\.sqlite(-wal|-shm)?")


def lines_in(log: Path) -> int:
    """How many lines the log has; 0 when there is none."""
    return len(check_log(log).lines) if log.exists() else 0


def log_faults(log: Path, copies: Collection[Path], *, killed: bool = False) -> list[str]:
    """What is wrong with the log: its chain, its signatures, a copy or a record that no line is about.

    `killed`: the last run was killed, so its line may have broken off; the next run puts that right.
    """
    if not log.exists():
        return [f"{log.name} is missing"] if copies else []
    check = check_log(log)
    doubts = [doubt for doubt in check.doubts if not (killed and "broke off" in doubt)]
    faults = [*check.faults, *doubts, *_mode(log)]
    for copy in copies:
        records = {entry.record for entry in check.about(sha256_file(copy))}
        if not records:
            faults.append(f"no line is about {copy.name}")
        elif sha256_file(record_path_for(copy)) not in records:
            faults.append(f"no line is about {copy.name} with its record")
    return [f"{log.name}: {fault}" for fault in faults]


def rows_in(register: Path) -> int:
    """How many copies the register counts as there; 0 when there is no register."""
    return len(list(_there(register))) if register.exists() else 0


def register_faults(register: Path, copies: Collection[Path]) -> list[str]:
    """What is wrong with the register: it can't be opened, or it lacks a copy."""
    if not register.exists():
        return ["the register is missing"] if copies else []
    try:
        there = set(_there(register))
    except AvgError as error:
        return [f"register: {error.what}"]
    missing = [copy for copy in copies if (path_in(copy.absolute()), sha256_file(copy)) not in there]
    return [f"register: no row of {copy.name}" for copy in missing] + _mode(register)


def _there(register: Path) -> Iterator[tuple[str | bytes, str]]:
    with open_register(register, create=False) as opened, opened.reading() as db:
        yield from ((row["path"], row["sha256"]) for row in db.execute("SELECT * FROM output WHERE state = 'kept'"))


def key_faults(data: Path) -> list[str]:
    """What is wrong with the key that signs, of the user whose data folder is `data`; there may be none yet."""
    private = data / "keys" / "signing-key.pem"
    if not private.exists():
        return []
    return (["the key is only half there"] if own_key() is None else []) + _mode(private)


def leftovers(data: Path) -> list[str]:
    """What lies in the data folder and is neither key nor register."""
    names = [path.name for path in sorted(data.rglob("*")) if path.is_file()]
    return [f"{name} was left in the data folder" for name in names if not _OURS.fullmatch(name)]


def _mode(path: Path) -> list[str]:
    return [] if stat.S_IMODE(path.stat().st_mode) == 0o600 else [f"{path.name} can be read by others"]
