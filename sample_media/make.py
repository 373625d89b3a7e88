"""Makes `klas.mp4` and its true face boxes `klas.json`; the same pictures every time.

usage: python -m sample_media.make [FOLDER]

The clip also carries a title, a place and a chapter, on purpose: so that you can see that they are gone from the copy.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from .cast import CAST
from .scene import FPS, FRAMES, Box, Scene

F32 = npt.NDArray[np.float32]
U8 = npt.NDArray[np.uint8]

RATE_HZ = 48000
TITLE = "Klas 3B, les 14"
PLACE = "+54.0000+004.0000/"
"""In the middle of the North Sea: nobody's school."""
CHAPTER = "Opgave 14"
VIDEO_OPTIONS = {"preset": "slow", "crf": "19", "threads": "1"}


@lru_cache(maxsize=1)
def _scene() -> Scene:
    return Scene()


def picture(index: int) -> tuple[U8, list[Box | None]]:
    """One picture, uint8 (720, 1280, 3) RGB, and the true box of everybody's face in it."""
    return _scene().picture(index)


def voices(seconds: float) -> F32:
    """float32 (n,): two made-up voices in turn, syllable by syllable, over the hum of a room. Nobody speaks."""
    rng = np.random.default_rng(3)
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    out = 0.004 * rng.standard_normal(len(t)) + 0.003 * np.sin(2 * np.pi * 100 * t)
    start = 0.3
    while start < seconds - 0.3:
        speaker = int(start // 3.2) % 2
        long = float(rng.uniform(0.12, 0.28))
        k = (t >= start) & (t < start + long)
        local = (t[k] - start) / long
        pitch = (118, 205)[speaker] * (1 + 0.12 * np.sin(2.2 * start) + 0.08 * (0.5 - local))
        phase = 2 * np.pi * np.cumsum(pitch) / RATE_HZ
        vowel = rng.choice(np.array([(700, 1200), (400, 2100), (350, 900), (550, 1700)], float))
        tone = np.zeros(len(local))
        for n in range(1, 22):
            hz = n * float(pitch[0])
            strength = sum(1 / (1 + ((hz - f) / (90 + 0.06 * f)) ** 2) for f in vowel) + 0.08
            tone += strength / n**0.6 * np.sin(n * phase)
        out[k] += 0.09 * tone * np.sin(np.pi * local) ** 0.7
        start += long + float(rng.uniform(0.02, 0.09)) + (0.35 if rng.random() < 0.16 else 0.0)
    return np.asarray(np.clip(out, -0.9, 0.9), np.float32)


def _pictures(jobs: int) -> Iterator[tuple[U8, list[Box | None]]]:
    if jobs == 1:
        yield from map(picture, range(FRAMES))
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(picture, range(FRAMES), chunksize=5)


def write(folder: Path, jobs: int = 1) -> None:
    """Write `klas.mp4` and `klas.json` into `folder`."""
    truth: list[list[Box | None]] = []
    part = folder / "klas.part.mp4"  # the clip keeps its name until the new one is whole
    with av.open(str(part), "w", options={"movflags": "+faststart"}) as box:
        box.metadata.update(
            {"title": TITLE, "location": PLACE, "comment": "avg-blur sample: this text must not survive"}
        )
        box.set_chapters(
            [
                {
                    "id": 1,
                    "start": 0,
                    "end": FRAMES * 1000 // FPS,
                    "time_base": Fraction(1, 1000),
                    "metadata": {"title": CHAPTER},
                }
            ]
        )
        video = box.add_stream("libx264", rate=FPS, options=VIDEO_OPTIONS)
        video.width, video.height, video.pix_fmt = *_scene().size_wh, "yuv420p"
        sound = box.add_stream("aac", rate=RATE_HZ, layout="mono", bit_rate=48000)
        wave = voices(FRAMES / FPS)
        per_picture = RATE_HZ // FPS
        for i, (rgb, boxes) in enumerate(_pictures(jobs)):
            truth.append(boxes)
            frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
            frame.pts, frame.time_base = i, Fraction(1, FPS)
            box.mux(video.encode(frame))
            part = wave[None, i * per_picture : (i + 1) * per_picture]
            chunk = av.AudioFrame.from_ndarray(np.ascontiguousarray(part), format="fltp", layout="mono")
            chunk.sample_rate, chunk.pts, chunk.time_base = RATE_HZ, i * per_picture, Fraction(1, RATE_HZ)
            box.mux(sound.encode(chunk))
        box.mux(video.encode())
        box.mux(sound.encode())
    part.replace(folder / "klas.mp4")
    (folder / "klas.json").write_text(_json(truth), encoding="utf-8")


def _json(truth: Sequence[Sequence[Box | None]]) -> str:
    """`frames`: every seen face, picture by picture; `people`: one person's box per picture, or null."""
    return json.dumps(
        {
            "fps": FPS,
            "size": list(_scene().size_wh),
            "frames": [[box for box in boxes if box is not None] for boxes in truth],
            "people": {person.name: [boxes[who] for boxes in truth] for who, person in enumerate(CAST)},
        },
        separators=(",", ":"),
    )


def main(argv: Sequence[str] | None = None) -> None:
    """Read the command line and make the clip."""
    parser = argparse.ArgumentParser(description="Make klas.mp4 and klas.json.")
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).parent)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes that draw")
    args = parser.parse_args(argv)
    args.folder.mkdir(parents=True, exist_ok=True)
    write(args.folder, args.jobs)


if __name__ == "__main__":
    main()
