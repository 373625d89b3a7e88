"""H.264 taken apart into NAL units, so that what rides along between the pictures can be seen.

The layout is that of ITU-T H.264: 7.3.1 and table 7-1 (NAL units), 7.3.2.3.1 (SEI messages), annex B (start codes), and
ISO/IEC 14496-15, 5.2.4.1 (the decoder configuration in an MP4).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from avg_video.language import mark, tr

__all__ = [
    "ALLOWED_IN_CONFIG",
    "ALLOWED_IN_SAMPLES",
    "AvcConfig",
    "MalformedNal",
    "nal_name",
    "nal_type",
    "parse_avc_config",
    "sei_messages",
    "sei_payload_types",
    "split_annex_b",
    "split_sample",
]

SEI = 6

_NAMES = {
    1: mark("slice"),
    2: mark("slice partition A"),
    3: mark("slice partition B"),
    4: mark("slice partition C"),
    5: mark("key-frame slice"),
    6: "SEI",
    7: mark("sequence parameters"),
    8: mark("picture parameters"),
    9: mark("access unit delimiter"),
    10: mark("end of sequence"),
    11: mark("end of stream"),
    12: mark("filler"),
    13: mark("sequence parameters extension"),
    14: mark("prefix"),
    15: mark("subset sequence parameters"),
    19: mark("auxiliary slice"),
    20: mark("slice extension"),
}

# Picture data and the parameters needed to decode it. Everything else (SEI, filler, the auxiliary picture that carries
# alpha, the reserved and the unspecified types 24 to 31) can carry bytes that no player shows.
ALLOWED_IN_SAMPLES = frozenset({1, 2, 3, 4, 5, 7, 8})
ALLOWED_IN_CONFIG = frozenset({7, 8})

# Profiles whose configuration record ends with the chroma format and bit depths (ISO/IEC 14496-15, 5.2.4.1.1).
_HIGH_PROFILES = frozenset({100, 110, 122, 144, 244, 44})


class MalformedNal(ValueError):
    """The bytes do not have the structure they claim."""


def nal_type(nal: bytes) -> int:
    """The type of one NAL unit, 0 to 31. Raises `MalformedNal` when it is empty."""
    if not nal:
        raise MalformedNal(tr("an empty NAL unit"))
    return nal[0] & 0x1F


def nal_name(kind: int) -> str:
    """What a type is called, for a message."""
    return tr(_NAMES[kind]) if kind in _NAMES else tr("type {number}", number=kind)


def split_annex_b(data: bytes) -> Iterator[bytes]:
    """The NAL units of a byte stream with start codes. Raises `MalformedNal` when there are bytes before the first."""
    start = data.find(b"\x00\x00\x01")
    if start < 0 or data[:start].strip(b"\x00"):
        raise MalformedNal(tr("no start code at the beginning"))
    while start >= 0:
        following = data.find(b"\x00\x00\x01", start + 3)
        # A NAL unit ends with a set bit, so zeros before the next start code belong to that start code.
        yield data[start + 3 : following if following >= 0 else len(data)].rstrip(b"\x00")
        start = following


def split_sample(data: bytes, length_size: int) -> Iterator[bytes]:
    """The NAL units of one MP4 sample, each behind its length in `length_size` bytes.

    Raises `MalformedNal` when the lengths do not fill the sample exactly.
    """
    at = 0
    while at < len(data):
        end_of_length = at + length_size
        end = end_of_length + int.from_bytes(data[at:end_of_length], "big")
        if end > len(data) or end == end_of_length:
            raise MalformedNal(tr("NAL unit lengths do not fit the sample"))
        yield data[end_of_length:end]
        at = end


def sei_payload_types(nal: bytes) -> tuple[int, ...]:
    """The payload types of the messages in one SEI NAL unit (4 captions, 5 free text, 1 picture timing, ...).

    Raises `MalformedNal` when it is not an SEI or its sizes reach beyond it.
    """
    if nal_type(nal) != SEI:
        raise MalformedNal(tr("expected an SEI, got {name}", name=nal_name(nal_type(nal))))
    return tuple(kind for kind, _ in sei_messages(nal[1:]))


def sei_messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Type and payload of each message in an SEI NAL unit, whose header (one byte in H.264, two in H.265) is cut off.

    Raises `MalformedNal` when a size reaches beyond the unit.
    """
    # Emulation prevention: 00 00 03 stands for 00 00 wherever a start code could be mistaken (H.264 7.4.1.1).
    body = data.replace(b"\x00\x00\x03", b"\x00\x00")
    stripped = body.rstrip(b"\x00")
    end = len(stripped) - 1 if stripped.endswith(b"\x80") else len(body)  # the stop bit
    at = 0
    while at < len(body) and at != end:
        kind, at = _sei_number(body, at)
        size, at = _sei_number(body, at)
        if at + size > len(body):
            raise MalformedNal(tr("an SEI message reaches beyond its NAL unit"))
        yield kind, body[at : at + size]
        at += size


def _sei_number(body: bytes, at: int) -> tuple[int, int]:
    """A number written as a run of 255s and a last byte, and where it ends."""
    value = 0
    while at < len(body):
        value += body[at]
        at += 1
        if body[at - 1] != 255:
            return value, at
    raise MalformedNal(tr("an SEI message breaks off"))


@dataclass(frozen=True)
class AvcConfig:
    """The decoder configuration of an H.264 track: bytes per NAL length, and the parameter sets."""

    length_size: int
    nals: tuple[bytes, ...]


def parse_avc_config(data: bytes) -> AvcConfig:
    """Take an `avcC` box's payload apart. Raises `MalformedNal` when it is cut short or holds anything more."""
    if len(data) < 7 or data[0] != 1:
        raise MalformedNal(tr("not a decoder configuration"))
    nals: list[bytes] = []
    at = _parameter_sets(data, 6, data[5] & 0x1F, nals)
    if at >= len(data):
        raise MalformedNal(tr("the decoder configuration breaks off"))
    at = _parameter_sets(data, at + 1, data[at], nals)
    if data[1] in _HIGH_PROFILES and at < len(data):
        if at + 4 > len(data):
            raise MalformedNal(tr("the decoder configuration breaks off"))
        at = _parameter_sets(data, at + 4, data[at + 3], nals)
    if at != len(data):
        raise MalformedNal(tr("{n} bytes after the decoder configuration", n=len(data) - at))
    return AvcConfig((data[4] & 3) + 1, tuple(nals))


def _parameter_sets(data: bytes, at: int, count: int, nals: list[bytes]) -> int:
    for _ in range(count):
        size = int.from_bytes(data[at : at + 2], "big")
        at += 2
        if not size or at + size > len(data):
            raise MalformedNal(tr("a parameter set reaches beyond the decoder configuration"))
        nals.append(data[at : at + size])
        at += size
    return at
