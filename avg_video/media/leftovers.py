"""What lies in a recording's file where no player looks: tags, free space, unknown boxes, trailing bytes. Kinds only.

FFmpeg names streams and most tags; it passes over the rest without a word. This reads the file's own structure instead:
MP4 and MOV (ISO/IEC 14496-12, QuickTime), Matroska and WebM (RFC 9559), AVI (RIFF), FLV (Adobe, annex E) and MPEG-TS
(ISO/IEC 13818-1).
Damage is not judged here: what can't be taken apart ends the search, with "trailing-data" where bytes are left.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
import numpy.typing as npt

from avg_video.media.leftovers_mp4 import LATE_S, MOST_PARTS, Mp4, says_anything

__all__ = ["hidden_in_file"]

_EBML_SEGMENT, _EBML_HEADER = 0x18538067, 0x1A45DFA3
_EBML_VOID, _EBML_CRC, _EBML_CLUSTER = 0xEC, 0xBF, 0x1F43B675
_EBML_TRACKS, _EBML_TRACK, _EBML_CODEC_DELAY = 0x1654AE6B, 0xAE, 0x56AA
_EBML_KINDS: Final = {0x1254C367: "tags", 0x1941A469: "attachments", 0x1043A770: "chapters"}
_EBML_KNOWN: Final = frozenset({0x114D9B74, 0x1549A966, _EBML_TRACKS, _EBML_CLUSTER, 0x1C53BB6B, _EBML_CRC})

_RIFF_KNOWN: Final = frozenset({b"idx1", b"avih", b"strh", b"strf", b"indx", b"vprp", b"dmlh", b"ix00", b"ix01"})
_RIFF_LISTS: Final = frozenset({b"hdrl", b"strl", b"odml", b"AVI ", b"AVIX"})
_RIFF_FREE: Final = frozenset({b"JUNK", b"JUNQ", b"PAD "})
_RIFF_PLACEHOLDER: Final = re.compile(rb"\x04\0{7}[0-9]{2}(?:dc|db|wb|tx)|odmldmlh\xf8\0{3}")
"""Begin of a chunk of zeros that FFmpeg keeps for an index it then did not need."""

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
            return frozenset(Mp4(file).kinds(end))
        if head[:4] == _EBML_HEADER.to_bytes(4, "big"):
            return frozenset(_ebml(file, end))
        if head[:4] == b"RIFF":
            return frozenset(_riff(file, 0, end, depth=0))
        if head[:3] == b"FLV":
            return frozenset(_flash(file, end))
        if head[:1] == b"\x47" and head[_TS_PACKET:] in (b"\x47", b""):
            return frozenset(_transport(file, end))
        return frozenset()


def _ebml(file: BinaryIO, end: int) -> Iterator[str]:
    """The parts of a Matroska file down to the segment's own; clusters are stepped over."""
    at, inner = 0, -1
    for _ in range(MOST_PARTS):
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
        if kind == _EBML_TRACKS and _keeps_sound_back(file, payload, payload + size):
            yield "trimmed-sound"
        if kind == _EBML_VOID:
            if says_anything(file, payload, payload + size):
                yield "free-space"
        elif kind in _EBML_KINDS:
            yield _EBML_KINDS[kind]
        elif inner >= 0 and kind not in _EBML_KNOWN and kind not in (0xE7, 0xA3, 0xA0, 0xA7, 0xAB):
            yield "unknown-box"
        at = payload + size
    yield "unknown-box"


def _keeps_sound_back(file: BinaryIO, at: int, end: int) -> bool:
    """Whether a track tells players to leave out more of its beginning than an encoder's lead-in (RFC 9559, CodecDelay,
    in nanoseconds). Its sound is in the file, and no player lets it be heard."""
    for _ in range(MOST_PARTS):
        if at >= end:
            return False
        kind, size, payload = _element(file, at, end)
        if not kind or size is None or payload + size > end:
            return False
        if kind == _EBML_CODEC_DELAY:
            file.seek(payload)
            if int.from_bytes(file.read(min(size, 8)), "big") > LATE_S * 1_000_000_000:
                return True
        at = payload if kind == _EBML_TRACK else payload + size
    return False


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
    for _ in range(MOST_PARTS):
        if at + 8 > end:
            if at < end and says_anything(file, at, end):
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
            file.seek(at + 8)
            room = _RIFF_PLACEHOLDER.match(file.read(min(16, size)))
            if says_anything(file, at + 8 + (room.end() if room else 0), stop):
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
    """What no stream is made of: names of the service, stuffing that says something, private data of packets."""
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
        found |= _adaptation(rows[pids != _TS_NULL])
        stuffing = rows[pids == _TS_NULL, 4:]
        if np.any((stuffing != 0) & (stuffing != 0xFF)):
            found.add("free-space")
    if end > whole and says_anything(file, whole, end):
        found.add("trailing-data")
    yield from found


def _adaptation(rows: npt.NDArray[np.uint8]) -> set[str]:
    """What the adaptation fields of packets, uint8 (n, 188), hold beside clocks (ISO/IEC 13818-1, 2.4.3.4)."""
    rows = rows[(rows[:, 3] & 0x20 != 0) & (rows[:, 4] > 0)]
    flags = rows[:, 5]
    columns = np.arange(_TS_PACKET)
    end = np.minimum(5 + rows[:, 4].astype(np.int32), _TS_PACKET)
    at = 6 + 6 * (flags & 0x10 != 0) + 6 * (flags & 0x08 != 0) + (flags & 0x04 != 0)  # clocks, count to a splice
    found = set()
    for bit in (0x02, 0x01):  # private data, then the extension: each begins with its length
        has = (flags & bit != 0) & (at < end)
        length = np.take_along_axis(rows, np.minimum(at, _TS_PACKET - 1)[:, None], 1)[:, 0].astype(np.int32)
        if bit == 0x02 and np.any(has & (length > 0)):
            found.add("frame-data")
        at = at + has * (1 + length)
    rest = (columns >= at[:, None]) & (columns < end[:, None])
    if np.any(rest & (rows != 0xFF) & (rows != 0)):
        found.add("free-space")
    return found
