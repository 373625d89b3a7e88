"""The work on one recording of a batch: skip what is done, else make it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from avg_video.batch.collect import Job
from avg_video.batch.summary import JobResult
from avg_video.errors import EXIT_LOOK, OutputError, UsageError
from avg_video.job import must_be_made_again
from avg_video.language import tr
from avg_video.media.temporary import as_output_error
from avg_video.papers.office import Office, prepare
from avg_video.pipeline import (
    Progress,
    Settings,
    anonymise,
    policy_beside,
    record_path_for,
    settings_fingerprint,
)
from avg_video.policy.document import Policy, load_policy
from avg_video.record.hashes import sha256_file
from avg_video.record.model import Record
from avg_video.record.store import read_record

__all__ = ["already_done", "make_one", "worker"]


def worker(settings: Settings, jobs_n: int, office: Office | None = None) -> Callable[[Job, Progress], JobResult]:
    """`make_one` with these settings, for `jobs_n` recordings at once; can be sent to another process.

    Where the number of threads was left open, the processor is shared out, since several recordings that each take all
    of it only get in each other's way.
    """
    if jobs_n > 1 and not settings.threads:
        settings = replace(settings, threads=max((os.cpu_count() or 1) // jobs_n, 1))
    return partial(make_one, settings=settings, office=office)


def make_one(job: Job, progress: Progress, *, settings: Settings, office: Office | None = None) -> JobResult:
    """Make the copy of one recording, unless it is there already; raises what `pipeline.anonymise` raises."""
    policy = policy_beside(job.source) if job.policy is None else load_policy(job.policy)
    try:
        job.output.parent.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise OutputError(
            tr("a file is where its folder should be"), remedy=tr("choose another folder with -o"), file=job.output
        ) from error
    except OSError as error:
        raise as_output_error(error, job.output) from error
    record = already_done(job, settings, policy, office or Office())
    if record is not None:
        note = tr("already done, same recording and same settings")
        return JobResult(status="skipped", exit_code=3 if record.status == "look" else 0, note=note)
    if job.fresh:
        settings = replace(settings, overwrite=False)
    if not settings.overwrite and must_be_made_again(
        job.source, job.output, settings=settings, policy=policy, office=office or Office()
    ):
        note = tr("it shows somebody who may no longer be shown; make it again with --overwrite, or delete it")
        return JobResult(status="make-again", exit_code=3, note=note)
    outcome = anonymise(job.source, job.output, settings=settings, policy=policy, office=office, progress=progress)
    head = outcome.filed.head
    number = None if head is None else head.control_number
    if outcome.exit_code == EXIT_LOOK:
        return JobResult(status="look", exit_code=3, control_number=number)
    return JobResult(status="done", exit_code=0, control_number=number)


def already_done(job: Job, settings: Settings, policy: Policy, office: Office) -> Record | None:
    """The record of a copy that lies under the job's output name, if making it again would give the same.

    Everything must hold: a valid record, made with these settings, this policy, profile and checklist, the consents as
    they stand now, and without numbers chosen by hand, from this very recording, the copy unchanged since, and not one
    that the register wants made again. In any doubt it is not done.
    """
    record_path = record_path_for(job.output)
    if not job.output.is_file() or not record_path.is_file():
        return None
    try:
        record = read_record(record_path)
    except UsageError:
        return None
    if record.policy.source not in ("none", "file"):
        return None
    papers = prepare(office, policy, audio=settings.audio, source=job.source)
    if record.settings_sha256 != settings_fingerprint(settings, papers.policy):
        return None
    if papers.confirmed != {check.id for check in record.processing.checklist if check.confirmed}:
        return None
    same = record.output.sha256 == sha256_file(job.output) and record.input.sha256 == sha256_file(job.source)
    places = {"source": job.source, "output": job.output, "record_path": record_path}
    return record if same and papers.may_stay(record, **places) else None
