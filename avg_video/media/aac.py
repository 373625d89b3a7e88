"""Blocks of sound into AAC packets that lie under the picture without an edit list."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import av
import numpy as np
import numpy.typing as npt
from av.container import OutputContainer
from av.packet import Packet

from avg_video.errors import EncoderFailed
from avg_video.language import cause_of, tr
from avg_video.media.sound import BLOCK, SoundSource

__all__ = ["AacTrack"]

_BIT_RATES = {1: 96_000, 2: 160_000}  # by channels; clean for speech and music in a classroom


class AacTrack:
    """The one sound stream of an output, made as the pictures ask for it, so that neither waits in memory.

    An AAC decoder's first packet only warms it up: what it delivers is one block late. Usually an edit list hides
    that block. Here the first block of the sound (21 ms) is left out instead and every packet takes the place of the
    block it delivers, so the sound is in step in every player and the file hides nothing.
    """

    def __init__(self, box: OutputContainer, source: SoundSource) -> None:
        self._stream = box.add_stream("aac", rate=source.rate, options={"flags": "+bitexact"})
        context = self._stream.codec_context
        context.layout = "mono" if source.channels == 1 else "stereo"
        context.bit_rate = _BIT_RATES[source.channels]
        context.time_base = Fraction(1, source.rate)
        self._blocks = source.blocks()
        next(self._blocks)
        self._rate = source.rate
        self._count = source.count
        self._fed = 0
        self._made = 0

    def packets_until(self, seconds: Fraction) -> Iterator[Packet[av.AudioStream]]:
        """The packets that start before that second and have not been delivered yet.

        Raises `EncoderFailed` when the encoder does not make one packet per block.
        """
        while self._made < self._count and Fraction(self._made * BLOCK, self._rate) < seconds:
            block = next(self._blocks, None)
            frame = None if block is None else self._frame(block)
            yield from self._encode(frame)
            if frame is None and self._made < self._count:
                raise EncoderFailed(
                    tr("the sound encoder made {made} of {count} packets", made=self._made, count=self._count),
                    remedy=tr("leave the sound out with --audio drop"),
                )

    def _frame(self, block: npt.NDArray[np.float32]) -> av.AudioFrame:
        frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="mono" if len(block) == 1 else "stereo")
        frame.sample_rate, frame.time_base, frame.pts = self._rate, Fraction(1, self._rate), self._fed * BLOCK
        self._fed += 1
        return frame

    def _encode(self, frame: av.AudioFrame | None) -> Iterator[Packet[av.AudioStream]]:
        try:
            packets = self._stream.codec_context.encode(frame)
        except av.FFmpegError as error:
            raise EncoderFailed(
                tr("the sound can't be encoded ({why})", why=cause_of(error)),
                remedy=tr("leave the sound out with --audio drop"),
            ) from error
        for packet in packets[: self._count - self._made]:
            packet.stream = self._stream
            packet.time_base = Fraction(1, self._rate)
            packet.pts = packet.dts = self._made * BLOCK
            packet.duration = BLOCK
            self._made += 1
            yield packet
