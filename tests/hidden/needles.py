"""Needles: what is planted, and every shape in which it could turn up again."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

U8 = npt.NDArray[np.uint8]

TONE_HZ = 3000
"""The sound needle: nothing else in the clips sounds at this pitch."""


@dataclass(frozen=True)
class Needle:
    """One needle.

    Attributes
    ----------
    text: letters of its own for every place in every container.
    shapes: byte strings that hold it; any of them in a file means that the needle is there.
    words: what a reader of tags would print.
    """

    text: str
    shapes: tuple[bytes, ...]
    words: tuple[str, ...]


def letters(seed: str) -> str:
    """Twelve letters that belong to that seed alone."""
    digest = hashlib.sha256(seed.encode()).digest()
    return "Zq" + "".join(chr(97 + b % 26) for b in digest[:10])


def text_needle(text: str, *more: bytes, words: tuple[str, ...] = ()) -> Needle:
    """A text in ASCII and both kinds of UTF-16, and further shapes."""
    return Needle(text, (text.encode(), text.encode("utf-16-le"), text.encode("utf-16-be"), *more), (text, *words))


def caption_pairs(text: str) -> bytes:
    """CEA-608 pairs as they stand in a frame: each with its mark, letters with odd parity (CEA-608 and ATSC A/53)."""
    odd = bytes(c | (0x80 if c.bit_count() % 2 == 0 else 0) for c in text.encode())
    return b"".join(b"\xfc" + odd[i : i + 2] for i in range(0, len(odd), 2))


def caption_message(text: str) -> bytes:
    """ITU-T T.35 user data that holds the text as captions: country, provider, 'GA94', type 3, count, pairs."""
    pairs = b"\xfc\x94\x20" + caption_pairs(text)
    return b"\xb5\x00\x31GA94\x03" + bytes([0xC0 | len(pairs) // 3]) + b"\xff" + pairs + b"\xff"


def captions_in(data: bytes) -> str:
    """The letters of all captions in a byte string, by this module's own reading."""
    found, at = [], data.find(b"GA94\x03")
    while at >= 0:
        count = data[at + 5] & 0x1F if at + 5 < len(data) else 0
        for k in range(count):
            pair = data[at + 8 + 3 * k : at + 10 + 3 * k]
            found += [chr(b & 0x7F) for b in pair]
        at = data.find(b"GA94\x03", at + 5)
    return "".join(found)


def colours(size_wh: tuple[int, int]) -> U8:
    """The picture needle, uint8 (h, w, 3) BGR: four quarters in colours that no clip has in these places."""
    w, h = size_wh
    picture = np.zeros((h, w, 3), np.uint8)
    picture[: h // 2, : w // 2] = (255, 0, 255)
    picture[: h // 2, w // 2 :] = (0, 255, 0)
    picture[h // 2 :, : w // 2] = (0, 128, 255)
    picture[h // 2 :, w // 2 :] = (255, 64, 0)
    return picture


def picture_file(suffix: str) -> bytes:
    """The picture needle as a PNG or JPEG."""
    return bytes(cv2.imencode(suffix, colours((48, 48)))[1])


def colour_distance(bgr: U8) -> float:
    """Mean difference in levels between a picture, uint8 (h, w, 3), and the picture needle: 0 to 255."""
    return float(cv2.absdiff(bgr, colours((bgr.shape[1], bgr.shape[0]))).mean())


def tone_share(wave: npt.NDArray[np.float32]) -> float:
    """Which share of the loudest tenth of a second of sound (n,) at 48 kHz lies at the sound needle's pitch, 0 to 1."""
    best = 0.0
    for start in range(0, max(len(wave) - 2400, 1), 2400):
        piece = wave[start : start + 4800]
        power = np.abs(np.fft.rfft(piece)) ** 2
        hz = np.fft.rfftfreq(len(piece), 1 / 48000)
        if power.sum() > 1e-3:
            best = max(best, float(power[np.abs(hz - TONE_HZ) < 60].sum() / power.sum()))
    return best
