"""Which H.264 encoder makes the output: asked for by name, or found, and tried before it is trusted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import av
import cv2
import numpy as np
import numpy.typing as npt
from av.codec.codec import UnknownCodecError
from av.video.codeccontext import VideoCodecContext

from avg_video.errors import EncoderFailed, UsageError
from avg_video.language import cause_of, tr
from avg_video.media.sei import MalformedNal, nal_type, split_annex_b

__all__ = ["AUTO", "HARDWARE", "PRESETS", "SOFTWARE", "Encoder", "choose_encoder", "open_codec"]

U8 = npt.NDArray[np.uint8]

AUTO = "auto"
SOFTWARE = "libx264"

HARDWARE = ("h264_nvenc", "h264_videotoolbox", "h264_qsv", "h264_amf", "h264_v4l2m2m")
"""Encoders on a graphics or system chip, in the order in which `auto` tries them: the best pictures per byte first."""

PRESETS = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow")
"""libx264's trades of time for size. Hardware encoders have their own and ignore this one."""

_TRIAL_PICTURES = 3
_TRIAL_WH = (320, 240)  # for libx264, px; a chip's encoder may work at one size and fail at another
_SOFTWARE_MAX_PX = 4096  # width or height up to which libx264 is known to work whatever the size
_TRIAL_DIFFERENCE = 16.0  # mean levels of luma; a broken driver's green or grey pictures differ by 50 and more
_BITS_PER_PIXEL = 0.12  # for encoders that only take a bit rate: 7.5 Mbit/s at 1080p30


@dataclass(frozen=True)
class Encoder:
    """An encoder that has worked on this computer at the size asked for.

    Attributes
    ----------
    name: FFmpeg's name for it.
    options: its settings as FFmpeg's names and values, in a fixed order.
    note: what the user should know, such as a fall-back; one clause, or None.
    pix_fmt: the layout of pictures it takes.
    """

    name: str
    options: tuple[tuple[str, str], ...]
    note: str | None = None
    pix_fmt: str = "yuv420p"


def choose_encoder(name: str, size_wh: tuple[int, int], *, crf: int = 20, preset: str = "veryfast") -> Encoder:
    """The encoder to use for pictures of `size_wh` (px, even), after it has encoded some that could be read back.

    Parameters
    ----------
    name: "libx264", a name from `HARDWARE`, or "auto": the first of `HARDWARE` that works, else libx264 with a note.
    crf: quality on libx264's scale, 1 (best) to 51; other encoders get it on their own, similar scale where they
        have one. 20 can't be told from the source by eye.
    preset: one of `PRESETS`.

    Raises
    ------
    UsageError: an unknown name or preset, or a crf out of range.
    EncoderFailed: the encoder that was named (or, after `auto`, libx264) does not work here.
    """
    if name not in (AUTO, SOFTWARE, *HARDWARE):
        known = ", ".join((AUTO, SOFTWARE, *HARDWARE))
        raise UsageError(
            tr("there is no encoder called {name!r} here", name=name), remedy=tr("choose one of {names}", names=known)
        )
    if preset not in PRESETS:
        raise UsageError(
            tr("there is no preset called {preset!r}", preset=preset),
            remedy=tr("choose one of {names}", names=", ".join(PRESETS)),
        )
    if not 1 <= crf <= 51:
        raise UsageError(
            tr("crf {crf} is out of range", crf=crf), remedy=tr("choose from 1 (best) to 51 (smallest); 20 is usual")
        )
    if name != AUTO:
        return _named(name, size_wh, crf, preset)
    reasons = []
    for candidate in HARDWARE:
        encoder = _settings(candidate, size_wh, crf, preset)
        reason = _try(encoder, size_wh)
        if reason is None:
            return encoder
        reasons.append(f"{candidate}: {reason}")
    note = tr(
        "no hardware encoder works here, so {encoder} is used ({reasons})", encoder=SOFTWARE, reasons="; ".join(reasons)
    )
    return replace(_named(SOFTWARE, size_wh, crf, preset), note=note)


def _named(name: str, size_wh: tuple[int, int], crf: int, preset: str) -> Encoder:
    encoder = _settings(name, size_wh, crf, preset)
    reason = _try(encoder, size_wh)
    if reason is None:
        return encoder
    if name == SOFTWARE:
        remedy = tr("choose another encoder, such as auto")
    else:
        remedy = tr("choose another encoder, such as {encoder} or auto", encoder=SOFTWARE)
    raise EncoderFailed(
        tr(
            "the encoder {name} does not work here at {width}x{height} ({why})",
            name=name,
            width=size_wh[0],
            height=size_wh[1],
            why=reason,
        ),
        remedy=remedy,
    )


