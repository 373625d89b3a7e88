"""From what a user names (a file, a day) to what the register knows of it."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from uuid import UUID

import click

from avg_video.errors import AvgError, PolicyError, UsageError
from avg_video.language import tr
from avg_video.policy.profile import load_profile
from avg_video.record.hashes import sha256_file
from avg_video.record.store import read_record
from avg_video.register.contents import Contents, contents_of
from avg_video.register.database import Register, open_register, path_in, path_out
from avg_video.register.deletion import Spot, spots
from avg_video.register.dues import Due, consent_ends, dues, without_term
from avg_video.register.runs import reference
from avg_video.register.stock import CopyRow, Stock, read_stock

__all__ = [
    "UNKNOWN_DAY",
    "agreed",
    "copies_about",
    "copies_at",
    "day_of",
    "dues_of",
    "opened",
    "read_contents",
    "reference_of",
    "spots_of",
    "stock_of",
    "unique",
]

UNKNOWN_DAY = "unknown"
"""What takes a day out again."""


@contextlib.contextmanager
def opened(path: Path | None) -> Iterator[Register]:
    """The register, which must be there: an empty one would look as if nothing were due."""
    with open_register(path, create=False) as register:
        yield register


def stock_of(path: Path | None) -> Stock:
    """What it holds."""
    with opened(path) as register:
        return read_stock(register)


def dues_of(register: Register, stock: Stock, today: date) -> tuple[tuple[Due, ...], int]:
    """What must go by when, and how many files have no day at all."""
    ends = consent_ends(register, stock, _needs_consent, today)
    return dues(stock, ends), without_term(stock, ends)


def _needs_consent(profile: str) -> bool:
    """Whether that guideline asks for consent; one that is no longer known is taken to do so."""
    try:
        return load_profile(profile).needs_consent
    except PolicyError:
        return True


def copies_at(stock: Stock, file: Path) -> tuple[CopyRow, ...]:
    """The copies that `file` is, at least one, that at its place first; a file that is gone is known by its place.

    Raises `UsageError` when it isn't registered, or is a recording.
    """
    sha256 = _sha256(file)
    copies = stock.find_copies(file, sha256)
    if copies:
        return copies if sha256 else copies[:1]
    if stock.find_recording(file, sha256) is not None:
        raise UsageError(
            tr("it is a recording, in which nobody is covered, and not a copy"),
            remedy=tr("name the copy that was made of it"),
            file=file,
        )
    raise _not_registered(stock, file, sha256)


def copies_about(stock: Stock, file: Path) -> tuple[CopyRow, ...]:
    """As `copies_at`, and for a recording all copies of it."""
    sha256 = _sha256(file)
    if not stock.find_copies(file, sha256):
        recording = stock.find_recording(file, sha256)
        if recording is not None:
            return stock.copies_of(recording)
    return copies_at(stock, file)


def unique(groups: Iterable[Sequence[CopyRow]]) -> tuple[CopyRow, ...]:
    """Every copy once."""
    return tuple({copy.id: copy for group in groups for copy in group}.values())


def spots_of(due: Sequence[Due], files: Sequence[Path], stock: Stock) -> tuple[Spot, ...]:
    """The files of what is due, or of them those that a user named, which may lie anywhere.

    Raises `UsageError` for a file that isn't registered, or isn't due.
    """
    registered = [spot for each in due for spot in spots(each)]
    return tuple(_spot(due, registered, file, stock) for file in files) if files else tuple(registered)


def _spot(due: Sequence[Due], registered: Sequence[Spot], file: Path, stock: Stock) -> Spot:
    name, sha256 = path_in(file), _sha256(file)
    for spot in registered:
        if path_in(spot.path) == name and sha256 in (None, spot.due.thing.sha256):
            return spot
    for each in due:
        if each.thing.sha256 == sha256:
            return Spot(each, path_out(name), registered=False)
    if stock.find_copies(file, sha256) or stock.find_recording(file, sha256) is not None:
        raise UsageError(
            tr("it is registered, but not due"),
            remedy=tr("see avg-blur register due; delete it yourself if it must go"),
            file=file,
        )
    raise _not_registered(stock, file, sha256)


def _sha256(file: Path) -> str | None:
    """The hash of the file; None where there is none at that place."""
    try:
        if not stat.S_ISREG(file.stat().st_mode):
            raise UsageError(tr("this is not a plain file"), remedy=tr("give the name of a file"), file=file)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError):
        pass  # sha256_file says why
    return sha256_file(file)


def _not_registered(stock: Stock, file: Path, sha256: str | None) -> UsageError:
    if sha256 is None:
        what = tr("there is no such file, and none is registered at this place")
    elif stock.find_copies(file, None) or stock.find_recording(file, None):
        what = tr("another file was registered at this place; its bytes are not those")
    else:
        what = tr("it is not registered")
    return UsageError(what, remedy=tr("see avg-blur register list"), file=file)


def read_contents(copy: CopyRow) -> Contents | None:
    """What the record of a copy says; None when it is gone, can't be read, or isn't the one that was registered."""
    try:
        if sha256_file(copy.record_path) != copy.record_sha256:
            return None
        return contents_of(read_record(copy.record_path).model_dump(mode="json"))
    except AvgError:
        return None


def reference_of(copy: CopyRow) -> str:
    """How the register calls the run of a copy."""
    return reference(UUID(copy.run_id))


def day_of(text: str) -> date | None:
    """A day as the user writes it; None for `UNKNOWN_DAY`. Raises `click.BadParameter`."""
    if text == UNKNOWN_DAY:
        return None
    try:
        if len(text) != len("2026-11-30"):
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(
            tr("{text} is not a day such as 2026-11-30", text=repr(text)), param_hint="DAY"
        ) from None


def agreed(question: str) -> bool:
    """Whether the user says yes, in either language; anything else is no. Raises `UsageError` with nobody to ask."""
    try:
        answer = click.prompt(question, default="", show_default=False, prompt_suffix=" ", err=True)
        return str(answer).strip().lower() in ("y", "yes", "j", "ja")
    except click.Abort:
        if os.isatty(0):
            raise  # Ctrl-C
        raise UsageError(
            tr("nobody answered, so nothing was done"), remedy=tr("give --yes to do it without being asked")
        ) from None
