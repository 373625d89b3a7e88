"""What the page is told about choices and people: plain tables for JSON, words in the active language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from avg_video.language import mark, tr, trn
from avg_video.media.timing import Timeline
from avg_video.policy.decision import Decision, Reason
from avg_video.policy.document import Policy
from avg_video.policy.profile_model import Profile
from avg_video.policy.same import find_groups
from avg_video.policy.writing import policy_table
from avg_video.record.report_words import REASONS
from avg_video.review.server.court import Court, Judgement
from avg_video.review.strips import choose_moments
from avg_video.track.types import Evidence, Track

__all__ = ["boxes_view", "choices_view", "people_view", "profile_view", "second_of"]

OBJECTIONS = frozenset(
    (Reason.OBJECTED_NUMBER, Reason.OBJECTED_POINT, Reason.OBJECTED_SEAT, Reason.OBJECTION_INHERITED)
)
WHO = {"teacher": mark("teacher"), "pupil": mark("pupil"), "chosen": mark("somebody else")}
"""Words that the page offers for `who`."""
PER_FRACTION = 10_000
"""Boxes are sent as whole numbers, in ten-thousandths of the picture."""


def choices_view(judged: Judgement) -> dict[str, Any]:
    """Everything about a policy and what it comes to; the caller adds what belongs to the session."""
    line, verdicts = judged.plan.timeline, judged.verdicts
    shown = [d for d in verdicts.decisions if d.reason.shows]
    return {
        "policy": policy_table(judged.policy),
        "people": _decided(judged),
        "regions": [
            {
                "line": k,
                "until_s": second_of(line, place.end) if place.lost is not None else None,
                "lost": None if place.lost is None else tr(place.lost),
                "shows": [d.track_id for d in shown if d.reason is Reason.IN_REGION and _by(d, k + 1)],
            }
            for k, place in enumerate(verdicts.regions)
        ],
        "covers": [
            {
                "line": k,
                "from_s": second_of(line, cover.first),
                "to_s": second_of(line, cover.last + 1),
                "lost_s": None if cover.lost is None else second_of(line, cover.lost),
                "text": tr("it is still being followed") if k + 1 in judged.awaited else None,
            }
            for k, cover in enumerate(verdicts.covers)
        ],
        "warnings": [*judged.papers.warnings, *verdicts.warnings],
        "needs_look": verdicts.needs_look or judged.papers.needs_look,
        "summary": _summary(judged),
        "checklist": _checklist(judged),
        "profile": None if judged.papers.profile is None else profile_view(judged.papers.profile),
    }


def _by(decision: Decision, number: int) -> bool:
    """Whether the region of that number is among those that show somebody ("consent_region 1, 3")."""
    return decision.rule is not None and str(number) in decision.rule.removeprefix("consent_region ").split(", ")


def _decided(judged: Judgement) -> list[dict[str, Any]]:
    policy, line = judged.policy, judged.plan.timeline
    marks = _marks(policy)
    groups = find_groups(policy, judged.plan.tracks)
    group_of = {number: list(group.numbers) for group in groups for number in group.numbers}
    return [
        {
            "number": track.id,
            "state": "shown" if decision.reason.shows else "objected" if decision.reason in OBJECTIONS else "covered",
            "verdict": decision.verdict,
            "reason": str(decision.reason),
            "rule": decision.rule,
            "why": tr(REASONS[str(decision.reason)]),
            **marks.get(track.id, {"marked": None, "pupil": None, "who": None}),
            "same": group_of.get(track.id, []),
            "covered_s": _stretches(decision.covered_frames, line),
        }
        for track, decision in judged.people()
    ]


def _marks(policy: Policy) -> dict[int, dict[str, str | None]]:
    """What was clicked, by number; an objection hides that somebody is to be shown."""
    marks: dict[int, dict[str, str | None]] = {}
    for show in policy.show:
        if show.number is not None:
            marks[show.number] = {"marked": "shown", "pupil": show.pupil, "who": show.who}
    for line in policy.objected:
        if line.number is not None:
            marks[line.number] = {"marked": "objected", "pupil": line.pupil, "who": None}
    return marks


def _summary(judged: Judgement) -> dict[str, Any]:
    decisions, policy = judged.verdicts.decisions, judged.papers.policy
    shown = [d for d in decisions if d.reason.shows]
    covered = len(decisions) - len(shown)
    hand = sum(len(cover.boxes_xyxy) > 0 for cover in judged.verdicts.covers)
    lines = [
        trn("one number is covered", "{n} numbers are covered", covered),
        _who_is_shown(shown),
        *([trn("one place is covered by hand", "{n} places are covered by hand", hand)] if hand else []),
        _sound(policy),
    ]
    return {"covered": covered, "shown": len(shown), "text": "; ".join(lines), "lines": lines}


def _who_is_shown(shown: Sequence[Decision]) -> str:
    if not shown:
        return tr("nobody is shown")
    rules = [_rule_word(d.rule or "") for d in shown]
    by = ", ".join(dict.fromkeys(rules))
    return trn("one number is shown ({by})", "{n} numbers are shown ({by})", len(shown), by=by)


def _rule_word(rule: str) -> str:
    """A line of the policy in a word: "show teacher" is the teacher, "consent_region 2" the region."""
    if rule.startswith("consent_region"):
        return tr("region")
    who, *token = rule.removeprefix("show ").split(" ")
    return " ".join([tr(WHO.get(who, who)), *token])


def _sound(policy: Policy) -> str:
    if policy.audio != "keep":
        return tr("the sound is left out")
    if not policy.mute:
        return tr("the sound is kept")
    return trn(
        "the sound is kept, with one stretch silent", "the sound is kept, with {n} stretches silent", len(policy.mute)
    )


def _checklist(judged: Judgement) -> list[dict[str, Any]]:
    profile = judged.papers.profile
    if profile is None:
        return []
    return [
        {"id": c.id, "ask": c.ask.said(), "place": c.place, "confirmed": c.id in judged.papers.confirmed}
        for c in profile.checklist
    ]


def profile_view(profile: Profile) -> dict[str, Any]:
    """A guideline's profile in words."""
    return {
        "name": profile.name,
        "title": profile.title.said(),
        "source": profile.source.said(),
        "audio": profile.audio,
        "needs_consent": profile.needs_consent,
        "checklist": [{"id": c.id, "ask": c.ask.said(), "place": c.place} for c in profile.checklist],
        "rules": [{"text": r.text.said(), "place": r.place} for r in profile.rules],
    }


