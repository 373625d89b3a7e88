"""The leak-versus-area curve over the growth of the cover: one analysis, painted at several sizes.

Growth scales every box that the analysis gave before it is painted; 1 is what the program does. The pictures are
measured as painted, without the second look and without the encoder.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from avg_video.media.reader import VideoReader
from avg_video.pipeline import Settings, analyse
from avg_video.redact.paint import paint
from avg_video.track.types import Track

from .measure import Meter, Truth

U8 = npt.NDArray[np.uint8]
F32 = npt.NDArray[np.float32]


def grown(boxes_xyxy: F32, growth: float) -> F32:
    """float32 (n, 4): the boxes, `growth` times as wide and high round their middles."""
    middle = (boxes_xyxy[:, :2] + boxes_xyxy[:, 2:]) / 2
    half = (boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]) / 2 * growth
    return np.concatenate([middle - half, middle + half], axis=1).astype(np.float32)


def curve(
    clip: Path, truth: Truth, growths: Sequence[float], settings: Settings, min_h: float = 16
) -> list[dict[str, Any]]:
    """The figures of `measure.Meter` per growth, each with its `growth` and the share of the picture `covered`."""
    plan = analyse(clip, settings)
    meters = [Meter(truth, min_h) for _ in growths]
    covered = np.zeros(len(growths))
    with VideoReader(clip, threads=settings.threads) as reader:
        for picture in reader:
            boxes = _boxes_at(plan.tracks, picture.index)
            original = _luma(picture.i420)
            for k, growth in enumerate(growths):
                painted = picture.i420.copy()
                if len(boxes):
                    paint(painted, grown(boxes, growth), settings.style)
                covered[k] += float((painted[: picture.size_wh[1]] != picture.y).mean())
                meters[k].add(original, _luma(painted))
    return [
        {"growth": g, "covered": round(float(c) / max(m.pictures, 1), 4)} | m.result()
        for g, c, m in zip(growths, covered, meters, strict=True)
    ]


def _boxes_at(tracks: Sequence[Track], index: int) -> F32:
    found = [box for track in tracks if (box := track.box_at(index)) is not None]
    return np.stack(found).astype(np.float32) if found else np.zeros((0, 4), np.float32)


def _luma(i420: U8) -> U8:
    """The luma as `measure.lumas` gives it for a file."""
    return np.asarray(av.VideoFrame.from_ndarray(i420, format="yuv420p").to_ndarray(format="gray"), np.uint8)
