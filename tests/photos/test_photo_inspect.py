"""The search of finished photos: what this program writes is clean, and anything more is found and named."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from avg_video.errors import CheckFailed
from avg_video.media.photo_inspect import inspect_photo, read_back_photo
from avg_video.media.photo_write import encoder_for, write_photo
from tests.photos.making import chunk, encoded, icc_profile, segment, with_chunks, with_segments
from tests.support.clips import noise

PICTURE = noise((72, 56), seed=1)


def made(folder: Path, name: str, picture: np.ndarray = PICTURE) -> Path:
    path = folder / name
    write_photo(path, picture, encoder_for(path))
    return path


@pytest.mark.parametrize("name", ["a.jpg", "a.png"])
@pytest.mark.parametrize("size_wh", [(1, 1), (72, 56), (161, 33)])
def test_what_is_written_is_clean(name: str, size_wh: tuple[int, int], tmp_path: Path) -> None:
    picture = np.random.default_rng(3).integers(0, 256, (size_wh[1], size_wh[0], 3), dtype=np.uint8)
    path = made(tmp_path, name, picture)
    assert inspect_photo(path) == ()
    read_back_photo(path, picture)


def at(data: bytes, marker: bytes) -> int:
    place = data.index(marker)
    assert place > 0
    return place


def longer(data: bytes, marker: bytes, more: bytes) -> bytes:
    """The JPEG with bytes added inside the first segment of that kind, its length set right."""
    k = at(data, marker)
    length = int.from_bytes(data[k + 2 : k + 4], "big")
    return (
        data[: k + 2]
        + struct.pack(">H", length + len(more))
        + data[k + 4 : k + 2 + length]
        + more
        + data[k + 2 + length :]
    )


JPEG_CHANGES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "comment": (lambda j: with_segments(j, segment(0xFE, b"hi")), "COM"),
    "exif": (lambda j: with_segments(j, segment(0xE1, b"Exif\0\0")), "APP1"),
    "icc": (lambda j: with_segments(j, segment(0xE2, b"ICC_PROFILE\0\1\1" + icc_profile())), "APP2"),
    "adobe": (lambda j: with_segments(j, segment(0xEE, b"Adobe\0d\0\0\0\0\1")), "APP14"),
    "second JFIF": (lambda j: with_segments(j, segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0")), "APP0"),
    "density": (lambda j: j[:14] + b"\0\x48" + j[16:], "APP0"),
    "longer JFIF": (lambda j: longer(j, b"\xff\xe0", b"abc"), "APP0"),
    "longer tables": (lambda j: longer(j, b"\xff\xdb", b"abc"), "DQT"),
    "longer codes": (lambda j: longer(j, b"\xff\xc4", b"abc"), "DHT"),
    "longer frame": (lambda j: longer(j, b"\xff\xc0", b"abc"), "SOF0"),
    "fill bytes": (lambda j: j[: at(j, b"\xff\xdb")] + b"\xff\xff" + j[at(j, b"\xff\xdb") :], "DQT"),
    "fill before the end": (lambda j: j[:-2] + b"\xff" + j[-2:], "data"),
    "restart mark": (lambda j: j[:-2] + b"\xff\xd0" + j[-2:], "data"),
    "restart interval": (lambda j: with_segments(j, segment(0xDD, b"\0\1")), "DRI"),
    "behind": (lambda j: j + b"x", "bytes after the end"),
    "second picture": (lambda j: j + j, "bytes after the end"),
    "cut": (lambda j: j[:-2], "file"),
    "progressive": (lambda j: encoded(PICTURE, "JPEG", progressive=True), "SOF2"),
}

PNG_CHANGES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "text": (lambda p: with_chunks(p, chunk(b"tEXt", b"a\0b")), "tEXt"),
    "time": (lambda p: with_chunks(p, chunk(b"tIME", b"\0" * 7)), "tIME"),
    "private": (lambda p: with_chunks(p, chunk(b"prVt", b"x")), "prVt"),
    "physical": (lambda p: with_chunks(p, chunk(b"pHYs", b"\0\0\1\0\0\0\1\0\1")), "pHYs"),
    "sum": (lambda p: p[:29] + b"\0\0\0\0" + p[33:], "IHDR"),
    "end": (lambda p: p[:-12] + chunk(b"IEND", b"x"), "IEND"),
    "behind": (lambda p: p + b"x", "bytes after the end"),
    "more data": (lambda p: p[:-12] + chunk(b"IDAT", b"more") + p[-12:], "IDAT"),
    "longer stream": (
        lambda p: p[:33] + chunk(b"IDAT", zlib.compress(b"\0" * (56 * (1 + 3 * 72) + 9))) + p[-12:],
        "IDAT",
    ),
    "grey": (lambda p: encoded(PICTURE[..., 0], "PNG"), "IHDR"),
    "cut": (lambda p: p[:-12], "file"),
}


@pytest.mark.parametrize("name", JPEG_CHANGES)
def test_anything_more_in_a_jpeg_is_found_and_named(name: str, tmp_path: Path) -> None:
    change, where = JPEG_CHANGES[name]
    check(made(tmp_path, "a.jpg"), change, where)


@pytest.mark.parametrize("name", PNG_CHANGES)
def test_anything_more_in_a_png_is_found_and_named(name: str, tmp_path: Path) -> None:
    change, where = PNG_CHANGES[name]
    check(made(tmp_path, "a.png"), change, where)


def check(path: Path, change: Callable[[bytes], bytes], where: str) -> None:
    path.write_bytes(change(path.read_bytes()))
    findings = inspect_photo(path)
    assert any(text.startswith(f"{where}: ") for text in findings), findings
    with pytest.raises(CheckFailed, match=where):
        read_back_photo(path, PICTURE)


def test_another_picture_is_found(tmp_path: Path) -> None:
    for name in ("a.jpg", "a.png"):
        path = made(tmp_path, name)
        other = PICTURE.copy()
        other[16:40, 16:40] = 255 - other[16:40, 16:40]
        with pytest.raises(CheckFailed, match=r"picture|pixels"):
            read_back_photo(path, other)
        with pytest.raises(CheckFailed, match="instead of 70x56"):
            read_back_photo(path, PICTURE[:, :70])


def test_other_files_are_no_photos_of_ours(tmp_path: Path) -> None:
    for data in (b"", b"text", encoded(PICTURE, "WEBP")):
        (tmp_path / "a").write_bytes(data)
        assert inspect_photo(tmp_path / "a") == ("file: it is neither a JPEG nor a PNG",)
