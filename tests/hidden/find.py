"""The search: whether a needle is in a file, by raw bytes, by eye and ear, and by two other programs."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import av
import imageio_ffmpeg
import numpy as np

from avg_video.media.sei import nal_type, split_sample
from tests.hidden.needles import Needle, captions_in, colour_distance, tone_share
from tests.support.waiting import PATIENCE_S

EXIFTOOL = shutil.which("exiftool")

SEEN = 40.0
"""Levels of mean difference under which a picture is the needle; the test card differs by more than 70."""
HEARD = 0.2
"""Share of the sound's power at the needle's pitch over which it is there."""

_BATCH = 25


def raw(data: bytes, needle: Needle) -> bool:
    """Whether the bytes hold the needle in any of its shapes, captions put together included."""
    return any(shape in data for shape in needle.shapes) or needle.text in captions_in(data)


def looks(path: Path) -> bool:
    """Whether any picture in the file, shown or not, is the needle: every stream, edit lists ignored, attachments."""
    for options in ({"ignore_editlist": "1"}, {}):
        with av.open(str(path), options=options) as box:
            for index in range(len(box.streams.video)):
                if any(colour_distance(f) < SEEN for f in _pictures(path, index, options)):
                    return True
    return False


def _pictures(path: Path, index: int, options: dict[str, str]) -> Iterator[np.ndarray]:
    with av.open(str(path), options=options) as box:
        for packet in box.demux(box.streams.video[index]):
            for frame in packet.decode():
                yield frame.to_ndarray(format="bgr24")


def sounds(path: Path) -> bool:
    """Whether any sound in the file, played or not, is the needle's; what players are told to skip, too."""
    with av.open(str(path), options={"ignore_editlist": "1"}) as box:
        count = len(box.streams.audio)
    for index in range(count):
        with av.open(str(path), options={"ignore_editlist": "1"}) as box:
            resampler = av.AudioResampler(format="flt", layout="mono", rate=48000)
            box.streams.audio[index].codec_context.options = {"flags2": "+skip_manual"}
            parts = [out.to_ndarray()[0] for f in box.decode(box.streams.audio[index]) for out in resampler.resample(f)]
            if parts and tone_share(np.concatenate(parts)) > HEARD:
                return True
    return False


def nal_types(path: Path) -> set[int]:
    """The types of all NAL units in one of our own outputs, by their lengths."""
    with av.open(str(path)) as box:
        return {nal_type(n) for p in box.demux(video=0) if p.size for n in split_sample(bytes(p), 4)}


def said_by_exiftool(files: Sequence[Path]) -> dict[Path, str]:
    """What exiftool finds in each file: embedded, unknown and repeated tags too. Empty where it is not installed."""
    if EXIFTOOL is None:
        return {}
    command = [EXIFTOOL, "-ee", "-a", "-u", "-G1", "-api", "LargeFileSupport=1", *map(str, files)]
    done = subprocess.run(command, capture_output=True, check=False, timeout=5 * PATIENCE_S)
    parts = re.split(r"^======== (.*)$", done.stdout.decode("utf-8", "replace"), flags=re.M)
    return {Path(name): _content(text) for name, text in zip(parts[1::2], parts[2::2], strict=True)}


def _content(text: str) -> str:
    """Without the group that is about the file's name and place, and exiftool's own version."""
    return "\n".join(line for line in text.splitlines() if not line.startswith(("[System]", "[ExifTool]")))


def said_by_ffmpeg(files: Sequence[Path]) -> dict[Path, str]:
    """What ffmpeg, another build than the program's, tells about each file: tags, chapters, streams, side data."""
    said: dict[Path, str] = {}
    for at in range(0, len(files), _BATCH):
        some = files[at : at + _BATCH]
        inputs = [word for file in some for word in ("-i", str(file))]
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-hide_banner", *inputs]
        done = subprocess.run(command, capture_output=True, check=False, timeout=PATIENCE_S)
        parts = re.split(r"^Input #(\d+), .*$", done.stderr.decode("utf-8", "replace"), flags=re.M)
        for number, text in zip(parts[1::2], parts[2::2], strict=True):
            said[some[int(number)]] = text
    return said
