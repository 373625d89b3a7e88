"""Tracks and a policy in, a verdict for every person out: covered unless there is a reason to show."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from avg_video.errors import UsageError
from avg_video.language import mark, tr, trn
from avg_video.media.timing import Timeline
from avg_video.policy.covers import Drawn, Followed, draw_covers
from avg_video.policy.decision import Decision, Reason, number_rule
from avg_video.policy.document import Policy
from avg_video.policy.objections import Objections, find_objections
from avg_video.policy.overlaps import overlap_frames
from avg_video.policy.points import hit_by
from avg_video.policy.regions import Place, Places
from avg_video.policy.same import as_one_person, find_groups
from avg_video.policy.times import format_seconds
from avg_video.track.types import CameraMotion, Track

__all__ = ["Verdicts", "decide"]

SHOW_GROWTH = 0.1
"""How far outside a face's box a show point still means it, on each side, in sizes of the box. Larger lets a point
beside a face that was not found show its neighbour."""
REGION_SHARE = 0.8
"""Share of a face's box that must lie in a consent region, with its centre. Smaller shows people at its edge."""

SPLIT_DOUBT_S = 0.5
"""For how long before and after a split nobody shown is visible: whoever split a number in two saw the change only
about there. Shorter shows the one in the last pictures of the other."""


@dataclass(frozen=True)
class Verdicts:
    """What was decided about everybody.

    Attributes
    ----------
    decisions: one for each track, in the order the tracks were given in.
    warnings: clauses for the user and the record.
    needs_look: whether a person must look at the result, because a line of the policy found nobody.
    covers: what was drawn by hand, in the order of its lines.
    regions: the consent regions, in the order of their lines.
    """

    decisions: tuple[Decision, ...]
    warnings: tuple[str, ...]
    needs_look: bool
    covers: tuple[Drawn, ...] = ()
    regions: tuple[Place, ...] = ()


@dataclass(frozen=True)
class _Shows:
    """Who may be shown by name, and what was wrong with such wishes."""

    reasons: dict[int, tuple[Reason, str]]
    unclear: dict[int, str]
    warnings: list[str]
    needs_look: bool


def decide(
    tracks: Sequence[Track],
    timeline: Timeline,
    motion: CameraMotion,
    policy: Policy,
    *,
    objected: Collection[int] = (),
    shown: Mapping[int, str | None] | Collection[int] = (),
    followed: Mapping[int, Followed] | None = None,
) -> Verdicts:
    """Cover everybody, except those whom the policy, or a number in `shown`, gives a right to be shown.

    A track is shown if a `show` point, or a number in `shown`, names it and it alone, or if one consent region holds
    it in every picture of its life; and if it is confirmed, and no objection touches it. A region that ends may be
    followed by one that begins in that very picture; regions that live at the same time are never joined, because
    between them may lie a place that nobody agreed to. Numbers that the policy calls one person are judged as one.

    Parameters
    ----------
    tracks: everybody, after `people.bind` has split them as the policy says.
    objected, shown: numbers chosen outside the policy; those who are shown may each have a pupil's token or a role.
    followed: where the content of covers went that follow it, as of `covers.draw_covers`.

    Raises
    ------
    UsageError: a number in `objected`, `shown` or the policy that no track has.
    ValueError: tracks with one number twice, or beyond the timeline; a motion of another length.
    """
    _check(tracks, timeline, motion)
    _check_numbers(tracks, {*objected, *_numbers_in(policy)}, shown)
    places = Places(timeline, motion)
    groups = find_groups(policy, tracks)
    objections = find_objections(tracks, timeline, motion, places, policy, objected, groups)
    shows = _find_shows(tracks, timeline, policy, shown, objections)
    wrong = [text for group in groups if (text := group.warning(timeline)) is not None]
    warnings = [*objections.warnings, *shows.warnings, *wrong]
    regions, late = _draw_regions(places, timeline, policy, warnings)
    by_region = _Regions(regions, [line.withheld for line in policy.consent_region], places)
    decisions = [_judge(track, objections, shows, by_region) for track in tracks]
    decisions = as_one_person(decisions, tracks, groups, objections.reasons, by_region.judge)

    verdict = {d.track_id: d.verdict for d in decisions}
    frames = overlap_frames(
        [t for t in tracks if verdict[t.id] == "show"], [t for t in tracks if verdict[t.id] == "cover"]
    )
    _doubt_splits(frames, {t.id: t for t in tracks}, timeline, policy)
    decisions = [replace(d, covered_frames=frames[d.track_id]) if d.track_id in frames else d for d in decisions]
    covers, told, lost = draw_covers(policy, timeline, places, followed)
    needs_look = objections.needs_look or shows.needs_look or late or lost or bool(wrong)
    return Verdicts(tuple(decisions), (*warnings, *told), needs_look, covers, tuple(regions))


