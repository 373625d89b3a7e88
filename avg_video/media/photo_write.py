"""Writes a photo from pixels alone: a JPEG or a PNG that holds a picture and nothing else."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt
import PIL
from PIL import Image, features

from avg_video.errors import UsageError
from avg_video.language import tr
from avg_video.media.photo_kinds import JPEG_SUFFIXES

__all__ = ["PhotoEncoder", "encoder_for", "write_photo"]

U8 = npt.NDArray[np.uint8]

JPEG_QUALITY: Final = 92
"""Of 100. Differences can't be seen beside the original at this one; files are half as large as at 97."""
CHROMA: Final = "4:2:0"
"""Colour at half the sharpness of light, as cameras store it."""


@dataclass(frozen=True)
class PhotoEncoder:
    """What writes a photo, and how.

    Attributes
    ----------
    kind: "JPEG" or "PNG".
    name: for the record, with its version.
    options: its settings.
    """

    kind: str
    name: str
    options: MappingProxyType[str, str]


def encoder_for(output: Path) -> PhotoEncoder:
    """The encoder for a file of that name.

    Raises `UsageError` for a name that is neither that of a JPEG nor of a PNG.
    """
    suffix = output.suffix.lower()
    if suffix in JPEG_SUFFIXES:
        library = f"libjpeg-turbo {features.version('libjpeg_turbo')}"
        options = {"quality": str(JPEG_QUALITY), "subsampling": CHROMA}
        return PhotoEncoder("JPEG", f"jpeg (Pillow {PIL.__version__}, {library})", MappingProxyType(options))
    if suffix == ".png":
        return PhotoEncoder("PNG", f"png (Pillow {PIL.__version__})", MappingProxyType({}))
    raise UsageError(
        tr("the copy of a photo is a JPEG or a PNG file"),
        remedy=tr("give -o a name that ends in .jpg or .png, or a folder that exists"),
        file=output,
    )


def write_photo(path: Path, rgb: U8, encoder: PhotoEncoder) -> None:
    """Write uint8 (h, w, 3) sRGB to `path`, replacing what is there.

    The file is built from the array, so nothing that came with the original can get into it: saving an opened picture
    would take comments, colour profiles and EXIF along. Raises `OSError`.
    """
    image = Image.fromarray(np.ascontiguousarray(rgb))
    # In memory first: Pillow writes past Python into an open file, and takes no notice of a disk that is full.
    data = io.BytesIO()
    if encoder.kind == "JPEG":
        image.save(data, "JPEG", quality=JPEG_QUALITY, subsampling=CHROMA)
    else:
        image.save(data, "PNG")
    path.write_bytes(data.getvalue())
