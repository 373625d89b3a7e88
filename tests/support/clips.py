"""Small clips made on the spot, so that no test needs a recording."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from tests.support.waiting import PATIENCE_S

RGB = npt.NDArray[np.uint8]


def noise(size_wh: tuple[int, int], seed: int = 0) -> RGB:
    """uint8 (h, w, 3): a soft random texture, good for optical flow, without a face."""
    import cv2

    rng = np.random.default_rng(seed)
    small = rng.integers(40, 216, (size_wh[1] // 8 + 2, size_wh[0] // 8 + 2, 3), dtype=np.uint8)
    return np.ascontiguousarray(cv2.resize(small, size_wh, interpolation=cv2.INTER_CUBIC))


def write_clip(
    path: Path,
    pictures: Iterable[RGB],
    *,
    fps: int | Fraction = 25,
    pts: Iterable[int] | None = None,
    time_base: Fraction | None = None,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    options: dict[str, str] | None = None,
    tone_s: float = 0.0,
) -> Path:
    """Encode RGB pictures (all of one size), with a 440 Hz tone of `tone_s` seconds if asked; returns `path`."""
    rate = Fraction(fps)
    base = time_base or 1 / rate
    with av.open(str(path), "w") as box:
        stream = box.add_stream(codec, rate=rate, options=options or {"preset": "ultrafast", "qp": "12"})
        stream.pix_fmt = pix_fmt
        stream.codec_context.time_base = base
        sound = box.add_stream("aac", rate=48000, layout="mono") if tone_s else None
        times = iter(pts) if pts is not None else None
        for i, rgb in enumerate(pictures):
            if i == 0:
                stream.height, stream.width = rgb.shape[:2]
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24").reformat(format=pix_fmt)
            frame.pts = next(times) if times is not None else round(i / rate / base)
            frame.time_base = base
            box.mux(stream.encode(frame))
        box.mux(stream.encode())
        if sound is not None:
            wave = (0.3 * np.sin(2 * np.pi * 440 * np.arange(round(48000 * tone_s)) / 48000)).astype(np.float32)
            for start in range(0, len(wave), 1024):
                chunk = av.AudioFrame.from_ndarray(wave[None, start : start + 1024], format="fltp", layout="mono")
                chunk.sample_rate, chunk.pts, chunk.time_base = 48000, start, Fraction(1, 48000)
                box.mux(sound.encode(chunk))
            box.mux(sound.encode())
    return path


def ffmpeg(*args: str | Path) -> bytes:
    """Run the ffmpeg that imageio-ffmpeg carries (a second build, not the code under test); returns its stdout."""
    import imageio_ffmpeg

    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "error", "-y", *map(str, args)]
    done = subprocess.run(command, capture_output=True, check=False, timeout=PATIENCE_S)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stderr.decode(errors='replace')}"
    return done.stdout


def card(path: Path, *args: str, size_wh: tuple[int, int] = (64, 48), fps: int = 25, seconds: float = 0.4) -> Path:
    """A moving test card without sound, encoded by ffmpeg with the given output arguments; returns `path`."""
    source = f"testsrc2=size={size_wh[0]}x{size_wh[1]}:rate={fps}:duration={seconds}"
    ffmpeg("-f", "lavfi", "-i", source, *(args or X264), path)
    return path


X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
"""Output arguments for a plain, quickly made clip."""


def decoded(path: Path, *args: str, size_wh: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """uint8 (n, 3 * h // 2, w): every picture as ffmpeg itself shows it (turned upright), in planar YUV 4:2:0."""
    raw = ffmpeg("-i", path, *args, "-fps_mode", "passthrough", "-pix_fmt", "yuv420p", "-f", "rawvideo", "-")
    return np.frombuffer(raw, np.uint8).reshape(-1, size_wh[1] * 3 // 2, size_wh[0])
