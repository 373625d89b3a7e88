"""The inspection of finished files: clean ones pass, and every single check can fail."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avg_video.media.boxes_mp4 import MalformedBox, walk
from avg_video.media.inspect import inspect_file
from avg_video.media.sound import SoundPlan
from tests.media import surgery
from tests.media.surgery import Tree, add, box, drop, patch
from tests.media.writing import line_of, recording, write

MS = Fraction(1, 1000)
MOOV, TRAK = (b"moov",), (b"moov", b"trak")
MDIA, STBL = (*TRAK, b"mdia"), (*TRAK, b"mdia", b"minf", b"stbl")
SEI = b"\x06\x05\x04abcd\x80"  # unregistered text, cut short of its identifier as nobody reads it


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """An output of our own with sound, and B-frames and so an edit list."""
    folder = tmp_path_factory.mktemp("clean")
    wave = (0.3 * np.sin(np.arange(48000) / 9)).astype(np.float32)[None]
    source = recording(folder / "in.mp4", wave, seconds=1)
    write(folder / "out.mp4", line_of(range(0, 1000, 40), MS, last=40), sound=SoundPlan(keep=True), source=source)
    return (folder / "out.mp4").read_bytes()


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for tests that run many times."""
    return tmp_path_factory.mktemp("scratch")


def inspected(tmp_path: Path, data: bytes) -> tuple[str, ...]:
    path = tmp_path / "x.mp4"
    path.write_bytes(data)
    return inspect_file(path)


def test_our_own_output_is_clean(tmp_path: Path, clean: bytes) -> None:
    assert inspected(tmp_path, clean) == ()
    assert inspected(tmp_path, surgery.edit(clean, lambda tree: None)) == ()


def test_our_own_output_holds_exactly_these_boxes(tmp_path: Path, clean: bytes) -> None:
    (tmp_path / "x.mp4").write_bytes(clean)
    with (tmp_path / "x.mp4").open("rb") as file:
        top = [b.path for b in walk(file, 0, len(clean)) if "/" not in b.path or b.path.count("/") == 1]
    assert top == ["ftyp", "moov", "moov/mvhd", "moov/trak", "moov/trak[2]", "mdat"]
    for needle in (b"Lavf", b"Lavc", b"x264", b"udta", b"free", b"ilst"):
        assert needle not in clean


