"""The way of the data, in order: look, follow, decide, cover, look again, write, check, record, publish.

This is the only place that knows the order. The library neither prints nor exits; it reports through `Progress`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from avg_video.detect.boxes import Boxes
from avg_video.detect.detector import Detector, detector_name, load_detector
from avg_video.detect.looks import Rounds
from avg_video.detect.manifest import model
from avg_video.detect.views import look
from avg_video.errors import UsageError
from avg_video.job import (
    MAX_THREADS,
    Job,
    Outcome,
    Progress,
    Settings,
    Silent,
    check_names,
    default_output,
    no_numbers,
    people_entries,
    policy_beside,
    record_path_for,
    settings_fingerprint,
)
from avg_video.language import tr
from avg_video.media.cores import one_thread_per_stage
from avg_video.media.encoders import Encoder, choose_encoder
from avg_video.media.photo_kinds import is_photo_name, photo_kind
from avg_video.media.picture import Picture
from avg_video.media.readback import read_back
from avg_video.media.reader import VideoReader
from avg_video.media.sound import SoundPlan
from avg_video.media.source import SourceInfo, probe
from avg_video.media.stages import prefetch
from avg_video.media.temporary import PrivateTemporary
from avg_video.media.timing import Timeline
from avg_video.media.writer import VideoWriter
from avg_video.papers.office import Office, prepare
from avg_video.photos import anonymise_photo
from avg_video.policy.covers import Followed, cover_tracks
from avg_video.policy.decide import Verdicts, decide
from avg_video.policy.document import Cover, Policy
from avg_video.policy.gaps import split_gaps
from avg_video.policy.people import bind, check_recording
from avg_video.policy.plan import Plan
from avg_video.record.entries import input_entry, not_checked, output_entry
from avg_video.record.hashes import sha256_file
from avg_video.record.model import SecondLookEntry
from avg_video.redact.paint import Style, paint_picture
from avg_video.redact.script import Script
from avg_video.redact.second import SecondLook
from avg_video.redact.trail import Trail, Wish, follow
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

DECODED_AHEAD = 4
"""Pictures decoded before they are needed in pass 2; bounds memory."""
PAINTED_AHEAD = 8
"""Painted pictures that wait for the encoder; bounds memory."""


def analyse(
    path: Path,
    settings: Settings | None = None,
    progress: Progress | None = None,
    *,
    met: Callable[[Picture, float, Boxes], None] | None = None,
) -> Plan:
    """Pass 1: find, follow and number the people. The plan decides nothing yet.

    `met(picture, second, found)` is told, in another thread, of faces as soon as they are found.

    Raises
    ------
    AvgError: whatever is wrong with the recording or the weights.
    """
    settings, progress = settings or Settings(), progress or Silent()
    if photo_kind(path) is not None:
        raise no_numbers(path)
    detector = load_detector(settings.detector, threads=settings.thread_count)
    with one_thread_per_stage(), VideoReader(path, threads=min(settings.threads, MAX_THREADS), draft=True) as reader:
        sha256 = sha256_file(path)
        progress.stage("looking", reader.info.declared_seconds)
        found = search(reader, detector, at=progress.at, met=met)
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
    shown: Mapping[int, str | None] | Collection[int] = (),
    office: Office | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """Make a copy of the recording or photo `path` at `output` that is safe to upload, and its record beside it.

    Parameters
    ----------
    policy: who may be shown; None takes NAME.avg.toml beside the recording, or else shows nobody.
    plan: people found earlier in this very recording; None looks for them now.
    objected, shown: people's numbers in `plan`; those who are shown may each have a pupil's token or a role.
    office: whose guideline, what is confirmed, and where log and register are; None is none of these.

    Raises
    ------
    AvgError: nothing lies under the final name then (or what lay there before, untouched).
    """
    settings, progress = settings or Settings(), progress or Silent()
    if photo_kind(path) is not None:
        if plan is not None or objected or shown:
            raise no_numbers(path)
        return anonymise_photo(path, output, settings=settings, policy=policy, office=office, progress=progress)
    check_names(path, output, overwrite=settings.overwrite)
    info = probe(path)
    with PrivateTemporary(output, overwrite=settings.overwrite):
        pass  # a folder that is missing or not writable is better known before the film was looked at
    policy = policy_beside(path) if policy is None else policy
    if is_photo_name(output):
        raise UsageError(
            tr("the copy of a recording is an MP4 file"), remedy=tr("give -o a name that ends in .mp4"), file=output
        )
    numbers = bool(objected or shown)
    papers = prepare(
        office or Office(),
        policy,
        shown=shown if isinstance(shown, Mapping) else dict.fromkeys(shown),
        audio=settings.audio,
        source=path,
    )
    policy, objected = papers.policy, papers.objected.union(objected)
    shown = {number: papers.chosen.get(number) for number in papers.shown}
    job = _Film(path, output, settings, progress, papers, numbers, info=info)
    encoder = choose_encoder(settings.encoder, info.size_wh, crf=settings.crf, preset=settings.preset)
    for text in (*info.warnings, *([encoder.note] if encoder.note else [])):
        job.warn(text)
    with job.timed("looking"):
        if plan is None:
            if policy.by_number:
                check_recording(policy, sha256_file(path))  # better known before the film was looked at
            plan = analyse(path, settings, progress)
        elif sha256_file(path) != plan.source_sha256:
            remedy = tr("run avg-blur look on this one")
            raise UsageError(tr("the plan belongs to another recording"), remedy=remedy, file=path)
        elif plan.settings.get("detector") != detector_name(settings.detector):
            remedy = tr("give --detector as then, or run avg-blur look again")
            raise UsageError(tr("the plan was made with another detector"), remedy=remedy, file=path)
        followed = follow_drawn(path, plan.timeline, policy, settings.threads)
    plan = bind(plan, policy)
    _check_numbers(path, plan, {*objected, *shown})
    if not plan.tracks:
        job.warn(tr("no face was found in it; watch the copy before you use it"))
    verdicts = decide(
        plan.tracks, plan.timeline, plan.motion, policy, objected=objected, shown=shown, followed=followed
    )
    for text in verdicts.warnings:
        job.warn(text)
    return _make(job, plan, policy, verdicts, encoder)


@dataclass(kw_only=True)
class _Film(Job):
    """One recording on its way."""

    info: SourceInfo


def _make(job: _Film, plan: Plan, policy: Policy, verdicts: Verdicts, encoder: Encoder) -> Outcome:
    """Pass 2: cover, look again, write, check, record, publish."""
    settings = job.settings
    keep = job.sound_wanted and job.info.sound_stream is not None
    sound = SoundPlan(keep, policy.mutes_s if keep else ())
    detector = load_detector(settings.detector, threads=settings.thread_count)
    second = SecondLook(_second_look(detector, job.info), settings.style, job.info.time_base, plan.timeline.cuts)
    with (
        PrivateTemporary(job.output, overwrite=settings.overwrite) as video,
        PrivateTemporary(record_path_for(job.output), overwrite=True) as note,
    ):
        with job.timed("making"):
            job.progress.stage("making", plan.timeline.duration_s)
            drawn = cover_tracks(verdicts.covers, 1 + max((track.id for track in plan.tracks), default=0))
            shows = {d.track_id: d.covered_frames for d in verdicts.decisions if d.reason.shows}
            script = Script((*plan.tracks, *drawn), shows)
            hidden, met = _write(job, video.path, plan.timeline, script, encoder, sound, second)
        for text in met:
            if text not in job.warnings:
                job.warn(text)
        with job.timed("checking"):
            job.progress.stage("checking", None)
            inspected = read_back(video.path, job.info, plan.timeline, sound=sound)
            job.check_unchanged(plan.source_sha256)
        record = job.record(
            verdicts,
            detector,
            duration_s=plan.timeline.duration_s,
            input=input_entry(job.info, plan.timeline, plan.source_sha256, hidden, job.neighbours.counts),
            output=output_entry(video.path, plan.timeline, encoder, str(settings.style), sound, inspected),
            people=people_entries(plan.tracks, plan.timeline, verdicts),
            second_look=_second_entry(second, on=settings.second_look),
            cuts=len(plan.timeline.cuts),
            not_checked=not_checked(sound=sound.keep, second_look=settings.second_look),
        )
        return replace(job.publish(record, video, note), finds_s=tuple(second.finds_s))


def follow_drawn(path: Path, timeline: Timeline, policy: Policy, threads: int = 0) -> dict[int, Followed]:
    """Where the content of covers drawn by hand goes, by line from 1, for those that follow it; reads the recording.

    Raises what reading raises.
    """
    lines = {k: line for k, line in enumerate(policy.cover, 1) if line.follow == "content"}
    wishes = {k: wish for k, line in lines.items() if (wish := _wish(line, timeline)) is not None}
    if not wishes:
        return {k: Followed(np.zeros((0, 4), np.float32), None) for k in lines}
    with one_thread_per_stage(), VideoReader(path, threads=min(threads, MAX_THREADS)) as reader:
        trails = dict(zip(wishes, follow(reader, list(wishes.values()), timeline), strict=True))
    nowhere = Trail()
    found = {k: trails.get(k, nowhere) for k in lines}
    return {k: Followed(np.array(t.boxes_xyxy, np.float32).reshape(-1, 4), t.lost) for k, t in found.items()}


def _wish(line: Cover, timeline: Timeline) -> Wish | None:
    """What to follow for a line; None where it begins after the end."""
    if (line.start_s or 0.0) >= timeline.duration_s:
        return None
    box = np.array(line.box, np.float64) * [*timeline.size_wh, *timeline.size_wh]
    return Wish(*line.pictures(timeline), box.astype(np.float32))


def _second_look(detector: Detector, info: SourceInfo) -> Callable[[Picture], Boxes]:
    """How painted pictures are looked at. Only sure hits count, since each covers half a second."""
    rounds = Rounds(info.size_wh)
    return lambda picture: look(picture, (rounds.next(),), detector, detector.strong)


def _write(
    job: _Film, path: Path, timeline: Timeline, script: Script, encoder: Encoder, sound: SoundPlan, second: SecondLook
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


def _check_numbers(path: Path, plan: Plan, numbers: Collection[int]) -> None:
    unknown = sorted(set(numbers) - {t.id for t in plan.tracks})
    if unknown:
        raise UsageError(
            tr("there is no person number {number} in it", number=unknown[0]),
            remedy=tr("choose from the page that avg-blur look made: numbers 1 to {last}", last=len(plan.tracks))
            if plan.tracks
            else tr("nobody was found in this recording, so there are no numbers to choose"),
            file=path,
        )


def _second_entry(second: SecondLook, *, on: bool) -> SecondLookEntry:
    return SecondLookEntry(on=on, looks=second.looks, finds=second.finds, frames_added=second.frames_added)
