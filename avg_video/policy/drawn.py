"""Values that a hand draws or clicks: upright boxes, numbers of people, and the hash that binds them to a search."""

from __future__ import annotations

import re

from avg_video.language import tr
from avg_video.policy.faults import fault

__all__ = ["MAX_GROUP", "MAX_NUMBER", "box_of", "group_of", "number_of", "sha256_of"]

MAX_NUMBER = 999_999
MAX_GROUP = 1000
"""Most numbers that one line may call the same person; an hour breaks nobody into more pieces."""
LEAST_SIDE = 1e-4
"""Least side of a box, as a fraction of the picture: a tenth of a pixel at 1080 lines can only be a slip."""

_SHA256 = re.compile(r"[0-9a-f]{64}")


def box_of(value: object) -> tuple[float, float, float, float]:
    """Left, top, right, bottom, each 0..1. Raises a fault for anything else, and for a box without area."""
    remedy = tr("write [left, top, right, bottom] in fractions of the upright picture, from 0 to 1")
    if not isinstance(value, list | tuple) or len(value) != 4:
        raise fault(tr("it is not a box"), remedy)
    if any(isinstance(v, bool) or not isinstance(v, int | float) or not 0 <= v <= 1 for v in value):
        raise fault(tr("it is not a box inside the picture"), remedy)
    left, top, right, bottom = (float(v) for v in value)
    if right - left < LEAST_SIDE or bottom - top < LEAST_SIDE:
        raise fault(tr("it has no area"), tr("give left before right, and top before bottom"))
    return left, top, right, bottom


def number_of(value: object) -> int:
    """A person's number. Raises a fault for anything but a whole number from 1."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_NUMBER:
        raise fault(tr("it is not the number of a person"), tr("write a number as the review page shows it, such as 3"))
    return value


def group_of(value: object) -> tuple[int, ...]:
    """At least two different numbers, the lowest first. Raises a fault for anything else."""
    if not isinstance(value, list | tuple) or not 2 <= len(value) <= MAX_GROUP:
        raise fault(tr("it does not name several people"), tr("write numbers = [3, 7]"))
    numbers = tuple(sorted(number_of(v) for v in value))
    if len(set(numbers)) < len(numbers):
        raise fault(tr("it names one number twice"), tr("write each number once"))
    return numbers


def sha256_of(value: object) -> str:
    """64 hexadecimal digits. Raises a fault for anything else."""
    if not isinstance(value, str) or not _SHA256.fullmatch(value):
        raise fault(tr("it is not a SHA-256"), tr("leave this table as avg-blur review wrote it"))
    return value
