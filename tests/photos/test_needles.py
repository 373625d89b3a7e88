"""Nothing hidden in a photo travels along: a needle in every place, proof that it is in, proof that it is out."""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from avg_video.media.photo_inspect import inspect_photo
from avg_video.photos import anonymise_photo
from tests.photos.making import (
    NEEDLE,
    chunk,
    encoded,
    exif_block,
    icc_profile,
    needle,
    pattern,
    pixels,
    room,
    segment,
    spellings,
    with_chunks,
    with_segments,
)
from tests.photos.settings import FAST
from tests.support.clips import noise

MAKER = b"Apple iOS\0\0\1MM" + needle("makernote")
XMP_HEAD = b"http://ns.adobe.com/xap/1.0/\0"
SMALL = encoded(pattern())


def xmp(place: str) -> bytes:
    return (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><dc:creator>'
        + needle(place)
        + b"</dc:creator></rdf:RDF></x:xmpmeta>"
    )


def iptc(text: bytes) -> bytes:
    """An Adobe resource block with an IPTC by-line (IIM 4.2, 2:80)."""
    record = b"\x1c\x02\x50" + struct.pack(">H", len(text)) + text
    return b"Photoshop 3.0\x008BIM\x04\x04\0\0" + struct.pack(">I", len(record)) + record + b"\0" * (len(record) % 2)


def app1(block: bytes) -> bytes:
    return segment(0xE1, b"Exif\0\0" + block)


def mpf(second: bytes, first_bytes: int) -> bytes:
    """The directory of a Multi-Picture Format file (CIPA DC-007, 5.2) with two pictures."""
    entries = struct.pack("<5I", 0x20030000, 0, 0, 0, 0)[:16] + struct.pack("<IIIHH", 0, len(second), first_bytes, 0, 0)
    table = b"II*\0" + struct.pack("<IH", 8, 3)
    table += struct.pack("<HHI4s", 0xB000, 7, 4, b"0100") + struct.pack("<HHII", 0xB001, 4, 1, 2)
    table += struct.pack("<HHII", 0xB002, 7, len(entries), 8 + 2 + 36 + 4) + struct.pack("<I", 0)
    return segment(0xE2, b"MPF\0" + table + entries)


@dataclass(frozen=True)
class Plant:
    """One place: how its photo is made, what lies there, and what the record must call it."""

    kind: str
    make: Callable[[bytes], bytes]
    planted: bytes
    categories: frozenset[str]


def jpeg_plant(place: str, make: Callable[[bytes], bytes], *categories: str, planted: bytes | None = None) -> Plant:
    return Plant("JPEG", make, planted or needle(place), frozenset(categories))


SECOND = encoded(pattern((64, 48)), comment=needle("second"))

