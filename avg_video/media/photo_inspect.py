"""Searches a finished photo, byte by byte, for anything that is not picture, and compares its pixels with the intended.

Everything is checked against what this program writes, and named where it differs. What is in no list is a finding.
"""

from __future__ import annotations

import io
import warnings
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from avg_video.errors import CheckFailed
from avg_video.language import tr
from avg_video.media.photo_parts import END, MalformedPhoto, Part, jpeg_segments, png_chunks

__all__ = ["CHECKED", "inspect_photo", "read_back_photo"]

U8 = npt.NDArray[np.uint8]

CHECKED: Final = ("bytes-after-the-end", "coded-data", "fields", "pixels", "segments", "unused-bytes")
"""What `read_back_photo` goes through, in words for the record."""

_JFIF: Final = b"JFIF\0\1\1\0\0\1\0\1\0\0"
"""The whole content of the one APP0 that is allowed: version 1.01, square pixels, no small picture (JFIF 1.02)."""
_IHDR_REST: Final = b"\x08\x02\0\0\0"
"""8 bits, RGB, deflate, adaptive filters, not interlaced (W3C PNG, 11.2.1)."""
_INFLATE_BYTES: Final = 1 << 20
_BLOCK: Final = 16
_MAX_DIFFERENCE: Final = 24.0
"""Greatest difference of a block's mean between what was meant and what a JPEG shows, of 255. A JPEG at the quality
used here stays within 3 (measured on noise); another picture doesn't."""


def inspect_photo(path: Path) -> tuple[str, ...]:
    """Everything about a JPEG or PNG that this program would not have written: `PLACE: what`.

    Checked are: every segment or chunk (from a list, each as often and as long as it may be), every field in them that
    could carry a message, that coded data is one picture and no more, and that nothing lies behind the end. Not
    checked: what the picture shows.

    Returns an empty tuple when the file is clean. Raises `OSError` when it can't be read.
    """
    data = path.read_bytes()
    try:
        if data[:2] == b"\xff\xd8":
            return tuple(_jpeg_findings(data))
        if data[:4] == b"\x89PNG":
            return tuple(_png_findings(data))
    except MalformedPhoto as error:
        return (tr("file: {why}", why=error),)
    return (tr("file: it is neither a JPEG nor a PNG"),)


def _jpeg_findings(data: bytes) -> Iterator[str]:
    parts = list(jpeg_segments(data))
    checks: dict[str, Callable[[bytes], str | None]] = {
        "APP0": lambda c: None if c == _JFIF else tr("holds more than the plain header"),
        "DQT": lambda c: None if _whole_tables(c) else tr("holds more than its tables"),
        "DHT": lambda c: None if _whole_codes(c) else tr("holds more than its codes"),
        "SOF0": lambda c: (
            None if len(c) == 15 and c[0] == 8 and c[5] == 3 else tr("is not of three colours with 8 bits")
        ),
        "SOS": lambda c: None if len(c) == 10 and c[0] == 3 and c[7:] == b"\0\x3f\0" else tr("is not one whole scan"),
    }
    for part in parts:
        if part.name in checks:
            what = checks[part.name](part.of(data))
            if what is not None:
                yield f"{part.name}: {what}"
        elif part.name not in ("SOI", "EOI", "data"):
            name = tr(END) if part.name == END else part.name
            yield tr("{place}: is not on the list", place=name)
    yield from _fill_bytes(parts, data)
    names = [part.name for part in parts]
    for name in ("SOI", "APP0", "SOF0", "SOS", "data", "EOI"):
        if names.count(name) != 1:
            yield tr("{name}: is there {count} times instead of once", name=name, count=names.count(name))
    for name, most in (("DQT", 4), ("DHT", 8)):
        if not 1 <= names.count(name) <= most:
            yield tr("{name}: is there {count} times", name=name, count=names.count(name))


def _fill_bytes(parts: list[Part], data: bytes) -> Iterator[str]:
    """Between segments lie four bytes, marker and length, and behind coded data nothing but the end."""
    at = 2
    for part in parts[1:]:
        head = {"data": 0, "EOI": 2, END: 0}.get(part.name, 4)
        if part.start - head != at:
            yield tr("{name}: has {n} fill bytes before it", name=part.name, n=part.start - head - at)
        coded = part.of(data) if part.name == "data" else b""
        if coded.count(b"\xff") != coded.count(b"\xff\0"):  # in coded data, a byte FF is always written FF00
            yield tr("data: holds fill bytes or marks to restart")
        at = part.end


def _whole_tables(content: bytes) -> bool:
    """Whether the content is tables of 8 bit numbers and no more (ITU-T T.81, B.2.4.1)."""
    return len(content) % 65 == 0 and all(content[k] <= 3 for k in range(0, len(content), 65))


