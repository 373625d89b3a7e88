"""Brings a decoded photo of any kind of colours to plain sRGB, 8 bits, without transparency."""

from __future__ import annotations

import io
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms

from avg_video.language import tr

__all__ = ["TooStrange", "to_srgb"]

U8 = npt.NDArray[np.uint8]

_SPACE_OF: Final = {"RGB": "RGB", "L": "GRAY", "CMYK": "CMYK"}
"""For each kind of pixels, the colour space that a profile for them has (ICC.1, 7.2.6)."""
_DEEP: Final = ("I;16", "I;16L", "I;16B", "I;16N", "I")
_WHITE: Final = (255, 255, 255)


class TooStrange(ValueError):
    """Pixels of a kind that can't be treated right; the text is a clause that says which."""


def to_srgb(image: Image.Image) -> tuple[U8, tuple[str, ...]]:
    """uint8 (h, w, 3) sRGB, and warnings, one clause each.

    An ICC profile is followed; without one, numbers are taken as sRGB. Grey, palette, CMYK, 16 bit and transparent
    pictures are converted. Under transparent parts a picture can hold what nobody sees: they are laid on white.

    Raises `TooStrange` for other kinds of pixels.
    """
    profile = image.info.get("icc_profile")
    told: list[str] = []
    image, alpha = _parts(image)
    image = _in_srgb(image, profile, told)
    if alpha is not None and alpha.getextrema() != (255, 255):
        image = Image.composite(image, Image.new("RGB", image.size, _WHITE), alpha)
        told.append(tr("has transparent parts; laid on white"))
    return np.array(image, dtype=np.uint8), tuple(told)


def _parts(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """The colours in one of the modes of `_SPACE_OF`, and the opacity."""
    if image.mode in ("P", "PA", "1") or "transparency" in image.info:
        if image.mode in _DEEP:
            raise TooStrange(tr("has 16 bit grey with a transparent shade"))
        grey = image.mode in ("1", "L")
        image = image.convert(("LA" if grey else "RGBA") if "transparency" in image.info else "L" if grey else "RGBA")
    if image.mode in ("RGBa", "La"):
        image = image.convert({"RGBa": "RGBA", "La": "LA"}[image.mode])
    if image.mode in ("RGBA", "LA"):
        return image.convert(image.mode.removesuffix("A")), image.getchannel("A")
    if image.mode in _DEEP:
        return Image.fromarray((np.asarray(image).astype(np.uint32) >> 8).clip(0, 255).astype(np.uint8)), None
    if image.mode in ("RGBX", "YCbCr"):
        image = image.convert("RGB")
    if image.mode not in _SPACE_OF:
        raise TooStrange(tr("has pixels of an unusual kind ({mode})", mode=image.mode))
    return image, None


def _in_srgb(image: Image.Image, profile: Any, told: list[str]) -> Image.Image:
    if not isinstance(profile, bytes) or not profile:
        return image.convert("RGB")
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        space = source.profile.xcolor_space.strip()
        if image.mode == "L" and space == "RGB":
            image = image.convert("RGB")
        if space != _SPACE_OF[image.mode]:
            raise ValueError("a profile for other pixels")
        done = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError, RuntimeError):
        told.append(tr("its colour profile can't be used; its colours were taken as sRGB"))
        return image.convert("RGB")
    assert done is not None  # only in-place conversions give None
    return done
