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


def asf_attribute(film: bytes, name: str, value: bytes) -> bytes:
    """A WMV whose header ends with an Extended Content Description Object that holds one byte array (ASF, 3.11)."""
    word = name.encode("utf-16-le") + b"\0\0"
    body = struct.pack("<HH", 1, len(word)) + word + struct.pack("<HH", 1, len(value)) + value
    new = bytes.fromhex("40A4D0D207E3D21197F000A0C95EA850") + struct.pack("<Q", len(body) + 24) + body
    size, count = struct.unpack_from("<QI", film, 16)
    return film[:16] + struct.pack("<QI", size + len(new), count + 1) + film[28:size] + new + film[size:]


def adaptation_packet(film: bytes, field: bytes) -> bytes:
    """An MPEG-TS that ends with a packet of its stream of pictures, which holds nothing but that adaptation field."""
    packets = [film[at : at + 188] for at in range(0, len(film), 188)]
    pid = next(p[1:3] for p in packets if p[1] & 0x40 and b"\0\0\1\xe0" in p[4:])
    high, low = pid[0] & 0x1F, pid[1]
    last = next(p for p in reversed(packets) if (p[1] & 0x1F, p[2]) == (high, low))
    # Without content it has the number of the packet before it (ISO/IEC 13818-1, 2.4.3.3).
    head = bytes([0x47, high, low, 0x20 | last[3] & 0xF])
    return film + (head + bytes([183]) + field).ljust(188, b"\xff")


def null_packet(text: bytes) -> bytes:
    """A stuffing packet of MPEG-TS that says something."""
    return b"\x47\x1f\xff\x10" + text.ljust(184, b"\xff")
