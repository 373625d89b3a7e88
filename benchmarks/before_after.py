"""Makes the README's picture: a moment of the sample class before and after.

usage: python -m benchmarks.before_after [--second 3] [--output COPY] [--picture docs/before-after.jpg] [--option ...]

Without --output the real program is run on sample_media/klas.mp4.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

from .clip import SAMPLE
from .program import make_copy

U8 = npt.NDArray[np.uint8]

PICTURE = Path(__file__).parents[1] / "docs" / "before-after.jpg"
PANEL_WH = (800, 450)
GAP_PX = 8
MOST_BYTES = 250_000


def picture_at(path: Path, second: float) -> U8:
    """uint8 (h, w, 3) BGR: what is on screen at that second. Raises `ValueError` past the end."""
    with av.open(str(path)) as box:
        for frame in box.decode(video=0):
            if frame.time is not None and frame.time >= second - 1e-6:
                return np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
    raise ValueError(f"there is no picture at {second} s")


def side_by_side(before: U8, after: U8) -> bytes:
    """A JPEG of both beside each other, below `MOST_BYTES`."""
    panels = [cv2.resize(p, PANEL_WH, interpolation=cv2.INTER_AREA) for p in (before, after)]
    gap = np.full((PANEL_WH[1], GAP_PX, 3), 255, np.uint8)
    both = np.hstack([panels[0], gap, panels[1]])
    for quality in range(92, 40, -4):
        done, data = cv2.imencode(".jpg", both, [cv2.IMWRITE_JPEG_QUALITY, quality])
        if done and len(data) < MOST_BYTES:
            return data.tobytes()
    raise ValueError(f"no quality brings the picture below {MOST_BYTES} bytes")


def main(argv: Sequence[str] | None = None) -> None:
    """Read the command line and write the picture."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.before_after", description=__doc__.splitlines()[0])
    parser.add_argument("--second", type=float, default=3.0)
    parser.add_argument("--output", type=Path, help="this copy of the sample, run nothing")
    parser.add_argument("--picture", type=Path, default=PICTURE)
    parser.add_argument("--option", action="append", default=[], help="one word for avg-blur; repeatable")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="avg-blur-picture-") as folder:
        output = args.output or Path(folder) / "copy.mp4"
        if args.output is None:
            make_copy(SAMPLE, output, args.option)
        joined = side_by_side(picture_at(SAMPLE, args.second), picture_at(output, args.second))
    args.picture.write_bytes(joined)


if __name__ == "__main__":
    main()
