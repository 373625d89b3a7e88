"""A small file format: named columns of numbers and a JSON head, in one compressed file that is safe to read.

The file is an .npz archive as numpy writes it. It is read here, not by `numpy.load`, because a plan may come from
anywhere: names, types and sizes are checked before memory is taken, and nothing is ever unpickled.
"""

from __future__ import annotations

import io
import json
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from avg_video.errors import UsageError
from avg_video.language import cause_of, mark, tr
from avg_video.media.private import write_private

__all__ = ["MAX_BYTES", "Column", "read_columns", "write_columns"]

MAX_BYTES = 512 << 20
"""Most bytes of all columns together, unpacked: ten hours of thirty people. Bounds memory."""
MAX_HEAD = 8 << 20
"""Most bytes of the JSON head."""
LEVEL = 1
"""Deflate level: higher ones take five times as long for a tenth less."""
HEAD = "head"
REMEDY = mark("make a new one with avg-blur look FILE")

Column = tuple[str, tuple[int, ...]]
"""Type of a column in numpy's notation ("<f4"), and the shape of one entry (() for a number)."""

_NPY = re.compile(
    rb"\x93NUMPY\x01\x00(?P<length>..)"
    rb"\{'descr': '(?P<descr>[<|][a-z][0-9])', 'fortran_order': False, 'shape': \((?P<shape>[0-9, ]{1,60})\), \} *\n",
    re.DOTALL,
)
_END = struct.Struct("<4s4H2LH")
"""End of a zip's directory: signature, disk numbers, entries on this disk and in all, directory's size and offset,
length of the comment (APPNOTE.TXT 4.3.16)."""


def write_columns(path: Path, head: Mapping[str, Any], columns: Mapping[str, npt.NDArray[Any]]) -> None:
    """Write head and columns, privately and all or nothing. Raises `OutputError` where the place can't be written."""
    text = json.dumps(head, allow_nan=False, separators=(",", ":"), sort_keys=True).encode()
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL) as archive:
        for name, values in {HEAD: np.frombuffer(text, np.uint8), **columns}.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, np.ascontiguousarray(values), version=(1, 0), allow_pickle=False)
            archive.writestr(_entry(name), member.getbuffer(), zipfile.ZIP_DEFLATED, LEVEL)
    write_private(path, data.getvalue())


def _entry(name: str) -> zipfile.ZipInfo:
    return zipfile.ZipInfo(f"{name}.npy")  # with the zip's zero date, so that equal plans are equal files


def read_columns(path: Path, kinds: Mapping[str, Column]) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """Head and columns of a file; the columns can't be written to.

    Raises
    ------
    UsageError: there is no such file, it can't be read, it is damaged, or it does not hold exactly the columns of
        `kinds` with these types.
    """
    try:
        _check_file(path)
        with path.open("rb") as file:
            _check_end(file)
            with zipfile.ZipFile(file) as archive:
                members = _members(archive, {HEAD, *kinds})
                head = _json(_column(archive, members[HEAD], ("|u1", ())).tobytes())
                return head, {name: _column(archive, members[name], kind) for name, kind in kinds.items()}
    except OSError as error:
        why = cause_of(error) or tr("damaged")
        raise UsageError(
            tr("the plan can't be read ({why})", why=why), remedy=tr("check its permissions"), file=path
        ) from None
    except (ValueError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError, struct.error) as error:
        # All of these mean bytes that this program never wrote; `zipfile` has no narrower way of saying so.
        raise UsageError(tr("it is damaged, or it is no plan"), remedy=tr(REMEDY), file=path) from error


def _check_file(path: Path) -> None:
    try:
        found = path.stat()
    except FileNotFoundError:
        raise UsageError(
            tr("there is no such plan"),
            remedy=tr("check its name, or make a new one with avg-blur look FILE"),
            file=path,
        ) from None
    if not stat.S_ISREG(found.st_mode):
        what = tr("it is a folder") if stat.S_ISDIR(found.st_mode) else tr("it is not a plain file")
        raise UsageError(what, remedy=tr("give a plan (NAME.avgplan)"), file=path)
    if found.st_size > MAX_BYTES:
        raise UsageError(tr("it is too large for a plan"), remedy=tr(REMEDY), file=path)


def _check_end(file: io.BufferedReader) -> None:
    """Refuse a directory that would take much memory to read, before `zipfile` reads it."""
    size = file.seek(0, io.SEEK_END)
    if size < _END.size + 20:
        raise ValueError("too short")
    file.seek(size - _END.size - 20)
    tail = file.read()
    signature, _, _, here, entries, directory, _, comment = _END.unpack(tail[20:])
    if signature != b"PK\x05\x06" or tail[:4] == b"PK\x06\x07" or here != entries or comment:
        raise ValueError("not the end of a plain zip")
    if entries > 64 or directory > 64 << 10:
        raise ValueError("too many parts")


def _members(archive: zipfile.ZipFile, names: set[str]) -> dict[str, zipfile.ZipInfo]:
    infos = archive.infolist()
    if sorted(i.filename for i in infos) != sorted(f"{name}.npy" for name in names):
        raise ValueError("other columns")
    if any(i.flag_bits & 1 or i.compress_type != zipfile.ZIP_DEFLATED for i in infos):
        raise ValueError("packed in another way")
    if sum(i.file_size for i in infos) > MAX_BYTES:
        raise ValueError("too large")
    members = {i.filename.removesuffix(".npy"): i for i in infos}
    if members[HEAD].file_size > MAX_HEAD:
        raise ValueError("too large a head")
    return members


def _column(archive: zipfile.ZipFile, member: zipfile.ZipInfo, kind: Column) -> npt.NDArray[Any]:
    """One column, if it is of that kind and of the size it declares. Its checksum is checked by `zipfile`."""
    with archive.open(member) as file:
        data = file.read(member.file_size)
        if len(data) != member.file_size or file.read(1):
            raise ValueError("another size than declared")
    match = _NPY.match(data)
    if match is None or int.from_bytes(match["length"], "little") != match.end() - 10:
        raise ValueError("not a column")
    shape = tuple(int(n) for n in match["shape"].decode().split(",") if n.strip())
    dtype, entry = kind
    if match["descr"].decode() != dtype or shape[1:] != entry or len(shape) != len(entry) + 1:
        raise ValueError("another type")
    count = shape[0] * int(np.prod(entry, dtype=np.int64))
    if len(data) - match.end() != count * np.dtype(dtype).itemsize:
        raise ValueError("another number of values than declared")
    return np.frombuffer(data, dtype, offset=match.end()).reshape(shape)


def _json(data: bytes) -> dict[str, Any]:
    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} in the head")

    try:
        head = json.loads(data.decode("utf-8"), parse_constant=refuse)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(head, dict):
        raise ValueError("not a table")
    return head
