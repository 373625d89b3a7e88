"""Turn what the other rooms know into lines of the record."""

from __future__ import annotations

import numpy as np

from avg_video.media.timing import Timeline
from avg_video.record.model import PersonEntry
from avg_video.track.types import Evidence, Track

__all__ = ["NOT_CHECKED", "person_entry"]

NOT_CHECKED = (
    "faces turned fully away, clothes, posture, gait, jewellery and tattoos: a person may be known by these",
    "names and faces on paper, boards, screens, posters and name tags",
    "reflections in windows and mirrors",
)
"""What no run of this program looks at; every record says so."""

NOT_CHECKED_SOUND = "who can be heard, and what is said: the sound was kept"
NOT_CHECKED_SECOND = "whether a face was missed: the second look was switched off"


def person_entry(
    track: Track, timeline: Timeline, *, verdict: str, reason: str, rule: str | None, frames_covered: int
) -> PersonEntry:
    """One followed face as a line of the record; `frames_covered`: pictures in which it was covered though shown."""
    counts = np.bincount(track.evidence, minlength=len(Evidence))
    seconds = timeline.seconds
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
            "frames_covered_though_shown": frames_covered,
        }
    )
