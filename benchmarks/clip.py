"""Makes a 1080p clip to measure speed with: the sample class, enlarged, with a small camera's noise, of any length.

usage: python -m benchmarks.clip FOLDER [--seconds 60] [--size 1920x1080]

The class runs forwards and backwards in turn, so that it holds no cut. One round is encoded; a longer clip repeats its
packets. There is no sound, which the program drops by default.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

U8 = npt.NDArray[np.uint8]

SAMPLE = Path(__file__).parents[1] / "sample_media" / "klas.mp4"
FPS = 25
GRAIN_LEVELS = 3.0
"""Deviation of the noise in the luma, as of a telephone in a lit room."""
OPTIONS = {"preset": "veryfast", "crf": "21", "g": "50", "sc_threshold": "0"}


def pictures(size_wh: tuple[int, int]) -> Iterator[U8]:
    """uint8 (3 * h // 2, w) YUV 4:2:0: one round of the class, there and back."""
    with av.open(str(SAMPLE)) as box:
        stored = [frame.to_ndarray(format="yuv420p") for frame in box.decode(video=0)]
    rng = np.random.default_rng(4)
    w, h = size_wh
    grain = (rng.standard_normal((h + 64, w + 64)) * GRAIN_LEVELS).astype(np.float32)
    for i in [*range(len(stored)), *range(len(stored) - 2, 0, -1)]:
        frame = av.VideoFrame.from_ndarray(stored[i], format="yuv420p").reformat(w, h, interpolation="BICUBIC")
        i420 = frame.to_ndarray()
        x, y = (int(v) for v in rng.integers(0, 64, 2))
        luma = cv2.add(i420[:h].astype(np.float32), grain[y : y + h, x : x + w])
        i420[:h] = np.clip(luma, 16, 235).astype(np.uint8)
        yield np.asarray(i420, np.uint8)


def _one_round(path: Path, size_wh: tuple[int, int]) -> None:
    with av.open(str(path), "w") as box:
        video = box.add_stream("libx264", rate=FPS, options=OPTIONS)
        video.width, video.height, video.pix_fmt = *size_wh, "yuv420p"
        for i, i420 in enumerate(pictures(size_wh)):
            frame = av.VideoFrame.from_ndarray(i420, format="yuv420p")
            frame.pts, frame.time_base = i, Fraction(1, FPS)
            box.mux(video.encode(frame))
        box.mux(video.encode())


def _repeated(source: Path, path: Path, count: int) -> None:
    """Copy the packets of `source` as often as it takes, until `count` pictures are there."""
    with av.open(str(path), "w") as target:
        made = None
        written = 0
        start = 0
        while written < count:
            with av.open(str(source)) as box:
                stream = box.streams.video[0]
                if made is None:
                    made = target.add_stream_from_template(stream)
                length = round(stream.frames / (FPS * Fraction(stream.time_base or 1)))
                for packet in box.demux(stream):
                    if packet.dts is None or packet.pts is None or written == count:
                        continue
                    packet.pts, packet.dts = packet.pts + start, packet.dts + start
                    packet.stream = made
                    target.mux(packet)
                    written += 1
                start += length


def make(folder: Path, seconds: float, size_wh: tuple[int, int] = (1920, 1080)) -> Path:
    """Make `klas-HEIGHT-SECONDS.mp4` in `folder`, unless it is there; returns it."""
    path = folder / f"klas-{size_wh[1]}-{seconds:g}.mp4"
    if path.exists():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    one = folder / f"klas-{size_wh[1]}-round.mp4"
    if not one.exists():
        part = one.with_suffix(".part.mp4")
        _one_round(part, size_wh)
        part.rename(one)
    part = path.with_suffix(".part.mp4")
    _repeated(one, part, round(seconds * FPS))
    return part.rename(path)


def main(argv: Sequence[str] | None = None) -> None:
    """Read the command line and make the clip."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.clip", description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--size", default="1920x1080", metavar="WxH")
    args = parser.parse_args(argv)
    width, height = (int(v) for v in args.size.split("x"))
    sys.stdout.write(f"{make(args.folder, args.seconds, (width, height))}\n")


if __name__ == "__main__":
    main()
