"""Turn the boxes of single looks into tracks of people, in one pass over the film."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from avg_video.detect.boxes import COVER_HALF, Boxes
from avg_video.track.associate import associate, entangled
from avg_video.track.camera import move_boxes
from avg_video.track.close import END_S, beyond, bridge, close_gaps, extend_back
from avg_video.track.flow import carry_many
from avg_video.track.path import Path
from avg_video.track.types import Evidence, Track
from avg_video.track.window import Window

__all__ = ["FollowSettings", "Follower"]

F32 = npt.NDArray[np.float32]
U8 = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class FollowSettings:
    """The knobs of following. Lower times and higher scores leak faces.

    Attributes
    ----------
    strong: score from which one hit makes a person, and lets a track be shown if the policy says so.
    hold_s: how long someone who isn't found is carried on and waited for, s.
    lead_s: how far a first sighting is carried into the past at most, s.
    weak_hold_s: the same two for people of weak hits only, s.
    repeat: how many weak hits make a track that is covered; one fewer is dropped.
    confirm: how many weak hits close together make a track that may be shown.
    """

    strong: float = 0.5
    hold_s: float = 2.5
    lead_s: float = 1.0
    weak_hold_s: float = 0.6
    repeat: int = 2
    confirm: int = 4


@dataclass
class _Person:
    """Someone being followed. Boxes are px of the reduced plane."""

    path: Path
    seen_at: int
    seen_s: float
    box: F32
    best: float
    hits: int = 1
    lead_done: bool = False
    short_lead: bool = False
    # the sighting before the last; -1 where there was none
    before_at: int = -1
    before_box: F32 = field(default_factory=lambda: np.zeros(4, np.float32))
    speed: F32 = field(default_factory=lambda: np.zeros(2, np.float32))
    # carried on from the last sighting, while unseen
    ahead: list[F32] = field(default_factory=list)
    ahead_ok: list[bool] = field(default_factory=list)
    tangled_with: set[int] = field(default_factory=set)


class Follower:
    """Follows people from look to look.

    `push` every picture in order; after a picture that was looked at, `look`. `finish` ends all and returns the tracks.
    Weak hits that never repeat are all that is dropped, and those on the head of somebody found in the same picture,
    where they would be a second number for one person.

    Parameters
    ----------
    picture_per_plane: picture width / width of the reduced planes.
    """

    def __init__(self, picture_per_plane: float, settings: FollowSettings | None = None) -> None:
        self._k = picture_per_plane
        self._set = settings or FollowSettings()
        self._window = Window(self._set.hold_s + self._set.lead_s + 0.5)
        self._people: dict[int, _Person] = {}
        self._next = 1
        self._done: list[tuple[int, F32, U8, bool]] = []

    # -- in ---------------------------------------------------------------------------------------------------------
    def push(self, index: int, second: float, luma: U8, affine: npt.NDArray[np.float64], *, cut: bool) -> None:
        """The next picture's reduced luma, uint8 (h, w), and the camera's motion (2, 3) from the one before."""
        if cut:
            self._end_all()
            self._window.clear()
        self._window.push(index, second, luma, affine)

    def look(self, found: Boxes, places_xyxy: F32 | None = None) -> None:
        """Faces found in the picture pushed last, px of the picture.

        `places_xyxy`, float32 (m, 4) px, says where alone somebody looked; who is elsewhere was not looked for.
        """
        index, second = self._window.last, self._now_s
        boxes = (found.boxes_xyxy / self._k).astype(np.float32)
        ids = list(self._people)
        expected = np.array([self._expect(self._people[i], index, second) for i in ids], np.float32).reshape(-1, 4)
        if places_xyxy is not None:
            inside = _lies_in(expected, places_xyxy / self._k)
            ids, expected = [i for i, there in zip(ids, inside, strict=True) if there], expected[inside]
        pairs = {ids[a]: b for a, b in self._associate(expected, boxes, found.scores)}
        left = [i for i in ids if i not in pairs]
        self._carry_unseen(left, index)
        rest = np.setdiff1d(np.arange(len(boxes)), list(pairs.values()))
        carried = np.array([self._people[i].ahead[-1] for i in left], np.float32).reshape(-1, 4)
        for a, b in self._associate(carried, boxes[rest], found.scores[rest]):
            pairs[left[a]] = int(rest[b])
        self._close(pairs, boxes, index)
        for i, b in pairs.items():
            self._seen(self._people[i], index, second, boxes[b], float(found.scores[b]))
        for b in sorted(set(range(len(boxes))) - set(pairs.values())):
            if found.scores[b] < self._set.strong and self._is_someones(boxes[b], index):
                continue
            self._begin(index, second, boxes[b], float(found.scores[b]))
        for i in ids:
            if second - self._people[i].seen_s > self._hold(self._people[i]):
                self._end(i)
        self._absorb(index)
        self._untangle(index, second)
        self._lead()

    def _associate(self, expected: F32, boxes: F32, scores: F32) -> list[tuple[int, int]]:
        """Pairs of people and boxes, sure boxes first: around a head that is found surely there are weak ones, and a
        weak one that lies better must not take the person, who would then begin anew on the sure one."""
        sure = np.flatnonzero(scores >= self._set.strong)
        pairs = [(a, int(sure[b])) for a, b in associate(expected, boxes[sure])]
        left = np.setdiff1d(np.arange(len(expected)), [a for a, _ in pairs])
        weak = np.flatnonzero(scores < self._set.strong)
        return pairs + [(int(left[a]), int(weak[b])) for a, b in associate(expected[left], boxes[weak])]

    @property
    def _now_s(self) -> float:
        return self._window.second(self._window.last)

    def last_sightings(self) -> tuple[F32, npt.NDArray[np.float64]]:
        """Boxes, float32 (n, 4) px of the picture, of the people followed, and when each was last found, s."""
        people = list(self._people.values())
        boxes = np.array([p.box * self._k for p in people], np.float32).reshape(-1, 4)
        return boxes, np.array([p.seen_s for p in people], np.float64)

    def finish(self) -> tuple[Track, ...]:
        """All tracks, numbered by first appearance; boxes in px of the picture."""
        self._end_all()
        order = sorted(self._done, key=lambda t: (t[0], float(t[1][0, 0]), float(t[1][0, 1])))
        return tuple(
            Track(n, np.arange(first, first + len(boxes), dtype=np.int32), boxes * np.float32(self._k), evidence, sure)
            for n, (first, boxes, evidence, sure) in enumerate(order, 1)
        )

    # -- one person -------------------------------------------------------------------------------------------------
    def _hold(self, person: _Person) -> float:
        return self._set.hold_s if self._kept(person) and person.best >= self._set.strong else self._set.weak_hold_s

    def _kept(self, person: _Person) -> bool:
        return person.best >= self._set.strong or person.hits >= self._set.repeat

    def _begin(self, index: int, second: float, box: F32, score: float, *, short_lead: bool = False) -> int:
        person = _Person(Path(index), index, second, box, score, short_lead=short_lead)
        person.path.extend(box[None], np.array([Evidence.DETECTED], np.uint8))
        self._people[self._next] = person
        self._next += 1
        return self._next - 1

    def _lead(self) -> None:
        """Carry first sightings into the past, once their people are ones to be kept; all at once."""
        starts: dict[int, list[_Person]] = {}
        for person in self._people.values():
            if not person.lead_done and self._kept(person):
                starts.setdefault(person.path.first, []).append(person)
        for first, group in starts.items():
            boxes = np.array([p.path.box_at(first) for p in group], np.float32)
            ends = extend_back(self._window, first, boxes, [self._longest_lead(p) for p in group])
            for person, (before, evidence) in zip(group, ends, strict=True):
                person.path.extend_back(before, evidence)
                person.lead_done = True

    def _longest_lead(self, person: _Person) -> float:
        return END_S if person.short_lead or self._is_fleeting(person) else min(self._set.lead_s, self._hold(person))

    def _is_fleeting(self, person: _Person) -> bool:
        """Whether a person is known by so few weak hits that most of those like it are no faces at all."""
        return person.best < self._set.strong and person.hits < self._set.confirm

    def _expect(self, person: _Person, index: int, second: float) -> F32:
        """Where the person should be now: carried by flow if that was begun, else by the camera and their own speed."""
        if person.ahead:
            box, start = person.ahead[-1], person.seen_at + len(person.ahead)
        else:
            box, start = person.box, person.seen_at
        for affine in self._window.forward(start, index)[1]:
            box = move_boxes(box[None], affine)[0]
        if person.ahead:
            return box
        size = float(np.sqrt(np.prod(box[2:] - box[:2])))
        shift = np.clip(person.speed * (second - person.seen_s), -size, size)
        return np.asarray(box + np.tile(shift, 2), np.float32)

    def _carry_unseen(self, ids: list[int], index: int) -> None:
        """Carry those who were not found on to picture `index`, many at once."""
        starts: dict[int, list[int]] = {}
        for i in ids:
            person = self._people[i]
            starts.setdefault(person.seen_at + len(person.ahead), []).append(i)
        for start, group in starts.items():
            boxes = np.array([p.ahead[-1] if p.ahead else p.box for p in (self._people[i] for i in group)], np.float32)
            # Whoever the picture has lost stays where they were lost: from there flow would follow the one in front.
            lost = [bool(p.ahead_ok) and not p.ahead_ok[-1] for p in (self._people[i] for i in group)]
            moved, ok = carry_many(self._window.forward(start, index), boxes, np.array(lost, np.bool_))
            for n, i in enumerate(group):
                self._people[i].ahead.extend(moved[1:, n])
                self._people[i].ahead_ok.extend(ok[1:, n].tolist())

    def _close(self, pairs: dict[int, int], boxes: F32, index: int) -> None:
        """Close the gaps of those who were found, all that began at the same picture at once."""
        starts: dict[int, list[int]] = {}
        for i in pairs:
            starts.setdefault(self._people[i].seen_at, []).append(i)
        for start, group in starts.items():
            before = np.array([self._people[i].box for i in group], np.float32)
            after = boxes[[pairs[i] for i in group]]
            closed, evidence = close_gaps(self._window, start, index, before, after)
            for k, i in enumerate(group):
                self._people[i].path.extend(closed[:, k], evidence[:, k])
        self._bridge(pairs, boxes, index)

    def _bridge(self, pairs: dict[int, int], boxes: F32, index: int) -> None:
        """Where the sightings before and after agree, the one in between covers no less than they do."""
        starts: dict[int, list[int]] = {}
        for i in pairs:
            if self._people[i].before_at >= self._window.first:
                starts.setdefault(self._people[i].before_at, []).append(i)
        for start, group in starts.items():
            then = np.array([self._people[i].before_box for i in group], np.float32)
            lines, agree = bridge(self._window, start, index, then, boxes[[pairs[i] for i in group]])
            for k in np.flatnonzero(agree):
                self._people[group[k]].path.widen(start + 1, lines[:, k])

    def _seen(self, person: _Person, index: int, second: float, box: F32, score: float) -> None:
        before, gap_s = person.box, second - person.seen_s
        person.path.extend(box[None], np.array([Evidence.DETECTED], np.uint8))
        still = before[None]
        for affine in self._window.forward(person.seen_at, index)[1]:
            still = move_boxes(still, affine)
        shift = ((box[:2] + box[2:]) - (still[0, :2] + still[0, 2:])) / 2
        person.speed = np.asarray(0.5 * person.speed + 0.5 * shift / max(gap_s, 1e-3), np.float32)
        person.before_at, person.before_box = person.seen_at, person.box
        person.seen_at, person.seen_s, person.box = index, second, box
        person.hits, person.best = person.hits + 1, max(person.best, score)
        person.ahead, person.ahead_ok = [], []

    def _is_someones(self, box: F32, index: int) -> bool:
        """Whether a weak hit lies on the head of somebody who was found in this very picture."""
        others = np.array([p.box for p in self._people.values() if p.seen_at == index], np.float32).reshape(-1, 4)
        return bool(_same_head(box[None], others).any())

    def _absorb(self, index: int) -> None:
        """End people of weak hits only who turn out to be the head of somebody better known, found in this picture.

        At different sizes a detector draws different boxes around one head, and one head may thus begin twice.
        """
        ids = sorted(self._people, key=lambda i: (-self._people[i].best, -self._people[i].hits, i))
        now = np.array([p.ahead[-1] if p.ahead else p.box for p in (self._people[i] for i in ids)], np.float32)
        same = np.triu(_same_head(now.reshape(-1, 4), now.reshape(-1, 4)), 1)
        for a, b in zip(*np.nonzero(same), strict=True):
            better, worse = self._people.get(ids[a]), self._people.get(ids[b])
            if better is None or worse is None or worse.best >= self._set.strong or better.seen_at != index:
                continue
            self._end(ids[b])

    # -- people who could be taken for each other -------------------------------------------------------------------
    def _untangle(self, index: int, second: float) -> None:
        """After two people crossed nobody can say who is who: both end, and what comes after earns its own right."""
        ids = [i for i, p in self._people.items() if self._kept(p)]
        now = np.array([p.ahead[-1] if p.ahead else p.box for p in (self._people[i] for i in ids)], np.float32)
        now = now.reshape(-1, 4)
        for pair in entangled(now):
            a, b = (ids[k] for k in pair)
            self._people[a].tangled_with.add(b)
            self._people[b].tangled_with.add(a)
        grown = _grown(now)
        touching = {frozenset((ids[a], ids[b])) for a, b in (tuple(p) for p in entangled(grown, 0.0))}
        parted = {i for i in ids for other in self._people[i].tangled_with if frozenset((i, other)) not in touching}
        for i in parted:
            person = self._people[i]
            if person.seen_at != index:
                continue  # unseen now: it ends by the ordinary rules, or parts when it is found again
            box, best = person.box, person.best
            self._end(i)
            again = self._begin(index, second, box, best, short_lead=True)
            self._people[again].hits = self._set.repeat

    # -- out --------------------------------------------------------------------------------------------------------
    def _end(self, i: int) -> None:
        person = self._people.pop(i)
        if not self._kept(person):
            return
        if person.ahead:
            after = range(person.seen_at + 1, person.seen_at + 1 + len(person.ahead))
            seconds = np.array([self._window.second(k) for k in after]) - person.seen_s
            boxes, ok = np.array(person.ahead, np.float32), np.array(person.ahead_ok, np.bool_)
            longest = END_S if self._is_fleeting(person) else self._hold(person)
            person.path.extend(*beyond(boxes, ok, seconds, longest))
        sure = person.best >= self._set.strong or person.hits >= self._set.confirm
        self._done.append((person.path.first, *person.path.columns(), sure))

    def _end_all(self) -> None:
        self._carry_unseen(list(self._people), self._window.last if self._people else 0)
        for i in list(self._people):
            self._end(i)


def _same_head(a_xyxy: F32, b_xyxy: F32) -> npt.NDArray[np.bool_]:
    """bool (n, m): whether two boxes have each other's centre inside and differ in size by a factor of 2 at most."""
    mid_a, mid_b = (a_xyxy[:, :2] + a_xyxy[:, 2:]) / 2, (b_xyxy[:, :2] + b_xyxy[:, 2:]) / 2
    a_in_b = ((mid_a[:, None] > b_xyxy[None, :, :2]) & (mid_a[:, None] < b_xyxy[None, :, 2:])).all(axis=2)
    b_in_a = ((mid_b[None] > a_xyxy[:, None, :2]) & (mid_b[None] < a_xyxy[:, None, 2:])).all(axis=2)
    size_a, size_b = (np.sqrt(np.prod(x[:, 2:] - x[:, :2], axis=1)) for x in (a_xyxy, b_xyxy))
    ratio = np.maximum(size_a[:, None] / size_b[None], size_b[None] / size_a[:, None])
    return np.asarray(a_in_b & b_in_a & (ratio <= 2.0), np.bool_)


def _lies_in(boxes: F32, places: F32) -> npt.NDArray[np.bool_]:
    """bool (n,): whether the centre of each box lies in any of the places."""
    middle = (boxes[:, None, :2] + boxes[:, None, 2:]) / 2
    low, high = np.min(middle - places[None, :, :2], axis=2), np.min(places[None, :, 2:] - middle, axis=2)
    return np.asarray(((low >= 0) & (high > 0)).sum(axis=1) > 0, np.bool_)


def _grown(boxes: F32) -> F32:
    """Boxes as large as the shape that covers them."""
    half = (boxes[:, 2:] - boxes[:, :2]) * COVER_HALF
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2
    return np.concatenate([centre - half, centre + half], axis=1).astype(np.float32)
