"""Who objected: by number, by a point on the face, by seat, or as a piece of somebody who did."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from avg_video.language import tr
from avg_video.media.timing import Timeline
from avg_video.policy.decision import Reason
from avg_video.policy.document import Moment, Objected, Policy
from avg_video.policy.kin import Kin
from avg_video.policy.points import hit_by
from avg_video.policy.regions import Place, Places
from avg_video.policy.same import Group
from avg_video.policy.times import format_seconds
from avg_video.track.types import CameraMotion, Track

__all__ = ["Objections", "find_objections"]

POINT_GROWTH = 0.25
"""How far outside a face's box a point still means it, on each side, in sizes of the box. Smaller leaves more
objections without a face, after which nobody is shown by region; none is ever ignored."""
SEAT_SHARE = 0.2
"""Share of a face's box in a seat from which the face is that seat's. Larger leaks a pupil who leans out of it."""


@dataclass
class Objections:
    """What the objections of a policy come to.

    Attributes
    ----------
    reasons: for each track that objections touch, why, and by which line.
    unresolved: the line of a point that hit nobody; then nobody may be shown by region.
    lost: (first, end, rule): pictures in which a seat's position is not known; then nobody may be shown by region.
    warnings: clauses for the user.
    needs_look: whether a person must look, because somebody who objected was not found.
    """

    reasons: dict[int, tuple[Reason, str]] = field(default_factory=dict)
    unresolved: str | None = None
    lost: list[tuple[int, int, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    needs_look: bool = False

    def add(self, track_id: int, reason: Reason, rule: str) -> None:
        """Note an objection; the first one to touch somebody is the one that is reported."""
        self.reasons.setdefault(track_id, (reason, rule))

    def lost_during(self, track: Track) -> str | None:
        """The line whose seat is not known at some time in the track's life."""
        return next((rule for first, end, rule in self.lost if track.first < end and track.last >= first), None)


def find_objections(
    tracks: Sequence[Track],
    timeline: Timeline,
    motion: CameraMotion,
    places: Places,
    policy: Policy,
    numbers: Collection[int],
    groups: Sequence[Group] = (),
) -> Objections:
    """Everybody who objected, and what could not be resolved.

    `numbers` are people chosen by number outside the policy, `groups` those that are one person.
    """
    found = Objections()
    for number in sorted(set(numbers)):
        found.add(number, Reason.OBJECTED_NUMBER, f"--object {number}")
    seats: list[tuple[Objected, Place]] = []
    for k, line in enumerate(policy.objected, 1):
        if line.number is not None:
            found.add(line.number, Reason.OBJECTED_NUMBER, line.rule(k))
        if line.at is not None:
            _by_point(found, line.at, Reason.OBJECTED_POINT, line.rule(k), tracks, timeline)
        if line.seat is not None:
            place = places.draw(line.rule(k), line.seat, line.start_s, line.end_s, through=True)
            seats.append((line, place))
            _by_seat(found, place, tracks, places, len(timeline))
    for show in policy.show:
        if show.withheld and show.number is not None:
            found.add(show.number, Reason.CONSENT_MISSING, show.rule)
        if show.withheld and show.at is not None:  # covered as if they had objected: a region must not show them
            _by_point(found, show.at, Reason.CONSENT_MISSING, show.rule, tracks, timeline)
    _lost_seats(found, seats, timeline)
    if found.reasons:
        _spread(found, Kin(tracks, timeline, motion), groups)
    return found


def _spread(found: Objections, kin: Kin, groups: Sequence[Group]) -> None:
    """Let everybody inherit who may be a piece of somebody who objected, or is said to be one."""
    while True:
        roots = dict(found.reasons)
        for track_id, root in kin.spread(roots).items():
            found.add(track_id, Reason.OBJECTION_INHERITED, roots[root][1])
        before = len(found.reasons)
        for group in groups:
            touched = next((n for n in group.numbers if n in found.reasons), None)
            if touched is not None:
                for number in group.numbers:
                    found.add(number, Reason.OBJECTION_INHERITED, found.reasons[touched][1])
        if len(found.reasons) == before:
            return


def _by_point(
    found: Objections, at: Moment, reason: Reason, rule: str, tracks: Sequence[Track], timeline: Timeline
) -> None:
    hit = hit_by(at, tracks, timeline, POINT_GROWTH)
    for track in hit:
        found.add(track.id, reason, rule)
    if not hit:
        found.unresolved = found.unresolved or rule
        found.warnings.append(
            tr(
                "{rule}: nobody was found at {time}, so nobody is shown by region",
                rule=rule,
                time=format_seconds(at.t),
            )
        )
        found.needs_look = True


def _by_seat(found: Objections, place: Place, tracks: Sequence[Track], places: Places, pictures: int) -> None:
    hit = [track for track in tracks if places.touched(place, track, SEAT_SHARE)]
    for track in hit:
        found.add(track.id, Reason.OBJECTED_SEAT, place.rule)
    if not hit:
        if place.first >= pictures:
            text = tr("{rule}: the seat begins after the end of the recording", rule=place.rule)
        else:
            text = tr("{rule}: the seat holds nobody who was found", rule=place.rule)
        found.warnings.append(text)
        found.needs_look = True


def _lost_seats(found: Objections, seats: Sequence[tuple[Objected, Place]], timeline: Timeline) -> None:
    """Note where seats are not known: from the loss to the line's end, or to a new line for the same pupil."""
    for line, place in seats:
        if place.lost is None:
            continue
        until = len(timeline)
        if line.end_s is not None and line.end_s < timeline.duration_s:
            until = timeline.index_at(line.end_s) + 1
        renewed = [p.first for o, p in seats if o.pupil is not None and o.pupil == line.pupil and p.first >= place.end]
        until = min([until, *renewed])
        if until > place.end:
            found.lost.append((place.end, until, place.rule))
            at = format_seconds(float(timeline.seconds[place.end]))
            found.warnings.append(
                tr(
                    "{rule}: the seat is lost at {time} ({lost}), so from there on nobody is shown by region "
                    "unless another seat line for this pupil begins",
                    rule=place.rule,
                    time=at,
                    lost=tr(place.lost),
                )
            )
