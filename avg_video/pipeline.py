"""The way of the data, in order: look, follow, decide, cover, look again, write, check, record, publish.

This is the only place that knows the order. The library neither prints nor exits; it reports through `Progress`.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Collection, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, Protocol

from avg_video.detect.boxes import Boxes
from avg_video.detect.detector import Detector, detector_name, load_detector
from avg_video.detect.looks import Rounds
from avg_video.detect.manifest import model
from avg_video.detect.views import look
from avg_video.errors import EXIT_DONE, EXIT_LOOK, InputError, UsageError
from avg_video.media.cores import one_thread_per_stage
from avg_video.media.encoders import Encoder, choose_encoder
from avg_video.media.picture import Picture
from avg_video.media.readback import read_back
from avg_video.media.reader import VideoReader
from avg_video.media.sound import SoundPlan
from avg_video.media.source import SourceInfo, probe
from avg_video.media.stages import prefetch
from avg_video.media.temporary import PrivateTemporary, as_output_error
from avg_video.media.timing import Timeline
from avg_video.media.writer import VideoWriter
from avg_video.policy.decide import Verdicts, decide
from avg_video.policy.document import Policy, load_policy
from avg_video.policy.gaps import split_gaps
from avg_video.policy.plan import Plan
from avg_video.record.entries import input_entry, not_checked, output_entry, person_entry
from avg_video.record.hashes import fingerprint, sha256_file
from avg_video.record.model import ModelEntry, PersonEntry, PolicyEntry, Record, SecondLookEntry
from avg_video.record.store import record_text
from avg_video.record.versions import tool_versions
from avg_video.redact.paint import Style, paint_picture
from avg_video.redact.script import Script
from avg_video.redact.second import SecondLook
from avg_video.track.search import search

__all__ = [
    "Outcome",
    "Progress",
    "Settings",
    "analyse",
    "anonymise",
    "default_output",
    "policy_beside",
    "record_path_for",
    "settings_fingerprint",
]

MAX_THREADS = 64
"""More threads than this only take memory: every one of them holds pictures."""
DECODED_AHEAD = 4
"""Pictures decoded before they are needed in pass 2; bounds memory."""
PAINTED_AHEAD = 8
"""Painted pictures that wait for the encoder; bounds memory."""


@dataclass(frozen=True)
class Settings:
    """How a copy is made. Everything here but `threads` and `overwrite` can change the output.

    Attributes
    ----------
    detector: "auto", or the name of one in the manifest.
    threads: how many threads each stage may use; 0 is as many as the computer has.
    style: how faces are covered.
    audio: "drop" or "keep"; None is as the policy says.
    encoder, crf, preset: as of `media.encoders`.
    second_look: False leaves out the look at the covered pictures; faces that were missed then stay visible.
    overwrite: True replaces an output that exists.
    """

    detector: str = "auto"
    threads: int = 0
    style: Style = Style.FILL
    audio: Literal["drop", "keep"] | None = None
    encoder: str = "libx264"
    crf: int = 20
    preset: str = "veryfast"
    second_look: bool = True
    overwrite: bool = False

    @property
    def thread_count(self) -> int:
        """`threads`, with 0 resolved; never more than `MAX_THREADS`."""
        return min(self.threads or os.cpu_count() or 1, MAX_THREADS)


class Progress(Protocol):
    """Told how far the work is; may raise to stop it, and then nothing is left behind."""

    def stage(self, name: str, total_s: float | None) -> None:
        """A stage begins: "looking", "making" or "checking"; `total_s` is the film's length in seconds, if known."""

    def at(self, second: float, pictures: int) -> None:
        """How far the stage is: seconds of film, and pictures done."""

    def warn(self, text: str) -> None:
        """Something the user must know."""


class _Silent:
    def stage(self, name: str, total_s: float | None) -> None: ...
    def at(self, second: float, pictures: int) -> None: ...
    def warn(self, text: str) -> None: ...


@dataclass(frozen=True)
class Outcome:
    """What came of one recording.

    Attributes
    ----------
    exit_code: 0 done and checked; 3 done, but a person must look (the record's warnings say at what).
    stage_s: wall seconds of each stage.
    """

    record: Record
    output: Path
    record_path: Path
    exit_code: int
    stage_s: dict[str, float]