def people_view(judged: Judgement) -> list[dict[str, Any]]:
    """What was found about each number, whatever is decided."""
    line = judged.plan.timeline
    made_by = {s.then: s.number for s in judged.policy.split}
    return [_found(track, line, made_by) for track in judged.plan.tracks]


def _found(track: Track, line: Timeline, made_by: Mapping[int, int]) -> dict[str, Any]:
    moments = [
        {
            "picture": index,
            "second": second_of(line, index),
            "box": _fractions(track.boxes_xyxy[index - track.first], line),
        }
        for index in choose_moments(track, line)
    ]
    first_s, last_s = second_of(line, track.first), second_of(line, track.last + 1)
    return {
        "number": track.id,
        "confirmed": track.confirmed,
        "first": track.first,
        "last": track.last,
        "first_s": first_s,
        "last_s": last_s,
        "seen_s": round(last_s - first_s, 3),
        "detected": round(float((track.evidence == Evidence.DETECTED).mean()), 3),
        "moments": moments,
        "stretch": [[first_s, last_s]],
        "from_split": made_by.get(track.id),
    }


def boxes_view(judged: Judgement, court: Court, first: int, count: int) -> dict[str, Any]:
    """Where everybody is in the pictures first, ..., first + count - 1, what is covered by hand, and how regions move.

    A region is there in the pictures in which it holds; `corners`, as of `Court.carried`, has six numbers for each of
    them, or six for all where the camera stands still.
    """
    line, people = judged.plan.timeline, []
    last = min(first + count, len(line)) - 1
    letters = {int(kind): kind.name[0] for kind in Evidence}
    for track in judged.plan.tracks:
        low, high = max(first, track.first), min(last, track.last)
        if low > high:
            continue
        part = slice(low - track.first, high - track.first + 1)
        boxes = _flat(track.boxes_xyxy[part], line)
        evidence = "".join(letters[int(kind)] for kind in track.evidence[part])
        people.append({"number": track.id, "first": low, "boxes": boxes, "evidence": evidence})
    hand = []
    for k, cover in enumerate(judged.verdicts.covers):
        low, high = max(first, cover.first), min(last, cover.last)
        if low <= high:
            drawn = cover.boxes_xyxy[low - cover.first : high - cover.first + 1]
            hand.append({"line": k, "first": low, "boxes": _flat(drawn, line)})
    regions = []
    for k, place in enumerate(judged.verdicts.regions):
        low, high = max(first, place.first), min(last, place.end - 1)
        if low <= high:
            corners = np.rint(court.carried(place, low, high) * PER_FRACTION * 10) / (PER_FRACTION * 10)
            regions.append({"line": k, "first": low, "count": high - low + 1, "corners": corners.reshape(-1).tolist()})
    return {
        "first": first,
        "count": max(last - first + 1, 0),
        "people": people,
        "hand": hand,
        "regions": regions,
    }


def _flat(boxes_xyxy: npt.NDArray[np.float32], line: Timeline) -> list[int]:
    scaled = boxes_xyxy / np.array([*line.size_wh, *line.size_wh]) * PER_FRACTION
    numbers: list[int] = np.rint(scaled).astype(int).reshape(-1).tolist()
    return numbers


def _fractions(box_xyxy: npt.NDArray[np.float32], line: Timeline) -> list[float]:
    w, h = line.size_wh
    return [round(float(v), 5) for v in box_xyxy / np.array([w, h, w, h])]


def second_of(line: Timeline, index: int) -> float:
    """Second at which that picture begins; behind the last, the end."""
    if index >= len(line):
        return round(line.duration_s, 6)
    return round(float((line.pts[index] - line.pts[0]) * line.time_base), 6)


def _stretches(frames: npt.NDArray[np.int32], line: Timeline) -> list[list[float]]:
    if not len(frames):
        return []
    breaks = np.flatnonzero(np.diff(frames) > 1)
    firsts, lasts = frames[np.r_[0, breaks + 1]], frames[np.r_[breaks, len(frames) - 1]]
    return [[second_of(line, int(a)), second_of(line, int(b) + 1)] for a, b in zip(firsts, lasts, strict=True)]
