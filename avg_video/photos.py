"""The way of a photo, in order: read, look, decide, cover, look again, write, check, record, publish.

The counterpart of `pipeline.py` for single pictures; that one calls this one where the input is a photo.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt

from avg_video.detect.detector import Detector, load_detector
from avg_video.detect.still import Sighted, cover_score, look_at_still, still_views
from avg_video.detect.views import View
from avg_video.job import (
    Job,
    Outcome,
    Progress,
    Settings,
    Silent,
    check_names,
    no_numbers,
    people_entries,
    policy_beside,
    record_path_for,
)
from avg_video.language import tr
from avg_video.media.photo_inspect import read_back_photo
from avg_video.media.photo_read import Photo, read_photo
from avg_video.media.photo_write import PhotoEncoder, encoder_for, write_photo
from avg_video.media.temporary import PrivateTemporary, as_output_error
from avg_video.media.timing import Timeline
from avg_video.papers.office import Office, prepare
from avg_video.policy.decide import Verdicts, decide
from avg_video.policy.document import Policy
from avg_video.record.entries import not_checked
from avg_video.record.model import SecondLookEntry
from avg_video.record.photo_entries import photo_input_entry, photo_output_entry
from avg_video.redact.script import Script
from avg_video.redact.second import explained
from avg_video.redact.shape import cover_mask
from avg_video.redact.still import cover_still, picture_of
from avg_video.track.types import CameraMotion, Evidence, Track

__all__ = ["anonymise_photo"]

F32 = npt.NDArray[np.float32]
U8 = npt.NDArray[np.uint8]

MAX_ROUNDS = 5
"""Looks at the covered photo at most. After the last one a person must look, if there was still somebody."""
GHOST_SHARE = 0.5
"""A find that lies under covers to this share of its box is a ghost of a cover's edge; covered, but not counted."""


