"""Which value each field of an MP4's small boxes may have, so that no field can carry a message.

Layouts: ISO/IEC 14496-12 (clause 8), 14496-15 (5.4.2, `avc1`), 14496-14 (5.6, `mp4a` and `esds`), 14496-1 (7.2.6).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from avg_video.language import mark, tr
from avg_video.media.sei import ALLOWED_IN_CONFIG, MalformedNal, nal_name, nal_type, parse_avc_config

__all__ = ["CHECKS", "Check"]

Check = Callable[[bytes], Iterator[str]]
"""Takes a box's payload and yields what is wrong with it, one clause each."""

# Name, size in bytes, and the values allowed (big-endian); None where any number may stand.
_Field = tuple[str, int, frozenset[int] | None]

_MATRIX = int.from_bytes(b"".join(v.to_bytes(4, "big") for v in (1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)), "big")
_UNDETERMINED = 0x55C4  # "und", five bits a letter
_BRANDS = frozenset({b"isom", b"iso2", b"avc1", b"mp41"})
_HANDLERS = {b"vide": b"VideoHandler\0", b"soun": b"SoundHandler\0"}


def _only(name: str, size: int, *values: int) -> _Field:
    return name, size, frozenset(values)


def _any(name: str, size: int) -> _Field:
    return name, size, None


def _fields(payload: bytes, fields: list[_Field], *, more: bool = False) -> Iterator[str]:
    """Check fields that follow each other; what comes after them is refused unless `more`."""
    size = sum(width for _, width, _ in fields)
    if len(payload) < size or (len(payload) > size and not more):
        yield tr("is {found} bytes long instead of {size}", found=len(payload), size=size)
        return
    at = 0
    for name, width, allowed in fields:
        if allowed is not None and int.from_bytes(payload[at : at + width], "big") not in allowed:
            yield tr("its {name} is not as it should be", name=tr(name))
        at += width


def _timed(payload: bytes, before: list[_Field], after: list[_Field], flags: int) -> Iterator[str]:
    """A header box: version 1 has wide times and durations. `before` lies between the times and the duration."""
    version = payload[0] if payload else 0
    wide = 8 if version == 1 else 4
    head = [
        _only(mark("version"), 4, flags, 1 << 24 | flags),
        _only(mark("creation time"), wide, 0),
        _only(mark("modification time"), wide, 0),
    ]
    return _fields(payload, [*head, *before, _any("duration", wide), *after])


def _movie_header(payload: bytes) -> Iterator[str]:
    after = [
        _only(mark("speed"), 4, 1 << 16),
        _only(mark("volume"), 2, 1 << 8),
        _only(mark("reserved part"), 10, 0),
        _only(mark("matrix"), 36, _MATRIX),
        _only(mark("preview and poster times"), 24, 0),
        _any("next track", 4),
    ]
    return _timed(payload, [_any("timescale", 4)], after, flags=0)


def _track_header(payload: bytes) -> Iterator[str]:
    before = [_any("track", 4), _only(mark("reserved part"), 4, 0)]
    after = [
        _only(mark("reserved part"), 8, 0),
        _only(mark("layer"), 2, 0),
        _only(mark("group"), 2, 0, 1),
        _only(mark("volume"), 2, 0, 1 << 8),
        _only(mark("reserved part"), 2, 0),
        _only(mark("matrix"), 36, _MATRIX),
        _any("width", 4),
        _any("height", 4),
    ]
    return _timed(payload, before, after, flags=3)


def _media_header(payload: bytes) -> Iterator[str]:
    after = [_only(mark("language"), 2, _UNDETERMINED), _only(mark("reserved part"), 2, 0)]
    return _timed(payload, [_any("timescale", 4)], after, flags=0)


def _file_type(payload: bytes) -> Iterator[str]:
    brands = {payload[at : at + 4] for at in range(8, len(payload), 4)}
    if payload[:8] != b"isom\x00\x00\x02\x00" or not brands <= _BRANDS:
        yield tr("its brands are not as they should be")


def _handler(payload: bytes) -> Iterator[str]:
    kind = payload[8:12]
    if kind not in _HANDLERS:
        yield tr("a track of another kind than picture or sound ({kind!r})", kind=kind)
    elif payload[24:] != _HANDLERS[kind]:
        yield tr("its name is not the neutral one")
    yield from _fields(
        payload, [_only(mark("version"), 8, 0), _any("kind", 4), _only(mark("reserved part"), 12, 0)], more=True
    )


def _picture_entry(payload: bytes) -> Iterator[str]:
    fields = [
        _only(mark("reserved part"), 6, 0),
        _only(mark("data reference"), 2, 1),
        _only(mark("reserved part"), 16, 0),
        _any("width", 2),
        _any("height", 2),
        _only(mark("resolution"), 8, 72 << 48 | 72 << 16),
        _only(mark("reserved part"), 4, 0),
        _only(mark("frame count"), 2, 1),
        _only(mark("compressor name"), 32, 0),
        _only(mark("depth"), 2, 24),
        _only(mark("reserved part"), 2, 0xFFFF),
    ]
    return _fields(payload, fields, more=True)


