"""Photos made on the spot: plain ones, ones with a needle in every place, and colour profiles."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from tests.support.clips import noise
from tests.support.people import place

RGB = npt.NDArray[np.uint8]
NEEDLE = "ZOEKMIJ"
"""The beginning of every planted text; each place has its own end."""


def needle(place_name: str) -> bytes:
    """A text that is planted in one place only."""
    return f"{NEEDLE}-{place_name}-{zlib.crc32(place_name.encode()):08x}".encode()


def room(size_wh: tuple[int, int] = (320, 240), face_px: int = 90) -> tuple[RGB, tuple[float, float, float, float]]:
    """A soft wall with one face a little left of the middle, and the face's box."""
    picture = noise(size_wh, seed=5)
    return picture, place(picture, face_px, (size_wh[0] * 2 // 5, size_wh[1] // 2))


def pattern(size_wh: tuple[int, int] = (48, 32)) -> RGB:
    """A colour pattern that no soft wall holds: bright green and magenta squares of 8 px."""
    y, x = np.mgrid[: size_wh[1], : size_wh[0]] // 8
    return np.where(((x + y) % 2 == 0)[..., None], [0, 255, 0], [255, 0, 255]).astype(np.uint8)


def encoded(rgb: RGB, kind: str = "JPEG", **options: object) -> bytes:
    """The picture as a file of that kind, by Pillow."""
    out = BytesIO()
    Image.fromarray(rgb).save(out, kind, **({"quality": 95} if kind == "JPEG" else {}) | options)  # type: ignore[arg-type]
    return out.getvalue()


def exif_block(
    *,
    text: bytes = b"",
    orientation: int | None = None,
    gps: bytes | None = None,
    note: bytes = b"",
    small: bytes = b"",
) -> bytes:
    """A TIFF block, little-endian: description, orientation, place, maker's note and small picture, as asked."""
    heap = bytearray()
    ifds: list[tuple[str, list[tuple[int, int, int, bytes]]]] = [("0", [])]
    if text:
        ifds[0][1].append((0x010E, 2, len(text) + 1, text + b"\0"))
    if orientation is not None:
        ifds[0][1].append((0x0112, 3, 1, struct.pack("<HH", orientation, 0)))
    if note:
        ifds[0][1].append((0x8769, 4, 1, b"exif"))
        ifds.append(("exif", [(0x927C, 7, len(note), note)]))
    if gps is not None:
        ifds[0][1].append((0x8825, 4, 1, b"gps "))
        degrees = struct.pack("<6I", 52, 1, 9, 1, 30, 1)
        ifds.append(("gps ", [(1, 2, 2, b"N\0\0\0"), (2, 5, 3, degrees), (0x1D, 2, len(gps) + 1, gps + b"\0")]))
    if small:
        ifds.append(
            (
                "1",
                [
                    (0x0103, 3, 1, struct.pack("<HH", 6, 0)),
                    (0x0201, 4, 1, b"jpeg"),
                    (0x0202, 4, 1, len(small).to_bytes(4, "little")),
                ],
            )
        )
    starts, at = {}, 8
    for name, entries in ifds:
        starts[name] = at
        at += 2 + 12 * len(entries) + 4
    heap_at = at
    body = bytearray()
    for name, entries in ifds:
        body += struct.pack("<H", len(entries))
        for tag, kind, count, value in entries:
            if value.decode("latin-1") in starts:
                value = struct.pack("<I", starts[value.decode("latin-1")])
            elif value == b"jpeg":
                value = struct.pack("<I", heap_at + len(heap))
                heap += small + b"\0" * (len(small) % 2)
            elif len(value) > 4:
                here = heap_at + len(heap)
                heap += value + b"\0" * (len(value) % 2)
                value = struct.pack("<I", here)
            body += struct.pack("<HHI", tag, kind, count) + value.ljust(4, b"\0")
        body += struct.pack("<I", starts["1"] if name == "0" and small else 0)
    return b"II*\0" + struct.pack("<I", 8) + bytes(body) + bytes(heap)


def segment(code: int, content: bytes) -> bytes:
    """One JPEG segment."""
    return b"\xff" + bytes([code]) + struct.pack(">H", len(content) + 2) + content


def with_segments(jpeg: bytes, *segments: bytes) -> bytes:
    """The JPEG with segments put in behind its JFIF header."""
    at = 4 + int.from_bytes(jpeg[4:6], "big")
    return jpeg[:at] + b"".join(segments) + jpeg[at:]


def chunk(name: bytes, content: bytes) -> bytes:
    """One PNG chunk."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def with_chunks(png: bytes, *chunks: bytes) -> bytes:
    """The PNG with chunks put in behind its header."""
    return png[:33] + b"".join(chunks) + png[33:]


def icc_profile(
    description: bytes = b"test",
    primaries: Iterable[tuple[float, float]] = (),
    gamma: float = 2.2,
    space: bytes = b"RGB ",
) -> bytes:
    """A version 2 matrix profile (ICC.1:2001-04) with white D65 as chromaticities (x, y) of red, green and blue say."""
    white = np.array([0.95047, 1.0, 1.08883])
    d50 = np.array([0.96422, 1.0, 0.82521])
    xy = np.array(list(primaries) or [(0.64, 0.33), (0.30, 0.60), (0.15, 0.06)])
    columns = np.stack([xy[:, 0] / xy[:, 1], np.ones(3), (1 - xy.sum(axis=1)) / xy[:, 1]])
    matrix = columns * np.linalg.solve(columns, white)
    # Bradford adaptation to the profile's own white, D50.
    cone = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
    adapt = np.linalg.inv(cone) @ np.diag((cone @ d50) / (cone @ white)) @ cone
    matrix = adapt @ matrix

    def xyz(values: npt.NDArray[np.float64]) -> bytes:
        return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(v * 65536) for v in values))

    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"
    text = b"desc\0\0\0\0" + struct.pack(">I", len(description) + 1) + description + b"\0" + b"\0" * 78
    tags = [(b"desc", text), (b"cprt", b"text\0\0\0\0none\0"), (b"wtpt", xyz(d50))]
    if space == b"RGB ":
        tags += [(f"{c}XYZ".encode(), xyz(matrix[:, k])) for k, c in enumerate("rgb")]
        tags += [(f"{c}TRC".encode(), curve) for c in "rgb"]
    else:
        tags.append((b"kTRC", curve))
    at, table, body = 128 + 4 + 12 * len(tags), b"", b""
    for name, value in tags:
        value += b"\0" * (-len(value) % 4)
        table += name + struct.pack(">II", at + len(body), len(value))
        body += value
    head = struct.pack(">I4sI4s4s4s", at + len(body), b"none", 0x02100000, b"mntr", space, b"XYZ ")
    head += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + b"\0" * 28 + struct.pack(">3i", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


P3 = ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))
ADOBE_RGB = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06))


def pixels(path: Path) -> RGB:
    """The file's pixels as Pillow shows them, RGB."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def spellings(text: bytes) -> tuple[bytes, ...]:
    """A text as it could lie in a file: ASCII, and UTF-16 both ways."""
    plain = text.decode("ascii")
    return text, plain.encode("utf-16-le"), plain.encode("utf-16-be")
