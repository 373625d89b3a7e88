"""What lies in an MP4 or MOV where no player looks: tags, free space, unknown boxes, bytes after the last. Kinds only.

Layout: ISO/IEC 14496-12 and the QuickTime file format. Damage is not judged here: what can't be taken apart ends the
search. The rules for our own output are in `inspect` and far stricter.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import BinaryIO, Final

import numpy as np

__all__ = ["LATE_S", "MOST_PARTS", "Mp4", "says_anything"]

MOST_PARTS: Final = 2_000_000
"""Boxes, elements or chunks looked at in one file: some seconds of work. Ten hours of a live recording in Matroska,
which lists every picture, are about as many; more is a file made to harm, and "unknown-box" is said then."""

_CHUNK: Final = 1 << 20

_MP4_BRANCHES: Final = frozenset(
    {"moov", "trak", "edts", "mdia", "minf", "dinf", "stbl", "mvex", "moof", "traf", "mfra", "tref", "udta"}
)
_MP4_KNOWN: Final = frozenset(
    """
    ftyp styp mdat moov mvhd trak tkhd edts elst mdia mdhd hdlr minf vmhd smhd nmhd sthd gmhd dinf dref stbl stsd stts
    ctts cslg stss stsh stsc stsz stz2 stco co64 sgpd sbgp subs sdtp padb stdp saio saiz tapt clef prof enof load mvex
    trex trep mehd moof mfhd traf tfhd tfdt trun mfra tfra mfro sidx ssix iods pnot elng tref udta
    """.split()  # noqa: SIM905 -- forty names in a list would fill a screen
)
_MP4_FREE: Final = frozenset({"free", "skip", "wide"})
_MP4_TAGS: Final = frozenset({"meta", "ilst", "XMP_", "ID32"})
_PLACES: Final = frozenset({"loci", "\xa9xyz"})
_XMP_UUID: Final = bytes.fromhex("BE7ACFCB97A942E89C71999491E3AFAC")

LATE_S: Final = Fraction(1, 10)
"""More than this much sound or picture kept back by an edit list is not an encoder's lead-in (AAC: 2112 samples)."""


def says_anything(file: BinaryIO, start: int, end: int) -> bool:
    """Whether a stretch holds anything but zeros."""
    file.seek(start)
    while start < end:
        piece = file.read(min(_CHUNK, end - start))
        if not piece:
            return False
        if piece.strip(b"\0"):
            return True
        start += len(piece)
    return False


@dataclass
class _Shown:
    """What the edit list of one track says."""

    kind: str = ""
    timescale: int = 0
    duration: int = 0
    edits: list[tuple[int, int]] = field(default_factory=list)

    def trimmed(self, movie_timescale: int) -> bool:
        if not self.timescale or not movie_timescale or not self.duration:
            return False
        real = [(Fraction(d, movie_timescale), Fraction(s, self.timescale)) for d, s in self.edits if s >= 0]
        if not real:
            return False
        stored = Fraction(self.duration, self.timescale)
        # B-frames begin late by the depth of their reordering; what is cut off in front of pictures is seen by FFmpeg.
        late = self.kind == "soun" and min(start for _, start in real) > LATE_S
        # A length of zero is how fragmented files say "to the end".
        length = sum((duration for duration, _ in real), Fraction(0))
        return late or (length > 0 and min(start for _, start in real) + length < stored - LATE_S)


