"""The tables of one MP4 track: where each sample lies and when it is shown (ISO/IEC 14496-12, 8.6 and 8.7)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from avg_video.language import tr

__all__ = ["TABLES", "Track", "hidden_by_edits"]

I64 = npt.NDArray[np.int64]

# Boxes that are a count and rows of 32-bit numbers: fields before the rows, and numbers in a row.
_ROWS = {"stts": 2, "ctts": 2, "stss": 1, "stsc": 3, "stco": 1, "co64": 1}
TABLES = frozenset({*_ROWS, "stsz", "elst"})


@dataclass
class Track:
    """What is needed of one track to tell which bytes and which moments of it are shown.

    `tables` holds each table by its name as int64 (n, columns).
    """

    handler: str = ""
    timescale: int = 0
    length_size: int = 4
    tables: dict[str, I64] = field(default_factory=dict)

    def add(self, kind: str, payload: bytes) -> Iterator[str]:
        """Take in one table; yields what is wrong with its size or version."""
        found = _sizes(payload) if kind == "stsz" else _edits(payload) if kind == "elst" else _rows(kind, payload)
        if found is None:
            yield tr("its length does not fit its count")
        else:
            self.tables[kind] = found

    def samples(self) -> tuple[I64, I64]:
        """Offset in the file and size of each sample, int64 (n,) each.

        Raises `ValueError` when the tables contradict each other or are missing.
        """
        sizes = self._table("stsz")[:, 0]
        starts = self.tables["co64"] if "co64" in self.tables else self._table("stco")
        runs = self._table("stsc")
        ends = np.append(runs[1:, 0] - 1, len(starts))
        if np.any(starts < 0) or np.any(runs[:, 1] == 0):
            raise ValueError(tr("its chunks are not as they should be"))
        if runs[0, 0] != 1 or np.any(np.diff(runs[:, 0]) <= 0) or ends[-1] < runs[-1, 0]:
            raise ValueError(tr("its chunks are not in order"))
        per_chunk = np.repeat(runs[:, 1], ends - runs[:, 0] + 1)
        if np.any(runs[:, 2] != 1) or int(per_chunk.sum()) != len(sizes):
            raise ValueError(tr("its chunks and samples do not fit each other"))
        # Within a chunk samples follow each other: a running sum that starts anew with each chunk.
        total = np.cumsum(sizes) - sizes
        first = np.cumsum(per_chunk) - per_chunk
        return np.repeat(starts[:, 0] - total[first], per_chunk) + total, sizes

    def times(self) -> tuple[I64, I64]:
        """When each sample is shown and how long the decoder's clock gives it, int64 (n,) each, in its own timescale.

        Raises `ValueError` when the tables contradict each other or are missing.
        """
        count = len(self._table("stsz"))
        steps = _expand(self._table("stts"), count)
        offsets = _expand(self.tables["ctts"], count) if "ctts" in self.tables else np.zeros(count, np.int64)
        return np.cumsum(steps) - steps + offsets, steps

    def _table(self, kind: str) -> I64:
        if kind not in self.tables or len(self.tables[kind]) == 0:
            raise ValueError(tr("it has no {kind}", kind=kind))
        return self.tables[kind]


def hidden_by_edits(track: Track, movie_timescale: int) -> str | None:
    """Why the edit list shows less than all of the track; None when it shows all of it, or when there is none.

    Raises `ValueError` as `Track.times` does.
    """
    if "elst" not in track.tables:
        return None
    edits = track.tables["elst"]
    shown, steps = track.times()
    if len(edits) != 1:
        return tr("{n} edits instead of one", n=len(edits))
    duration, start, rate = (int(v) for v in edits[0])
    if rate != 1 << 16:
        return tr("it changes the speed")
    if start != int(shown.min()):
        return tr("it does not begin with the first sample")
    # The sample shown last ends where the list should end; one unit of the movie's clock is lost to rounding.
    length = int(shown.max() - shown.min()) + int(steps[-1])
    if abs(duration * track.timescale - length * movie_timescale) > max(track.timescale, movie_timescale):
        return tr("it does not end with the last sample")
    return None


def _expand(runs: I64, count: int) -> I64:
    """Runs of (how many, value) as one value per sample."""
    if int(runs[:, 0].sum()) != count:
        raise ValueError(tr("its times and samples do not fit each other"))
    return np.repeat(runs[:, 1], runs[:, 0])


def _rows(kind: str, payload: bytes) -> I64 | None:
    columns = _ROWS[kind]
    wide = 8 if kind == "co64" else 4
    count = int.from_bytes(payload[4:8], "big")
    if payload[:4] != bytes(4) or len(payload) != 8 + count * columns * wide:
        return None
    return np.frombuffer(payload, f">u{wide}", offset=8).astype(np.int64).reshape(count, columns)


def _sizes(payload: bytes) -> I64 | None:
    each, count = int.from_bytes(payload[4:8], "big"), int.from_bytes(payload[8:12], "big")
    if payload[:4] != bytes(4) or len(payload) != 12 + (0 if each else 4 * count):
        return None
    if each:
        # A claimed count without a table must not cost memory; nothing real has this many samples.
        return np.full((count, 1), each, np.int64) if count < 2**26 else None
    return np.frombuffer(payload, ">u4", offset=12).astype(np.int64).reshape(count, 1)


def _edits(payload: bytes) -> I64 | None:
    """Duration in the movie's timescale, start in the track's, rate in 1/65536: int64 (n, 3)."""
    version, count = payload[:4], int.from_bytes(payload[4:8], "big")
    wide = {bytes(4): 4, b"\1\0\0\0": 8}.get(version)
    if wide is None:
        return None
    kinds = np.dtype([("duration", f">u{wide}"), ("start", f">i{wide}"), ("rate", ">i4")])
    if len(payload) != 8 + count * kinds.itemsize:
        return None
    rows = np.frombuffer(payload, kinds, offset=8)
    return np.stack([rows[name].astype(np.int64) for name in ("duration", "start", "rate")], axis=1)