PLANTS = {
    "jpeg-exif": jpeg_plant("exif", lambda j: with_segments(j, app1(exif_block(text=needle("exif")))), "exif"),
    "jpeg-gps": jpeg_plant("gps", lambda j: with_segments(j, app1(exif_block(gps=needle("gps")))), "exif", "gps"),
    "jpeg-makernote": jpeg_plant("makernote", lambda j: with_segments(j, app1(exif_block(note=MAKER))), "exif"),
    "jpeg-thumbnail": jpeg_plant(
        "thumbnail",
        lambda j: with_segments(j, app1(exif_block(small=SMALL))),
        "exif",
        "thumbnail",
        planted=SMALL[20:600],
    ),
    "jpeg-jfxx": jpeg_plant(
        "jfxx", lambda j: with_segments(j, segment(0xE0, b"JFXX\0\x10" + SMALL)), "thumbnail", planted=SMALL[20:600]
    ),
    "jpeg-iptc": jpeg_plant("iptc", lambda j: with_segments(j, segment(0xED, iptc(needle("iptc")))), "iptc"),
    "jpeg-xmp": jpeg_plant("xmp", lambda j: with_segments(j, segment(0xE1, XMP_HEAD + xmp("xmp"))), "xmp"),
    "jpeg-icc": jpeg_plant(
        "icc", lambda j: with_segments(j, segment(0xE2, b"ICC_PROFILE\0\1\1" + icc_profile(needle("icc")))), "icc"
    ),
    "jpeg-comment": jpeg_plant("comment", lambda j: with_segments(j, segment(0xFE, needle("comment"))), "comment"),
    "jpeg-app": jpeg_plant("app", lambda j: with_segments(j, segment(0xEB, needle("app"))), "other-data"),
    "jpeg-second": jpeg_plant(
        "second", lambda j: with_segments(j, mpf(SECOND, len(j) + 100)) + SECOND, "second-picture", "trailing-bytes"
    ),
    "jpeg-trailing": jpeg_plant("trailing", lambda j: j + needle("trailing"), "trailing-bytes"),
    "jpeg-film": jpeg_plant("film", lambda j: j + b"\0\0\0\x18ftypmp42" + needle("film"), "trailing-bytes", "video"),
    "png-tEXt": Plant(
        "PNG",
        lambda p: with_chunks(p, chunk(b"tEXt", b"Author\0" + needle("text"))),
        needle("text"),
        frozenset({"text"}),
    ),
    "png-zTXt": Plant(
        "PNG",
        lambda p: with_chunks(p, chunk(b"zTXt", b"Author\0\0" + zlib.compress(needle("ztxt")))),
        zlib.compress(needle("ztxt")),
        frozenset({"text"}),
    ),
    "png-iTXt": Plant(
        "PNG",
        lambda p: with_chunks(p, chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp("itxt"))),
        needle("itxt"),
        frozenset({"text", "xmp"}),
    ),
    "png-tIME": Plant(
        "PNG",
        lambda p: with_chunks(p, chunk(b"tIME", struct.pack(">H5B", 1987, 6, 5, 4, 3, 2))),
        b"tIME" + struct.pack(">H5B", 1987, 6, 5, 4, 3, 2),
        frozenset({"time"}),
    ),
    "png-eXIf": Plant(
        "PNG",
        lambda p: with_chunks(p, chunk(b"eXIf", exif_block(text=needle("pexif"), gps=needle("pexif")))),
        needle("pexif"),
        frozenset({"exif", "gps"}),
    ),
    "png-iCCP": Plant(
        "PNG",
        lambda p: with_chunks(p, chunk(b"iCCP", needle("iccp") + b"\0\0" + zlib.compress(icc_profile()))),
        needle("iccp"),
        frozenset({"icc"}),
    ),
    "png-private": Plant(
        "PNG", lambda p: with_chunks(p, chunk(b"prVt", needle("prvt"))), needle("prvt"), frozenset({"other-data"})
    ),
    "png-trailing": Plant("PNG", lambda p: p + needle("ptrail"), needle("ptrail"), frozenset({"trailing-bytes"})),
}


def exiftool(path: Path) -> str:
    """Everything exiftool knows about what lies in the file."""
    tool = shutil.which("exiftool")
    if tool is None:
        pytest.skip("exiftool is not installed")
    done = subprocess.run([tool, "-ee", "-a", "-u", "-G1", "-j", "-b", str(path)], capture_output=True, check=True)
    told = json.loads(done.stdout)[0]
    return json.dumps({k: v for k, v in told.items() if not k.startswith(("System:", "ExifTool:", "SourceFile"))})


def check_clean(source: Path, output: Path, planted: bytes) -> None:
    """The planted bytes are in the one and in no spelling in the other, which holds a picture and nothing else."""
    assert planted in source.read_bytes(), "the needle was never in the input"
    made = output.read_bytes()
    assert planted not in made
    assert not any(spelling in made for spelling in spellings(NEEDLE.encode()))
    assert inspect_photo(output) == ()


@pytest.mark.parametrize("name", PLANTS)
def test_what_is_planted_is_named_by_kind_and_not_in_the_copy(name: str, tmp_path: Path) -> None:
    plant = PLANTS[name]
    end = plant.kind.lower().replace("jpeg", "jpg")
    source, output = tmp_path / f"a.{end}", tmp_path / f"a.avg.{end}"
    picture = noise((96, 64), seed=4)
    source.write_bytes(plant.make(encoded(picture, plant.kind)))
    outcome = anonymise_photo(source, output, settings=FAST)
    check_clean(source, output, plant.planted)
    assert set(outcome.record.input.hidden) == plant.categories
    assert NEEDLE not in outcome.record_path.read_text()
    assert np.median(np.abs(pixels(output).astype(int) - picture)) < 4


