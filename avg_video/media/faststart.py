"""Moves the index of a finished MP4 to its front, so that it plays while it loads, and drops what is empty.

FFmpeg's muxer can move the index itself, but always writes an (empty) list of tags and a `free` box too, and moving
the pictures costs the same either way.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from avg_video.language import tr
from avg_video.media.boxes_mp4 import CONTAINERS, MalformedBox

__all__ = ["move_index_to_front"]

_CHUNK = 4 << 20
_NARROW_MAX = 2**32 - 1
_EMPTY = frozenset({b"udta", b"free"})


def move_index_to_front(path: Path) -> None:
    """Rewrite the file in place: `ftyp`, `moov`, `mdat`. Memory: the index and a few MiB.

    Raises
    ------
    OSError: reading or writing failed; the file is then unusable.
    MalformedBox: it is not a file as FFmpeg's muxer writes it, with one `mdat` before one `moov`.
    """
    with path.open("r+b") as file:
        boxes = [box for box in _top_level(file) if box[0] not in _EMPTY]
        if [kind for kind, _, _ in boxes] != [b"ftyp", b"mdat", b"moov"]:
            raise MalformedBox(tr("the file: unexpected boxes {kinds}", kinds=[kind for kind, _, _ in boxes]))
        (_, _, front), (_, start, end), (_, *moov) = boxes
        file.seek(moov[0])
        index = _shifted_index(file.read(moov[1] - moov[0]), front, start)
        _move(file, start, end, front + len(index))
        file.seek(front)
        file.write(index)
        file.truncate(front + len(index) + end - start)


def _top_level(file: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    end = file.seek(0, 2)
    at = 0
    while at < end:
        file.seek(at)
        head = file.read(16)
        size = int.from_bytes(head[:4], "big")
        if size == 1:
            size = int.from_bytes(head[8:16], "big")
        if size < 8 or at + size > end:
            raise MalformedBox(tr("the file: breaks off"))
        yield head[4:8], at, at + size
        at += size


def _shifted_index(moov: bytes, front: int, start: int) -> bytes:
    """The index for pictures that lie right behind it, if it lies at `front` and they were at `start`."""
    for wide in (False, True):
        # The length does not depend on the offsets' values, only on how wide they are.
        length = len(_rebuild(moov, 0, wide)[0])
        index, highest = _rebuild(moov, front + length - start, wide)
        if wide or highest <= _NARROW_MAX:
            break
    return index


def _rebuild(boxes: bytes, shift: int, wide: bool) -> tuple[bytes, int]:
    """The same boxes without empty ones and with all chunk offsets shifted, and the highest of these offsets."""
    out: list[bytes] = []
    highest = 0
    at = 0
    while at < len(boxes):
        size, kind = int.from_bytes(boxes[at : at + 4], "big"), boxes[at + 4 : at + 8]
        if size < 8 or at + size > len(boxes):
            raise MalformedBox(tr("{kind!r}: breaks off", kind=kind))
        payload = boxes[at + 8 : at + size]
        at += size
        if kind in _EMPTY:
            continue
        if kind.decode("latin-1") in CONTAINERS:
            payload, inner = _rebuild(payload, shift, wide)
            highest = max(highest, inner)
        elif kind in (b"stco", b"co64"):
            offsets = np.frombuffer(payload, ">u4" if kind == b"stco" else ">u8", offset=8).astype(np.int64) + shift
            highest = max(highest, int(offsets.max(initial=0)))
            kind = b"co64" if wide else kind
            # Offsets that do not fit are written short here only to be measured, and then written wide.
            payload = payload[:8] + offsets.astype(">u8" if kind == b"co64" else ">u4").tobytes()
        out.append((len(payload) + 8).to_bytes(4, "big") + kind + payload)
    return b"".join(out), highest


def _move(file: BinaryIO, start: int, end: int, to: int) -> None:
    """Copy the bytes from `start` to `end` so that they begin at `to`, in the order that never reads what it wrote."""
    places = range(start, end, _CHUNK)
    for at in places if to < start else reversed(places):
        file.seek(at)
        piece = file.read(min(_CHUNK, end - at))
        file.seek(at - start + to)
        file.write(piece)
