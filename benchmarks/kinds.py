"""Small recordings of every container and codec that ffmpeg can make, as something to damage."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pillow_heif import register_heif_opener

from tests.support.clips import ffmpeg, noise
from tests.support.people import place

__all__ = ["KINDS", "Kind", "make_kind"]

SIZE_WH = (64, 48)
PICTURES = 12
FPS = 25

_CODECS = {
    "h264": "-c:v libx264 -preset ultrafast -bf 2 -g 6 -pix_fmt yuv420p",
    "hevc": "-c:v libx265 -preset ultrafast -x265-params log-level=error:keyint=6:pools=1 -pix_fmt yuv420p",
    "vp8": "-c:v libvpx -deadline realtime -cpu-used 8 -b:v 200k",
    "vp9": "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -b:v 200k -pix_fmt yuv420p",
    "av1": "-c:v libaom-av1 -cpu-used 8 -usage realtime -b:v 200k -pix_fmt yuv420p",
    "mpeg4": "-c:v mpeg4 -b:v 400k -bf 1",
    "mpeg2": "-c:v mpeg2video -b:v 400k -bf 1",
    "mjpeg": "-c:v mjpeg -q:v 5 -pix_fmt yuvj420p",
    "flv1": "-c:v flv -b:v 400k",
    "wmv2": "-c:v wmv2 -b:v 400k",
    "wmv1": "-c:v wmv1 -b:v 400k",
    "msmpeg4v3": "-c:v msmpeg4 -b:v 400k",
    "gif": "-c:v gif",
    "prores": "-c:v prores_ks",
}

_SOUND = {"mp4": "aac", "mov": "aac", "mkv": "aac", "webm": "libopus", "avi": "libmp3lame", "ts": "aac", "flv": "aac"}
_SOUND |= {"3gp": "aac", "wmv": "wmav2", "mpg": "mp2"}


@dataclass(frozen=True)
class Kind:
    """One way of storing a recording.

    Attributes
    ----------
    name: `container/codec`, with `+` and what is special where there is more than one of these.
    suffix: of the file's name, with the dot.
    arguments: for ffmpeg, between input and output; none for photos.
    """

    name: str
    suffix: str
    arguments: tuple[str, ...]


def _kind(container: str, codec: str, special: str = "", more: str = "") -> Kind:
    words = _CODECS[codec]
    if container in ("3gp", "mov", "mp4") and codec == "hevc":
        words += " -tag:v hvc1"
    if container in _SOUND:
        words += f" -c:a {_SOUND[container]} -ac 1"
    return Kind(f"{container}/{codec}{special}", f".{container}", tuple(f"{words} {more}".split()))


_PAIRS = {
    "mp4": "h264 hevc vp9 av1 mpeg4 mpeg2 mjpeg",
    "mov": "h264 hevc mpeg4 mpeg2 mjpeg prores",
    "mkv": "h264 hevc vp8 vp9 av1 mpeg4 mpeg2 mjpeg",
    "webm": "vp8 vp9 av1",
    "avi": "h264 mpeg4 mpeg2 mjpeg vp8",
    "ts": "h264 hevc mpeg2 mpeg4",
    "flv": "h264 flv1",
    "3gp": "h264 mpeg4",
    "wmv": "wmv2 wmv1 msmpeg4v3",
    "gif": "gif",
    "mpg": "mpeg2",
}

KINDS = {
    kind.name: kind
    for kind in (
        *(_kind(container, codec) for container, codecs in _PAIRS.items() for codec in codecs.split()),
        _kind("mp4", "h264", "+fragmented", "-movflags frag_keyframe+empty_moov"),
        _kind("mp4", "h264", "+index-first", "-movflags faststart"),
        *(Kind(f"photo/{suffix}", f".{suffix}", ()) for suffix in ("jpg", "png", "webp", "heic")),
    )
}
"""Every kind by its name."""


def make_kind(kind: Kind, folder: Path) -> Path:
    """Encode a head that moves a little in front of noise, half a second of it with a tone where the container takes
    sound; returns the file. Raises `AssertionError` with ffmpeg's words where it can't."""
    if not kind.arguments:
        return _make_photo(folder / f"{kind.name.replace('/', '-')}{kind.suffix}")
    raw = folder / "pictures.rgb"
    if not raw.exists():
        raw.write_bytes(b"".join(_picture(i).tobytes() for i in range(PICTURES)))
    path = folder / f"{kind.name.replace('/', '-').replace('+', '-')}{kind.suffix}"
    size = f"{SIZE_WH[0]}x{SIZE_WH[1]}"
    pictures = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", size, "-r", str(FPS), "-i", str(raw)]
    tone = ["-f", "lavfi", "-i", f"sine=frequency=440:sample_rate=44100:duration={PICTURES / FPS}"]
    with_sound = "-c:a" in kind.arguments
    ffmpeg(*pictures, *(tone if with_sound else ()), *kind.arguments, path)
    return path


def _make_photo(path: Path) -> Path:
    """The first picture as a photo, with EXIF in which it is turned."""
    from PIL import Image

    register_heif_opener()
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "maker"
    Image.fromarray(_picture(0)).save(path, exif=exif.tobytes())
    return path


def _picture(i: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    picture = noise(SIZE_WH, seed=5)
    place(picture, 30, (28 + i, 24))
    return picture