TIME = struct.pack(">I", 3_900_000_000)
EDITS = {
    "a list of tags": (add(*MOOV, new=box(b"udta", box(b"meta"))), "moov/udta: is not on the list"),
    "tags in a track": (add(*TRAK, new=box(b"udta")), "moov/trak/udta: is not on the list"),
    "a free box": (lambda tree: tree.insert(1, (b"free", b"secret")), "free: is not on the list"),
    "an empty free box": (lambda tree: tree.insert(1, (b"free", b"")), "free: is not on the list"),
    "a uuid box": (lambda tree: tree.append((b"uuid", bytes(16))), "uuid: is not on the list"),
    "a second mdat": (lambda tree: tree.append((b"mdat", b"hidden")), "mdat[2]: appears more than once"),
    "a second mvhd": (add(*MOOV, new=box(b"mvhd", bytes(100))), "moov/mvhd[2]: appears more than once"),
    "an unknown box in the samples' table": (add(*STBL, new=box(b"abcd")), "stbl/abcd: is not on the list"),
    "a timecode track": (add(*TRAK, new=box(b"tref", box(b"tmcd", bytes(4)))), "moov/trak/tref: is not on the list"),
    "a control character in a box's name": (add(*MOOV, new=box(b"a\x1b[m")), "moov/a\\x1b[m: is not on the list"),
    "a creation time of the movie": (patch(*MOOV, b"mvhd", at=4, new=TIME), "moov/mvhd: its creation time"),
    "a modification time": (patch(*MOOV, b"mvhd", at=8, new=TIME), "moov/mvhd: its modification time"),
    "a creation time of a track": (patch(*TRAK, b"tkhd", at=4, new=TIME), "moov/trak/tkhd: its creation time"),
    "a creation time of the media": (patch(*MDIA, b"mdhd", at=4, new=TIME), "mdia/mdhd: its creation time"),
    "a rotation": (patch(*TRAK, b"tkhd", at=40, new=bytes(4)), "moov/trak/tkhd: its matrix"),
    "a disabled track": (patch(*TRAK, b"tkhd", at=3, new=b"\2"), "moov/trak/tkhd: its version"),
    "a hidden message in a reserved part": (patch(*MOOV, b"mvhd", at=26, new=b"psst"), "moov/mvhd: its reserved part"),
    "a language": (patch(*MDIA, b"mdhd", at=20, new=b"\x15\xc7"), "mdia/mdhd: its language"),
    "a handler's name": (patch(*MDIA, b"hdlr", at=24, new=b"Mr Jones"), "mdia/hdlr: its name"),
    "a longer handler's name": (patch(*MDIA, b"hdlr", at=-1, new=b"x"), "mdia/hdlr: its name"),
    "another kind of track": (patch(*MDIA, b"hdlr", at=8, new=b"meta"), "mdia/hdlr: a track of another kind"),
    "a compressor's name": (patch(*STBL, b"stsd", at=8 + 8 + 42, new=b"\4Lavc"), "avc1: its compressor name"),
    "bytes after a table": (patch(*STBL, b"stts", at=-1, new=b"more"), "stbl/stts: its length"),
    "bytes after the sizes": (patch(*STBL, b"stsz", at=-1, new=b"more"), "stbl/stsz: its length"),
    "a brand": (patch(b"ftyp", at=0, new=b"qt  "), "ftyp: its brands"),
    "a reference out of the file": (
        patch(*MDIA, b"minf", b"dinf", at=8 + 8 + 8 + 3, new=b"\0"),
        "url : its place of the media",
    ),
    "no edit list, nothing hidden": (drop(*TRAK, b"edts"), None),
    "an edit list that starts late": (patch(*TRAK, b"edts", b"elst", at=12, new=b"\0\1\0\0"), "does not begin with"),
    "an edit list that ends early": (patch(*TRAK, b"edts", b"elst", at=8, new=b"\0\0\1\0"), "does not end with"),
    "an edit list at another speed": (patch(*TRAK, b"edts", b"elst", at=16, new=b"\0\2\0\0"), "changes the speed"),
    "a second stream of pictures": (
        lambda tree: surgery.branch(tree, *MOOV).append((b"trak", surgery.branch(tree, *TRAK))),
        "holds 2 picture and 1 sound tracks of 3",
    ),
    "no media header": (drop(*MDIA, b"mdhd"), "moov/trak/mdia/mdhd: is missing"),
    "no movie": (drop(b"moov"), "moov: is missing"),
    "bytes in mdat that no sample uses": (patch(b"mdat", at=-1, new=b"unseen"), "samples use"),
}


@pytest.mark.parametrize("case", EDITS)
def test_what_does_not_belong_is_found(tmp_path: Path, clean: bytes, case: str) -> None:
    change: Callable[[Tree], None]
    change, words = EDITS[case]
    planted = surgery.edit(clean, change)
    assert planted != clean
    findings = inspected(tmp_path, planted)
    if words is None:
        assert findings == ()
    else:
        assert any(words in finding for finding in findings), findings
        assert all(finding.isprintable() for finding in findings)


@pytest.mark.parametrize("tail", [b"x", b"trailing bytes", box(b"skip", b"x"), bytes(64), b"\0\0\0\0free"])
def test_bytes_after_the_last_box_are_found(tmp_path: Path, clean: bytes, tail: bytes) -> None:
    (finding,) = inspected(tmp_path, clean + tail)
    assert finding.endswith("are no box") or finding == "skip: is not on the list"


