"""Reads one photo: its pixels, upright and in sRGB, and which kinds of hidden data it holds."""

from __future__ import annotations

import hashlib
import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import PIL
from PIL import Image

from avg_video.errors import DamagedInput, InputError, UnsupportedInput
from avg_video.language import cause_of, tr
from avg_video.media.photo_colours import TooStrange, to_srgb
from avg_video.media.photo_hidden import Contents, jpeg_contents, png_contents, webp_contents
from avg_video.media.photo_kinds import PhotoKind, photo_kind
from avg_video.media.photo_parts import MalformedPhoto, jpeg_segments, png_chunks

if TYPE_CHECKING:
    from avg_video.media.photo_heif import HeifPicture

__all__ = ["MAX_PHOTO_PIXELS", "Photo", "read_photo"]

U8 = npt.NDArray[np.uint8]

MAX_PHOTO_PIXELS: Final = 89_000_000
"""Largest photo. Pillow's own bound against decompression bombs lies just above: a quarter of a GiB of pixels."""
MAX_SIDE: Final = 65_500
"""Longest side of a JPEG, in px, as libjpeg writes it."""
MAX_BYTES: Final = 512 << 20

_BROKEN: Final = (
    *(OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, KeyError, IndexError, OverflowError),
    *(TypeError, RuntimeError),
)
"""What decoders raise on files that are damaged or made to harm (Pillow's and libheif's, by their documentation)."""

_JPEG_KEPT: Final = frozenset({"DQT", "DHT", "DAC", "DRI", "DNL", "SOS", "data"})
_PNG_KEPT: Final = frozenset({"IHDR", "PLTE", "IDAT", "IEND", "tRNS", "iCCP"})

_TURN_DEG: Final = {1: 0, 2: 0, 3: 180, 4: 180, 5: 270, 6: 90, 7: 90, 8: 270}
_MIRRORED: Final = frozenset({2, 4, 5, 7})