def anonymise_photo(
    path: Path,
    output: Path,
    *,
    settings: Settings | None = None,
    policy: Policy | None = None,
    office: Office | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """Make a copy of the photo `path` at `output` (JPEG or PNG, by its name), and its record beside it.

    Parameters
    ----------
    policy: who may be shown, as for a recording of one picture at the second 0; None takes NAME.avg.toml beside the
        photo, or else shows nobody.
    office: as of `pipeline.anonymise`.

    Raises
    ------
    AvgError: nothing lies under the final name then (or what lay there before, untouched).
    """
    settings, progress = settings or Settings(), progress or Silent()
    check_names(path, output, overwrite=settings.overwrite)
    encoder = encoder_for(output)
    with PrivateTemporary(output, overwrite=settings.overwrite):
        pass  # a folder that is missing or not writable is better known before the photo was looked at
    policy = policy_beside(path) if policy is None else policy
    if policy.by_number:
        raise no_numbers(path)
    papers = prepare(office or Office(), policy, audio=settings.audio, source=path)
    policy = papers.policy
    job = Job(path, output, settings, progress, papers)
    progress.stage("looking", None)
    with job.timed("looking"):
        photo = read_photo(path)
        for text in photo.warnings:
            job.warn(text)
        detector = load_detector(settings.detector, threads=settings.thread_count)
        sighted = look_at_still(picture_of(photo.rgb), _views(photo), detector, cover_score(detector))
    found = _found(sighted, photo, detector.strong)
    if not found.tracks:
        job.warn(tr("no face was found in it; look at the copy before you use it"))
    verdicts = decide(found.tracks, found.timeline, CameraMotion.still(1), policy)
    for text in verdicts.warnings:
        job.warn(text)
    return _make(job, photo, found, policy, verdicts, detector, encoder)


@dataclass(frozen=True, eq=False)
class _Found:
    """Who is in the photo: the same parts that a recording has, for one picture, and for each person the boxes that
    were found around theirs."""

    timeline: Timeline
    tracks: tuple[Track, ...]
    around: dict[int, F32]


def _views(photo: Photo) -> tuple[View, ...]:
    w, h = photo.size_wh
    return still_views((w + w % 2, h + h % 2))


def _found(sighted: Sighted, photo: Photo, strong: float) -> _Found:
    """People get their numbers from left to right."""
    w, h = photo.size_wh
    timeline = Timeline(
        pts=np.zeros(1, np.int64),
        end_pts=1,
        time_base=Fraction(1),
        size_wh=(w + w % 2, h + h % 2),
        rotation_deg=photo.rotation_deg,
        sample_aspect=Fraction(1),
        cuts=np.zeros(0, np.int32),
    )
    boxes, scores = sighted.people.boxes_xyxy, sighted.people.scores
    order = np.argsort(boxes[:, 0] + boxes[:, 2], kind="stable").tolist()
    tracks = tuple(
        Track(
            number,
            np.zeros(1, np.int32),
            boxes[k : k + 1],
            np.array([Evidence.DETECTED], np.uint8),
            confirmed=bool(scores[k] >= strong),
        )
        for number, k in enumerate(order, 1)
    )
    return _Found(timeline, tracks, {number: sighted.around[k] for number, k in enumerate(order, 1)})


@dataclass
class _Covered:
    """The covered photo, and what looking at it again found."""

    rgb: U8
    looks: int = 0
    finds: int = 0
    added: bool = False
    left_over: int = 0


def _cover(photo: Photo, found: _Found, verdicts: Verdicts, detector: Detector, settings: Settings) -> _Covered:
    """Cover everybody who is not shown, look again and cover who is still found, until nobody is."""
    shows = {d.track_id: d.covered_frames for d in verdicts.decisions if d.reason.shows}
    covered, left = Script(found.tracks, shows).at(0)
    around = [more for number, more in found.around.items() if number not in shows]
    boxes = np.concatenate([covered, *around, *(cover.parts_at(0) for cover in verdicts.covers)])
    done = _Covered(cover_still(photo.rgb, boxes, settings.style))
    if not settings.second_look:
        return done
    views = _views(photo)
    for _ in range(MAX_ROUNDS):
        # Only sure hits: covers and hair at their edges give weak ones for ever.
        again = look_at_still(picture_of(done.rgb), views, detector, detector.strong)
        finds = again.people.boxes_xyxy
        finds = finds[~explained(finds, left)]
        done.looks += 1
        done.left_over = len(finds)
        if not len(finds):
            break
        done.finds += int((_share_covered(finds, boxes, found.timeline.size_wh) < GHOST_SHARE).sum())
        done.added = True
        boxes = np.concatenate([boxes, finds])
        # From the original each time: nothing is grown from paint, and the picture has lost nothing elsewhere.
        done.rgb = cover_still(photo.rgb, boxes, settings.style)
    return done


def _share_covered(finds: F32, boxes: F32, size_wh: tuple[int, int]) -> npt.NDArray[np.float64]:
    """float64 (n,): how much of each find lies under the covers of `boxes`."""
    mask = cover_mask(boxes, size_wh)
    shares = np.zeros(len(finds))
    for k, (x1, y1, x2, y2) in enumerate(np.maximum(finds, 0).astype(int).tolist()):
        part = mask[y1 : y2 + 1, x1 : x2 + 1]
        shares[k] = part.mean() if part.size else 1.0
    return shares


def _make(
    job: Job,
    photo: Photo,
    found: _Found,
    policy: Policy,
    verdicts: Verdicts,
    detector: Detector,
    encoder: PhotoEncoder,
) -> Outcome:
    """Cover, look again, write, check, record, publish."""
    settings = job.settings
    with (
        PrivateTemporary(job.output, overwrite=settings.overwrite) as copy,
        PrivateTemporary(record_path_for(job.output), overwrite=True) as note,
    ):
        job.progress.stage("making", None)
        with job.timed("making"):
            covered = _cover(photo, found, verdicts, detector, settings)
            if covered.left_over:
                job.warn(
                    tr("after {rounds} rounds of covering, faces are still found in the copy", rounds=covered.looks)
                )
            try:
                write_photo(copy.path, covered.rgb, encoder)
            except OSError as error:
                raise as_output_error(error, job.output) from error
        job.progress.stage("checking", None)
        with job.timed("checking"):
            inspected = read_back_photo(copy.path, covered.rgb)
            job.check_unchanged(photo.sha256)
        record = job.record(
            verdicts,
            detector,
            duration_s=0.0,
            look=bool(covered.left_over),
            input=photo_input_entry(photo, job.neighbours.counts),
            output=photo_output_entry(copy.path, photo, encoder, str(settings.style), inspected),
            people=people_entries(found.tracks, found.timeline, verdicts, lasts_s=0.0),
            second_look=SecondLookEntry(
                on=settings.second_look, looks=covered.looks, finds=covered.finds, frames_added=int(covered.added)
            ),
            cuts=0,
            not_checked=not_checked(sound=False, second_look=settings.second_look),
        )
        return job.publish(record, copy, note)
