"""Numbers that a policy calls one person: what holds for one of them, and covers, holds for all."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from avg_video.language import tr
from avg_video.media.timing import Timeline
from avg_video.policy.decision import Decision, Reason
from avg_video.policy.document import Policy
from avg_video.policy.times import format_seconds
from avg_video.track.types import Evidence, Track

__all__ = ["Group", "as_one_person", "find_groups"]


@dataclass(frozen=True)
class Group:
    """Numbers that are one person.

    Attributes
    ----------
    numbers: in increasing order.
    rule: the first line that says so, such as "same 1".
    apart: two of them, and a picture in which both are detected in different places: they can't be one person.
    """

    numbers: tuple[int, ...]
    rule: str
    apart: tuple[int, int, int] | None

    def warning(self, timeline: Timeline) -> str | None:
        """What is wrong with it, as a clause."""
        if self.apart is None:
            return None
        one, other, picture = self.apart
        return tr(
            "{rule}: {one} and {other} are seen in two places at {time}, so they are not one person; none of them is "
            "shown",
            rule=self.rule,
            one=one,
            other=other,
            time=format_seconds(float(timeline.seconds[picture])),
        )


def find_groups(policy: Policy, tracks: Iterable[Track]) -> tuple[Group, ...]:
    """The groups that the lines of the policy make; lines that share a number make one group."""
    by_number = {track.id: track for track in tracks}
    found: list[tuple[str, set[int]]] = []
    for k, line in enumerate(policy.same, 1):
        rule, numbers = f"same {k}", set(line.numbers)
        rest = []
        for other_rule, others in found:
            if others & numbers:
                rule, numbers = min(rule, other_rule, key=lambda r: int(r.split()[1])), numbers | others
            else:
                rest.append((other_rule, others))
        found = [*rest, (rule, numbers)]
    groups = [(rule, tuple(sorted(numbers))) for rule, numbers in found]
    return tuple(Group(numbers, rule, _apart([by_number[n] for n in numbers])) for rule, numbers in groups)


def as_one_person(
    decisions: Sequence[Decision],
    tracks: Sequence[Track],
    groups: Sequence[Group],
    objected: Collection[int],
    by_region: Callable[[Track], tuple[Reason, str | None]],
) -> list[Decision]:
    """The decisions on the tracks, with each group decided as one person, whose life is that of all its pieces.

    Objections have spread to all pieces by now; `objected` are all that they touch. Who is shown by name is shown in
    every confirmed piece. Who is shown by a region must be in one in all pieces, also in those that are covered because
    nobody was seen well. Where the pieces can't be one person, nobody of them is shown.
    """
    decided = {decision.track_id: decision for decision in decisions}
    by_number = {track.id: track for track in tracks}
    for group in groups:
        pieces = [by_number[number] for number in group.numbers]
        decided.update(_judge(group, pieces, decided, objected, by_region))
    return [decided[decision.track_id] for decision in decisions]


def _judge(
    group: Group,
    pieces: Sequence[Track],
    decided: dict[int, Decision],
    objected: Collection[int],
    by_region: Callable[[Track], tuple[Reason, str | None]],
) -> dict[int, Decision]:
    shown = [decided[piece.id] for piece in pieces if decided[piece.id].reason.shows]
    if group.apart is not None:
        return {d.track_id: Decision.cover(d.track_id, Reason.SHOW_UNCLEAR, group.rule) for d in shown}
    if any(piece.id in objected for piece in pieces):
        return {}  # it has spread to all of them
    named = [d for d in shown if d.reason is not Reason.IN_REGION]
    if named:
        free = [piece.id for piece in pieces if piece.confirmed]
        return {n: replace(named[0], track_id=n) for n in free if decided[n].reason not in (d.reason for d in named)}
    for piece in pieces:
        reason, rule = decided[piece.id].reason, decided[piece.id].rule
        if reason is Reason.UNCONFIRMED:
            reason, rule = by_region(piece)
        if not reason.shows:
            return {d.track_id: Decision.cover(d.track_id, reason, rule) for d in shown}
    return {}


def _apart(pieces: Sequence[Track]) -> tuple[int, int, int] | None:
    """Two pieces and the first picture in which both are detected and their boxes have nothing in common."""
    for a, b in combinations(pieces, 2):
        low, high = max(a.first, b.first), min(a.last, b.last) + 1
        if low >= high:
            continue
        in_a, in_b = slice(low - a.first, high - a.first), slice(low - b.first, high - b.first)
        seen = (a.evidence[in_a] == Evidence.DETECTED) & (b.evidence[in_b] == Evidence.DETECTED)
        box_a, box_b = a.boxes_xyxy[in_a], b.boxes_xyxy[in_b]
        clear = ((box_a[:, :2] > box_b[:, 2:]) | (box_b[:, :2] > box_a[:, 2:])).any(axis=1)
        at = np.flatnonzero(seen & clear)
        if len(at):
            return a.id, b.id, low + int(at[0])
    return None