def resized(clean: bytes, k: int, change: Callable[[bytes], bytes]) -> bytes:
    """The file with picture `k` changed, and its size and all later offsets put right."""
    with av.open(io.BytesIO(clean)) as opened:
        packets = [(p.pos, p.size) for p in opened.demux(video=0) if p.size]
    position, size = packets[k]
    new = change(clean[position : position + size])
    data = clean[:position] + new + clean[position + size :]
    grown = len(new) - size

    def fix(tree: Tree) -> None:
        for track in [inner for kind, inner in surgery.branch(tree, *MOOV) if kind == b"trak"]:
            assert not isinstance(track, bytes)
            table = surgery.branch(track, b"mdia", b"minf", b"stbl")
            for i, (kind, inner) in enumerate(table):
                if not isinstance(inner, bytes):
                    continue
                numbers = list(struct.unpack(f">{len(inner) // 4}I", inner)) if kind in (b"stco", b"stsz") else []
                if kind == b"stco":
                    numbers[2:] = [v + grown if v > position else v for v in numbers[2:]]
                elif kind == b"stsz" and track is surgery.branch(tree, *TRAK):
                    numbers[3 + k] += grown
                if numbers:
                    table[i] = (kind, struct.pack(f">{len(numbers)}I", *numbers))

    mdat = data.index(b"mdat") - 4
    data = data[:mdat] + struct.pack(">I", len(data) - mdat) + data[mdat + 4 :]
    return surgery.edit(data, fix)


def nal(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


@pytest.mark.parametrize(
    ("unit", "words"),
    [
        (SEI, "holds SEI of type 5"),
        (b"\x06\x04\x02ab\x01\x01c\x80", "holds SEI of type 4, 1"),
        (b"\x0c\xff\xff\x80", "holds filler"),
        (b"\x09\x10", "holds access unit delimiter"),
        (b"\x13abc", "holds auxiliary slice"),
        (b"\x1fabc", "holds type 31"),
        (b"\x06\x05\xff", "is damaged (an SEI message"),
    ],
)
def test_nal_units_that_are_no_picture_are_found(tmp_path: Path, clean: bytes, unit: bytes, words: str) -> None:
    planted = resized(clean, 3, lambda sample: nal(unit) + sample)
    findings = inspected(tmp_path, planted)
    assert [f for f in findings if words in f] == list(findings)
    assert findings
    assert "mdat: picture 3 of moov/trak " in findings[0]


def test_a_sample_with_loose_bytes_is_found(tmp_path: Path, clean: bytes) -> None:
    assert "is damaged" in inspected(tmp_path, resized(clean, 3, lambda sample: sample + b"xy"))[0]


def test_a_file_full_of_sei_is_told_briefly(tmp_path: Path) -> None:
    """x264's own settings, and a picture timing with every picture, as a plain encode leaves them."""
    with av.open(str(tmp_path / "x.mp4"), "w") as box_:
        film = box_.add_stream(
            "libx264", rate=25, options={"x264-params": "nal-hrd=vbr:vbv-maxrate=900:vbv-bufsize=900"}
        )
        film.width, film.height, film.pix_fmt = 64, 64, "yuv420p"
        for _ in range(20):
            box_.mux(film.encode(av.VideoFrame(64, 64, "yuv420p")))
        box_.mux(film.encode())
    findings = inspect_file(tmp_path / "x.mp4")
    assert any("holds SEI of type 5" in f for f in findings)
    assert sum("holds SEI" in f for f in findings) <= 6
    assert any(f.startswith("moov/udta: ") for f in findings)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damage_never_crashes_and_loss_is_found(clean: bytes, scratch: Path, data: st.DataObject) -> None:
    end = clean.index(b"mdat") + 4
    at = data.draw(st.integers(0, end - 1))
    value = data.draw(st.integers(0, 255))
    changed = clean[:at] + bytes([value]) + clean[at + 1 :]
    inspected(scratch, changed)
    cut = data.draw(st.integers(0, len(clean) - 1))
    assert inspected(scratch, clean[:cut])


def test_an_empty_file_and_a_text_are_not_clean(tmp_path: Path) -> None:
    assert inspected(tmp_path, b"")
    assert inspected(tmp_path, b"just some words, no film at all") == ("the file: 31 bytes at its end are no box",)


def test_boxes_nested_without_end_are_refused(tmp_path: Path) -> None:
    data = b""
    for _ in range(50):
        data = box(b"moov", data)
    path = tmp_path / "x.mp4"
    path.write_bytes(data)
    with path.open("rb") as file, pytest.raises(MalformedBox, match="too deep"):
        list(walk(file, 0, len(data)))