def _sound_entry(payload: bytes) -> Iterator[str]:
    fields = [
        _only(mark("reserved part"), 6, 0),
        _only(mark("data reference"), 2, 1),
        _only(mark("reserved part"), 8, 0),
        _only(mark("channel count"), 2, 1, 2),
        _only(mark("sample size"), 2, 16),
        _only(mark("reserved part"), 4, 0),
        _any("rate", 4),
    ]
    return _fields(payload, fields, more=True)


def _avc_config(payload: bytes) -> Iterator[str]:
    try:
        config = parse_avc_config(payload)
    except MalformedNal as error:
        yield str(error)
        return
    for kind in sorted({nal_type(nal) for nal in config.nals} - ALLOWED_IN_CONFIG):
        yield tr("holds {name}", name=nal_name(kind))


def _colour(payload: bytes) -> Iterator[str]:
    fields = [
        _only(mark("kind"), 4, int.from_bytes(b"nclx", "big")),
        _any("primaries, transfer and matrix", 6),
        _only(mark("range"), 1, 0, 0x80),
    ]
    return _fields(payload, fields)


def _sound_config(payload: bytes) -> Iterator[str]:
    """`esds`: an ES descriptor (3) holding a decoder's (4), which holds its configuration (5), and a sync layer (6)."""
    if payload[:4] != bytes(4):
        yield tr("its version is not as it should be")
        return
    try:
        kind, es, rest = _descriptor(payload[4:])
        outer_ok = kind == 3 and not rest and es[2:3] == b"\0"
        kind, decoder, rest = _descriptor(es[3:])
        # 0x40: MPEG-4 audio; 0x15: an audio stream.
        decoder_ok = kind == 4 and decoder[:2] == b"\x40\x15"
        sync_kind, sync, after = _descriptor(rest)
        kind, config, more = _descriptor(decoder[13:])
    except IndexError:
        yield tr("a descriptor breaks off")
        return
    # Two bytes say AAC-LC, rate and channels; five when SBR's absence is stated too (14496-3, 1.6.2.1).
    config_ok = kind == 5 and not more and len(config) in (2, 5) and config[0] >> 3 == 2
    if not (outer_ok and decoder_ok and config_ok and (sync_kind, sync, after) == (6, b"\x02", b"")):
        yield tr("its descriptors are not as they should be")


def _descriptor(data: bytes) -> tuple[int, bytes, bytes]:
    """Tag, content and what follows; sizes are seven bits a byte. Raises `IndexError` when cut short."""
    size, at = 0, 1
    while True:
        size = size << 7 | data[at] & 0x7F
        at += 1
        if not data[at - 1] & 0x80:
            break
    if at + size > len(data):
        raise IndexError
    return data[0], data[at : at + size], data[at + size :]


def _plain(*fields: _Field, more: bool = False) -> Check:
    return lambda payload: _fields(payload, list(fields), more=more)


_ROLL = int.from_bytes(b"roll", "big")

CHECKS: dict[str, Check] = {
    "ftyp": _file_type,
    "mvhd": _movie_header,
    "tkhd": _track_header,
    "mdhd": _media_header,
    "hdlr": _handler,
    "vmhd": _plain(_only(mark("version"), 4, 1), _only(mark("colour mode"), 8, 0)),
    "smhd": _plain(_only(mark("version"), 4, 0), _only(mark("balance"), 4, 0)),
    "dref": _plain(_only(mark("version"), 4, 0), _only(mark("count"), 4, 1), more=True),
    "url ": _plain(_only(mark("place of the media"), 4, 1)),
    "stsd": _plain(_only(mark("version"), 4, 0), _only(mark("count"), 4, 1), more=True),
    "avc1": _picture_entry,
    "mp4a": _sound_entry,
    "avcC": _avc_config,
    "esds": _sound_config,
    "colr": _colour,
    "pasp": _plain(_any("width", 4), _any("height", 4)),
    # AAC decoders need one packet before the one asked for.
    "sgpd": _plain(
        _only(mark("version"), 4, 1 << 24),
        _only(mark("kind"), 4, _ROLL),
        _only(mark("length"), 4, 2),
        _only(mark("count"), 4, 1),
        _only(mark("distance"), 2, 0xFFFF),
    ),
    "sbgp": _plain(
        _only(mark("version"), 4, 0),
        _only(mark("kind"), 4, _ROLL),
        _only(mark("count"), 4, 1),
        _any("samples", 4),
        _only(mark("group"), 4, 1),
    ),
}
"""The check of each box that has fields, by its four letters."""