def default_output(path: Path) -> Path:
    """NAME.avg.mp4 beside the recording."""
    return path.with_name(f"{path.stem}.avg.mp4")


def record_path_for(output: Path) -> Path:
    """NAME.avg.json beside NAME.avg.mp4; NAME.json would hide that it belongs to this program."""
    stem = output.stem.removesuffix(".avg")
    return output.with_name(f"{stem}.avg.json")


def policy_beside(path: Path) -> Policy:
    """The policy in NAME.avg.toml beside the recording, or else the one under which nobody is shown."""
    beside = path.with_name(f"{path.stem}.avg.toml")
    # A link that leads nowhere is a policy that can't be read, and not the absence of one.
    return load_policy(beside) if os.path.lexists(beside) else Policy()


def settings_fingerprint(settings: Settings, policy: Policy) -> str:
    """SHA-256 over everything that changes the output: settings, weights, policy and version of this program."""
    from avg_video import __version__

    detector = detector_name(settings.detector)
    parts = {k: str(v) for k, v in vars(settings).items() if k not in ("threads", "overwrite", "detector")}
    return fingerprint(
        {
            **parts,
            "detector": detector,
            "weights": model(detector).sha256,
            "policy": policy.model_dump(mode="json"),
            "version": __version__,
        }
    )


def analyse(path: Path, settings: Settings | None = None, progress: Progress | None = None) -> Plan:
    """Pass 1: find, follow and number the people. The plan decides nothing yet.

    Raises
    ------
    AvgError: whatever is wrong with the recording or the weights.
    """
    settings, progress = settings or Settings(), progress or _Silent()
    detector = load_detector(settings.detector, threads=settings.thread_count)
    with one_thread_per_stage(), VideoReader(path, threads=min(settings.threads, MAX_THREADS), draft=True) as reader:
        sha256 = sha256_file(path)
        progress.stage("looking", reader.info.declared_seconds)
        found = search(reader, detector, at=progress.at)
    tracks = split_gaps(found.tracks, found.timeline)
    made_with = {"detector": detector.name, "weights": model(detector.name).sha256, "looks": found.looks}
    return Plan(sha256, found.timeline, found.motion, tracks, (), made_with)


def anonymise(
    path: Path,
    output: Path,
    *,
    settings: Settings | None = None,
    policy: Policy | None = None,
    plan: Plan | None = None,
    objected: Collection[int] = (),
    shown: Collection[int] = (),
    progress: Progress | None = None,
) -> Outcome:
    """Make a copy of the recording `path` at `output` that is safe to upload, and its record beside it.

    Parameters
    ----------
    policy: who may be shown; None takes NAME.avg.toml beside the recording, or else shows nobody.
    plan: people found earlier in this very recording; None looks for them now.
    objected, shown: people's numbers in `plan`.

    Raises
    ------
    AvgError: nothing lies under the final name then (or what lay there before, untouched).
    """
    settings, progress = settings or Settings(), progress or _Silent()
    _check_names(path, output, overwrite=settings.overwrite)
    with PrivateTemporary(output, overwrite=settings.overwrite):
        pass  # a folder that is missing or not writable is better known before the film was looked at
    policy = policy_beside(path) if policy is None else policy
    info = probe(path)
    job = _Job(path, output, settings, progress, info, numbers=bool(objected or shown))
    encoder = choose_encoder(settings.encoder, info.size_wh, crf=settings.crf, preset=settings.preset)
    for text in (*info.warnings, *([encoder.note] if encoder.note else [])):
        job.warn(text)
    with job.timed("looking"):
        if plan is None:
            plan = analyse(path, settings, progress)
        elif sha256_file(path) != plan.source_sha256:
            remedy = "run avg-blur look on this one"
            raise UsageError("the plan belongs to another recording", remedy=remedy, file=path)
        elif plan.settings.get("detector") != detector_name(settings.detector):
            remedy = "give --detector as then, or run avg-blur look again"
            raise UsageError("the plan was made with another detector", remedy=remedy, file=path)
    _check_numbers(path, plan, {*objected, *shown})
    if not plan.tracks:
        job.warn("no face was found in it; watch the copy before you use it")
    verdicts = decide(plan.tracks, plan.timeline, plan.motion, policy, objected=objected, shown=shown)
    for text in verdicts.warnings:
        job.warn(text)
    return _make(job, plan, policy, verdicts, encoder)


