"""One review of one recording, from looking at it to the finished copy: what there is, what holds, what is under way.

The thread that owns the session works (`work`): it looks, and it makes copies. The page's requests come in other
threads, ask, and leave wishes.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import queue
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from avg_video.detect.detector import detector_name, load_detector
from avg_video.errors import AvgError, OutputError, UsageError
from avg_video.job import Outcome, Progress, Settings, default_output, policy_path_for
from avg_video.language import active, tr
from avg_video.media.source import SourceInfo, probe
from avg_video.papers.office import Office
from avg_video.pipeline import analyse, anonymise
from avg_video.policy.document import Policy, load_policy, policy_of
from avg_video.policy.people import numbers_of
from avg_video.policy.plan import Plan
from avg_video.record.hashes import sha256_file
from avg_video.review import shelf
from avg_video.review.server import beside
from avg_video.review.server.court import Court, Following, Judgement
from avg_video.review.server.early import Early
from avg_video.review.server.edits import Edit, apply, edits_of, next_number
from avg_video.review.server.history import History
from avg_video.review.server.listening import Listening
from avg_video.review.server.making import Making, error_view
from avg_video.review.server.pictures import Film
from avg_video.review.server.presence import Presence
from avg_video.review.server.progress import Cancelled, Meter
from avg_video.review.server.view import choices_view, people_view

__all__ = ["ChangedOutside", "NotReady", "Ready", "Session", "Stale"]

DRAFT_EVERY_S = 1.0
DRAFT_AGAIN_S = 5.0
"""Seconds until choices that could not be kept are tried again."""
TICK_S = 0.2


class NotReady(Exception):
    """It is still being looked at."""


class Stale(Exception):
    """The choices were changed meanwhile, in another window perhaps."""


class ChangedOutside(Exception):
    """The policy file beside the recording is no longer the one that the choices began with."""


@dataclass(frozen=True, eq=False)
class Ready:
    """What there is when the recording was looked at."""

    plan: Plan
    court: Court
    film: Film
    listening: Listening
    history: History


class Session:
    """A review.

    Parameters
    ----------
    path: the recording.
    settings, office: as of `pipeline.anonymise`.
    closing: says in lines what came of a copy.

    Attributes
    ----------
    presence: who is looking.
    version: grows whenever something changed that the page is told in `state`.
    verdict: grows whenever what the choices come to is known better, without a choice.

    Raises `AvgError` when built where the recording can't be reviewed.
    """

    def __init__(self, path: Path, settings: Settings, office: Office, closing: Callable[[Outcome], list[str]]) -> None:
        self.path, self._settings, self._office, self._closing = path, settings, office, closing
        self.info: SourceInfo = probe(path)
        self.sha256 = sha256_file(path)
        self.policy_path = policy_path_for(path)
        self._detector = detector_name(settings.detector)
        self._file_sha256 = beside.digest_of(self.policy_path)
        self._first, self._origin = self._opened()
        self._lock = threading.RLock()
        self._wishes: queue.Queue[str] = queue.Queue()
        self._ready: Ready | None = None
        self._looking: Meter | None = None
        self._failed: AvgError | None = None
        self._making = Making(closing)
        self._early: Early | None = None
        self._ended: str | None = None
        self._dirty = self._origin == "draft"
        self._draft_due: float | None = None
        self._unkept: OutputError | None = None
        self.presence = Presence()
        self.version = self.verdict = 1

    def _opened(self) -> tuple[Policy, str]:
        """The choices to begin with, and where they are from: a draft of this very file, else the file."""
        draft = shelf.read_draft(self.sha256)
        if draft is not None and draft.file_sha256 == self._file_sha256:
            return draft.policy, "draft"
        if self._file_sha256 is None:
            return Policy(), "new"
        return load_policy(self.policy_path), "file"

    # -- the working thread ---------------------------------------------------------------------------------------
    def work(self, progress: Callable[[], Progress], check: Callable[[], None]) -> str:
        """Look, then make copies whenever the page asks, until the review ends; returns why it did.

        `check` is called often, and may raise to end everything. Raises what looking raises.
        """
        try:
            with contextlib.suppress(Cancelled):
                self._look(progress())
            while self._ended is None:
                check()
                try:
                    wish = self._wishes.get(timeout=TICK_S)
                except queue.Empty:
                    self._tick()
                    continue
                if wish == "make":
                    self._make_copy(progress())
            return self._ended
        finally:
            self.end("stopped")
            ready, self._ready = self._ready, None
            if ready is not None:
                ready.listening.close()
                ready.film.close()
            if self._unkept is not None:
                raise self._unkept

    def _look(self, progress: Progress) -> None:
        meter = self._looking = Meter(progress, self.changed, self._end_looking)
        try:
            plan = shelf.kept_plan(self.sha256, self._detector)
            if plan is None:
                early = self._early = Early(load_detector(self._detector, threads=1).strong)
                early.of_shape(float(self.info.sample_aspect))
                plan = analyse(self.path, self._settings, meter, met=early.met)
                if plan.source_sha256 != self.sha256:
                    raise UsageError(
                        tr("it changed while it was being read"),
                        remedy=tr("wait until it is complete, then run again"),
                        file=self.path,
                    )
                self._keep(plan, meter)
            following = Following(self.path, plan.timeline, self._settings, self.changed_choices)
            court = Court(plan, self._settings, self._office, following)
            court.judge(self._first)  # numbers of another search are refused before anybody chooses
            film = Film(self.path, plan, self._settings.style, threads=self._settings.threads)
            history = History(self._first)
            with self._lock:  # so that no click comes between
                self._objected(plan, court, history)
                listening = Listening(self.path, self.info.sound_stream, plan.timeline, self.changed)
                self._ready = Ready(plan, court, film, listening, history)
                self._looking, self._early = None, None
        except AvgError as error:
            self._failed = error
            self.changed()
            self.presence.await_page()  # so that the browser says it too, and not that nobody is there
            raise
        self.presence.refresh()
        self.changed()

    def _objected(self, plan: Plan, court: Court, history: History) -> None:
        """Who was clicked while it was being looked at has objected: the first step, which can be taken back."""
        if self._early is None or not self._early.objections:
            return
        edits = edits_of(self._early.edits(plan.tracks))
        policy = apply(history.now, edits, numbers_of(plan), [track.id for track in plan.tracks])
        court.judge(policy)
        history.step(policy)
        self._dirty, self._draft_due = True, time.monotonic()

    def _keep(self, plan: Plan, progress: Progress) -> None:
        """Keep who was found; without room for that, the choosing can go on all the same."""
        try:
            shelf.keep_plan(plan)
        except OutputError as error:
            progress.warn(tr("who was found can't be kept for the next time ({why})", why=error.what))

    def _end_looking(self) -> None:
        """Nobody waits for what is being looked at: stop."""
        self._tick()
        if self._ended is not None:
            raise Cancelled

    def _make_copy(self, progress: Progress) -> None:
        making, meter = self._making, Meter(progress, self.changed)
        try:
            making.run(
                meter,
                lambda: anonymise(
                    self.path,
                    default_output(self.path),
                    settings=replace(self._settings, overwrite=making.overwrite),
                    policy=load_policy(self.policy_path),
                    plan=self.ready().plan,
                    office=self._office,
                    progress=meter,
                ),
            )
        finally:
            self.presence.refresh()
            self.changed()

    def _tick(self) -> None:
        if self._draft_due is not None and time.monotonic() >= self._draft_due:
            self._write_draft()
        why = self.presence.over(ready=self._ready is not None)
        if why is not None:
            self.end(why)

    def _write_draft(self) -> None:
        """Keep the choices; where that can't be, say so on the page, and try again later."""
        with self._lock:
            ready, self._draft_due = self._ready, None
            draft = shelf.Draft(ready.history.now, self._file_sha256) if ready is not None and self._dirty else None
            before, self._unkept = self._unkept, None
            try:
                if draft is not None:
                    shelf.write_draft(self.sha256, draft)
            except OutputError as error:
                what = tr("what you chose can't be kept ({why})", why=error.what)
                remedy = tr("free some space, and save before the review ends")
                self._unkept = OutputError(what, remedy=remedy, file=error.file)
                self._draft_due = time.monotonic() + DRAFT_AGAIN_S
            if (before is None) != (self._unkept is None):
                self.version += 1

    # -- asked by the page ----------------------------------------------------------------------------------------
    def changed(self) -> None:
        """Something is new for the page."""
        with self._lock:
            self.version += 1

    def changed_choices(self) -> None:
        """What the choices come to is new, without a choice."""
        with self._lock:
            self.verdict += 1
            self.version += 1

    def end(self, why: str) -> None:
        """Let the review end, unless it has: "asked", "closed", "idle" or "stopped". A copy is finished first."""
        with self._lock:
            if self._ended is None:
                self._write_draft()  # before the page is told that they are kept
                self._ended = why
                self.version += 1

    @property
    def ended(self) -> str | None:
        """Why it ended; None while it goes on."""
        return self._ended

    @property
    def kept(self) -> bool:
        """Whether what was chosen will be there the next time."""
        return self._unkept is None and (self._early is None or not self._early.objections)

    def ready(self) -> Ready:
        """What there is. Raises `NotReady` before that."""
        if self._ready is None:
            raise NotReady
        return self._ready

    def early(self) -> Early:
        """The faces seen so far. Raises `NotReady` when it is not being looked at."""
        if self._early is None:
            raise NotReady
        return self._early

    def object(self, face: int, *, objected: bool) -> dict[str, Any]:
        """Note that a face objected while it is being looked at. Raises `NotReady` when that is over, and `IndexError`
        where there is no such face."""
        with self._lock:
            early = self.early()
            early.object(face, objected=objected)
            self.version += 1
            return early.view()

    def judged(self) -> Judgement:
        """What the choices come to now."""
        ready = self.ready()
        return ready.court.judge(ready.history.now)

    def state(self) -> dict[str, Any]:
        """As `GET /api/state` gives it."""
        with self._lock:
            ready, looking = self._ready, self._looking
            phase = "failed" if self._failed else "ended" if self._ended else "ready" if ready else "looking"
            early = self._early
            return {
                "phase": phase,
                "ended": self._ended,
                "language": active(),
                "name": self.path.name,
                "looking": None if looking is None else {**looking.view(), "faces": 0 if early is None else len(early)},
                "early_revision": 0 if early is None else early.revision,
                "error": None if self._failed is None else error_view(self._failed),
                "revision": None if ready is None else ready.history.revision,
                "verdict": self.verdict,
                "unkept": None if self._unkept is None else error_view(self._unkept),
                "sound": "none" if ready is None else ready.listening.state,
                "make": self._making.view(),
            }

    # -- choices --------------------------------------------------------------------------------------------------
    def choices(self) -> dict[str, Any]:
        """As `GET /api/choices` gives it."""
        with self._lock:
            ready = self.ready()
            history = ready.history
            judged = ready.court.judge(history.now)
            return {
                "revision": history.revision,
                "verdict": self.verdict,
                "people_version": self._people_version(history.now),
                "saved": not self._dirty and self._file_sha256 is not None,
                "origin": self._origin,
                "can_undo": history.can_undo,
                "can_redo": history.can_redo,
                "next_number": next_number(history.now, [track.id for track in ready.plan.tracks]),
                **choices_view(judged),
            }

    def people(self) -> dict[str, Any]:
        """As `GET /api/people` gives it."""
        judged = self.judged()
        return {"version": self._people_version(judged.policy), "people": people_view(judged)}

    def _people_version(self, policy: Policy) -> int:
        return int(hashlib.sha256(repr(policy.split).encode()).hexdigest()[:8], 16)

    def edit(self, revision: int, edits: list[Edit]) -> dict[str, Any]:
        """Change the choices. Raises `Stale`, or `AvgError` where that makes no policy; nothing is changed then."""
        with self._lock:
            ready = self._of(revision)
            numbers = [track.id for track in ready.plan.tracks]
            return self._step(ready, apply(ready.history.now, edits, numbers_of(ready.plan), numbers))

    def replaced(self, revision: int, table: Mapping[str, Any]) -> dict[str, Any]:
        """Put other choices in the place of all. Raises as `edit`."""
        with self._lock:
            return self._step(self._of(revision), policy_of(table))

    def _step(self, ready: Ready, policy: Policy) -> dict[str, Any]:
        ready.court.judge(policy)  # raises where it means nothing in this recording
        ready.history.step(policy)
        return self._stepped()

    def undo(self, revision: int) -> dict[str, Any]:
        """One step back. Raises `Stale`, and `IndexError` where there is none."""
        with self._lock:
            self._of(revision).history.undo()
            return self._stepped()

    def redo(self, revision: int) -> dict[str, Any]:
        """One step on again. Raises as `undo`."""
        with self._lock:
            self._of(revision).history.redo()
            return self._stepped()

    def _of(self, revision: int) -> Ready:
        ready = self.ready()
        if ready.history.revision != revision:
            raise Stale
        return ready

    def _stepped(self) -> dict[str, Any]:
        self._dirty = True
        self._draft_due = self._draft_due or time.monotonic() + DRAFT_EVERY_S
        self.version += 1
        return self.choices()

    def save(self, revision: int, *, force: bool) -> dict[str, Any]:
        """Write the policy file beside the recording.

        Raises `Stale`; `ChangedOutside` when somebody else changed it, unless `force`; `AvgError` where it can't be
        written.
        """
        with self._lock:
            ready = self._of(revision)
            if not force and beside.digest_of(self.policy_path) != self._file_sha256:
                raise ChangedOutside
            self._file_sha256 = beside.write(ready.history.now, self.policy_path, recording=self.path)
            self._dirty, self._draft_due = False, None
            self._unkept = None
            self._origin = "file"
            shelf.remove_draft(self.sha256)
            self.version += 1
            return self.choices()

    # -- making ---------------------------------------------------------------------------------------------------
    def make(self, revision: int, *, overwrite: bool, force: bool) -> dict[str, Any]:
        """Save the choices and begin to make the copy. Raises as `save`, `FileExistsError` when there is a copy and it
        may not be replaced, and `BlockingIOError` while one is being made."""
        with self._lock:
            self._of(revision)
            if self._making.under_way:
                raise BlockingIOError
            if not overwrite and os.path.lexists(default_output(self.path)):
                raise FileExistsError
            self.save(revision, force=force)
            self._making = Making(self._closing, waits=True, overwrite=overwrite)
            self._wishes.put("make")
            self.version += 1
            return self.state()

    def cancel(self) -> None:
        """Stop making the copy, if one is being made."""
        with self._lock:
            self._making.cancel()

    @property
    def finds_s(self) -> tuple[tuple[float, tuple[float, float, float, float]], ...]:
        """Whom the second look at the last copy found."""
        return () if self._making.outcome is None else self._making.outcome.finds_s
