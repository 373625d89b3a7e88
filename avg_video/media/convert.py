"""Bringing any decoded frame to 8-bit YUV 4:2:0 of one size, with its colours right and its tags known."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import av
import numpy as np
import numpy.typing as npt

from avg_video.errors import UnsupportedInput
from avg_video.language import mark, tr
from avg_video.media.colours import BT709, FULL_RANGE, HDR_TRANSFERS, LIMITED_RANGE, UNSPECIFIED, tags_of
from avg_video.media.hdr import SUPPORTED_PRIMARIES, ToneMapper

__all__ = ["Converter"]

_PLAIN: Final = ("yuv420p", "yuvj420p")

_SWS_MATRIX: Final = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9}
"""H.273 matrix to swscale's own number for the same coefficients."""

_KNOWN_MATRICES: Final = frozenset({0, UNSPECIFIED, *_SWS_MATRIX})

_REMEDY: Final = mark("convert it to ordinary video (SDR, BT.709) with another program first")


class Converter:
    """Turns frames like the first one of a recording into plain ones.

    Attributes
    ----------
    colours: the tags of what comes out. YUV in standard range keeps its own; RGB, HDR and transparent pictures
        become BT.709.
    hdr: "PQ", "HLG" or None.
    has_alpha: True where the stored pictures have an alpha channel; they are laid on black, as players do.

    Raises `UnsupportedInput` when built, or called with a frame, whose colours it can't treat correctly.
    """

    def __init__(self, first: av.VideoFrame, file: Path) -> None:
        self._file = file
        self._size = (first.width, first.height)
        self._tags = tags_of(first)
        self.hdr = HDR_TRANSFERS.get(self._tags.transfer)
        self.has_alpha = _has_alpha(first)
        if self._tags.matrix not in _KNOWN_MATRICES:
            raise UnsupportedInput(
                tr("uses a rare colour matrix ({matrix})", matrix=self._tags.matrix), remedy=tr(_REMEDY), file=file
            )
        self._mapper: ToneMapper | None = None
        if self.hdr is not None:
            # An HDR picture without further tags is BT.2020 in all practice (BT.2100 knows no other primaries).
            primaries = 9 if self._tags.primaries == UNSPECIFIED else self._tags.primaries
            if primaries not in SUPPORTED_PRIMARIES or self.has_alpha:
                raise UnsupportedInput(tr("is {kind} in rare colours", kind=self.hdr), remedy=tr(_REMEDY), file=file)
            self._mapper = ToneMapper(self._size, self.hdr, primaries)
        self.colours = BT709 if self._becomes_bt709(first) else self._tags

    def __call__(self, frame: av.VideoFrame) -> av.VideoFrame:
        """A frame in `yuv420p` (or `yuvj420p`, the same planes) of the first one's size; may be the frame itself."""
        tags = tags_of(frame)
        if tags != self._tags:
            raise UnsupportedInput(tr("its colours change on the way"), remedy=tr(_REMEDY), file=self._file)
        if _has_alpha(frame) != self.has_alpha:
            raise UnsupportedInput(tr("becomes transparent on the way"), remedy=tr(_REMEDY), file=self._file)
        w, h = self._size
        if self._mapper is not None:
            return _rgb_to_bt709(self._mapper(self._to_rgb(frame, ToneMapper.FORMAT)), w, h)
        if self.has_alpha:
            return _rgb_to_bt709(_on_black(self._to_rgb(frame, "rgba")), w, h)
        if _is_rgb(frame):
            return _rgb_to_bt709(frame, w, h)
        if frame.format.name in _PLAIN and (frame.width, frame.height) == self._size:
            return frame
        limits = FULL_RANGE if tags.range == FULL_RANGE else LIMITED_RANGE
        matrix = _SWS_MATRIX.get(tags.matrix, _SWS_MATRIX[1])
        return frame.reformat(
            width=w,
            height=h,
            format="yuv420p",
            src_colorspace=matrix,
            dst_colorspace=matrix,
            src_color_range=limits,
            dst_color_range=limits,
            interpolation="BICUBIC",
        )

    def _becomes_bt709(self, frame: av.VideoFrame) -> bool:
        return self._mapper is not None or self.has_alpha or _is_rgb(frame)

    def _to_rgb(self, frame: av.VideoFrame, name: str) -> av.VideoFrame:
        w, h = self._size
        if _is_rgb(frame):
            return frame.reformat(width=w, height=h, format=name, interpolation="BICUBIC")
        untold = 9 if self.hdr is not None else 1
        return frame.reformat(
            width=w,
            height=h,
            format=name,
            src_colorspace=_SWS_MATRIX.get(self._tags.matrix, untold),
            src_color_range=FULL_RANGE if self._tags.range == FULL_RANGE else LIMITED_RANGE,
            dst_color_range=FULL_RANGE,
            interpolation="BICUBIC",
        )


def _is_rgb(frame: av.VideoFrame) -> bool:
    return bool(frame.format.is_rgb or frame.format.has_palette)


def _has_alpha(frame: av.VideoFrame) -> bool:
    # A palette may hold transparent entries without the format saying so.
    return frame.format.has_palette or any(c.is_alpha for c in frame.format.components)


def _rgb_to_bt709(frame: av.VideoFrame, w: int, h: int) -> av.VideoFrame:
    return frame.reformat(
        width=w,
        height=h,
        format="yuv420p",
        src_color_range=FULL_RANGE,
        dst_colorspace=_SWS_MATRIX[1],
        dst_color_range=LIMITED_RANGE,
        interpolation="BICUBIC",
    )


def _on_black(frame: av.VideoFrame) -> av.VideoFrame:
    """RGBA laid on black: what lies hidden under full transparency is gone."""
    rgba: npt.NDArray[np.uint16] = frame.to_ndarray().astype(np.uint16)
    flat = (rgba[..., :3] * rgba[..., 3:] + 127) // 255
    return av.VideoFrame.from_ndarray(np.ascontiguousarray(flat.astype(np.uint8)), format="rgb24")
