"""Which kinds of hidden data a photo holds besides its picture, and which way is up. Values are never looked at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from avg_video.media.photo_exif import Exif, read_exif
from avg_video.media.photo_parts import END, Part, heif_boxes, jpeg_segments, png_chunks, webp_chunks

__all__ = ["Contents", "heif_contents", "jpeg_contents", "png_contents", "webp_contents"]

_EXIF_HEAD: Final = b"Exif\0"
_XMP_WORDS: Final = (b"http://ns.adobe.com/xap/1.0/\0", b"http://ns.adobe.com/xmp/extension/\0")

_PNG_PICTURE: Final = frozenset(
    {*("IHDR", "PLTE", "IDAT", "IEND", "tRNS", "gAMA", "cHRM", "sRGB", "cICP", "sBIT", "bKGD"), "pHYs"}
)
"""Chunks that say how pixels look, in a few numbers."""
_WEBP_PICTURE: Final = frozenset({"VP8", "VP8L", "VP8X", "ALPH", "ANIM", "ANMF"})
_HEIF_PICTURE: Final = frozenset({"ftyp", "meta", "mdat"})
_SIGNS_OF_PICTURE: Final = (b"\xff\xd8\xff", b"\x89PNG")


@dataclass(frozen=True)
class Contents:
    """What the parts of a photo say.

    Attributes
    ----------
    hidden: sorted categories.
    orientation: 1 to 8, as in EXIF.
    unreadable_exif: EXIF is there and can't be read, so that the orientation is not known.
    moving: it is a sequence of pictures, not one.
    hdr: its colours are HDR (PQ or HLG).
    """

    hidden: tuple[str, ...]
    orientation: int = 1
    unreadable_exif: bool = False
    moving: bool = False
    hdr: bool = False


def jpeg_contents(data: bytes) -> Contents:
    """The contents of a JPEG. Raises `MalformedPhoto`."""
    parts = list(jpeg_segments(data))
    exifs = [read_exif(p.of(data)[6:]) for p in parts if p.name == "APP1" and p.of(data).startswith(_EXIF_HEAD)]
    kinds = [kind for part in parts for kind in _jpeg_kinds(part, part.of(data))]
    return _contents(kinds, exifs)


def _jpeg_kinds(part: Part, content: bytes) -> Iterator[str]:
    if part.name == "COM":
        yield "comment"
    elif part.name == END:
        yield from _behind(content)
    elif part.name == "APP0":
        yield from _jfif_kinds(content)
    elif part.name == "APP1" and content.startswith(_EXIF_HEAD):
        yield "exif"
    elif part.name == "APP1" and content.startswith(_XMP_WORDS):
        yield "xmp"
    elif part.name == "APP2" and content.startswith(b"ICC_PROFILE\0"):
        yield "icc"
    elif part.name == "APP2" and content.startswith(b"MPF\0"):
        yield "second-picture"
    elif part.name == "APP13":
        yield "iptc"
    elif part.name.startswith(("APP", "FF", "JPG")) and not (part.name == "APP14" and content.startswith(b"Adobe")):
        yield "other-data"


def _jfif_kinds(content: bytes) -> Iterator[str]:
    if content.startswith(b"JFXX\0") or (content.startswith(b"JFIF\0") and any(content[12:14])):
        yield "thumbnail"
    elif not content.startswith(b"JFIF\0") or len(content) > 14:
        yield "other-data"


def png_contents(data: bytes) -> Contents:
    """The contents of a PNG. Raises `MalformedPhoto`."""
    parts = list(png_chunks(data))
    exifs = [read_exif(p.of(data)) for p in parts if p.name == "eXIf"]
    kinds = [kind for part in parts for kind in _png_kinds(part, part.of(data))]
    moving = any(part.name in ("acTL", "fcTL", "fdAT") for part in parts)
    # Primaries and transfer function as in ITU-T H.273: 16 is PQ, 18 HLG.
    hdr = any(part.name == "cICP" and part.of(data)[1:2] in (b"\x10", b"\x12") for part in parts)
    return _contents(kinds, exifs, moving=moving, hdr=hdr)


def _png_kinds(part: Part, content: bytes) -> Iterator[str]:
    named = {"eXIf": "exif", "iCCP": "icc", "tIME": "time", "sPLT": "other-data"}
    if part.name in ("tEXt", "zTXt", "iTXt"):
        key = content.split(b"\0", 1)[0]
        yield "text"
        if b"xmp" in key.lower():
            yield "xmp"
        if key.startswith(b"Raw profile type "):  # how ImageMagick keeps EXIF and IPTC
            yield "iptc" if b"iptc" in key or b"8bim" in key else "exif"
    elif part.name == END:
        yield from _behind(content)
    elif part.name in named:
        yield named[part.name]
    elif part.name not in _PNG_PICTURE:
        yield "other-data"


def webp_contents(data: bytes) -> Contents:
    """The contents of a WebP. Raises `MalformedPhoto`."""
    parts = list(webp_chunks(data))
    exifs = [read_exif(p.of(data).removeprefix(b"Exif\0\0")) for p in parts if p.name == "EXIF"]
    named = {"EXIF": "exif", "XMP": "xmp", "ICCP": "icc"}
    kinds: list[str] = []
    for part in parts:
        if part.name == END:
            kinds += _behind(part.of(data))
        elif part.name not in _WEBP_PICTURE:
            kinds.append(named.get(part.name, "other-data"))
    return _contents(kinds, exifs, moving=any(part.name in ("ANIM", "ANMF") for part in parts))


def heif_contents(data: bytes, exif: bytes | None, other: Iterable[str]) -> Contents:
    """The contents of a HEIF; its inner items are the decoder's to name.

    Parameters
    ----------
    exif: the EXIF block of its main picture, from the TIFF header on. Its orientation does not count: in this format
        the turn is a property of the picture, which the decoder applies (ISO/IEC 23008-12, annex A).
    other: categories of the items that the decoder found.

    Raises `MalformedPhoto`.
    """
    kinds = list(other)
    for part in heif_boxes(data):
        if part.name == END:
            kinds += _behind(part.of(data))
        elif part.name == "mpvd":
            kinds.append("video")
        elif part.name not in _HEIF_PICTURE:
            kinds.append("other-data")
    found = read_exif(exif) if exif is not None else Exif()
    kinds += ["exif"] * (exif is not None) + ["gps"] * found.gps + ["thumbnail"] * found.thumbnail
    return Contents(tuple(sorted(set(kinds))))


def _behind(content: bytes) -> Iterator[str]:
    """What bytes after the end may be: phones append a short film, or the larger of two pictures."""
    yield "trailing-bytes"
    if b"ftyp" in content:
        yield "video"
    if any(sign in content for sign in _SIGNS_OF_PICTURE):
        yield "second-picture"


def _contents(kinds: Iterable[str], exifs: list[Exif], *, moving: bool = False, hdr: bool = False) -> Contents:
    found = set(kinds)
    for exif in exifs:
        if exif.gps:
            found.add("gps")
        if exif.thumbnail:
            found.add("thumbnail")
    first = exifs[0] if exifs else Exif()
    return Contents(tuple(sorted(found)), first.orientation, not first.whole, moving, hdr)
