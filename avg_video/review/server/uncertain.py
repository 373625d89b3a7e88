"""The places in a recording that a person should look at, in order of time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from avg_video.language import mark, tr
from avg_video.media.timing import Timeline
from avg_video.review.server.court import Judgement
from avg_video.review.server.view import second_of
from avg_video.track.types import Evidence, Track

__all__ = ["uncertain_view"]

CARRIED_S = 0.45
"""Seconds without a detection from which following is worth a look: two looks in a row missed somebody. One missed
look is common, and half a second would already end a track."""

Box = tuple[float, float, float, float]

WORDS = {
    "gap": mark("{number}: nobody was seen here for a while; covered"),
    "weak": mark("{number}: seen only weakly, perhaps no face; covered"),
    "carried": mark("{number}: followed without being seen"),
    "overlap": mark("{number}: shown, but covered here, because another face is too near"),
    "lost": mark("{rule}: it can't be followed from here on"),
    "find": mark("the check of the last copy found a face here, and covered it"),
    "cut": mark("a cut: everybody has a new number from here on"),
}


def uncertain_view(judged: Judgement, finds_s: Sequence[tuple[float, Box]] = ()) -> list[dict[str, Any]]:
    """All such places; `finds_s` are those of the second look at the last copy, if one was made."""
    line = judged.plan.timeline
    found = [*_people(judged), *_lost(judged)]
    found += [_place("cut", int(cut), int(cut), line) for cut in line.cuts]
    for second, box in finds_s:
        at = line.index_at(second)
        found.append(_place("find", at, at, line, box=box))
    return sorted(found, key=lambda place: (place["picture"], place["kind"]))


def _people(judged: Judgement) -> Iterator[dict[str, Any]]:
    line = judged.plan.timeline
    seconds = line.seconds
    for track, decision in judged.people():
        seen = track.evidence == Evidence.DETECTED
        if not track.confirmed:
            kind = "weak" if seen.any() else "gap"
            yield _place(kind, track.first, track.last, line, track=track)
            continue
        # Most of a long lesson lies between two looks, so what is short is left out for all of them at once.
        runs = track.first + _runs(~seen)
        for low, high in runs[seconds[runs[:, 1]] - seconds[runs[:, 0]] >= CARRIED_S].tolist():
            yield _place("carried", low, high, line, track=track)
        hidden = np.zeros(len(track), np.bool_)
        hidden[decision.covered_frames - track.first] = True
        for low, high in (track.first + _runs(hidden)).tolist():
            yield _place("overlap", low, high, line, track=track)


def _lost(judged: Judgement) -> Iterator[dict[str, Any]]:
    line = judged.plan.timeline
    for cover in judged.verdicts.covers:
        if cover.lost is not None:
            yield _place("lost", cover.lost, cover.lost, line, rule=cover.rule)
    for region in judged.verdicts.regions:
        if region.lost is not None and region.end < len(line):
            yield _place("lost", region.end, region.end, line, rule=region.rule)


def _runs(flags: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """int64 (n, 2): first and last of each row of True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], flags.astype(np.int8), [0]))))
    return np.stack([edges[::2], edges[1::2] - 1], axis=1).astype(np.int64)


def _place(
    kind: str,
    first: int,
    last: int,
    line: Timeline,
    *,
    track: Track | None = None,
    box: Box | None = None,
    rule: str = "",
) -> dict[str, Any]:
    if track is not None:
        x1, y1, x2, y2 = (float(v) for v in track.boxes_xyxy[first - track.first])
        box = x1, y1, x2, y2
    w, h = line.size_wh
    return {
        "kind": kind,
        "picture": first,
        "last": last,
        "second": second_of(line, first),
        "number": None if track is None else track.id,
        "box": None if box is None else [round(v / side, 5) for v, side in zip(box, (w, h, w, h), strict=True)],
        "text": tr(WORDS[kind], number="" if track is None else track.id, rule=rule),
    }