def _settings(name: str, size_wh: tuple[int, int], crf: int, preset: str) -> Encoder:
    """Quality settings of each encoder. Captions off (a53cc) where the encoder would pass them on; no B-frames in
    hardware, where drivers disagree about their time stamps."""
    rate = str(max(round(size_wh[0] * size_wh[1] * 30 * _BITS_PER_PIXEL), 200_000))
    q = str(crf)
    options: dict[str, dict[str, str]] = {
        SOFTWARE: {"preset": preset, "crf": q, "a53cc": "0"},
        "h264_nvenc": {"preset": "p4", "rc": "vbr", "cq": q, "b": "0", "bf": "0", "a53cc": "0"},
        "h264_videotoolbox": {"b": rate, "allow_sw": "0", "bf": "0", "a53cc": "0"},
        "h264_qsv": {"preset": "veryfast", "global_quality": q, "bf": "0", "a53cc": "0"},
        "h264_amf": {"quality": "balanced", "rc": "cqp", "qp_i": q, "qp_p": q, "bf": "0"},
        "h264_v4l2m2m": {"b": rate},
    }
    pix_fmt = "nv12" if name in ("h264_qsv", "h264_amf") else "yuv420p"
    # bitexact: no version strings of the encoder in what it writes. global_header: what MP4 needs.
    return Encoder(name, tuple({**options[name], "flags": "+bitexact+global_header"}.items()), pix_fmt=pix_fmt)


def open_codec(
    context: VideoCodecContext,
    encoder: Encoder,
    *,
    size_wh: tuple[int, int],
    rate: Fraction,
    clock: Fraction,
    threads: int = 0,
) -> None:
    """Set up a fresh encoder context; it opens with the first picture or with the container's header.

    `rate` is pictures per second, for rate control; `clock` is seconds per unit of the pictures' pts.
    """
    context.width, context.height = size_wh
    context.pix_fmt = encoder.pix_fmt
    # Only rate control uses it, and containers may say anything.
    context.framerate = min(rate, Fraction(1000)).limit_denominator(10_000) if rate > 0 else Fraction(25)
    context.time_base = clock
    context.thread_count = threads
    context.options = dict(encoder.options)


def _try(encoder: Encoder, size_wh: tuple[int, int]) -> str | None:
    """Encode a few pictures and decode them again; None when they come back, else why not.

    They are of the real size, but for libx264: there it would take a third of a second and tell nothing more.
    """
    if encoder.name == SOFTWARE and max(size_wh) <= _SOFTWARE_MAX_PX:
        size_wh = (min(size_wh[0], _TRIAL_WH[0]), min(size_wh[1], _TRIAL_WH[1]))
    pictures = [_trial_picture(size_wh, i) for i in range(_TRIAL_PICTURES)]
    try:
        headers, packets = _encode(encoder, size_wh, pictures)
        if not headers:
            return tr("it gives no headers that MP4 could keep")
        kinds = [nal_type(nal) for packet in packets for nal in split_annex_b(packet)]
        if 5 not in kinds:
            return tr("it made no key frame")
        return _compare(headers, packets, pictures)
    except UnknownCodecError:
        return tr("not in this FFmpeg")
    except MalformedNal as error:
        return tr("it made no valid H.264: {why}", why=error)
    except (av.FFmpegError, ValueError, OSError) as error:
        return str(cause_of(error) or error)


def _encode(encoder: Encoder, size_wh: tuple[int, int], pictures: list[U8]) -> tuple[bytes, list[bytes]]:
    """The headers and the packets that the encoder makes of pictures, uint8 (3h/2, w) each."""
    context = av.CodecContext.create(encoder.name, "w")
    if not isinstance(context, VideoCodecContext):
        raise ValueError("not an encoder of pictures")
    open_codec(context, encoder, size_wh=size_wh, rate=Fraction(25), clock=Fraction(1, 25))
    packets = []
    for i, i420 in enumerate(pictures):
        frame = av.VideoFrame.from_ndarray(i420, format="yuv420p")
        frame.pts, frame.time_base = i, Fraction(1, 25)
        packets += context.encode(frame)
    packets += context.encode(None)
    return context.extradata or b"", [bytes(packet) for packet in packets]


def _compare(headers: bytes, packets: list[bytes], pictures: list[U8]) -> str | None:
    """What is wrong with the packets, seen against the pictures they were made of; None when nothing is."""
    decoder = av.CodecContext.create("h264", "r")
    if not isinstance(decoder, VideoCodecContext):
        raise ValueError("no decoder of H.264")
    decoder.extradata = headers
    frames = [frame for data in packets for frame in decoder.decode(av.Packet(data))] + decoder.decode(None)
    if len(frames) != len(pictures):
        return tr("it made {frames} of {pictures} pictures", frames=len(frames), pictures=len(pictures))
    for frame, i420 in zip(frames, pictures, strict=True):
        back = frame.to_ndarray(format="yuv420p")
        if back.shape != i420.shape:
            return tr("it made pictures of {width}x{height}", width=back.shape[1], height=back.shape[0] * 2 // 3)
        if float(cv2.absdiff(back, i420).mean()) > _TRIAL_DIFFERENCE:
            return tr("its pictures do not look like what it was given")
    return None


def _trial_picture(size_wh: tuple[int, int], i: int) -> U8:
    """uint8 (3h/2, w): a slope that moves, with as much structure as an encoder can't guess."""
    w, h = size_wh
    rows, columns = np.arange(h * 3 // 2) // 4 + 5 * i, np.arange(w) // 3
    return np.asarray(
        48 + ((rows % 160)[:, None].astype(np.uint16) + (columns % 160).astype(np.uint16)) % 160, np.uint8
    )
