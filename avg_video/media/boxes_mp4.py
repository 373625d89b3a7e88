"""The boxes of an MP4 file, one after the other, with where each lies (ISO/IEC 14496-12, 4.2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from avg_video.errors import printable
from avg_video.language import tr

__all__ = ["CONTAINERS", "Box", "MalformedBox", "walk"]

CONTAINERS = frozenset({"moov", "trak", "edts", "mdia", "minf", "dinf", "stbl"})
"""Boxes that hold boxes and nothing else."""

# Boxes that hold boxes behind fields of their own, and the size of those fields.
_FIELDS_BEFORE_CHILDREN = {"dref": 8, "stsd": 8, "avc1": 78, "mp4a": 28}

_DEEPEST = 12  # moov/trak/mdia/minf/stbl/stsd/avc1/avcC is 8


class MalformedBox(ValueError):
    """A box that can't be what it claims; the text names its place."""


@dataclass(frozen=True)
class Box:
    """One box.

    Attributes
    ----------
    path: its place, such as `moov/trak[2]/mdia/hdlr`; the number counts boxes of the same name side by side.
    kind: its four letters.
    start, payload, end: offsets in the file in bytes; the payload lies from `payload` to `end`.
    """

    path: str
    kind: str
    start: int
    payload: int
    end: int


def walk(file: BinaryIO, start: int, end: int) -> Iterator[Box]:
    """All boxes between two offsets, each before those inside it. Only headers are read.

    Raises `MalformedBox` when a box reaches beyond what holds it, or bytes are left that are no box.
    """
    yield from _walk(file, start, end, "", 0)


def _walk(file: BinaryIO, start: int, end: int, within: str, depth: int) -> Iterator[Box]:
    seen: dict[str, int] = {}
    if depth > _DEEPEST:
        raise MalformedBox(tr("{within}: boxes too deep", within=within))
    while start < end:
        kind, payload, stop = _header(file, start, end, within)
        seen[kind] = seen.get(kind, 0) + 1
        number = "" if seen[kind] == 1 else f"[{seen[kind]}]"
        box = Box(f"{within}{printable(kind)}{number}", kind, start, payload, stop)
        yield box
        inner = payload + _FIELDS_BEFORE_CHILDREN.get(kind, 0)
        if kind in CONTAINERS or kind in _FIELDS_BEFORE_CHILDREN:
            if inner > stop:
                raise MalformedBox(tr("{path}: too short", path=box.path))
            yield from _walk(file, inner, stop, f"{box.path}/", depth + 1)
        start = stop


def _header(file: BinaryIO, start: int, end: int, within: str) -> tuple[str, int, int]:
    """Kind, start of the payload and end of the box at `start`."""
    place = within.rstrip("/") or tr("the file")
    file.seek(start)
    head = file.read(min(16, end - start))
    if len(head) < 8:
        raise MalformedBox(tr("{place}: {n} bytes at its end are no box", place=place, n=end - start))
    size, kind, header = int.from_bytes(head[:4], "big"), head[4:8].decode("latin-1"), 8
    if size == 1:
        size, header = int.from_bytes(head[8:16], "big"), 16
    if size < header or size > end - start or (header == 16 and len(head) < 16):
        # Size 0, "to the end of the file", would swallow whatever is appended later, so it is refused too.
        raise MalformedBox(tr("{place}: {n} bytes at its end are no box", place=place, n=end - start))
    return kind, start + header, start + size
