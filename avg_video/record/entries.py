"""Turn what the other rooms know into lines of the record."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from avg_video.language import mark, tr
from avg_video.media.encoders import Encoder
from avg_video.media.sound import SoundPlan
from avg_video.media.source import SourceInfo
from avg_video.media.timing import Timeline
from avg_video.record.hashes import sha256_file
from avg_video.record.model import InputEntry, OutputEntry, PersonEntry, SoundEntry
from avg_video.track.types import Evidence, Track

__all__ = ["input_entry", "not_checked", "output_entry", "person_entry"]

NOT_CHECKED = (
    mark("faces turned fully away, clothes, posture, gait, jewellery and tattoos: a person may be known by these"),
    mark("names and faces on paper, boards, screens, posters and name tags"),
    mark("reflections in windows and mirrors"),
    mark("damage inside single pictures that the decoder could not notice"),
)
"""What no run of this program looks at; every record says so."""

NOT_CHECKED_SOUND = mark("who can be heard, and what is said: the sound was kept")
NOT_CHECKED_SECOND = mark("whether a face was missed: the second look was switched off")


def person_entry(
    track: Track,
    timeline: Timeline,
    *,
    verdict: str,
    reason: str,
    rule: str | None,
    covered_frames: npt.NDArray[np.int32],
    lasts_s: float | None = None,
) -> PersonEntry:
    """One followed face as a line of the record.

    Parameters
    ----------
    covered_frames: int32 (k,), pictures in which it was covered though shown.
    lasts_s: how long the record says that the whole lasts, s; None is as the timeline says. A photo lasts no time.
    """
    counts = np.bincount(track.evidence, minlength=len(Evidence))
    seconds = timeline.seconds
    visible = np.setdiff1d(track.frames, covered_frames) if verdict == "show" else track.frames[:0]
    return PersonEntry.model_validate(
        {
            "number": track.id,
            "first_s": float(seconds[track.first]),
            "last_s": float(seconds[track.last]),
            "frames": len(track),
            **{kind.name.lower(): int(counts[kind]) for kind in Evidence},
            "confirmed": track.confirmed,
            "verdict": verdict,
            "reason": reason,
            "rule": rule,
            "frames_covered_though_shown": len(covered_frames),
            "shown_s": _stretches(visible, timeline, timeline.duration_s if lasts_s is None else lasts_s),
        }
    )


def _stretches(frames: npt.NDArray[np.int32], timeline: Timeline, lasts_s: float) -> tuple[tuple[float, float], ...]:
    """Runs of pictures that follow each other, from the start of the first to the end of the last, s."""
    if not len(frames):
        return ()
    edges = np.minimum(np.append(timeline.seconds, timeline.duration_s), lasts_s)
    runs = np.split(frames, np.flatnonzero(np.diff(frames) > 1) + 1)
    return tuple((float(edges[run[0]]), float(edges[run[-1] + 1])) for run in runs)


def input_entry(
    info: SourceInfo,
    timeline: Timeline,
    sha256: str,
    hidden: Collection[str],
    neighbours: Mapping[str, int] | None = None,
) -> InputEntry:
    """The recording that went in; `hidden` is every category of hidden data that was met in it, `neighbours` how many
    files of each category lay beside it, None where that could not be known."""
    return InputEntry.model_validate(
        {
            "sha256": sha256,
            "bytes": info.path.stat().st_size,
            "container": info.container,
            "codec": info.codec,
            "size_wh": info.size_wh,
            "rotation_deg": timeline.rotation_deg,
            "declared_seconds": info.declared_seconds,
            "declared_frames": info.declared_frames,
            "decoded_frames": len(timeline),
            "decoded_seconds": timeline.duration_s,
            "hidden": tuple(sorted(set(hidden))),
            "neighbours": None if neighbours is None else dict(neighbours),
        }
    )


def output_entry(
    path: Path, timeline: Timeline, encoder: Encoder, style: str, sound: SoundPlan, inspected: Collection[str]
) -> OutputEntry:
    """The finished video at `path`; `inspected` is what it was searched for before it got its name."""
    return OutputEntry(
        sha256=sha256_file(path),
        bytes=path.stat().st_size,
        frames=len(timeline),
        seconds=timeline.duration_s,
        size_wh=timeline.size_wh,
        encoder=encoder.name,
        encoder_options=dict(encoder.options),
        style=style,
        sound=SoundEntry(kept=sound.keep, muted_seconds=_muted_seconds(sound, timeline.duration_s)),
        inspected=tuple(inspected),
    )


def _muted_seconds(sound: SoundPlan, duration_s: float) -> float:
    """How much of the film is silenced: overlapping stretches count once, what lies beyond the end not at all."""
    if not sound.keep:
        return 0.0
    total, until = 0.0, 0.0
    for start, end in sorted(sound.mutes_s):
        start, end = max(start, until), min(end, duration_s)
        if end > start:
            total, until = total + end - start, end
    return total


def not_checked(*, sound: bool, second_look: bool) -> tuple[str, ...]:
    """What this run did not look at, given whether sound was kept and the second look done, in the active language."""
    sometimes = ((NOT_CHECKED_SOUND, sound), (NOT_CHECKED_SECOND, not second_look))
    return tuple(tr(text) for text in (*NOT_CHECKED, *(text for text, so in sometimes if so)))
