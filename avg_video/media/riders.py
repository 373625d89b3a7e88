"""What rides between the pictures of a recording: SEI messages, metadata OBUs, user data, comments. Kinds only.

Made for input from anywhere: whatever can't be taken apart is passed over, since the decoder judges damage, and what is
named here goes into the record only. The output is held to much stricter rules, by `inspect_file`.
Layouts: ITU-T H.264 and H.265 (7.3.1, annex D), AV1 (5.3 and 5.8), MPEG-2 and MPEG-4 part 2 (user_data), JPEG (B.1.1).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from avg_video.media.sei import MalformedNal, sei_messages

__all__ = ["Riders"]

_CAPTION_MARK: Final = b"GA94"
"""Identifier of CEA-608/708 captions in SEI messages and user data (ATSC A/53 part 4, 6.2.3)."""

_TEXT, _T35, _FILLER = 5, 4, 3  # SEI payload types: unregistered user data, ITU-T T.35 user data, filler
_TIMECODE: Final = 136  # H.265 only

# SEI that says how to show or buffer the pictures and has no room for words: buffering and timing, recovery points,
# frame packing, turning, parameter sets in use, hashes, mastering colours.
_PLAIN_SEI: Final = frozenset({0, 1, 2, 6, 45, 47, 128, 129, 130, 131, 132, 133, 137, 144, 147, 148})

_H264_PICTURE: Final = frozenset({1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 13, 14, 15, 20})
_HEVC_PICTURE: Final = frozenset({*range(10), *range(16, 22), 32, 33, 34, 35, 36, 37})
_HEVC_SEI: Final = frozenset({39, 40})

_AV1_METADATA, _AV1_PADDING = 5, 15
_AV1_PLAIN: Final = frozenset({1, 2, 3})  # light levels, mastering colours, scalability
_AV1_T35, _AV1_TIMECODE = 4, 5


class Riders:
    """Names what rides in the packets of one picture stream.

    Parameters
    ----------
    codec: FFmpeg's name.
    extradata: the stream's configuration, which may hold riders of its own.
    """

    def __init__(self, codec: str, extradata: bytes | None) -> None:
        extradata = extradata or b""
        self._kinds: Callable[[bytes], Iterator[str]] = _nothing
        if codec in ("h264", "hevc"):
            length_at = 4 if codec == "h264" else 21
            packed = extradata[:1] == b"\1" and len(extradata) > length_at
            self._length = (extradata[length_at] & 3) + 1 if packed else 0
            self._kinds = self._h264 if codec == "h264" else self._hevc
        elif "av1" in codec:
            self._kinds = _av1
        elif codec in ("mpeg1video", "mpeg2video", "mpeg4"):
            self._kinds = _mpeg
        elif codec == "mjpeg":
            self._kinds = _jpeg
        self.in_extradata: frozenset[str] = frozenset(self._of_extradata(codec, extradata))

    def in_packet(self, packet: bytes) -> frozenset[str]:
        """Categories of what rides in one packet."""
        return frozenset(self._kinds(packet))

    def _of_extradata(self, codec: str, extradata: bytes) -> Iterator[str]:
        if codec in ("h264", "hevc") and self._length:
            units = _avc_sets(extradata) if codec == "h264" else _hevc_sets(extradata)
            yield from _h264_kinds(units) if codec == "h264" else _hevc_kinds(units)
        elif "av1" in codec:
            yield from _av1(extradata[4:])  # behind the fields of `av1C`
        else:
            yield from self._kinds(extradata)

    def _h264(self, packet: bytes) -> Iterator[str]:
        return _h264_kinds(_units(packet, self._length))

    def _hevc(self, packet: bytes) -> Iterator[str]:
        return _hevc_kinds(_units(packet, self._length))


def _nothing(_: bytes) -> Iterator[str]:
    return iter(())


def _units(data: bytes, length_size: int) -> Iterator[bytes]:
    """NAL units behind their lengths, or with 0 behind start codes; stops at the first that does not fit."""
    if not length_size:
        start = data.find(b"\0\0\1")
        while start >= 0:
            following = data.find(b"\0\0\1", start + 3)
            yield data[start + 3 : following if following >= 0 else len(data)]
            start = following
        return
    at = 0
    while at + length_size < len(data):
        begin = at + length_size
        at = begin + int.from_bytes(data[at:begin], "big")
        yield data[begin:at]


def _avc_sets(data: bytes) -> Iterator[bytes]:
    """The units of an `avcC`: two lists, each behind its count."""
    at = 5
    for mask in (0x1F, 0xFF):
        count = data[at] & mask if at < len(data) else 0
        at += 1
        for _ in range(count):
            size = int.from_bytes(data[at : at + 2], "big")
            yield data[at + 2 : at + 2 + size]
            at += 2 + size


def _hevc_sets(data: bytes) -> Iterator[bytes]:
    """The units of an `hvcC`: lists of one type each, behind type and count."""
    at = 23
    for _ in range(data[22] if len(data) > 22 else 0):
        count = int.from_bytes(data[at + 1 : at + 3], "big")
        at += 3
        for _ in range(count):
            if at >= len(data):
                return
            size = int.from_bytes(data[at : at + 2], "big")
            yield data[at + 2 : at + 2 + size]
            at += 2 + size


def _h264_kinds(units: Iterator[bytes]) -> Iterator[str]:
    for unit in units:
        kind = unit[0] & 0x1F if unit else 9
        if kind == 6:
            yield from _sei(unit[1:])
        elif kind == 12:
            yield from _padding(unit[1:])
        elif kind not in _H264_PICTURE:
            yield "frame-data"


def _hevc_kinds(units: Iterator[bytes]) -> Iterator[str]:
    for unit in units:
        kind = unit[0] >> 1 & 0x3F if unit else 35
        if kind in _HEVC_SEI:
            yield from _sei(unit[2:])
        elif kind == 38:
            yield from _padding(unit[2:])
        elif kind not in _HEVC_PICTURE:
            yield "frame-data"


def _sei(body: bytes) -> Iterator[str]:
    try:
        for kind, payload in sei_messages(body):
            if kind == _T35:
                yield "captions" if _CAPTION_MARK in payload else "frame-data"
            elif kind == _TEXT:
                yield "encoder-notes"
            elif kind == _TIMECODE:
                yield "timecode"
            elif kind == _FILLER:
                yield from _padding(payload)
            elif kind not in _PLAIN_SEI:
                yield "frame-data"
    except MalformedNal:
        yield "frame-data"  # bytes that no reader of SEI makes sense of


def _padding(data: bytes) -> Iterator[str]:
    if data.strip(b"\xff\x00\x80"):
        yield "free-space"


def _av1(packet: bytes) -> Iterator[str]:
    at = 0
    while at < len(packet):
        header = packet[at]
        at += 2 if header & 4 else 1  # the extension holds layer numbers
        if header & 2:
            size, at = _leb128(packet, at)
        else:
            size = len(packet) - at
        body, kind = packet[at : at + size], header >> 3 & 15
        if kind == _AV1_METADATA:
            yield from _av1_metadata(body)
        elif kind == _AV1_PADDING:
            yield from _padding(body)
        elif kind in (0, *range(9, 15)):
            yield "frame-data"  # reserved kinds
        at += size


def _av1_metadata(body: bytes) -> Iterator[str]:
    kind, at = _leb128(body, 0)
    if kind == _AV1_T35:
        yield "captions" if _CAPTION_MARK in body[at:] else "frame-data"
    elif kind == _AV1_TIMECODE:
        yield "timecode"
    elif kind not in _AV1_PLAIN:
        yield "frame-data"


def _leb128(data: bytes, at: int) -> tuple[int, int]:
    """A number in groups of seven bits, lowest first, and where it ends."""
    value = 0
    for i in range(8):
        if at >= len(data):
            break
        byte = data[at]
        value |= (byte & 0x7F) << 7 * i
        at += 1
        if not byte & 0x80:
            break
    return value, at


def _mpeg(packet: bytes) -> Iterator[str]:
    start = packet.find(b"\0\0\1\xb2")
    while start >= 0:
        yield "captions" if packet[start + 4 : start + 8] == _CAPTION_MARK else "encoder-notes"
        start = packet.find(b"\0\0\1\xb2", start + 4)


def _jpeg(packet: bytes) -> Iterator[str]:
    """The segments before the picture's data: comments, and what applications left beside the plain JFIF mark."""
    at = 2
    while at + 4 <= len(packet) and packet[at] == 0xFF and packet[at + 1] != 0xDA:
        marker, size = packet[at + 1], int.from_bytes(packet[at + 2 : at + 4], "big")
        if marker == 0xFE:
            yield "encoder-notes"
        elif 0xE1 <= marker <= 0xEF:
            yield "frame-data"
        at += 2 + max(size, 2)
