"""Bringing HDR pictures (PQ and HLG) to BT.709 with a published curve, through one 3D table.

The way of one pixel, after ITU-R BT.2100, BT.2390 and BT.2408:

1. code values to light on the display in cd/m2: ST 2084 for PQ; inverse OETF and OOTF (1000 cd/m2, gamma 1.2) for HLG;
2. light above the knee is bent down so that 1000 cd/m2 becomes `WHITE_NITS`: the EETF of BT.2390-11, 5.4.1, applied to
   the largest of R, G and B and the others in proportion, which keeps the hue. Below the knee (about 90 cd/m2, where
   faces in a room lie) nothing changes;
3. the primaries are changed to BT.709 in linear light; what lies outside is clipped;
4. the inverse of the BT.1886 display (gamma 2.4), with `WHITE_NITS` as white.

Static: every picture is mapped alike, so nothing flickers, and two passes over a file give the same pixels.
"""

from __future__ import annotations

import os
import tempfile
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Final

import av
import av.filter
import numpy as np
import numpy.typing as npt

from avg_video.media.temporary import as_output_error

__all__ = ["PEAK_NITS", "SUPPORTED_PRIMARIES", "WHITE_NITS", "ToneMapper", "tone_map"]

F64 = npt.NDArray[np.float64]

WHITE_NITS: Final = 203.0
"""Light that becomes SDR white: HDR reference white of ITU-R BT.2408."""

PEAK_NITS: Final = 1000.0
"""Brightest light that is kept apart from what is brighter: the nominal peak of HLG, and of what
phones record in PQ."""

_TABLE_SIDE: Final = 49
"""Entries per side of the table. For colours of faces and rooms luma is then within 2 of 255 steps of the exact curve;
33 gives 6, and 65 gives 1 at three times the time to make it (measured; see the test)."""

# Linear RGB to BT.709 RGB: ITU-R BT.2087-0 for BT.2020; SMPTE ST 432-1 (D65) for Display P3.
_TO_BT709: Final[dict[int, list[list[float]]]] = {
    1: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    9: [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]],
    12: [[1.2249, -0.2247, 0.0], [-0.0420, 1.0419, 0.0], [-0.0197, -0.0786, 1.0979]],
}

SUPPORTED_PRIMARIES: Final = frozenset(_TO_BT709)

# ST 2084 constants.
_M1, _M2 = 2610 / 16384, 2523 / 4096 * 128
_C1, _C2, _C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32


def _pq_to_nits(code: F64) -> F64:
    p = np.power(code, 1 / _M2)
    return np.asarray(10000.0 * np.power(np.maximum(p - _C1, 0) / (_C2 - _C3 * p), 1 / _M1), np.float64)


def _nits_to_pq(nits: F64) -> F64:
    y = np.power(np.maximum(nits, 0) / 10000.0, _M1)
    return np.asarray(np.power((_C1 + _C2 * y) / (1 + _C3 * y), _M2), np.float64)


def _hlg_to_nits(code: F64) -> F64:
    """BT.2100 table 5: inverse OETF, then the OOTF of a 1000 cd/m2 display (gamma 1.2)."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(code <= 0.5, code**2 / 3, (np.exp((code - c) / a) + b) / 12)
    luma = scene @ np.array([0.2627, 0.6780, 0.0593])
    return np.asarray(1000.0 * np.power(luma, 0.2)[..., None] * scene, np.float64)


def _bend(nits: F64) -> F64:
    """EETF of BT.2390-11, 5.4.1, from `PEAK_NITS` to `WHITE_NITS`, both blacks 0."""
    top = _nits_to_pq(np.array(PEAK_NITS))
    highest = float(_nits_to_pq(np.array(WHITE_NITS)) / top)
    knee = 1.5 * highest - 0.5
    e = np.minimum(_nits_to_pq(nits) / top, 1.0)
    t = (e - knee) / (1 - knee)
    spline = (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (3 * t**2 - 2 * t**3) * highest
    return _pq_to_nits(np.asarray(np.where(e < knee, e, spline) * top, np.float64))


def tone_map(code: F64, transfer: str, primaries: int) -> F64:
    """The exact mapping: R'G'B' code values in 0..1 (..., 3) of "PQ" or "HLG" to BT.709 R'G'B' in 0..1 (..., 3)."""
    nits = _pq_to_nits(code) if transfer == "PQ" else _hlg_to_nits(code)
    brightest = nits.max(axis=-1, keepdims=True)
    nits = nits * (_bend(brightest) / np.maximum(brightest, 1e-6))
    linear = nits @ np.array(_TO_BT709[primaries]).T / WHITE_NITS
    return np.asarray(np.power(np.clip(linear, 0, 1), 1 / 2.4), np.float64)


@lru_cache(maxsize=4)
def _cube(transfer: str, primaries: int) -> str:
    """The table as the text of a .cube file: red runs fastest."""
    axis = np.linspace(0, 1, _TABLE_SIDE)
    b, g, r = np.meshgrid(axis, axis, axis, indexing="ij")
    table = tone_map(np.stack([r, g, b], axis=-1), transfer, primaries).reshape(-1, 3)
    lines = "\n".join(map("%.5f %.5f %.5f".__mod__, map(tuple, table.tolist())))
    return f"LUT_3D_SIZE {_TABLE_SIDE}\n{lines}\n"


class ToneMapper:
    """Maps frames of one size from HDR R'G'B' (`FORMAT`) to BT.709 R'G'B' in the same format, full range."""

    FORMAT: Final = "gbrp12le"

    def __init__(self, size_wh: tuple[int, int], transfer: str, primaries: int) -> None:
        graph = av.filter.Graph()
        source = graph.add_buffer(
            width=size_wh[0],
            height=size_wh[1],
            format=av.VideoFormat(self.FORMAT),
            time_base=Fraction(1, 1000),  # each frame comes back at once; its time is not used
        )
        # FFmpeg takes the table from a file only; it holds no part of the recording and goes at once.
        name = _table_file(_cube(transfer, primaries))
        try:
            table = graph.add("lut3d", file=str(name), interp="tetrahedral")
            sink = graph.add("buffersink")
            graph.link_nodes(source, table, sink).configure()
        finally:
            name.unlink()
        self._graph = graph

    def __call__(self, frame: av.VideoFrame) -> av.VideoFrame:
        """One frame in, one frame out."""
        self._graph.vpush(frame)
        return self._graph.vpull()


def _table_file(table: str) -> Path:
    """A private temporary file with that text. Raises `OutputError` where there is no room for it."""
    path = Path(tempfile.gettempdir())
    try:
        handle, name = tempfile.mkstemp(suffix=".cube")
        path = Path(name)
        with os.fdopen(handle, "w", encoding="ascii") as f:
            f.write(table)
    except OSError as error:
        if path.is_file():
            path.unlink()
        raise as_output_error(error, path) from error
    return path