@dataclass
class _Job:
    """One recording on its way."""

    path: Path
    output: Path
    settings: Settings
    progress: Progress
    info: SourceInfo
    numbers: bool
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    run_id: uuid.UUID = field(default_factory=uuid.uuid4)
    warnings: list[str] = field(default_factory=list)
    stage_s: dict[str, float] = field(default_factory=dict)

    def warn(self, text: str) -> None:
        self.warnings.append(text)
        self.progress.warn(text)

    def timed(self, stage: str) -> _Timer:
        return _Timer(self.stage_s, stage)


class _Timer:
    def __init__(self, into: dict[str, float], stage: str) -> None:
        self._into, self._stage = into, stage

    def __enter__(self) -> None:
        self._from = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self._into[self._stage] = time.perf_counter() - self._from


def _make(job: _Job, plan: Plan, policy: Policy, verdicts: Verdicts, encoder: Encoder) -> Outcome:
    """Pass 2: cover, look again, write, check, record, publish."""
    settings, record_path = job.settings, record_path_for(job.output)
    keep = (settings.audio or policy.audio) == "keep" and job.info.sound_stream is not None
    sound = SoundPlan(keep, policy.mutes_s if keep else ())
    detector = load_detector(settings.detector, threads=settings.thread_count)
    second = SecondLook(_second_look(detector, job.info), settings.style, job.info.time_base, plan.timeline.cuts)
    with (
        PrivateTemporary(job.output, overwrite=settings.overwrite) as video,
        PrivateTemporary(record_path, overwrite=True) as note,
    ):
        with job.timed("making"):
            job.progress.stage("making", plan.timeline.duration_s)
            script = Script(plan.tracks, {d.track_id: d.covered_frames for d in verdicts.decisions if d.reason.shows})
            hidden, met = _write(job, video.path, plan.timeline, script, encoder, sound, second)
        for text in met:
            if text not in job.warnings:
                job.warn(text)
        with job.timed("checking"):
            job.progress.stage("checking", None)
            read_back(video.path, job.info, plan.timeline, sound=sound)
            if sha256_file(job.path) != plan.source_sha256:
                remedy = "wait until it is complete, then run again"
                raise InputError("it changed while it was being read", remedy=remedy, file=job.path)
        record = Record(
            run_id=job.run_id,
            status="look" if verdicts.needs_look else "done",
            started=job.started,
            finished=datetime.now(UTC),
            tool=tool_versions(),
            input=input_entry(job.info, plan.timeline, plan.source_sha256, hidden),
            output=output_entry(video.path, plan.timeline, encoder, str(settings.style), sound),
            policy=_policy_entry(policy, numbers=job.numbers),
            settings_sha256=settings_fingerprint(settings, policy),
            model=ModelEntry(name=detector.name, sha256=model(detector.name).sha256),
            people=_people(plan, verdicts),
            covered=sum(not d.reason.shows for d in verdicts.decisions),
            shown=sum(d.reason.shows for d in verdicts.decisions),
            second_look=_second_entry(second, on=settings.second_look),
            cuts=len(plan.timeline.cuts),
            warnings=tuple(job.warnings),
            not_checked=not_checked(sound=sound.keep, second_look=settings.second_look),
        )
        try:
            note.path.write_text(record_text(record), encoding="utf-8")
        except OSError as error:
            raise as_output_error(error, record_path) from error
        # Both are whole and on the disk by now. Killed between the two renames, a record without its output is left:
        # the next run makes both again. An output without its record would be in its way.
        _check_names(job.path, job.output, overwrite=settings.overwrite)
        note.publish()
        video.publish()
    exit_code = EXIT_LOOK if record.status == "look" else EXIT_DONE
    return Outcome(record, job.output, record_path, exit_code, job.stage_s)


