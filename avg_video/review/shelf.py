"""What outlives a review: the people that were found, and choices not saved yet; private, by the recording's hash.

No pictures and no names are in it. Nobody else can open the same recording while one review has it.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avg_video.errors import AvgError, OutputError, UsageError
from avg_video.language import tr
from avg_video.media.private import write_private
from avg_video.policy.document import Policy, policy_of
from avg_video.policy.plan import Plan
from avg_video.policy.writing import policy_table
from avg_video.review.places import PLAN_SUFFIX, shelf, shelf_path

__all__ = ["Draft", "alone", "keep_plan", "kept_plan", "read_draft", "remove_draft", "tidy", "write_draft"]

fcntl: Any
try:
    fcntl = importlib.import_module("fcntl")
except ImportError:  # Windows
    fcntl = None

DRAFT_SUFFIX = ".draft.json"
LOCK_SUFFIX = ".open"
FORMAT = 1
MAX_DRAFT = 4_000_000
KEPT_DAYS = 90
"""After so many days without being opened, what is on the shelf is removed."""


@dataclass(frozen=True)
class Draft:
    """Choices that were made.

    Attributes
    ----------
    policy: them.
    file_sha256: of the policy file beside the recording from which they began, or as which they were saved last; None
        where there was none.
    """

    policy: Policy
    file_sha256: str | None


def keep_plan(plan: Plan) -> None:
    """Put a plan on the shelf. Raises `OutputError` where that can't be written."""
    _made()
    plan.save(shelf_path(plan.source_sha256, PLAN_SUFFIX))


def kept_plan(source_sha256: str, detector: str) -> Plan | None:
    """The plan on the shelf that was made of this recording with that detector; None where there is none that can be
    read."""
    path = shelf_path(source_sha256, PLAN_SUFFIX)
    try:
        plan = Plan.load(path)
    except AvgError:  # none, damaged, or of another version: looking again makes a new one
        return None
    if plan.source_sha256 != source_sha256 or plan.settings.get("detector") != detector:
        return None
    with contextlib.suppress(OSError):
        os.utime(path)  # so that it is not tidied away
    return plan


def write_draft(source_sha256: str, draft: Draft) -> None:
    """Keep choices. Raises `OutputError` where that can't be written."""
    _made()
    held = {"format": FORMAT, "policy": policy_table(draft.policy), "file_sha256": draft.file_sha256}
    write_private(shelf_path(source_sha256, DRAFT_SUFFIX), json.dumps(held).encode("utf-8"))


def read_draft(source_sha256: str) -> Draft | None:
    """The choices that were kept; None where there are none that can be read."""
    path = shelf_path(source_sha256, DRAFT_SUFFIX)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_DRAFT + 1)
        held = json.loads(data) if len(data) <= MAX_DRAFT else None
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(held, dict) or held.get("format") != FORMAT or not isinstance(held.get("policy"), dict):
        return None
    sha256 = held.get("file_sha256")
    try:
        return Draft(policy_of(held["policy"]), sha256 if isinstance(sha256, str) else None)
    except AvgError:
        return None


def remove_draft(source_sha256: str) -> None:
    """Forget the choices that were kept, now that they are in a file of their own."""
    shelf_path(source_sha256, DRAFT_SUFFIX).unlink(missing_ok=True)


def tidy(now_s: float | None = None) -> None:
    """Remove what nobody has opened for `KEPT_DAYS`."""
    before = (time.time() if now_s is None else now_s) - KEPT_DAYS * 86400
    with contextlib.suppress(OSError):  # a shelf that is not there, or can't be read, is left as it is
        for entry in os.scandir(shelf()):
            ours = entry.name.endswith((PLAN_SUFFIX, DRAFT_SUFFIX, LOCK_SUFFIX)) and entry.is_file(
                follow_symlinks=False
            )
            if ours and entry.stat(follow_symlinks=False).st_mtime < before:
                Path(entry.path).unlink(missing_ok=True)


@contextlib.contextmanager
def alone(source_sha256: str, address: str, file: Path) -> Iterator[None]:
    """Within the block no other review may open this recording; `address` is told to who tries.

    Raises `UsageError` when another one has it, and `OutputError` where the shelf can't be written.
    """
    _made()
    path = shelf_path(source_sha256, LOCK_SUFFIX)
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    except OSError as error:
        raise _unwritable(error) from error
    try:
        if not _lock(handle):
            where = os.read(handle, 200).decode("ascii", "replace").strip()
            raise UsageError(
                tr("it is open for review already, at {address}", address=where or "127.0.0.1"),
                remedy=tr("go on there, or end that review first"),
                file=file,
            )
        os.truncate(handle, 0)
        os.write(handle, address.encode("ascii"))
        yield
    finally:
        os.close(handle)


def _lock(handle: int) -> bool:
    """Whether the file is ours now, until it is closed or the process ends."""
    try:
        if fcntl is not None:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:
            msvcrt: Any = importlib.import_module("msvcrt")
            os.lseek(handle, 4096, os.SEEK_SET)  # behind the text, which others must be able to read
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
            os.lseek(handle, 0, os.SEEK_SET)
    except OSError:
        os.lseek(handle, 0, os.SEEK_SET)
        return False
    return True


def _made() -> None:
    try:
        shelf().mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(error) from error


def _unwritable(error: OSError) -> OutputError:
    why = error.strerror or type(error).__name__
    return OutputError(tr("it can't be written ({why})", why=why), remedy=tr("check its permissions"), file=shelf())
