"""Opens HEIC photos, as phones make them, with libheif; an extra, because its package is large and under the GPL."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from PIL import Image

from avg_video.errors import UnsupportedInput
from avg_video.language import tr
from avg_video.media.photo_hidden import Contents, heif_contents

__all__ = ["HeifPicture", "open_heif"]

_HDR_TRANSFERS: Final = (16, 18)
_SEQUENCES: Final = (b"msf1", b"hevc", b"hevx", b"heis")


@dataclass(frozen=True, eq=False)
class HeifPicture:
    """The main picture of a HEIF.

    Attributes
    ----------
    size_wh: as the file says, upright.
    codec: what decodes it.
    contents: kinds of hidden data.
    warnings: one clause each.
    """

    size_wh: tuple[int, int]
    codec: str
    contents: Contents
    warnings: tuple[str, ...]
    _item: Any

    def image(self) -> Image.Image:
        """Its pixels, upright, 8 bits, with its colour profile and nothing else."""
        made = self._item.to_pillow()
        profile = made.info.get("icc_profile")
        made.info = {} if profile is None else {"icc_profile": profile}
        assert isinstance(made, Image.Image)
        return made


def open_heif(path: Path, data: bytes) -> HeifPicture:
    """The main picture of the HEIF in `data`; decodes nothing yet.

    Raises
    ------
    UnsupportedInput: the extra is not installed, or the file is a sequence, or HDR.
    MalformedPhoto, ValueError, RuntimeError, OSError, EOFError, SyntaxError: it is damaged.
    """
    try:
        import pillow_heif
    except ImportError as error:
        raise UnsupportedInput(
            tr("is a HEIC photo, and the part that reads those is not installed"),
            remedy=tr('run pip install "avg-blur[heic]", or save it as JPEG first'),
            file=path,
        ) from error
    if data[8:12] in _SEQUENCES:
        raise UnsupportedInput(
            tr("is a sequence of pictures"),
            remedy=tr("save it as a video (MP4), or one still picture of it"),
            file=path,
        )
    box: Any = pillow_heif.open_heif(data, convert_hdr_to_8bit=True)
    item = box[box.primary_index]
    if (item.info.get("nclx_profile") or {}).get("transfer_characteristics") in _HDR_TRANSFERS:
        raise UnsupportedInput(tr("is an HDR picture"), remedy=tr("save it in ordinary colours (SDR) first"), file=path)
    exif = item.info.get("exif")
    block = exif.removeprefix(b"Exif\0\0") if isinstance(exif, bytes) and exif else None
    contents = heif_contents(data, block, _items(box, item))
    others = len(box) - 1
    told = (tr("holds {others} more pictures; only the main one is used", others=others),) if others else ()
    versions = f"hevc (pillow-heif {pillow_heif.__version__}, libheif {pillow_heif.libheif_version()})"
    return HeifPicture(item.size, versions, contents, told, item)


def _items(box: Any, item: Any) -> list[str]:
    """Categories of what lies beside the main picture."""
    info = item.info
    found = []
    if len(box) > 1 or info.get("depth_images") or info.get("aux"):
        found.append("second-picture")
    if info.get("thumbnails"):
        found.append("thumbnail")
    if info.get("xmp"):
        found.append("xmp")
    if info.get("icc_profile"):
        found.append("icc")
    if any(not _is_known(entry) for entry in info["metadata"]):
        found.append("other-data")
    return found


def _is_known(entry: Any) -> bool:
    return entry.get("type") in ("Exif", "XMP") or "rdf+xml" in str(entry.get("content_type"))