def _second_look(detector: Detector, info: SourceInfo) -> Callable[[Picture], Boxes]:
    """How painted pictures are looked at. Only sure hits count, since each covers half a second."""
    rounds = Rounds(info.size_wh)
    return lambda picture: look(picture, (rounds.next(),), detector, detector.strong)


def _write(
    job: _Job, path: Path, timeline: Timeline, script: Script, encoder: Encoder, sound: SoundPlan, second: SecondLook
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Decode, cover and encode, each in a thread of its own, into the temporary file.

    Returns the categories of hidden data that the recording held, and warnings met while reading it.
    """
    threads = min(job.settings.threads, MAX_THREADS)
    with (
        one_thread_per_stage(),
        VideoReader(job.path, threads=threads) as reader,
        VideoWriter(path, job.info, timeline, encoder, sound=sound, source=job.path, threads=threads) as writer,
    ):
        covered = _covered(reader, script, second if job.settings.second_look else None, job.settings.style)
        seconds = timeline.seconds
        with closing(prefetch(covered, PAINTED_AHEAD)) as pictures:
            for picture in pictures:
                writer.write(picture)
                job.progress.at(float(seconds[picture.index]), picture.index + 1)
        writer.finish()
        return reader.hidden, reader.warnings


def _covered(reader: VideoReader, script: Script, second: SecondLook | None, style: Style) -> Iterator[Picture]:
    with closing(prefetch(reader, DECODED_AHEAD)) as decoded:
        scenes = ((picture, *script.at(picture.index)) for picture in decoded)
        if second is not None:
            yield from second(scenes)
            return
        for picture, covered, _ in scenes:
            paint_picture(picture, covered, style)
            yield picture


def _check_names(path: Path, output: Path, *, overwrite: bool) -> None:
    """Refuse what could destroy the recording, or something else, or can't be written, before any work is done."""
    record = record_path_for(output)
    for target in (output, record):
        if target.exists() and path.exists() and target.samefile(path):
            raise UsageError("the output would replace the recording", remedy="give another name with -o", file=path)
    if output.is_dir():
        raise UsageError("the output is a folder", remedy="give the name of a file with -o", file=output)
    if not overwrite and os.path.lexists(output):
        raise UsageError("it exists already", remedy="give --overwrite, or another name with -o", file=output)
    stem = output.stem.removesuffix(".avg")
    for twin in (output.with_name(f"{stem}.mp4"), output.with_name(f"{stem}.avg.mp4")):
        if twin != output and record.exists() and twin.exists() and twin != path:
            raise UsageError(
                f"its record would replace that of {twin.name}", remedy="give another name with -o", file=output
            )


def _check_numbers(path: Path, plan: Plan, numbers: Collection[int]) -> None:
    unknown = sorted(set(numbers) - {t.id for t in plan.tracks})
    if unknown:
        raise UsageError(
            f"there is no person number {unknown[0]} in it",
            remedy=f"choose from the page that avg-blur look made: numbers 1 to {len(plan.tracks)}"
            if plan.tracks
            else "nobody was found in this recording, so there are no numbers to choose",
            file=path,
        )


def _people(plan: Plan, verdicts: Verdicts) -> tuple[PersonEntry, ...]:
    return tuple(
        person_entry(
            track,
            plan.timeline,
            verdict=decision.verdict,
            reason=str(decision.reason),
            rule=decision.rule,
            frames_covered=len(decision.covered_frames),
        )
        for track, decision in zip(plan.tracks, verdicts.decisions, strict=True)
    )


def _second_entry(second: SecondLook, *, on: bool) -> SecondLookEntry:
    return SecondLookEntry(on=on, looks=second.looks, finds=second.finds, frames_added=second.frames_added)


def _policy_entry(policy: Policy, *, numbers: bool) -> PolicyEntry:
    source: Literal["none", "file", "numbers", "file-and-numbers"] = "numbers" if numbers else "none"
    if policy.file_sha256 is not None:
        source = "file-and-numbers" if numbers else "file"
    return PolicyEntry(source=source, sha256=policy.file_sha256, profile=policy.profile, purpose=policy.purpose)
