"""What the index of an MP4 or MOV file would make FFmpeg do, found before FFmpeg sees it: take memory, open others.

A table of 20 bytes can claim a hundred million samples, and FFmpeg takes memory for each before anyone can object. The
boxes are searched for by name, wherever they lie, since FFmpeg too takes them wherever they lie.
"""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Final

from avg_video.errors import UnsupportedInput
from avg_video.language import tr
from avg_video.media.limits import MAX_INDEX

__all__ = ["refuse_index"]

_KNOWN: Final = frozenset((b"ftyp", b"styp", b"moov", b"moof", b"mdat", b"free", b"hoov", b"wide"))
"""Boxes at the top of such a file; one without any of them is read as something else."""

_FEW_EDITS: Final = 16
"""Plain sound has as many samples as it has moments, tens of millions of them; FFmpeg takes those in whole chunks,
unless there are more edits than any recording has."""

_MOST_BOXES: Final = 1_000_000
"""Most boxes side by side: fragments of a second each would make 277 hours."""

_TRUN_FIELDS: Final = 0x100 | 0x200 | 0x400 | 0x800
"""Flags of a fragment's run that say that each sample has bytes in it (ISO/IEC 14496-12, 8.8.8)."""


_CHUNK: Final = 1 << 20
"""How many bytes are searched at once."""


class _Bytes:
    """The bytes of a file, by place. Read and not mapped into memory: a stick that is pulled while the file is mapped
    ends the program without a word (SIGBUS), and reading gives an error that can be told."""

    def __init__(self, f: BinaryIO) -> None:
        self._f = f
        self._size = f.seek(0, os.SEEK_END)

    def __len__(self) -> int:
        return self._size

    def take(self, at: int, count: int) -> bytes:
        """That many bytes from `at` on. Raises `OSError` where there are fewer, because the file became shorter."""
        self._f.seek(at)
        found = self._f.read(count)
        if len(found) < count:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return found

    def u32(self, at: int) -> int:
        return int.from_bytes(self.take(at, 4), "big")

    def places(self, kinds: Sequence[bytes], start: int, end: int) -> Iterator[tuple[bytes, int]]:
        """Each of `kinds`, of four bytes, with every place from `start` on at which it lies wholly before `end`."""
        for chunk_at in range(start, end, _CHUNK):
            chunk = self.take(chunk_at, min(_CHUNK + 3, end - chunk_at))
            for kind in kinds:
                at = chunk.find(kind)
                while at >= 0:
                    yield kind, chunk_at + at
                    at = chunk.find(kind, at + 4)


def refuse_index(file: Path) -> None:
    """Look through all boxes but the content for tables that claim more than there can be; other files pass.

    Raises
    ------
    UnsupportedInput: more samples than bytes, more edits and samples than `MAX_INDEX`, a packed index, or content that
        is said to lie in another file.
    OSError: the file can't be read.
    """
    with file.open("rb") as f:
        data = _Bytes(f)
        edits = claimed = tables = 0
        for kind, body, end in _claims(data, file):
            if kind == b"cmov":
                raise _refusal(tr("has a packed index"), file)
            if kind == b"dref" and _leads_out(data, body, end):
                raise UnsupportedInput(
                    tr("keeps its pictures or its sound in another file"),
                    remedy=tr("save it as one file first"),
                    file=file,
                )
            if kind == b"elst" and end - body >= 8:
                edits = max(edits, min(data.u32(body + 4), (end - body) // 12))
            elif kind in (b"stsz", b"stz2") and end - body >= 12:
                each, count = data.u32(body + 4), data.u32(body + 8)
                if kind == b"stz2" or not each:
                    tables += count
                else:
                    claimed += each * count
                    tables += count if edits > _FEW_EDITS or count * 4 > MAX_INDEX else 0
            elif kind == b"trun" and end - body >= 8 and not data.u32(body) & _TRUN_FIELDS:
                claimed += data.u32(body + 4)
            # Half a byte is the least that a sample costs in a table (stz2).
            if claimed > len(data) or tables > 2 * len(data):
                raise _refusal(tr("claims more samples than it has bytes"), file)
            if tables * max(edits, 1) > MAX_INDEX:
                raise _refusal(tr("has too long an index or edit list"), file)


def _claims(data: _Bytes, file: Path) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and end of the payload of every box that matters; edit lists first, as FFmpeg needs them last."""
    boxes = list(_top(data, file))
    if _KNOWN.isdisjoint(kind for kind, _, _ in boxes):
        return
    regions = [(start, end) for kind, start, end in boxes if kind != b"mdat"]
    for kinds in ((b"elst",), (b"stsz", b"stz2", b"trun", b"cmov", b"dref")):
        for start, end in regions:
            for kind, at in data.places(kinds, start, end):
                if at - 4 >= start and (size := data.u32(at - 4)) >= 8:
                    yield kind, at + 4, min(at - 4 + size, end)


def _top(data: _Bytes, file: Path) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and end of the boxes at the top. Sizes that can't be are taken as far as the file goes."""
    at = boxes = 0
    while at + 8 <= len(data):
        size, kind = struct.unpack(">I4s", data.take(at, 8))
        if size == 1 and at + 16 <= len(data):
            size = int.from_bytes(data.take(at + 8, 8), "big")
        end = min(at + size, len(data)) if size >= 8 else len(data)
        yield kind, at, end
        at = end
        boxes += 1
        if boxes > _MOST_BOXES:
            raise _refusal(tr("is cut into too many boxes"), file)


def _leads_out(data: _Bytes, at: int, end: int) -> bool:
    """Whether a data reference names another file (ISO/IEC 14496-12, 8.7.2); FFmpeg passes over some of them."""
    at += 8
    while at + 12 <= end:
        size, flags = data.u32(at), data.u32(at + 8)
        stop = min(at + size, end)
        parts = range(at + 12, stop, _CHUNK) if not flags & 1 else ()
        if any(data.take(part, min(_CHUNK, stop - part)).strip(b"\0") for part in parts):
            return True
        at += max(size, 12)
    return False


def _refusal(what: str, file: Path) -> UnsupportedInput:
    return UnsupportedInput(what, remedy=tr("convert it with another program first, if you trust it"), file=file)
