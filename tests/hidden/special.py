"""Needles that are not plain text: moments, places, languages and captions, each with the shapes they are stored in."""

from __future__ import annotations

import datetime
import struct
from collections.abc import Callable

from tests.hidden.needles import Needle, caption_pairs, text_needle


def needle_with_captions(text: str) -> Needle:
    return text_needle(text, caption_pairs(text))


def creation(text: str) -> tuple[str, int]:
    """A moment of its own for each needle, as a tag and in seconds since 1904."""
    second = 100_000_000 + sum(ord(c) * 7919**i for i, c in enumerate(text[2:5])) % 900_000_000
    moment = datetime.datetime.fromtimestamp(second, datetime.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S"), second + 2_082_844_800


def creation_needle(text: str) -> Needle:
    stamp, seconds = creation(text)
    words = (stamp, stamp.replace("T", " "), stamp.replace("-", ":").replace("T", " "))
    packed = struct.pack(">I", seconds)
    matroska = struct.pack(">q", (seconds - 2_082_844_800 - 978_307_200) * 10**9)
    return Needle(stamp, (packed, matroska, *(w.encode() for w in words)), words)


def place_text(text: str) -> str:
    digits = "".join(str(ord(c) % 10) for c in text[2:])
    return f"+{digits[:2]}.{digits[2:6]}+0{digits[6:8]}.{digits[8:]}77/"


def place_needle(text: str) -> Needle:
    return text_needle(place_text(text))


def timecode(text: str) -> tuple[str, int]:
    """hh:mm:ss:ff at 25 a second, and the number of pictures since midnight, which is what is stored."""
    h, m, s, f = (ord(c) - 97 for c in text[2:6])
    h, m, s, f = h % 11 + 12, m + 30, s + 30, f % 25
    return f"{h:02}:{m:02}:{s:02}:{f:02}", ((h * 60 + m) * 60 + s) * 25 + f


def timecode_needle(text: str) -> Needle:
    stamp, count = timecode(text)
    return Needle(stamp, (stamp.encode(), struct.pack(">I", count)), (stamp,))


def language_needle(_: str) -> Needle:
    # Matroska's element and MPEG-TS's descriptor; the packed form of MP4 is too short to search for, so others read it.
    return Needle("dut", (b"\x22\xb5\x9c\x83dut", b"\x0a\x04dut"), ("(dut)", ": dut", ": Dutch"))


def _fixed(text: str) -> Callable[[str], Needle]:
    return lambda _: text_needle(text)


SPECIAL: dict[str, Callable[[str], Needle]] = {
    "creation time": creation_needle,
    "GPS (c)xyz": place_needle,
    "GPS, Apple key": place_needle,
    "timecode track": timecode_needle,
    "language": language_needle,
    "captions in SEI, H.264": needle_with_captions,
    "captions in SEI, HEVC": needle_with_captions,
    "captions in metadata OBU, AV1": needle_with_captions,
    "captions in user data, MPEG-2": needle_with_captions,
    "encoder settings in SEI, x264": _fixed("x264 - core"),
    "encoder settings in SEI, x265": _fixed("x265 (build"),
}
