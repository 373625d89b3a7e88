"""Small writers for what ffmpeg can't plant: SEI, user data and OBUs in a bitstream, boxes, EBML elements, chunks."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from tests.media.surgery import Tree, box, branch, edit

TEXT_UUID = bytes(range(0x31, 0x41))


def sei(kind: int, payload: bytes, header: bytes = b"\x06") -> bytes:
    """An SEI NAL unit with one message; H.265 wants the header 4E 01. The payload must not hold two zeros in a row."""
    assert b"\0\0" not in payload
    return header + bytes([kind]) + b"\xff" * (len(payload) // 255) + bytes([len(payload) % 255]) + payload + b"\x80"


def before_first_picture(stream: bytes, unit: bytes, codec: str) -> bytes:
    """The byte stream of H.264 or H.265 with a NAL unit in front of its first picture."""
    at = stream.find(b"\0\0\1")
    while at >= 0:
        kind = stream[at + 3] & 0x1F if codec == "h264" else stream[at + 3] >> 1 & 0x3F
        if kind in (1, 5) if codec == "h264" else kind < 32:
            return stream[:at] + b"\0\0\1" + unit + stream[at:]
        at = stream.find(b"\0\0\1", at + 3)
    raise AssertionError("no picture in the stream")


def user_data(stream: bytes, text: bytes, start_code: int) -> bytes:
    """MPEG-2 or MPEG-4 with user data in front of the first picture, whose start code ends in the given byte."""
    at = stream.index(bytes([0, 0, 1, start_code]))
    return stream[:at] + b"\0\0\1\xb2" + text + stream[at:]


def metadata_obu(stream: bytes, message: bytes) -> bytes:
    """AV1 (low-overhead format) with a metadata OBU of type T.35 behind its first sequence header."""
    end = next(end for kind, end in _obus(stream) if kind == 1)
    body = b"\x04" + message + b"\x80"
    assert len(body) < 128
    return stream[:end] + b"\x2a" + bytes([len(body)]) + body + stream[end:]


def _obus(stream: bytes) -> Iterator[tuple[int, int]]:
    """Kind and end of each OBU."""
    at = 0
    while at < len(stream):
        kind, at = stream[at] >> 3 & 15, at + (2 if stream[at] & 4 else 1)
        size, shift = 0, 0
        while True:
            size |= (stream[at] & 0x7F) << shift
            at, shift = at + 1, shift + 7
            if not stream[at - 1] & 0x80:
                break
        at += size
        yield kind, at


def full(kind: bytes, payload: bytes) -> bytes:
    """A box with version and flags of zero."""
    return box(kind, bytes(4) + payload)


def data_track(film: bytes, fourcc: bytes, samples: bytes, handler: bytes = b"meta") -> bytes:
    """An MP4, index in front, with a further track whose one sample lies in an `mdat` of its own at the end."""
    at = len(film) + 8
    film += box(b"mdat", samples)
    matrix = struct.pack(">9I", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
    header = struct.pack(">5I", 0, 0, 9, 0, 400) + bytes(16) + matrix + bytes(8)
    entry = box(fourcc, bytes(6) + b"\0\1")
    stbl: Tree = [
        (b"stsd", bytes(4) + struct.pack(">I", 1) + entry),
        (b"stts", bytes(4) + struct.pack(">3I", 1, 1, 400)),
        (b"stsc", bytes(4) + struct.pack(">4I", 1, 1, 1, 1)),
        (b"stsz", bytes(4) + struct.pack(">3I", 0, 1, len(samples))),
        (b"stco", bytes(4) + struct.pack(">2I", 1, at)),
    ]
    minf: Tree = [
        (b"nmhd", bytes(4)),
        (b"dinf", full(b"dref", struct.pack(">I", 1) + box(b"url ", b"\0\0\0\1"))),
        (b"stbl", stbl),
    ]
    mdia: Tree = [
        (b"mdhd", bytes(4) + struct.pack(">4I", 0, 0, 1000, 400) + b"\x55\xc4\0\0"),
        (b"hdlr", bytes(8) + handler + bytes(12) + b"data\0"),
        (b"minf", minf),
    ]
    trak: Tree = [(b"tkhd", b"\0\0\0\3" + header), (b"mdia", mdia)]
    return edit(film, lambda tree: branch(tree, b"moov").append((b"trak", trak)))


def cut_by_edit_list(film: bytes, kind: bytes, *, start_s: float = 0, end_s: float = 0) -> bytes:
    """An MP4 whose track of that kind (`vide`, `soun`) shows that much less at its beginning and end."""

    def change(tree: Tree) -> None:
        moov = branch(tree, b"moov")
        movie_scale = struct.unpack_from(">I", _leaf(moov, b"mvhd"), 12)[0]
        for name, track in moov:
            if name != b"trak" or isinstance(track, bytes):
                continue
            mdia = branch(track, b"mdia")
            if _leaf(mdia, b"hdlr")[8:12] != kind:
                continue
            scale, length = struct.unpack_from(">2I", _leaf(mdia, b"mdhd"), 12)
            old = [inner for name, inner in track if name == b"edts"]
            first = struct.unpack_from(">i", _leaf(branch(track, b"edts"), b"elst"), 12)[0] if old else 0
            track[:] = [entry for entry in track if entry[0] != b"edts"]
            shown = round((length / scale - start_s - end_s) * movie_scale)
            row = struct.pack(">IIiI", 1, shown, first + round(start_s * scale), 1 << 16)
            track.insert(1, (b"edts", [(b"elst", bytes(4) + row)]))

    return edit(film, change)


def _leaf(tree: Tree, kind: bytes) -> bytes:
    return next(inner for name, inner in tree if name == kind and isinstance(inner, bytes))


def element(identifier: int, payload: bytes) -> bytes:
    """An EBML element."""
    width = (identifier.bit_length() + 7) // 8
    return identifier.to_bytes(width, "big") + (1 << 56 | len(payload)).to_bytes(8, "big") + payload


def in_segment(film: bytes, new: bytes) -> bytes:
    """A Matroska file, as ffmpeg writes it, with an element at the end of its segment."""
    at = film.index(b"\x18\x53\x80\x67") + 4
    size = int.from_bytes(film[at + 1 : at + 8], "big") + len(new)
    assert film[at] == 1
    return film[: at + 1] + size.to_bytes(7, "big") + film[at + 8 :] + new


def in_riff(film: bytes, kind: bytes, payload: bytes) -> bytes:
    """An AVI with a chunk at the end of its `RIFF`."""
    payload += bytes(len(payload) % 2)
    new = kind + struct.pack("<I", len(payload)) + payload
    return film[:4] + struct.pack("<I", len(film) - 8 + len(new)) + film[8:] + new


def null_packet(text: bytes) -> bytes:
    """A stuffing packet of MPEG-TS that says something."""
    return b"\x47\x1f\xff\x10" + text.ljust(184, b"\xff")
