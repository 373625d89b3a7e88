"""What lies in a recording's file where no player looks: tags, free space, unknown boxes, trailing bytes. Kinds only.

FFmpeg names streams and most tags; it passes over the rest without a word. This reads the file's own structure instead:
MP4 and MOV (ISO/IEC 14496-12, QuickTime), Matroska and WebM (RFC 9559), AVI (RIFF), FLV (Adobe, annex E) and MPEG-TS
(ISO/IEC 13818-1).
Damage is not judged here: what can't be taken apart ends the search, with "trailing-data" where bytes are left.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np

__all__ = ["hidden_in_file"]

_MOST_PARTS: Final = 200_000
"""Boxes, elements or chunks looked at in one file. More is a file made to harm; "unknown-box" is said then."""

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

_LATE_S: Final = Fraction(1, 10)
"""More than this much sound or picture kept back by an edit list is not an encoder's lead-in (AAC: 2112 samples)."""

_EBML_SEGMENT, _EBML_HEADER = 0x18538067, 0x1A45DFA3
_EBML_VOID, _EBML_CRC, _EBML_CLUSTER = 0xEC, 0xBF, 0x1F43B675
_EBML_KINDS: Final = {0x1254C367: "tags", 0x1941A469: "attachments", 0x1043A770: "chapters"}
_EBML_KNOWN: Final = frozenset({0x114D9B74, 0x1549A966, 0x1654AE6B, _EBML_CLUSTER, 0x1C53BB6B, _EBML_CRC})

_RIFF_KNOWN: Final = frozenset({b"idx1", b"avih", b"strh", b"strf", b"indx", b"vprp", b"dmlh", b"ix00", b"ix01"})
_RIFF_LISTS: Final = frozenset({b"hdrl", b"strl", b"odml", b"AVI ", b"AVIX"})
_RIFF_FREE: Final = frozenset({b"JUNK", b"JUNQ", b"PAD "})

_TS_PACKET: Final = 188
_TS_NULL, _TS_SERVICES = 0x1FFF, 0x11


def hidden_in_file(path: Path) -> frozenset[str]:
    """Categories of what the file's structure holds besides pictures and sound.

    Raises `OSError` when it can't be read. Memory: a few MiB.
    """
    with path.open("rb") as file:
        end = file.seek(0, 2)
        file.seek(0)
        head = file.read(_TS_PACKET + 1)
        if head[4:8] in (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"uuid"):
            return frozenset(_Mp4(file).kinds(end))
        if head[:4] == _EBML_HEADER.to_bytes(4, "big"):
            return frozenset(_ebml(file, end))
        if head[:4] == b"RIFF":
            return frozenset(_riff(file, 0, end, depth=0))
        if head[:3] == b"FLV":
            return frozenset(_flash(file, end))
        if head[:1] == b"\x47" and head[_TS_PACKET:] in (b"\x47", b""):
            return frozenset(_transport(file, end))
        return frozenset()


def _says_anything(file: BinaryIO, start: int, end: int) -> bool:
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
        late = self.kind == "soun" and min(start for _, start in real) > _LATE_S
        # A length of zero is how fragmented files say "to the end".
        length = sum((duration for duration, _ in real), Fraction(0))
        return late or (length > 0 and min(start for _, start in real) + length < stored - _LATE_S)


class _Mp4:
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
                if within != "udta" or _says_anything(self._file, at, end):
                    yield "trailing-data"
                return
            if self._parts > _MOST_PARTS:
                yield "unknown-box"
                return
            yield from self._one(kind, payload, at + size, within, depth)
            at += size

    def _one(self, kind: str, start: int, end: int, within: str, depth: int) -> Iterator[str]:
        if kind in _MP4_FREE:
            if _says_anything(self._file, start, end):
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
        elif _says_anything(self._file, start, end):
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