def test_exiftool_finds_all_needles_in_the_input_and_none_in_the_copy(tmp_path: Path) -> None:
    source, output = tmp_path / "a.jpg", tmp_path / "a.avg.jpg"
    block = exif_block(text=needle("exif"), gps=needle("gps"), note=MAKER, small=SMALL, orientation=1)
    parts = [app1(block), segment(0xE1, XMP_HEAD + xmp("xmp")), segment(0xED, iptc(needle("iptc")))]
    profile = segment(0xE2, b"ICC_PROFILE\0\1\1" + icc_profile(needle("icc")))
    whole = with_segments(encoded(room()[0]), *parts, profile, segment(0xFE, needle("comment")))
    source.write_bytes(whole + needle("trailing"))
    before = exiftool(source)
    for place in ("exif", "gps", "xmp", "iptc", "icc", "comment"):
        assert needle(place).decode() in before, place
    assert "ThumbnailImage" in before
    outcome = anonymise_photo(source, output, settings=FAST)
    after = exiftool(output)
    assert NEEDLE not in after
    groups = {key.split(":")[0] for key in json.loads(after)}
    assert groups <= {"File", "JFIF", "Composite"}, after
    assert set(outcome.record.input.hidden) == {
        *("exif", "gps", "thumbnail", "xmp", "iptc", "icc", "comment", "trailing-bytes")
    }


def test_webp_loses_its_exif_and_xmp(tmp_path: Path) -> None:
    source, output = tmp_path / "a.webp", tmp_path / "a.avg.jpg"
    block = exif_block(text=needle("wexif"), orientation=6)
    source.write_bytes(encoded(room()[0], "WEBP", exif=block, xmp=xmp("wxmp"), icc_profile=icc_profile(needle("wicc"))))
    for place in ("wexif", "wxmp", "wicc"):
        check_before = needle(place)
        assert check_before in source.read_bytes()
    outcome = anonymise_photo(source, output, settings=FAST)
    check_clean(source, output, needle("wexif"))
    assert set(outcome.record.input.hidden) == {"exif", "xmp", "icc"}
    assert outcome.record.output.size_wh == (240, 320)


def test_heic_loses_its_exif_and_xmp(tmp_path: Path) -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    source, output = tmp_path / "a.heic", tmp_path / "a.avg.jpg"
    rgb, _ = room()
    box = pillow_heif.from_pillow(Image.fromarray(rgb))
    box.add_from_pillow(Image.fromarray(pattern((64, 48))))
    block = b"Exif\0\0" + exif_block(text=needle("hexif"), gps=needle("hgps"), note=MAKER, orientation=1)
    out = BytesIO()
    box.save(out, exif=block, xmp=xmp("hxmp"), quality=90, primary_index=0)
    source.write_bytes(out.getvalue() + needle("htrail"))
    for place in ("hgps", "hxmp", "makernote", "htrail"):
        assert needle(place) in source.read_bytes(), place
    outcome = anonymise_photo(source, output, settings=FAST)
    check_clean(source, output, needle("hexif"))
    assert set(outcome.record.input.hidden) >= {"exif", "gps", "xmp", "second-picture", "trailing-bytes"}
    assert outcome.record.output.size_wh == (320, 240)
    assert any("more pictures" in text for text in outcome.record.warnings)


def test_saving_an_opened_picture_would_leak(tmp_path: Path) -> None:
    """Why the file is built from an array: what Pillow does with a comment when an opened picture is saved."""
    source = with_segments(encoded(room()[0]), segment(0xFE, needle("comment")))
    out = BytesIO()
    Image.open(BytesIO(source)).save(out, "JPEG")
    assert needle("comment") in out.getvalue()
