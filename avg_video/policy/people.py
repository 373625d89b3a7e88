"""Binds the numbers in a policy to their search, and splits those under which two people were followed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np

from avg_video.errors import PolicyError
from avg_video.language import mark, tr
from avg_video.media.timing import Timeline
from avg_video.policy.document import Numbers, Policy, Split
from avg_video.policy.plan import Plan
from avg_video.policy.times import format_seconds
from avg_video.track.types import Evidence, Track

__all__ = ["bind", "check_recording", "numbers_of", "people_fingerprint", "split_tracks"]


def people_fingerprint(tracks: Sequence[Track], timeline: Timeline) -> str:
    """SHA-256 in hex over everybody's number, pictures, boxes and evidence, and the times of the pictures.

    Numbers mean the same people exactly where it is the same: another detector, version or recording gives another.
    """
    digest = hashlib.sha256(b"avg-blur people 1\n")
    digest.update(f"{timeline.time_base}\n".encode())
    digest.update(np.asarray(timeline.pts, "<i8").tobytes())
    digest.update(np.asarray([timeline.end_pts, *timeline.size_wh, len(timeline.cuts)], "<i8").tobytes())
    digest.update(np.asarray(timeline.cuts, "<i4").tobytes())
    for track in tracks:
        digest.update(np.asarray([track.id, track.first, len(track), track.confirmed], "<i8").tobytes())
        digest.update(np.asarray(track.boxes_xyxy, "<f4").tobytes())
        digest.update(np.asarray(track.evidence, "|u1").tobytes())
    return digest.hexdigest()


@lru_cache(maxsize=1)  # plans are never changed, and an hour of thirty people is 40 MB to hash
def numbers_of(plan: Plan) -> Numbers:
    """What a policy must say so that numbers in it mean people of this plan (as it was found, before any split)."""
    return Numbers(recording=plan.source_sha256, people=people_fingerprint(plan.tracks, plan.timeline))


def bind(plan: Plan, policy: Policy) -> Plan:
    """The plan in which the policy's numbers mean somebody: the same one, its people split where the policy says so.

    Raises `PolicyError` when the numbers are from another recording or another search, when a line names a number
    that nobody has, and when somebody can't be split there.
    """
    check_recording(policy, plan.source_sha256)
    if policy.by_number and policy.numbers != numbers_of(plan):
        raise PolicyError(
            tr("its numbers of people belong to another search of this recording"),
            remedy=tr("give the same --detector and --plan, or choose people again with avg-blur review"),
        )
    if policy.split:
        plan = replace(plan, tracks=split_tracks(plan.tracks, plan.timeline, policy.split), decisions=())
    _check_numbers(plan.tracks, policy)
    return plan


def check_recording(policy: Policy, source_sha256: str) -> None:
    """Raises `PolicyError` when the policy names people by number who were counted in another recording."""
    if policy.by_number and policy.numbers is not None and policy.numbers.recording != source_sha256:
        raise PolicyError(
            tr("its numbers of people belong to another recording"),
            remedy=tr("choose people in this one with avg-blur review, or by points and places"),
        )


def split_tracks(tracks: Sequence[Track], timeline: Timeline, splits: Sequence[Split]) -> tuple[Track, ...]:
    """Tracks, sorted by number, of which some end where another of a new number begins.

    The lines are followed in their order, so a piece can be split again. A piece in which nobody was detected is not
    confirmed. No box is lost or changed. Raises `PolicyError` naming the line that can't be followed.
    """
    by_number = {track.id: track for track in tracks}
    for k, line in enumerate(splits, 1):
        track = by_number.get(line.number)
        at = timeline.index_at(line.at)
        if track is None:
            raise _refusal(mark("there is no person number {number}"), k, line)
        if line.then in by_number:
            raise _refusal(mark("number {then} is taken"), k, line)
        if line.at >= timeline.duration_s or not track.first < at <= track.last:
            raise _refusal(mark("person {number} is not in view before and after {time}"), k, line)
        cut = at - track.first
        by_number[track.id] = _piece(track, track.id, slice(0, cut))
        by_number[line.then] = _piece(track, line.then, slice(cut, len(track)))
    return tuple(by_number[number] for number in sorted(by_number))


def _piece(track: Track, number: int, part: slice) -> Track:
    evidence = track.evidence[part]
    confirmed = track.confirmed and bool((evidence == Evidence.DETECTED).any())
    return Track(number, track.frames[part], track.boxes_xyxy[part], evidence, confirmed)


def _refusal(what: str, k: int, line: Split) -> PolicyError:
    said = tr(what, number=line.number, then=line.then, time=format_seconds(line.at))
    return PolicyError(
        tr("split {line}: {what}", line=k, what=said),
        remedy=tr("correct that line, or split again with avg-blur review"),
    )


def _check_numbers(tracks: Sequence[Track], policy: Policy) -> None:
    known = {track.id for track in tracks}
    lines = [(line.rule(k), line.number) for k, line in enumerate(policy.objected, 1)]
    lines += [(line.rule, line.number) for line in policy.show]
    lines += [(f"same {k}", number) for k, line in enumerate(policy.same, 1) for number in line.numbers]
    for rule, number in lines:
        if number is not None and number not in known:
            raise PolicyError(
                tr("{rule}: there is no person number {number}", rule=rule, number=number),
                remedy=tr("correct that line, or choose people again with avg-blur review"),
            )
