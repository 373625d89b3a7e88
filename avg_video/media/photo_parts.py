"""The parts of a JPEG, PNG, WebP or HEIF file: which there are, and where, without decoding any."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from avg_video.language import mark, tr

__all__ = ["END", "MalformedPhoto", "Part", "heif_boxes", "jpeg_segments", "png_chunks", "webp_chunks"]

MAX_PARTS: Final = 100_000
"""No camera writes more; a large PNG has some thousand IDAT chunks."""

END: Final = mark("bytes after the end")
"""The name of the part that holds what lies behind the picture."""


class MalformedPhoto(ValueError):
    """The file's structure is broken; the text is a clause that says how."""


@dataclass(frozen=True)
class Part:
    """One part of the file.

    Attributes
    ----------
    name: as its format calls it, such as "APP1", "IDAT" or "EXIF"; `END` for what lies behind the picture.
    start, end: where its content lies, in bytes from the beginning of the file.
    """

    name: str
    start: int
    end: int

    def of(self, data: bytes) -> bytes:
        """Its content."""
        return data[self.start : self.end]


_JPEG_NAMES: Final = {
    0xC4: "DHT",
    0xC8: "JPG",
    0xCC: "DAC",
    0xD8: "SOI",
    0xD9: "EOI",
    0xDA: "SOS",
    0xDB: "DQT",
    0xDC: "DNL",
    0xDD: "DRI",
    0xDE: "DHP",
    0xDF: "EXP",
    0xFE: "COM",
    **{0xC0 + k: f"SOF{k}" for k in range(16) if k not in (4, 8, 12)},
    **{0xE0 + k: f"APP{k}" for k in range(16)},
}


def jpeg_segments(data: bytes) -> Iterator[Part]:
    """The segments of a JPEG (ITU-T T.81, annex B), and "data" for what is coded between them.

    Raises `MalformedPhoto` when it breaks off before the end of the picture, or holds bytes between segments.
    """
    if data[:2] != b"\xff\xd8":
        raise MalformedPhoto(tr("it does not begin like a JPEG"))
    yield Part("SOI", 2, 2)
    at = 2
    for _ in range(MAX_PARTS):
        if at + 2 > len(data):
            raise MalformedPhoto(tr("it breaks off before the end of the picture"))
        if data[at] != 0xFF:
            raise MalformedPhoto(tr("it holds bytes between its segments"))
        while data[at + 1 : at + 2] == b"\xff":  # fill bytes are allowed before a marker
            at += 1
        if at + 1 >= len(data):
            raise MalformedPhoto(tr("it breaks off before the end of the picture"))
        code, at = data[at + 1], at + 2
        if code == 0xD9:
            yield Part("EOI", at, at)
            if at < len(data):
                yield Part(END, at, len(data))
            return
        if code == 0x01 or 0xD0 <= code <= 0xD8 or code == 0:
            raise MalformedPhoto(tr("it holds the marker FF{code:02X} where none may be", code=code))
        length = int.from_bytes(data[at : at + 2], "big")
        if length < 2 or at + length > len(data):
            raise MalformedPhoto(tr("it breaks off before the end of the picture"))
        name = _JPEG_NAMES.get(code, f"FF{code:02X}")
        yield Part(name, at + 2, at + length)
        at += length
        if name == "SOS":
            end = _end_of_scan(data, at)
            yield Part("data", at, end)
            at = end
    raise MalformedPhoto(tr("it holds too many segments"))


def _end_of_scan(data: bytes, at: int) -> int:
    """Where the marker lies that ends coded data: FF00 stands for a byte FF, and FFD0 to FFD7 restart the coder."""
    while True:
        at = data.find(b"\xff", at)
        if at < 0 or at + 1 >= len(data):
            raise MalformedPhoto(tr("it breaks off before the end of the picture"))
        following = data[at + 1]
        if following == 0xFF:
            at += 1
        elif following == 0 or 0xD0 <= following <= 0xD7:
            at += 2
        else:
            return at


def png_chunks(data: bytes) -> Iterator[Part]:
    """The chunks of a PNG (W3C PNG, third edition, 5.3); their check sums are not looked at.

    Raises `MalformedPhoto` when it breaks off before IEND, or a chunk's name is not four letters.
    """
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        raise MalformedPhoto(tr("it does not begin like a PNG"))
    at = 8
    for _ in range(MAX_PARTS):
        if at + 12 > len(data):
            raise MalformedPhoto(tr("it breaks off before the end of the picture"))
        length = int.from_bytes(data[at : at + 4], "big")
        kind = data[at + 4 : at + 8]
        if at + 12 + length > len(data):
            raise MalformedPhoto(tr("it breaks off before the end of the picture"))
        if not (kind.isalpha() and kind.isascii()):
            raise MalformedPhoto(tr("it holds a chunk without a name"))
        yield Part(kind.decode("ascii"), at + 8, at + 8 + length)
        at += 12 + length
        if kind == b"IEND":
            if at < len(data):
                yield Part(END, at, len(data))
            return
    raise MalformedPhoto(tr("it holds too many chunks"))


def webp_chunks(data: bytes) -> Iterator[Part]:
    """The chunks of a WebP (RFC 9649, 2.3).

    Raises `MalformedPhoto` when it breaks off.
    """
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        raise MalformedPhoto(tr("it does not begin like a WebP"))
    stop = 8 + int.from_bytes(data[4:8], "little")
    if stop > len(data):
        raise MalformedPhoto(tr("it breaks off before the end of the picture"))
    at = 12
    for _ in range(MAX_PARTS):
        if at + 8 > stop:
            break
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        if at + 8 + length > stop:
            raise MalformedPhoto(tr("it breaks off before the end of the picture"))
        name = data[at : at + 4].decode("latin-1").strip()
        yield Part(name, at + 8, at + 8 + length)
        at += 8 + length + (length & 1)
    else:
        raise MalformedPhoto(tr("it holds too many chunks"))
    if min(at, stop) < len(data):
        yield Part(END, min(at, stop), len(data))


def heif_boxes(data: bytes) -> Iterator[Part]:
    """The outermost boxes of a HEIF (ISO/IEC 14496-12, 4.2).

    Raises `MalformedPhoto` when it breaks off.
    """
    at = 0
    for _ in range(MAX_PARTS):
        if at + 8 > len(data):
            break
        length, head = int.from_bytes(data[at : at + 4], "big"), 8
        if length == 1:
            length, head = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        elif length == 0:
            length = len(data) - at
        kind = data[at + 4 : at + 8]
        if length < head or not all(0x20 <= c < 0x7F for c in kind):
            break  # no box: what was written behind the last one
        if at + length > len(data):
            if kind in (b"ftyp", b"meta", b"mdat"):
                raise MalformedPhoto(tr("it breaks off before the end of the picture"))
            break  # text behind the last box that reads like the head of one
        yield Part(kind.decode("ascii"), at + head, at + length)
        at += length
    else:
        raise MalformedPhoto(tr("it holds too many boxes"))
    if at < len(data):
        yield Part(END, at, len(data))