def _ebml(file: BinaryIO, end: int) -> Iterator[str]:
    """The parts of a Matroska file down to the segment's own; clusters are stepped over."""
    at, inner = 0, -1
    for _ in range(_MOST_PARTS):
        if at >= end:
            return
        kind, size, payload = _element(file, at, end)
        if not kind or (size is not None and payload + size > end):
            yield "trailing-data"
            return
        if kind == _EBML_SEGMENT:
            at, inner = payload, end if size is None else payload + size
            continue
        if size is None:
            # A cluster of unknown length, as live recorders write: its parts follow like parts of the segment.
            at = payload
            continue
        if inner >= 0 and at >= inner:
            yield "trailing-data"
            return
        if kind == _EBML_VOID:
            if _says_anything(file, payload, payload + size):
                yield "free-space"
        elif kind in _EBML_KINDS:
            yield _EBML_KINDS[kind]
        elif inner >= 0 and kind not in _EBML_KNOWN and kind not in (0xE7, 0xA3, 0xA0, 0xA7, 0xAB):
            yield "unknown-box"
        at = payload + size
    yield "unknown-box"


def _element(file: BinaryIO, at: int, end: int) -> tuple[int, int | None, int]:
    """Identifier (0: none there), size (None: unknown) and start of the content."""
    file.seek(at)
    head = file.read(min(12, end - at))
    width = 9 - head[0].bit_length() if head and head[0] else 9
    if width > 4 or len(head) <= width or not head[width]:
        return 0, 0, at
    size_width = 9 - head[width].bit_length()
    raw = head[width : width + size_width]
    if len(raw) < size_width:
        return 0, 0, at
    mask = (1 << 7 * size_width) - 1
    size = int.from_bytes(raw, "big") & mask
    return int.from_bytes(head[:width], "big"), None if size == mask else size, at + width + size_width


def _riff(file: BinaryIO, at: int, end: int, depth: int) -> Iterator[str]:
    for _ in range(_MOST_PARTS):
        if at + 8 > end:
            if at < end and _says_anything(file, at, end):
                yield "trailing-data"
            return
        file.seek(at)
        head = file.read(12)
        kind, size, inner = head[:4], int.from_bytes(head[4:8], "little"), head[8:12]
        stop = at + 8 + size
        if (depth == 0 and kind != b"RIFF") or stop > end:
            yield "trailing-data"
            return
        if kind in (b"RIFF", b"LIST"):
            if inner == b"INFO":
                yield "tags"
            elif inner in _RIFF_LISTS and depth < 6:
                yield from _riff(file, at + 12, stop, depth + 1)
            elif inner not in (b"movi", b"rec "):
                yield "unknown-box"
        elif kind in _RIFF_FREE:
            if _says_anything(file, at + 8, stop):
                yield "free-space"
        elif kind in (b"strn", b"IDIT", b"ISMP"):
            yield "creation-time" if kind == b"IDIT" else "timecode" if kind == b"ISMP" else "tags"
        elif kind not in _RIFF_KNOWN:
            yield "unknown-box"
        at = stop + (size & 1)
    yield "unknown-box"


def _flash(file: BinaryIO, end: int) -> Iterator[str]:
    """Tags of 11 bytes and a body, each followed by its size; what follows the last is left over."""
    file.seek(5)
    at = int.from_bytes(file.read(4), "big") + 4
    while at < end:
        file.seek(at)
        head = file.read(11)
        after = at + 11 + int.from_bytes(head[1:4], "big") + 4
        if len(head) < 11 or head[0] & 0x1F not in (8, 9, 18) or after > end:
            yield "trailing-data"
            return
        at = after


def _transport(file: BinaryIO, end: int) -> Iterator[str]:
    """Packets that belong to no stream: names of the service, and stuffing that says something."""
    file.seek(0)
    whole = end - end % _TS_PACKET
    left = whole
    found: set[str] = set()
    while left:
        rows = np.frombuffer(file.read(min(left, _TS_PACKET * 8192)), np.uint8)
        rows = rows[: len(rows) - len(rows) % _TS_PACKET].reshape(-1, _TS_PACKET)
        if not len(rows):
            break
        left -= rows.size
        if np.any(rows[:, 0] != 0x47):
            found.add("trailing-data")  # packets end here, or lie shifted behind something else
            break
        pids = (rows[:, 1].astype(np.int32) & 0x1F) << 8 | rows[:, 2]
        if np.any(pids == _TS_SERVICES):
            found.add("tags")
        stuffing = rows[pids == _TS_NULL, 4:]
        if np.any((stuffing != 0) & (stuffing != 0xFF)):
            found.add("free-space")
    if end > whole and _says_anything(file, whole, end):
        found.add("trailing-data")
    yield from found
