"""Moving the index to the front: offsets right, pictures untouched, also beyond what 32 bits can count."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from avg_video.media import faststart
from avg_video.media.boxes_mp4 import MalformedBox
from avg_video.media.faststart import move_index_to_front
from tests.media import surgery
from tests.media.surgery import box

PICTURES = bytes(range(256)) * 40


def film(mdat: bytes, offsets: list[int], *, kind: bytes = b"stco") -> bytes:
    """A file as FFmpeg's muxer leaves it: type, empty box, pictures, index with empty tags."""
    width = "I" if kind == b"stco" else "Q"
    table = box(kind, struct.pack(f">II{len(offsets)}{width}", 0, len(offsets), *offsets))
    index = box(b"trak", box(b"mdia", box(b"minf", box(b"stbl", box(b"stsz", bytes(12)) + table))))
    return box(b"ftyp", bytes(8)) + box(b"free") + mdat + box(b"moov", index + box(b"udta", box(b"meta")))


def chunk_offsets(data: bytes) -> tuple[bytes, tuple[int, ...]]:
    table = surgery.branch(surgery.parse(data), b"moov", b"trak", b"mdia", b"minf", b"stbl")
    kind, payload = next((k, p) for k, p in table if k in (b"stco", b"co64"))
    assert isinstance(payload, bytes)
    width = "I" if kind == b"stco" else "Q"
    count = struct.unpack(">I", payload[4:8])[0]
    return kind, struct.unpack(f">{count}{width}", payload[8:])


@pytest.mark.parametrize("kind", [b"stco", b"co64"])
@pytest.mark.parametrize("chunk", [1, 7, 100, 1 << 20])
def test_the_offsets_point_at_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: bytes, chunk: int
) -> None:
    """Whatever the size of the pieces moved at once: smaller than, around and larger than the distance."""
    monkeypatch.setattr(faststart, "_CHUNK", chunk)
    pictures = PICTURES if chunk > 1 else PICTURES[:300]
    path = tmp_path / "x.mp4"
    begins = [32 + k for k in (0, 100, 299)]
    path.write_bytes(film(box(b"mdat", pictures), begins, kind=kind))
    before = path.read_bytes()
    move_index_to_front(path)
    after = path.read_bytes()
    assert [k for k, _ in surgery.parse(after)] == [b"ftyp", b"moov", b"mdat"]
    assert b"udta" not in after
    found, offsets = chunk_offsets(after)
    assert found == kind
    assert [after[o : o + 1] for o in offsets] == [before[o : o + 1] for o in begins]
    assert after.endswith(box(b"mdat", pictures))


def test_a_header_of_64_bits_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "x.mp4"
    mdat = struct.pack(">I4sQ", 1, b"mdat", len(PICTURES) + 16) + PICTURES
    path.write_bytes(film(mdat, [40], kind=b"co64"))
    move_index_to_front(path)
    data = path.read_bytes()
    assert data.endswith(mdat)
    assert data.startswith(b"\0\0\0\x10ftyp")


def test_offsets_that_outgrow_32_bits_become_wide() -> None:
    """The index of a file of 4 GiB less a few bytes: moving it pushes the last offsets over the edge."""
    high = 2**32 - 20
    moov = film(box(b"mdat"), [32, high])[16 + 8 + 8 :]
    index = faststart._shifted_index(moov, 16, 24)
    kind, offsets = chunk_offsets(index)
    assert kind == b"co64"
    assert offsets == (32 + 16 + len(index) - 24, high + 16 + len(index) - 24)
    low = film(box(b"mdat"), [32, high - 10_000])[16 + 8 + 8 :]
    assert chunk_offsets(faststart._shifted_index(low, 16, 24))[0] == b"stco"


def cut(data: bytes) -> bytes:
    return data[:-5]


def twice(data: bytes) -> bytes:
    return data + box(b"mdat", b"more")


def no_index(data: bytes) -> bytes:
    return data[: data.index(b"moov") - 4]


@pytest.mark.parametrize("damage", [cut, twice, no_index])
def test_a_file_of_another_shape_is_refused(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "x.mp4"
    path.write_bytes(damage(film(box(b"mdat", PICTURES), [40])))
    with pytest.raises(MalformedBox):
        move_index_to_front(path)