@dataclass(frozen=True, eq=False)
class Photo:
    """One photo, ready to look at.

    Attributes
    ----------
    path: the file.
    sha256: of the bytes that were read, in hex; `bytes_n`: how many there were.
    container, codec: what it is, and what decoded it.
    rgb: uint8 (h, w, 3): its pixels, upright, sRGB, transparent parts laid on white.
    rotation_deg: how far it was turned clockwise for that (a HEIF is turned by its decoder, which does not say: 0).
    hidden: sorted categories of hidden data.
    warnings: one clause each, for the user and the record.
    """

    path: Path
    sha256: str
    bytes_n: int
    container: str
    codec: str
    rgb: U8
    rotation_deg: int
    hidden: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height in px."""
        return self.rgb.shape[1], self.rgb.shape[0]


def read_photo(path: Path) -> Photo:
    """Read the photo `path`: JPEG, PNG, WebP or, with the extra `heic`, HEIC.

    Raises
    ------
    InputError: it can't be read, or is no photo.
    UnsupportedInput: it is animated, HDR, too large, or in colours or a format that can't be treated right.
    DamagedInput: it breaks off, or can't be decoded.
    """
    kind = photo_kind(path)
    data = _bytes_of(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's remarks on damaged tags, none of which are used
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return _decoded(path, kind, data)
    except MalformedPhoto as error:
        raise _damaged(path, str(error)) from error
    except TooStrange as error:
        raise UnsupportedInput(str(error), remedy=tr("save it as an ordinary JPEG first"), file=path) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_large(path) from error
    except _BROKEN as error:
        raise _damaged(path, tr("it can't be decoded")) from error


def _bytes_of(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UnsupportedInput(
                tr("is too large for a photo (more than {mebibytes} MiB)", mebibytes=MAX_BYTES >> 20),
                remedy=tr("save it smaller"),
                file=path,
            )
        return path.read_bytes()
    except OSError as error:
        why = cause_of(error) or type(error).__name__
        raise InputError(
            tr("can't be read ({why})", why=why), remedy=tr("check its permissions and the disk"), file=path
        ) from error


def _decoded(path: Path, kind: PhotoKind | None, data: bytes) -> Photo:
    if kind == "heif":
        from avg_video.media.photo_heif import open_heif

        heif = open_heif(path, data)
        _check_size(path, heif.size_wh)
        return _finished(path, data, "heif", heif.codec, heif.image(), heif.contents, heif)
    if kind == "avif":
        raise UnsupportedInput(tr("is an AVIF picture"), remedy=tr("save it as JPEG or PNG first"), file=path)
    if kind is None:
        raise InputError(tr("is no photo"), remedy=tr("give a JPEG, PNG, WebP or HEIC file"), file=path)
    contents, picture = _CONTENTS[kind](data), data
    if contents.moving:
        what = {"png": tr("is an animated PNG"), "webp": tr("is an animated WebP")}.get(
            kind, tr("is a sequence of pictures")
        )
        raise UnsupportedInput(what, remedy=tr("save it as a video (MP4), or one still picture of it"), file=path)
    if contents.hdr:
        raise UnsupportedInput(tr("is an HDR picture"), remedy=tr("save it in ordinary colours (SDR) first"), file=path)
    if kind != "webp":
        picture = b"".join(_picture_alone(kind, data))
    image = Image.open(io.BytesIO(picture), formats=[kind.upper()])
    _check_size(path, image.size)
    if getattr(image, "n_frames", 1) > 1:
        raise UnsupportedInput(tr("holds several pictures"), remedy=tr("save the one you need by itself"), file=path)
    image.load()
    return _finished(path, data, kind, f"{kind} (Pillow {PIL.__version__})", image, contents, None)


_CONTENTS = {"jpeg": jpeg_contents, "png": png_contents, "webp": webp_contents}


def _picture_alone(kind: PhotoKind, data: bytes) -> Iterator[bytes]:
    """The parts of a JPEG or PNG that make up its picture: the decoder never sees the others."""
    if kind == "png":
        yield data[:8]
        yield from (data[p.start - 8 : p.end + 4] for p in png_chunks(data) if p.name in _PNG_KEPT)
        return
    for part in jpeg_segments(data):
        content = part.of(data) if part.name in ("APP0", "APP2", "APP14") else b""
        wanted = part.name in _JPEG_KEPT or part.name.startswith("SOF")
        wanted |= content.startswith((b"JFIF\0", b"ICC_PROFILE\0", b"Adobe"))
        if part.name in ("SOI", "EOI"):
            yield data[part.start - 2 : part.end]
        elif wanted:
            yield data[part.start - (0 if part.name == "data" else 4) : part.end]


def _check_size(path: Path, size_wh: tuple[int, int]) -> None:
    if size_wh[0] * size_wh[1] > MAX_PHOTO_PIXELS or max(size_wh) > MAX_SIDE:
        raise _too_large(path, size_wh)


def _finished(
    path: Path,
    data: bytes,
    container: str,
    codec: str,
    image: Image.Image,
    contents: Contents,
    heif: HeifPicture | None,
) -> Photo:
    rgb, said = to_srgb(image)
    told = [*said, *(heif.warnings if heif is not None else ())]
    if contents.unreadable_exif:
        told.append(tr("its EXIF data is damaged, so which way is up is not known; left as it is stored"))
    if contents.orientation in _MIRRORED:
        told.append(tr("is stored mirrored; turned as a viewer would show it"))
    upright = _upright(rgb, contents.orientation)
    _check_size(path, (upright.shape[1], upright.shape[0]))
    return Photo(
        path,
        hashlib.sha256(data).hexdigest(),
        len(data),
        container,
        codec,
        upright,
        _TURN_DEG[contents.orientation],
        contents.hidden,
        tuple(told),
    )


def _upright(rgb: U8, orientation: int) -> U8:
    """The picture as EXIF's `orientation` says it is to be shown (EXIF 2.32, 4.6.4 A)."""
    if orientation in (5, 6, 7, 8):
        rgb = rgb.transpose(1, 0, 2)
    if orientation in (2, 3, 6, 7):
        rgb = rgb[:, ::-1]
    if orientation in (3, 4, 7, 8):
        rgb = rgb[::-1]
    return np.ascontiguousarray(rgb)


def _damaged(path: Path, what: str) -> DamagedInput:
    return DamagedInput(tr("is damaged: {what}", what=what), remedy=tr("copy it from the camera again"), file=path)


def _too_large(path: Path, size_wh: tuple[int, int] | None = None) -> UnsupportedInput:
    if size_wh is None:
        what = tr("has too many pixels")
    else:
        what = tr("has too many pixels ({width}x{height})", width=size_wh[0], height=size_wh[1])
    return UnsupportedInput(
        what, remedy=tr("save it with at most {millions} million", millions=MAX_PHOTO_PIXELS // 10**6), file=path
    )