def _doubt_splits(
    frames: dict[int, npt.NDArray[np.int32]], tracks: Mapping[int, Track], timeline: Timeline, policy: Policy
) -> None:
    """Add to the covered pictures of those who are shown the ones around the moments where they were split."""
    seconds = timeline.seconds
    for line in policy.split:
        for number in (line.number, line.then):
            if number in frames:
                own = tracks[number].frames
                near = own[np.abs(seconds[own] - line.at) <= SPLIT_DOUBT_S]
                frames[number] = np.union1d(frames[number], near).astype(np.int32)


def _judge(track: Track, objections: Objections, shows: _Shows, regions: _Regions) -> Decision:
    """The verdict on one track; the order of these lines is the order in which the rules beat each other."""
    if track.id in objections.reasons:
        return Decision.cover(track.id, *objections.reasons[track.id])
    if not track.confirmed:
        return Decision.cover(track.id, Reason.UNCONFIRMED)
    if track.id in shows.reasons:
        return _show(track, *shows.reasons[track.id])
    if objections.unresolved is not None:
        return Decision.cover(track.id, Reason.OBJECTION_UNRESOLVED, objections.unresolved)
    reason, rule = regions.judge(track)
    if reason.shows:
        lost = objections.lost_during(track)
        if lost is not None:
            return Decision.cover(track.id, Reason.SEAT_LOST, lost)
        assert rule is not None
        return _show(track, reason, rule)
    if track.id in shows.unclear:
        return Decision.cover(track.id, Reason.SHOW_UNCLEAR, shows.unclear[track.id])
    return Decision.cover(track.id, reason, rule)


def _show(track: Track, reason: Reason, rule: str) -> Decision:
    return Decision(track.id, "show", reason, rule, track.frames[:0])


def _find_shows(
    tracks: Sequence[Track],
    timeline: Timeline,
    policy: Policy,
    numbers: Mapping[int, str | None] | Collection[int],
    objections: Objections,
) -> _Shows:
    """Everybody who is to be shown by number or by a point. A point on two faces shows neither."""
    said = numbers if isinstance(numbers, Mapping) else dict.fromkeys(numbers)
    wishes = [(_with_id(tracks, n), Reason.SHOWN_NUMBER, number_rule(n, said[n])) for n in sorted(said)]
    shows = _Shows({}, {}, [], False)
    needs_look = False
    for line in policy.show:
        if line.withheld:
            continue  # an objection by now
        if line.number is not None:
            wishes.append((_with_id(tracks, line.number), Reason.SHOWN_NUMBER, line.rule))
        if line.at is None:
            continue
        hit = hit_by(line.at, tracks, timeline, SHOW_GROWTH)
        if len(hit) == 1:
            wishes.append((hit[0], Reason.SHOWN_POINT, line.rule))
            continue
        if hit:
            text = mark("{rule}: {n} faces lie on that point at {time}, so this line shows nobody")
        else:
            text = mark("{rule}: nobody was found at {time}, so this line shows nobody")
        shows.warnings.append(tr(text, rule=line.rule, n=len(hit), time=format_seconds(line.at.t)))
        shows.unclear.update({t.id: line.rule for t in hit})
        needs_look = True
    for track, reason, rule in wishes:
        if track.id in objections.reasons:
            shows.warnings.append(
                tr(
                    "{rule}: person {number} stays covered, because an objection touches them",
                    rule=rule,
                    number=track.id,
                )
            )
        elif not track.confirmed:
            shows.warnings.append(
                tr(
                    "{rule}: person {number} stays covered, because they were only seen weakly",
                    rule=rule,
                    number=track.id,
                )
            )
        else:
            shows.reasons.setdefault(track.id, (reason, rule))
    return replace(shows, needs_look=needs_look)