def _whole_codes(content: bytes) -> bool:
    """Whether the content is tables of codes and no more (ITU-T T.81, B.2.4.2)."""
    at = 0
    while at + 17 <= len(content):
        if content[at] & 0xEE:
            return False
        at += 17 + sum(content[at + 1 : at + 17])
    return at == len(content)


def _png_findings(data: bytes) -> Iterator[str]:
    parts = list(png_chunks(data))
    names = [part.name for part in parts]
    for part in parts:
        if part.name not in ("IHDR", "IDAT", "IEND"):
            yield tr("{place}: is not on the list", place=tr(END) if part.name == END else part.name)
        elif part.name != END and zlib.crc32(data[part.start - 4 : part.end]) != int.from_bytes(
            data[part.end : part.end + 4], "big"
        ):
            yield tr("{name}: has a wrong check sum", name=part.name)
    head = parts[0].of(data)
    if names[0] != "IHDR" or names.count("IHDR") != 1 or len(head) != 13 or head[8:] != _IHDR_REST:
        yield tr("IHDR: is not that of a plain RGB picture")
        return
    if parts[names.index("IEND")].of(data):
        yield tr("IEND: is not empty")
    w, h = int.from_bytes(head[:4], "big"), int.from_bytes(head[4:8], "big")
    yield from _idat_findings(b"".join(p.of(data) for p in parts if p.name == "IDAT"), h * (1 + 3 * w))


def _idat_findings(packed: bytes, wanted: int) -> Iterator[str]:
    """Whether the compressed data is one stream that gives the picture and no more; never unpacks more than a MiB at
    once."""
    unpacker, got = zlib.decompressobj(), 0
    try:
        while not unpacker.eof and got <= wanted:
            got += len(unpacker.decompress(packed, _INFLATE_BYTES))
            packed = unpacker.unconsumed_tail
            if not packed and not unpacker.eof:
                break
    except zlib.error:
        yield tr("IDAT: can't be unpacked")
        return
    if got != wanted or not unpacker.eof:
        yield tr("IDAT: unpacks to another length than {wanted} bytes", wanted=wanted)
    if unpacker.unused_data:
        yield tr("IDAT: holds {n} bytes more than the picture", n=len(unpacker.unused_data))


def read_back_photo(path: Path, rgb: U8) -> tuple[str, ...]:
    """Search the finished photo (`inspect_photo`), open it as a viewer would, and compare it with uint8 (h, w, 3).

    Returns what was checked, in words for the record.

    Raises `CheckFailed` naming the first thing that is not as it should be.
    """
    try:
        for what in inspect_photo(path):
            raise _failed(tr("it holds something else than a picture ({what})", what=what), path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(path.read_bytes()), formats=["JPEG", "PNG"])
            shown = np.asarray(image.convert("RGB"))
    except (OSError, SyntaxError, ValueError) as error:
        raise _failed(tr("it can't be read back"), path) from error
    if shown.shape != rgb.shape:
        raise _failed(
            tr(
                "it is {width}x{height} instead of {wanted_width}x{wanted_height}",
                width=shown.shape[1],
                height=shown.shape[0],
                wanted_width=rgb.shape[1],
                wanted_height=rgb.shape[0],
            ),
            path,
        )
    if image.format == "PNG":
        if not np.array_equal(shown, rgb):
            raise _failed(tr("its pixels are not those that were written"), path)
    elif _block_difference(shown, rgb) > _MAX_DIFFERENCE:
        raise _failed(tr("it shows another picture than was written"), path)
    return CHECKED


def _block_difference(a: U8, b: U8) -> float:
    """Greatest difference of the means of blocks of 16 x 16 px (less at the right and lower edge), over all colours."""
    greatest = 0.0
    for top in range(0, a.shape[0], _BLOCK * 16):
        rows = slice(top, top + _BLOCK * 16)
        difference = a[rows].astype(np.int32) - b[rows]
        starts_y = np.arange(0, difference.shape[0], _BLOCK)
        starts_x = np.arange(0, difference.shape[1], _BLOCK)
        sums = np.add.reduceat(np.add.reduceat(difference, starts_y, axis=0), starts_x, axis=1)
        high = np.diff(np.append(starts_y, difference.shape[0]))
        wide = np.diff(np.append(starts_x, difference.shape[1]))
        greatest = max(greatest, float(np.abs(sums / (high[:, None] * wide[None])[..., None]).max()))
    return greatest


def _failed(what: str, path: Path) -> CheckFailed:
    return CheckFailed(
        tr("the finished photo did not pass its check: {what}", what=what), remedy=tr("run again"), file=path
    )
