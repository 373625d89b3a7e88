"""Looks at every byte of a finished MP4 and names whatever is not on the list of what may be there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from avg_video.language import tr
from avg_video.media.boxes_mp4 import CONTAINERS, Box, MalformedBox, walk
from avg_video.media.fields_mp4 import CHECKS
from avg_video.media.sei import (
    ALLOWED_IN_SAMPLES,
    MalformedNal,
    nal_name,
    nal_type,
    sei_payload_types,
    split_sample,
)
from avg_video.media.tables_mp4 import TABLES, Track, hidden_by_edits

__all__ = ["inspect_file"]

I64 = npt.NDArray[np.int64]

_TRACK = "moov/trak/"
_TABLE = _TRACK + "mdia/minf/stbl/"

_REQUIRED = (
    "ftyp",
    "mdat",
    "moov",
    "moov/mvhd",
    "moov/trak",
    *(_TRACK + name for name in ("tkhd", "mdia", "mdia/mdhd", "mdia/hdlr", "mdia/minf")),
    *(_TRACK + "mdia/minf/" + name for name in ("dinf", "dinf/dref", "dinf/dref/url ", "stbl")),
    *(_TABLE + name for name in ("stsd", "stts", "stsc", "stsz")),
)

_ALLOWED = frozenset(
    {
        *_REQUIRED,
        *(_TRACK + name for name in ("edts", "edts/elst", "mdia/minf/vmhd", "mdia/minf/smhd")),
        *(_TABLE + name for name in ("ctts", "stss", "stco", "co64", "sgpd", "sbgp")),
        *(_TABLE + "stsd/" + name for name in ("avc1", "avc1/avcC", "avc1/colr", "avc1/pasp", "mp4a", "mp4a/esds")),
    }
)

_ENTRIES = {"vide": "avc1", "soun": "mp4a"}
_TELL_AT_MOST = 3  # findings of one kind in the pictures; a film full of captions is one finding, not a thousand


def inspect_file(path: Path) -> tuple[str, ...]:
    """Everything about an MP4 that this program would not have written: `PLACE: what`, PLACE being a box.

    Checked are: the boxes (from a list, each once, nothing after the last); every field that could carry a message
    (times, names, language, reserved parts); the tracks (one of pictures in H.264, at most one of sound in AAC); that
    samples and nothing else fill `mdat`; that no edit list hides any of them; and the type of every NAL unit.
    Not checked: what the pictures and the sound themselves hold. Memory: the index and one picture.

    Returns an empty tuple when the file is clean. Raises `OSError` when it can't be read.
    """
    with path.open("rb") as file:
        return tuple(_findings(file))


def _findings(file: BinaryIO) -> Iterator[str]:
    film = _Film(file)
    try:
        yield from film.boxes()
    except MalformedBox as error:
        yield str(error)
        return  # without all boxes, nothing more can be said
    yield from film.completeness()
    yield from film.contents()


class _Film:
    """One file on its way through the inspection."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._seen: set[str] = set()
        self._tracks: dict[str, Track] = {}
        self._movie_timescale = 0
        self._data: Box | None = None

    def boxes(self) -> Iterator[str]:
        """Each box by itself; collects what the later steps need."""
        end = self._file.seek(0, 2)
        for box in walk(self._file, 0, end):
            plain = re.sub(r"\btrak\[\d+\]", "trak", box.path)
            self._seen.add(box.path)
            if plain not in _ALLOWED:
                repeated = re.sub(r"\[\d+\]", "", plain) in _ALLOWED
                if repeated:
                    yield tr("{place}: appears more than once", place=box.path)
                else:
                    yield tr("{place}: is not on the list", place=box.path)
                continue
            if box.kind == "mdat":
                self._data = box
            elif box.kind not in CONTAINERS:
                for what in self._look_into(box, self._payload(box)):
                    yield f"{box.path}: {what}"

    def _payload(self, box: Box) -> bytes:
        self._file.seek(box.payload)
        return self._file.read(box.end - box.payload)

    def _look_into(self, box: Box, payload: bytes) -> Iterator[str]:
        track = self._track_of(box)
        if box.kind in CHECKS:
            yield from CHECKS[box.kind](payload)
        elif box.kind in TABLES:
            yield from track.add(box.kind, payload)
        wide = payload[:1] == b"\1"
        if box.kind == "mvhd":
            self._movie_timescale = int.from_bytes(payload[20:24] if wide else payload[12:16], "big")
        elif box.kind == "mdhd":
            track.timescale = int.from_bytes(payload[20:24] if wide else payload[12:16], "big")
        elif box.kind == "hdlr":
            track.handler = payload[8:12].decode("latin-1")
        elif box.kind == "avcC" and len(payload) > 4:
            track.length_size = (payload[4] & 3) + 1

    def _track_of(self, box: Box) -> Track:
        name = "/".join(box.path.split("/")[:2])
        return self._tracks.setdefault(name, Track()) if name.startswith("moov/trak") else Track()

    def completeness(self) -> Iterator[str]:
        """What must be there, and how many tracks of which kind."""
        for path in _REQUIRED:
            for full in [path.replace("moov/trak", t, 1) for t in self._tracks] if path.startswith(_TRACK) else [path]:
                if full not in self._seen:
                    yield tr("{place}: is missing", place=full)
        kinds = [track.handler for track in self._tracks.values()]
        if kinds.count("vide") != 1 or kinds.count("soun") > 1 or len(kinds) > 2:
            yield tr(
                "moov: holds {pictures} picture and {sounds} sound tracks of {n}",
                pictures=kinds.count("vide"),
                sounds=kinds.count("soun"),
                n=len(kinds),
            )
        for name, track in self._tracks.items():
            entry = _ENTRIES.get(track.handler)
            if entry is not None and f"{name}/mdia/minf/stbl/stsd/{entry}" not in self._seen:
                yield tr("{place}: holds no {entry}", place=f"{name}/mdia/minf/stbl/stsd", entry=entry)

    def contents(self) -> Iterator[str]:
        """The samples: that they are all there is, all shown, and hold nothing but pictures and sound."""
        places = []
        for name, track in self._tracks.items():
            try:
                offsets, sizes = track.samples()
                hidden = hidden_by_edits(track, self._movie_timescale)
            except ValueError as error:
                yield f"{name}: {error}"
                continue
            if hidden is not None:
                yield f"{name}/edts/elst: {hidden}"
            places.append(np.stack([offsets, sizes], axis=1))
            if track.handler == "vide":
                yield from self._pictures(name, track, places[-1])
        if self._data is not None and places:
            yield from _coverage(np.concatenate(places), self._data)

    def _pictures(self, name: str, track: Track, places: I64) -> Iterator[str]:
        told: dict[str, int] = {}
        for number, (offset, size) in enumerate(places.tolist()):
            self._file.seek(offset)
            for what in _nal_findings(self._file.read(size), size, track.length_size):
                told[what] = told.get(what, 0) + 1
                if told[what] <= _TELL_AT_MOST:
                    yield tr("mdat: picture {number} of {name} {what}", number=number, name=name, what=what)


def _nal_findings(sample: bytes, size: int, length_size: int) -> Iterator[str]:
    if len(sample) != size:
        yield tr("lies outside the file")
        return
    try:
        for nal in split_sample(sample, length_size):
            kind = nal_type(nal)
            if kind == 6:
                types = ", ".join(str(t) for t in sei_payload_types(nal))
                yield tr("holds SEI of type {types}", types=types)
            elif kind not in ALLOWED_IN_SAMPLES:
                yield tr("holds {name}", name=nal_name(kind))
    except MalformedNal as error:
        yield tr("is damaged ({why})", why=error)


def _coverage(places: I64, data: Box) -> Iterator[str]:
    """Whether samples fill the box without a gap, an overlap or a rest."""
    places = places[np.argsort(places[:, 0], kind="stable")]
    ends = places.sum(axis=1)
    if int(places[0, 0]) != data.payload or np.any(places[1:, 0] != ends[:-1]) or int(ends[-1]) != data.end:
        used = int(places[:, 1].sum())
        yield tr(
            "{path}: {size} bytes, of which samples use {used}, and not one after the other",
            path=data.path,
            size=data.end - data.payload,
            used=used,
        )
