"""Many recordings in one go: which ones, in which order, in how many processes, and what came of each."""

from __future__ import annotations

from avg_video.batch.collect import Collected, Job, LeftOut, collect
from avg_video.batch.one import make_one, worker
from avg_video.batch.run import BatchProgress, run_batch
from avg_video.batch.summary import BATCH_FILE, BatchSummary, FileEntry, JobResult, read_batch

__all__ = [
    "BATCH_FILE",
    "BatchProgress",
    "BatchSummary",
    "Collected",
    "FileEntry",
    "Job",
    "JobResult",
    "LeftOut",
    "collect",
    "make_one",
    "read_batch",
    "run_batch",
    "worker",
]