def _draw_regions(places: Places, timeline: Timeline, policy: Policy, warnings: list[str]) -> tuple[list[Place], bool]:
    """The consent regions, and whether one of them begins after the end."""
    regions, late = [], False
    for k, line in enumerate(policy.consent_region, 1):
        place = places.draw(f"consent_region {k}", line.polygon, line.start_s, line.end_s)
        regions.append(place)
        if place.first >= len(timeline):
            warnings.append(tr("{rule}: it begins after the end of the recording", rule=place.rule))
            late = True
        elif place.lost is not None:
            at = format_seconds(float(timeline.seconds[place.end]))
            warnings.append(
                tr(
                    "{rule}: it ends at {time} ({lost}); it shows nobody from there on",
                    rule=place.rule,
                    time=at,
                    lost=tr(place.lost),
                )
            )
    return regions, late


class _Regions:
    """Finds the region, or the regions that follow each other, that hold a track in every picture of its life."""

    def __init__(self, regions: Sequence[Place], withheld: Sequence[bool], places: Places) -> None:
        self._regions = regions
        self._open = [region for region, kept in zip(regions, withheld, strict=True) if not kept]
        self._places = places

    def judge(self, track: Track) -> tuple[Reason, str | None]:
        """Whether regions show the track, or why they don't, and which."""
        reason, rule = self._follow(track, self._open)
        if not reason.shows and len(self._open) < len(self._regions):
            otherwise, lines = self._follow(track, self._regions)
            if otherwise.shows:
                return Reason.CONSENT_MISSING, lines
        return reason, rule

    def _follow(self, track: Track, regions: Sequence[Place]) -> tuple[Reason, str | None]:
        ways = [(track.first, "")]
        seen = {track.first}
        ended: str | None = None
        while ways:
            picture, so_far = ways.pop(0)
            for region in regions:
                # The first region may be older than the track; one that takes over must begin in that very picture.
                begins = region.first <= picture if picture == track.first else region.first == picture
                if not (begins and picture < region.end) or not self._places.held(region, track, REGION_SHARE):
                    continue
                rule = f"{so_far}, {region.rule.split()[-1]}" if so_far else region.rule
                if region.end > track.last:
                    return Reason.IN_REGION, rule
                ended = ended or rule
                if region.end not in seen:
                    seen.add(region.end)
                    ways.append((region.end, rule))
        if ended is not None:
            return Reason.REGION_ENDED, ended
        return (Reason.OUTSIDE_REGION if self._regions else Reason.NO_RULE), None


def _with_id(tracks: Sequence[Track], number: int) -> Track:
    return next(t for t in tracks if t.id == number)


def _check(tracks: Sequence[Track], timeline: Timeline, motion: CameraMotion) -> None:
    if len(motion) != len(timeline):
        raise ValueError(f"motion: expected {len(timeline)} pictures as in the timeline, got {len(motion)}")
    if len({t.id for t in tracks}) < len(tracks):
        raise ValueError("tracks: expected different numbers")
    if any(t.first < 0 or t.last >= len(timeline) for t in tracks):
        raise ValueError("tracks: expected pictures of the timeline only")


def _numbers_in(policy: Policy) -> set[int]:
    """Every number that the policy names people by."""
    marked = [*(line.number for line in policy.objected), *(line.number for line in policy.show)]
    numbers = {number for number in marked if number is not None}
    return numbers.union(*(line.numbers for line in policy.same), *((s.number, s.then) for s in policy.split))


def _check_numbers(tracks: Sequence[Track], objected: Collection[int], shown: Collection[int]) -> None:
    unknown = sorted((set(objected) | set(shown)) - {t.id for t in tracks})
    if unknown:
        numbers = ", ".join(str(n) for n in unknown)
        raise UsageError(
            trn(
                "there is no person with the number {numbers}",
                "there are no people with the numbers {numbers}",
                len(unknown),
                numbers=numbers,
            ),
            remedy=tr("look up the numbers with avg-blur look FILE"),
        )
