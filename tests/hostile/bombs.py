"""Small writers of files that ask for far more than they hold."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.support.clips import X264, card

Change = Callable[[bytes, bytes], bytes | None]
"""Given the kind and payload of a box, the new payload; None takes the box out."""

_HOLDERS = frozenset({b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts"})


def changed(data: bytes, change: Change) -> bytes:
    """An MP4 with its boxes changed; the content must come before the index, so that no offset moves."""
    made, at = b"", 0
    while at < len(data):
        size, kind = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8]
        body = data[at + 8 : at + size]
        new = change(kind, changed(body, change) if kind in _HOLDERS else body)
        made += b"" if new is None else box(kind, new)
        at += size
    return made


def box(kind: bytes, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload) + 8) + kind + payload


def rows(*numbers: int) -> bytes:
    """Version and flags of zero, then 32-bit numbers."""
    return struct.pack(f">I{len(numbers)}I", 0, *numbers)


def samples(count: int) -> Change:
    """One byte each, `count` of them, told in twenty bytes."""
    tables = {
        b"stsz": rows(1, count),
        b"stts": rows(1, count, 512),
        b"stsc": rows(1, 1, count, 1),
        b"ctts": None,
        b"stss": None,
    }
    return lambda kind, old: tables.get(kind, old)


def edits(count: int) -> Change:
    """The same stretch shown `count` times, with headers that agree."""

    def change(kind: bytes, old: bytes) -> bytes:
        if kind == b"elst":
            return rows(count) + struct.pack(">IiI", 400, 0, 1 << 16) * count
        if kind == b"tkhd":
            return old[:20] + struct.pack(">I", 400 * count) + old[24:]
        if kind == b"mvhd":
            return old[:16] + struct.pack(">I", 400 * count) + old[20:]
        return old

    return change


def fragments(data: bytes, count: int) -> bytes:
    """A fragmented MP4 whose first run claims `count` samples without a byte for each."""
    at = data.index(b"trun")
    return data[: at + 4] + struct.pack(">II", 0, count) + data[at + 12 :]


def png_in_mov(path: Path, size_wh: tuple[int, int]) -> Path:
    """A recording of small PNG pictures, the first of which says inside that it is as large as `size_wh`."""
    data = card(path, "-c:v", "png", "-pix_fmt", "rgb24").read_bytes()
    at = data.index(b"IHDR")
    head = b"IHDR" + struct.pack(">II", *size_wh) + data[at + 12 : at + 17]
    path.write_bytes(data[:at] + head + struct.pack(">I", zlib.crc32(head)) + data[at + 21 :])
    return path


def mjpeg(path: Path, size_wh: tuple[int, int]) -> Path:
    """An AVI of small JPEG pictures that say inside that they are as large as `size_wh`."""
    data = card(path, "-c:v", "mjpeg", "-pix_fmt", "yuvj420p").read_bytes()
    made = bytearray(data)
    for at in _every(data, b"\xff\xc0\x00\x11\x08"):
        made[at + 5 : at + 9] = struct.pack(">HH", size_wh[1], size_wh[0])
    path.write_bytes(made)
    return path


def _every(data: bytes, part: bytes) -> Iterator[int]:
    at = data.find(part)
    while at >= 0:
        yield at
        at = data.find(part, at + 1)


def gif(path: Path, size_wh: tuple[int, int]) -> Path:
    """A GIF of one small picture on a screen of `size_wh`."""
    data = bytearray(card(path, "-c:v", "gif", "-frames:v", "1", size_wh=(16, 16)).read_bytes())
    data[6:10] = struct.pack("<HH", *size_wh)
    path.write_bytes(data)
    return path


class Bits:
    """Bits one after the other, as in the headers of H.264 and HEVC (ISO/IEC 14496-10, 7.2 and 9.1)."""

    def __init__(self) -> None:
        self._text = ""

    def u(self, width: int, *values: int) -> Bits:
        self._text += "".join(f"{value:0{width}b}" for value in values)
        return self

    def ue(self, *values: int) -> Bits:
        for value in values:
            number = f"{value + 1:b}"
            self._text += "0" * (len(number) - 1) + number
        return self

    def bytes(self) -> bytes:
        """Closed by a one and zeros, and kept free of start codes."""
        text = self._text + "1"
        text += "0" * (-len(text) % 8)
        made = bytearray()
        for byte in int(text, 2).to_bytes(len(text) // 8):
            if byte <= 3 and made[-2:] == b"\0\0":
                made.append(3)
            made.append(byte)
        return bytes(made)


def h264(path: Path, size_wh: tuple[int, int]) -> Path:
    """A raw H.264 stream in TS, whose header (7.3.2.1.1) says `size_wh`; the picture behind it is a small one's."""
    small = path.with_suffix(".264")
    data = card(small, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-f", "h264").read_bytes()
    small.unlink()
    sps = Bits().u(8, 66, 0xC0, 62).ue(0, 0, 2, 1).u(1, 0).ue(size_wh[0] // 16 - 1, size_wh[1] // 16 - 1)
    sps.u(1, 1, 1, 0, 0)
    units = [unit for unit in data.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1")[1:] if unit]
    units = [b"\x67" + sps.bytes() if unit[0] & 31 == 7 else unit for unit in units]
    path.write_bytes(transport(b"".join(b"\0\0\0\1" + unit for unit in units)))
    return path


def transport(stream: bytes) -> bytes:
    """An elementary stream of H.264 as one PES in a transport stream (ISO/IEC 13818-1, 2.4)."""
    pat = _section(b"\x00\xb0\x0d\x00\x01\xc1\x00\x00\x00\x01\xf0\x00")
    pmt = _section(b"\x02\xb0\x12\x00\x01\xc1\x00\x00\xe1\x00\xf0\x00\x1b\xe1\x00\xf0\x00")
    pes = b"\0\0\1\xe0\0\0\x80\x80\x05\x21\x00\x01\x00\x01" + stream
    made = _packet(0, 0, True, b"\0" + pat) + _packet(0x1000, 0, True, b"\0" + pmt)
    for number, at in enumerate(range(0, len(pes), 184)):
        made += _packet(0x100, number, at == 0, pes[at : at + 184])
    return made


def _packet(pid: int, number: int, starts: bool, payload: bytes) -> bytes:
    room = 184 - len(payload)
    if pid != 0x100:
        payload, room = payload + b"\xff" * room, 0
    stuffing = b"" if not room else bytes([room - 1]) + (b"\0" + b"\xff" * (room - 2) if room > 1 else b"")
    head = struct.pack(">BHB", 0x47, starts << 14 | pid, (0x30 if room else 0x10) | number & 15)
    return head + stuffing + payload


def _section(body: bytes) -> bytes:
    """With its CRC-32 of MPEG-2."""
    crc = 0xFFFFFFFF
    for byte in body:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ (0x04C11DB7 if crc & 0x80000000 else 0)) & 0xFFFFFFFF
    return body + struct.pack(">I", crc)


def vp9(path: Path, size_wh: tuple[int, int]) -> Path:
    """A WebM whose first VP9 frame says `size_wh` (VP9 bitstream 6.2, frame_size: 16 bits each, 36 bits in)."""
    data = card(path, "-c:v", "libvpx-vp9", "-deadline", "realtime", "-pix_fmt", "yuv420p").read_bytes()
    at = data.index(b"\x49\x83\x42")  # sync code of a key frame
    # Behind the sync code (profile 0): color_space 3 bits, color_range 1, width - 1 and height - 1 in 16 each.
    bits = int.from_bytes(data[at + 3 : at + 8])
    kept_head, kept_tail = bits >> 36, bits & 0xF
    new = kept_head << 36 | (size_wh[0] - 1) << 20 | (size_wh[1] - 1) << 4 | kept_tail
    path.write_bytes(data[: at + 3] + new.to_bytes(5) + data[at + 8 :])
    return path


def plain(path: Path) -> bytes:
    """A small MP4 of ten pictures with its index at the end."""
    return card(path, *X264).read_bytes()
