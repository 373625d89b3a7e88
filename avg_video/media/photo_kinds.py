"""Which files are photos: by their first bytes where they can be read, by their name where they can't be yet."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Final, Literal

__all__ = ["JPEG_SUFFIXES", "PHOTO_SUFFIXES", "PhotoKind", "is_photo_name", "photo_kind"]

PhotoKind = Literal["jpeg", "png", "webp", "heif", "avif"]

JPEG_SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".jpe", ".jfif"})
PHOTO_SUFFIXES: Final = JPEG_SUFFIXES | {".png", ".webp", ".heic", ".heif"}
"""Names under which cameras and phones keep photos that can be read here."""

_HEIF_BRANDS: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1", b"hevc", b"hevx"})
_AVIF_BRANDS: Final = frozenset({b"avif", b"avis"})


def is_photo_name(path: Path) -> bool:
    """Whether a file is called like a photo."""
    return path.suffix.lower() in PHOTO_SUFFIXES


def photo_kind(path: Path) -> PhotoKind | None:
    """What kind of photo the file is, by its first bytes; None for anything else, and for what can't be read (whoever
    opens it says why)."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return None
        with path.open("rb") as file:
            head = file.read(64)
    except (OSError, ValueError):
        return None
    if head[:3] == b"\xff\xd8\xff":
        return "jpeg"
    if head[:8] == b"\x89PNG\r\n\x1a\n":
        return "png"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head[4:8] == b"ftyp":
        length = min(int.from_bytes(head[:4], "big"), len(head))
        brands = {head[8:12], *(head[k : k + 4] for k in range(16, length - 3, 4))}
        if head[8:12] in _AVIF_BRANDS or (head[8:12] not in _HEIF_BRANDS and brands & _AVIF_BRANDS):
            return "avif"
        # Only the major brand: recordings of some phones list a brand for photos among those they are compatible with.
        return "heif" if head[8:12] in _HEIF_BRANDS else None
    return None
