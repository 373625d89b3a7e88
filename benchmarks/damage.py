"""Damages a file by a number: the same number always gives the same damage."""

from __future__ import annotations

import random
from collections.abc import Callable

__all__ = ["damage"]

_VALUES = (0, 1, 0xFF, 0x7F, 0x80)
_WIDE = (0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFFE, 0x10000, 0x00FFFFFF)
_HEAD = 2048
"""Bytes at the beginning (and at the end) of a file in which its headers and its index mostly lie."""


def damage(data: bytes, seed: int, other: bytes) -> tuple[bytes, str]:
    """The damaged bytes, and in a few words what was done.

    One to four blows, each of a kind and at a place drawn from `seed`: half of the places anywhere, the rest near the
    beginning or the end. `other` is a second file, from which pieces are spliced in.
    """
    dice = random.Random(seed)
    done = []
    for _ in range(dice.choice((1, 1, 1, 2, 2, 4))):
        name = dice.choice(tuple(_BLOWS))
        data, what = _BLOWS[name](data, dice, other)
        done.append(f"{name} {what}")
    return data, ", ".join(done)


def _place(size: int, dice: random.Random) -> int:
    if size < 2:
        return 0
    where = dice.random()
    if where < 0.5:
        return dice.randrange(size)
    near = dice.randrange(min(size, _HEAD))
    return near if where < 0.8 else size - 1 - near


def _length(size: int, dice: random.Random) -> int:
    return dice.choice((1, 2, 4, 8, 16, 64, 256, 1024, max(size // 4, 1)))


def _truncate(data: bytes, dice: random.Random, other: bytes) -> tuple[bytes, str]:
    at = _place(len(data), dice)
    return data[:at], f"at {at}"


def _flip(data: bytes, dice: random.Random, other: bytes) -> tuple[bytes, str]:
    out, count = bytearray(data), dice.choice((1, 1, 2, 8, 32))
    for _ in range(count if out else 0):
        out[_place(len(out), dice)] ^= 1 << dice.randrange(8)
    return bytes(out), f"{count} bits"


def _byte(data: bytes, dice: random.Random, other: bytes) -> tuple[bytes, str]:
    out, count = bytearray(data), dice.choice((1, 1, 2, 4))
    for _ in range(count if out else 0):
        out[_place(len(out), dice)] = dice.choice(_VALUES)
    return bytes(out), f"{count} set"


def _field(data: bytes, dice: random.Random, other: bytes) -> tuple[bytes, str]:
    """A number of four bytes, as sizes and counts are, gets an extreme value, in either byte order."""
    at, value = _place(len(data), dice) & ~3, dice.choice(_WIDE)
    order = "big" if dice.random() < 0.7 else "little"
    return data[:at] + value.to_bytes(4, "big" if order == "big" else "little") + data[at + 4 :], f"{value:#x} at {at}"


def _zero(data: bytes, dice: random.Random, other: bytes) -> tuple[bytes, str]:
    at, size = _place(len(data), dice), _length(len(data), dice)
    size = min(size, len(data) - at)
    return data[:at] + bytes(size) + data[at + size :], f"{size} at {at}"


def _splice(data: bytes, dice: random.Random, other: bytes) -> tuple[bytes, str]:
    at, size, start = _place(len(data), dice), _length(len(data), dice), _place(len(other), dice)
    piece = other[start : start + size]
    return data[:at] + piece + data[at + len(piece) :], f"{len(piece)} at {at}"


def _double(data: bytes, dice: random.Random, other: bytes) -> tuple[bytes, str]:
    at, size = _place(len(data), dice), _length(len(data), dice)
    return data[: at + size] + data[at:], f"{size} at {at}"


def _insert(data: bytes, dice: random.Random, other: bytes) -> tuple[bytes, str]:
    at, size = _place(len(data), dice), _length(len(data), dice)
    return data[:at] + dice.randbytes(size) + data[at:], f"{size} at {at}"


def _cut(data: bytes, dice: random.Random, other: bytes) -> tuple[bytes, str]:
    at, size = _place(len(data), dice), _length(len(data), dice)
    return data[:at] + data[at + size :], f"{size} at {at}"


_BLOWS: dict[str, Callable[[bytes, random.Random, bytes], tuple[bytes, str]]] = {
    "truncate": _truncate,
    "flip": _flip,
    "byte": _byte,
    "field": _field,
    "zero": _zero,
    "splice": _splice,
    "duplicate": _double,
    "insert": _insert,
    "cut out": _cut,
}
