"""Where look pages and their plans lie: a folder of the user's own, with nothing of the recording's name in it."""

from __future__ import annotations

import contextlib
import getpass
import os
import re
import stat
import tempfile
from pathlib import Path

from avg_video.errors import OutputError, UsageError
from avg_video.language import cause_of, tr
from avg_video.media.folders import data_folder
from avg_video.media.private import write_private
from avg_video.policy.document import Numbers
from avg_video.policy.people import numbers_of
from avg_video.policy.plan import Plan

__all__ = [
    "MARK",
    "PLAN_SUFFIX",
    "check_page",
    "find_plan",
    "find_plan_of",
    "page_paths",
    "private_folder",
    "shelf",
    "shelf_path",
]

MARK = '<meta name="generator" content="avg-blur look">'
"""By this line a page is known as one of ours, which may be replaced."""
PLAN_SUFFIX = ".avgplan"
NOTE_SUFFIX = ".where"
NAME_DIGITS = 32
"""Hex digits of the recording's hash that name its page; 128 bits, so two recordings never share a name."""


def private_folder() -> Path:
    """The folder `avg-blur-<user>` in the system's temporary folder, made with mode 0700 if it isn't there.

    The temporary folder is open to everyone, so another user can put something under that name first; then it is not
    used.

    Raises
    ------
    UsageError: the name is taken by a link, a file, or a folder of somebody else.
    OutputError: it can't be made.
    """
    folder = Path(tempfile.gettempdir()) / f"avg-blur-{_user()}"
    try:
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        found = folder.lstat()  # lstat: a link must be seen, not followed
        if not stat.S_ISDIR(found.st_mode) or not _is_ours(found):
            raise UsageError(
                tr("this is not a folder of yours, so faces can't be kept there"),
                remedy=tr("remove it, or name another place with -o"),
                file=folder,
            )
        if os.name == "posix" and found.st_mode & 0o077:
            folder.chmod(0o700)
    except OSError as error:
        why = cause_of(error) or type(error).__name__
        raise OutputError(
            tr("it can't be made ({why})", why=why), remedy=tr("name another place with -o"), file=folder
        ) from error
    return folder


def check_page(page: Path) -> None:
    """Refuse a place where a look page can't go, or where it would replace something else.

    Raises
    ------
    UsageError: `page` is a folder or something that is not a look page, or has the name of a plan.
    OutputError: its folder does not exist.
    """
    if page.suffix.lower() == PLAN_SUFFIX:
        raise UsageError(
            tr("this is the name of a plan, not of a page"), remedy=tr("give -o a name in .html"), file=page
        )
    if page.is_dir() or (page.exists() and not _is_look_page(page)):
        raise UsageError(
            tr("there is something else than a look page"), remedy=tr("name another place with -o"), file=page
        )
    if not page.absolute().parent.is_dir():
        raise OutputError(
            tr("its folder does not exist"), remedy=tr("make the folder first, or choose another"), file=page
        )


def page_paths(source_sha256: str, page: Path | None) -> tuple[Path, Path]:
    """Where the page of that recording goes (`page`, or a place in the private folder), and the plan beside it.

    A plan that is kept elsewhere is noted in the private folder, so that `find_plan` knows where to look.

    Raises what `private_folder` raises.
    """
    name = _name(source_sha256)
    folder = private_folder()
    if page is None:
        return folder / f"{name}.html", folder / f"{name}{PLAN_SUFFIX}"
    plan = page.absolute().with_name(page.name.removesuffix(page.suffix) + PLAN_SUFFIX)
    write_private(folder / f"{name}{NOTE_SUFFIX}", os.fsencode(plan))
    return page, plan


def find_plan(source_sha256: str) -> Path | None:
    """The plan last kept for that recording, or None. The caller loads it and compares the hash in it.

    A plan decides who is shown, so one that somebody else could have written is left alone.

    Raises what `private_folder` raises.
    """
    kept = _looked_at(source_sha256)  # not those of a review: the page's numbers may be others than theirs
    return kept[0] if kept else None


def find_plan_of(numbers: Numbers) -> Plan | None:
    """The plan kept for a recording in which people have these numbers, or None.

    Raises what `private_folder` raises.
    """
    reviewed = shelf_path(numbers.recording, PLAN_SUFFIX)
    for path in (*([reviewed] if _trusted(reviewed) else []), *_looked_at(numbers.recording)):
        with contextlib.suppress(UsageError):  # one that is damaged, or of another version, is not the one
            plan = Plan.load(path)
            if numbers_of(plan) == numbers:
                return plan
    return None


def shelf() -> Path:
    """The folder, among the user's data, for what outlives a review: plans and drafts, by the recording's hash."""
    return data_folder() / "review"


def shelf_path(source_sha256: str, suffix: str) -> Path:
    """Where the file of that kind lies on the shelf for that recording."""
    return shelf() / f"{_name(source_sha256)}{suffix}"


def _looked_at(source_sha256: str) -> list[Path]:
    """All plans that `avg-blur look` kept for that recording, the newest first."""
    name, folder = _name(source_sha256), private_folder()
    places = [folder / f"{name}{PLAN_SUFFIX}"]
    note = folder / f"{name}{NOTE_SUFFIX}"
    if _trusted(note):
        places.append(Path(os.fsdecode(note.read_bytes())))
    kept = [(place.lstat().st_mtime_ns, place) for place in places if _trusted(place)]
    return [place for _, place in sorted(kept, reverse=True)]


def _is_look_page(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return MARK.encode("ascii") in file.read(300)
    except OSError:
        return False


def _user() -> str:
    try:
        name = getpass.getuser()
    except (OSError, KeyError, ImportError):  # what it raises without a user's name differs by version and platform
        name = str(os.getuid()) if hasattr(os, "getuid") else "user"
    return re.sub(r"[^A-Za-z0-9._-]", "_", name)


def _name(source_sha256: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{64}", source_sha256):
        raise ValueError(f"source_sha256: expected 64 hex digits, got {source_sha256!r}")
    return source_sha256[:NAME_DIGITS]


def _is_ours(found: os.stat_result) -> bool:
    return not hasattr(os, "getuid") or found.st_uid == os.getuid()


def _trusted(path: Path) -> bool:
    """A plain file of ours that nobody else may write."""
    try:
        found = path.lstat()
    except OSError:
        return False
    others_write = os.name == "posix" and bool(found.st_mode & 0o022)
    return stat.S_ISREG(found.st_mode) and _is_ours(found) and not others_write
