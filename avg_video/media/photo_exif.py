"""What an EXIF block says that matters here: which way is up, and whether it holds a place or a second, small picture.

Values other than the orientation are never read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["Exif", "read_exif"]

_ORIENTATION, _GPS = 0x0112, 0x8825
_SHORT: Final = 3


@dataclass(frozen=True)
class Exif:
    """What was found.

    Attributes
    ----------
    orientation: 1 to 8 (EXIF 2.32, 4.6.4 A); 1 is upright, and stands for none at all.
    gps, thumbnail: whether there is a place, and a small picture.
    whole: False for a block that can't be read; the rest is then not known.
    """

    orientation: int = 1
    gps: bool = False
    thumbnail: bool = False
    whole: bool = True


def read_exif(block: bytes) -> Exif:
    """Read an EXIF block: a TIFF header and what follows it (TIFF 6.0, section 2)."""
    order = {b"II*\0": "little", b"MM\0*": "big"}.get(block[:4])
    if order not in ("little", "big"):
        return Exif(whole=False)

    def number(at: int, size: int) -> int:
        return int.from_bytes(block[at : at + size], "little" if order == "little" else "big")

    first = number(4, 4)
    count = number(first, 2)
    end = first + 2 + 12 * count
    if first < 8 or first + 2 > len(block) or end > len(block):
        return Exif(whole=False)
    orientation, gps = 1, False
    for at in range(first + 2, end, 12):
        tag = number(at, 2)
        gps |= tag == _GPS
        if tag == _ORIENTATION and number(at + 2, 2) == _SHORT and 1 <= number(at + 8, 2) <= 8:
            orientation = number(at + 8, 2)
    # The second directory describes the small picture (EXIF 2.32, 4.5.8).
    return Exif(orientation, gps, thumbnail=end + 4 <= len(block) and number(end, 4) != 0)
