"""What a policy comes to in this recording: the same steps, by the same code, as when the copy is made."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from avg_video.errors import AvgError
from avg_video.language import active
from avg_video.media.timing import Timeline
from avg_video.papers.office import Office, Papers, prepare
from avg_video.pipeline import Settings, follow_drawn
from avg_video.policy.covers import Followed
from avg_video.policy.decide import Verdicts, decide
from avg_video.policy.decision import Decision
from avg_video.policy.document import Cover, Policy
from avg_video.policy.people import bind
from avg_video.policy.plan import Plan
from avg_video.policy.regions import Place, Places
from avg_video.track.types import Track

__all__ = ["Court", "Following", "Judgement"]

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Judgement:
    """What one policy comes to.

    Attributes
    ----------
    policy: as it was asked about.
    papers: what the profile and the consents make of it.
    plan: with its people split as the policy says.
    verdicts: on them.
    awaited: lines of covers (from 1) whose content is still being followed; they are drawn where they began.
    """

    policy: Policy
    papers: Papers
    plan: Plan
    verdicts: Verdicts
    awaited: frozenset[int]

    def people(self) -> list[tuple[Track, Decision]]:
        """Everybody, with the decision."""
        return list(zip(self.plan.tracks, self.verdicts.decisions, strict=True))

    def boxes_at(self, index: int) -> F32:
        """float32 (n, 4), px: everything that is covered in that picture, in the order in which it is when made."""
        boxes = []
        for track, decision in self.people():
            box = track.box_at(index)
            if box is None or (decision.reason.shows and not _holds(decision.covered_frames, index)):
                continue
            boxes.append(box[None])
        boxes += [cover.parts_at(index) for cover in self.verdicts.covers]
        return np.concatenate([np.zeros((0, 4), np.float32), *boxes])


class Following:
    """Where the content of covers went, found in a thread of its own and remembered.

    Parameters
    ----------
    changed: called, in that thread, whenever something new is known.
    """

    def __init__(self, path: Path, timeline: Timeline, settings: Settings, changed: Callable[[], None]) -> None:
        self._path, self._timeline, self._settings, self._changed = path, timeline, settings, changed
        self._known: dict[Cover, Followed] = {}
        self._wanted: list[Cover] = []
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def of(self, policy: Policy) -> tuple[dict[int, Followed], frozenset[int]]:
        """What is known by line, from 1, and which lines are still being followed."""
        lines = {k: line for k, line in enumerate(policy.cover, 1) if line.follow == "content"}
        with self._lock:
            missing = {k for k, line in lines.items() if line not in self._known}
            self._wanted = [lines[k] for k in sorted(missing)]
            if self._wanted and self._thread is None:
                self._thread = threading.Thread(target=self._work, name="avg-blur-follow", daemon=True)
                self._thread.start()
            return {k: self._known.get(line) or self._still(line) for k, line in lines.items()}, frozenset(missing)

    def _still(self, line: Cover) -> Followed:
        box = np.array(line.box, np.float64) * [*self._timeline.size_wh, *self._timeline.size_wh]
        return Followed(box.astype(np.float32)[None], None)

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._wanted:
                    self._thread = None
                    return
                line = self._wanted[0]
            try:
                found = follow_drawn(self._path, self._timeline, Policy(cover=(line,)), self._settings.threads)[1]
            except AvgError:
                found = Followed(self._still(line).boxes_xyxy, 1)  # lost at once; making the copy says why
            with self._lock:
                self._known[line] = found
                self._wanted = [other for other in self._wanted if other != line]
            self._changed()


class Court:
    """Judges policies about one plan; safe for several threads.

    Parameters
    ----------
    plan: as it was found, before any split.
    """

    def __init__(self, plan: Plan, settings: Settings, office: Office, following: Following) -> None:
        self._plan, self._settings, self._office, self._following = plan, settings, office, following
        self._lock = threading.Lock()
        self._places, self._places_lock = Places(plan.timeline, plan.motion), threading.Lock()
        self._last: Judgement | None = None
        self._spoken = ""

    def judge(self, policy: Policy) -> Judgement:
        """What it comes to.

        Raises `PolicyError` where numbers in it mean nobody, a split can't be made, or its profile does not exist.
        """
        with self._lock:
            followed, awaited = self._following.of(policy)
            last = self._last
            same = last is not None and last.policy == policy and last.awaited == awaited
            if last is not None and same and self._spoken == active():  # warnings are words
                return last
            papers = prepare(self._office, policy, audio=self._settings.audio, source=self._plan.source_sha256)
            plan = bind(self._plan, papers.policy)
            verdicts = decide(
                plan.tracks,
                plan.timeline,
                plan.motion,
                papers.policy,
                objected=papers.objected,
                shown=papers.shown,
                followed=followed,
            )
            self._last, self._spoken = Judgement(policy, papers, plan, verdicts, awaited), active()
            return self._last

    def carried(self, place: Place, first: int, last: int) -> F64:
        """float64 (n, 3, 2), or (1, 3, 2) where the camera stands still: how the camera carries what is drawn on the
        place's first picture to the pictures first, ..., last, all of which it must hold in. In fractions of the
        picture: where the corners (0, 0), (1, 0) and (0, 1) go."""
        w, h = self._plan.timeline.size_wh
        corners = replace(place, drawn_px=np.array([[0, 0], [w, 0], [0, h]], np.float64))
        with self._places_lock:
            return self._places.vertices(corners, np.arange(first, last + 1)) / (w, h)


def _holds(frames: npt.NDArray[np.int32], index: int) -> bool:
    """Whether `index` is among increasing `frames`."""
    at = int(np.searchsorted(frames, index))
    return at < len(frames) and int(frames[at]) == index