class Mp4:
    """One file; `kinds` yields categories of what it holds besides pictures and sound."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._parts = 0
        self._movie_timescale = 0
        self._tracks: list[_Shown] = []
        self._data_bytes = self._used_bytes = 0
        self._countable = True

    def kinds(self, end: int) -> Iterator[str]:
        yield from self._walk(0, end, "", 0)
        if self._countable and self._data_bytes > self._used_bytes:
            yield "free-space"
        for track in self._tracks:
            if track.trimmed(self._movie_timescale):
                yield {"vide": "trimmed-picture", "soun": "trimmed-sound"}.get(track.kind, "data-track")

    def _walk(self, at: int, end: int, within: str, depth: int) -> Iterator[str]:
        while at < end:
            self._parts += 1
            self._file.seek(at)
            head = self._file.read(min(16, end - at))
            size, kind, payload = int.from_bytes(head[:4], "big"), head[4:8].decode("latin-1"), at + 8
            if size == 1:
                size, payload = int.from_bytes(head[8:16], "big"), at + 16
            elif size == 0 and len(head) >= 8 and not within:
                size = end - at  # to the end of the file
            if at + size > end or size < payload - at or len(head) < 8:
                # QuickTime ends a list of tags with four zeros.
                if within != "udta" or says_anything(self._file, at, end):
                    yield "trailing-data"
                return
            if self._parts > MOST_PARTS:
                yield "unknown-box"
                return
            yield from self._one(kind, payload, at + size, within, depth)
            at += size

    def _one(self, kind: str, start: int, end: int, within: str, depth: int) -> Iterator[str]:
        if kind in _MP4_FREE:
            if says_anything(self._file, start, end):
                yield "free-space"
        elif within == "udta" or kind in _MP4_TAGS:
            yield from self._tag(kind, start, end)
        elif kind in _MP4_BRANCHES and depth < 12:
            if kind == "moof":
                self._countable = False  # sizes stand in other tables, which are not read here
            if kind == "trak":
                self._tracks.append(_Shown())
            yield from self._walk(start, end, kind, depth + 1)
        elif kind == "uuid":
            self._file.seek(start)
            yield "tags" if self._file.read(16) == _XMP_UUID else "unknown-box"
        elif kind in ("mvhd", "tkhd", "mdhd", "hdlr", "elst"):
            self._file.seek(start)
            yield from self._header(kind, self._file.read(min(end - start, _CHUNK)))
        elif kind == "mdat":
            self._data_bytes += end - start
        elif kind == "stsz":
            self._count_samples(start, end)
        elif kind == "stz2":
            self._countable = False
        elif kind not in _MP4_KNOWN and within != "tref":
            yield "unknown-box"

    def _count_samples(self, start: int, end: int) -> None:
        """Add up what the samples of one track use of the data."""
        self._file.seek(start)
        head = self._file.read(12)
        each, count = int.from_bytes(head[4:8], "big"), int.from_bytes(head[8:12], "big")
        if each:
            self._used_bytes += each * count
            return
        left = min(4 * count, end - start - 12)
        while left > 0:
            piece = self._file.read(min(left, _CHUNK))
            if len(piece) < 4:
                return
            self._used_bytes += int(np.frombuffer(piece[: len(piece) // 4 * 4], ">u4").sum(dtype=np.int64))
            left -= len(piece)

    def _tag(self, kind: str, start: int, end: int) -> Iterator[str]:
        if kind in _PLACES:
            yield "location"
        elif kind == "chpl":
            yield "chapters"
        elif kind == "meta":
            yield from self._meta(start, end)
        elif says_anything(self._file, start, end):
            yield "tags"

    def _meta(self, start: int, end: int) -> Iterator[str]:
        """A list of tags; programs write an empty one too: a handler without a name, and an empty `ilst`."""
        self._file.seek(start)
        data = self._file.read(min(end - start, _CHUNK))
        at = 0 if data[4:8] == b"hdlr" else 4  # QuickTime leaves version and flags out
        while at + 8 <= len(data):
            size, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
            if size < 8:
                break
            content = data[at + 8 : at + size]
            if (content[24:] if kind == b"hdlr" else content).strip(b"\0"):
                yield "tags"
                return
            at += size
        if data[at:].strip(b"\0"):
            yield "tags"

    def _header(self, kind: str, data: bytes) -> Iterator[str]:
        track = self._tracks[-1] if self._tracks else _Shown()
        wide = data[:1] == b"\1"
        if kind == "hdlr":
            if track.kind not in ("vide", "soun"):  # MOV has a second one, for where the data lies
                track.kind = data[8:12].decode("latin-1")
            return
        if kind == "elst":
            row = 20 if wide else 12
            half = row // 2 - 2
            for at in range(8, len(data) - row + 1, row):
                length = int.from_bytes(data[at : at + half], "big")
                track.edits.append((length, int.from_bytes(data[at + half : at + 2 * half], "big", signed=True)))
            return
        times = data[4:20] if wide else data[4:12]
        if times.strip(b"\0"):
            yield "creation-time"
        rest = data[20:] if wide else data[12:]
        if kind == "mvhd":
            self._movie_timescale = int.from_bytes(rest[:4], "big")
        elif kind == "mdhd":
            track.timescale = int.from_bytes(rest[:4], "big")
            track.duration = int.from_bytes(rest[4 : 12 if wide else 8], "big")
            # Below 0x400 are QuickTime's numbers, of which 0, English, is also "not stated".
            if int.from_bytes(rest[12:14] if wide else rest[8:10], "big") not in (0, 0x55C4, 0x7FFF):
                yield "language"
