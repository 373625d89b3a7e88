"""Checks a whole folder: its logs, every copy in it, and whether copies, records and lines belong together."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from securesystemslib.signer import SSlibKey

from avg_video.errors import InputError, UsageError, printable
from avg_video.language import cause_of, tr, trn
from avg_video.media.photo_kinds import photo_kind
from avg_video.pipeline import Progress, record_path_for
from avg_video.record.hashes import sha256_file
from avg_video.record.model import Record
from avg_video.record.store import read_record
from avg_video.verification.check import Verification, verify_with_logs
from avg_video.verification.log import LogCheck, broken_controls, check_log, logs_in, ranges
from avg_video.verification.papers import Fault

__all__ = ["FolderVerification", "Told", "verify_folder"]

COPY_ENDS = (".avg.mp4", ".avg.jpg", ".avg.jpeg", ".avg.jpe", ".avg.jfif", ".avg.png")
"""What copies are called, unless `-o` gave them another name."""
RECORD_ENDS = tuple(f"{end}.json" for end in (".avg", *COPY_ENDS[1:]))


@dataclass(frozen=True)
class Told:
    """One thing about one file, as a clause."""

    file: Path
    what: str


@dataclass
class FolderVerification:
    """What was checked in a folder and what does not hold.

    Attributes
    ----------
    outputs: the copies that were checked.
    faults: what does not hold, and of which file.
    doubts: what a person must judge.
    notes: what a reader may wonder about, and which is in order.
    """

    folder: Path
    logs: tuple[LogCheck, ...] = ()
    outputs: list[Verification] = field(default_factory=list)
    faults: list[tuple[Path, Fault]] = field(default_factory=list)
    doubts: list[Told] = field(default_factory=list)
    notes: list[Told] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether every check was passed."""
        return not self.faults


def verify_folder(
    folder: Path,
    *,
    log: Path | None = None,
    controls: Collection[str] = (),
    keys: Sequence[SSlibKey] = (),
    detector: str = "auto",
    threads: int = 0,
    bar: Callable[[Path], AbstractContextManager[Progress]],
) -> FolderVerification:
    """Check every log and every copy in `folder` and the folders below it. Links and hidden files are left out.

    Parameters
    ----------
    log: the one log to ask; None asks all that lie there.
    controls, keys, detector, threads: as of `verify`.
    bar: makes the progress of one file, which is entered while that file is checked.

    Raises
    ------
    UsageError: the log that was named can't be read, or a control number is none.
    ModelError: the detector can't be had.
    """
    done = FolderVerification(folder)
    found = _Found()
    for part in _folders(folder, done):
        found.take(part, done)
    done.logs = tuple(_logs(found.logs if log is None else [log], keys, done, named=log is not None))
    for one in done.logs:
        done.faults += [(one.path, Fault("log", what)) for what in one.faults]
        done.doubts += [Told(one.path, what) for what in one.doubts]
        done.notes += [Told(one.path, what) for what in one.notes]
    for one, what in broken_controls(done.logs, controls):
        done.faults.append((one.path, Fault("log", what)))
    if not done.logs:
        _without_log(done, controls)
    told = _outputs(found, done, detector=detector, threads=threads, bar=bar)
    _records(found, done, told)
    _gone(found, done)
    return done


@dataclass
class _Found:
    """What lies in the folder: media by hash, logs and records."""

    media: dict[Path, str] = field(default_factory=dict)
    logs: list[Path] = field(default_factory=list)
    records: list[Path] = field(default_factory=list)

    def take(self, folder: Path, done: FolderVerification) -> None:
        """Everything directly in one folder."""
        self.logs += logs_in(folder)
        for path in sorted(folder.iterdir()):
            try:
                if path.name.startswith(".") or path.is_symlink() or not path.is_file():
                    continue
                if path.name.lower().endswith(RECORD_ENDS):
                    self.records.append(path)
                elif _is_copy_name(path) or _is_media(path):
                    self.media[path] = sha256_file(path)
            except InputError as error:
                done.faults.append((path, Fault("content", error.what)))
            except OSError as error:  # a folder that may be listed, and nothing in it looked at
                done.faults.append((path, _unreadable(error)))


def _folders(folder: Path, done: FolderVerification) -> Iterator[Path]:
    """The folder and those below it, each before what is in it; one that can't be listed is a fault."""

    def refused(error: OSError) -> None:
        done.faults.append((Path(error.filename or folder), _unreadable(error)))

    for root, names, _ in os.walk(folder, onerror=refused):
        names[:] = sorted(name for name in names if not name.startswith("."))
        yield Path(root)


def _unreadable(error: OSError) -> Fault:
    return Fault("content", tr("it can't be read ({why})", why=cause_of(error) or type(error).__name__))


def _is_copy_name(path: Path) -> bool:
    return path.name.lower().endswith(COPY_ENDS)


def _is_media(path: Path) -> bool:
    """Whether it is, by its first bytes, of a kind that copies are, whatever it is called."""
    if photo_kind(path) in ("jpeg", "png"):
        return True
    try:
        with path.open("rb") as file:
            return file.read(8)[4:] == b"ftyp"
    except OSError:
        return False  # not a copy by its name either; a copy is told when it is hashed


def _logs(
    paths: Sequence[Path], keys: Sequence[SSlibKey], done: FolderVerification, *, named: bool
) -> Iterator[LogCheck]:
    for path in paths:
        try:
            yield check_log(path, keys)
        except UsageError as error:
            if named:
                raise
            done.faults.append((path, Fault("log", error.what)))


def _without_log(done: FolderVerification, controls: Collection[str]) -> None:
    if controls:
        done.faults.append((done.folder, Fault("log", tr("there is no log in it that a control number could be of"))))
    else:
        done.doubts.append(
            Told(done.folder, tr("there is no log in it, so nothing tells whether copies were put in or taken out"))
        )


def _outputs(
    found: _Found,
    done: FolderVerification,
    *,
    detector: str,
    threads: int,
    bar: Callable[[Path], AbstractContextManager[Progress]],
) -> set[Path]:
    """Check every copy; the records that were asked on the way."""
    asked: set[Path] = set()
    known = {entry.output for log in done.logs for entry in log.entries.values()}
    for path, sha256 in found.media.items():
        if sha256 not in known and not _looks_like_a_copy(path, sha256):
            continue
        try:
            with bar(path) as progress:
                one = verify_with_logs(
                    path,
                    None,
                    sha256,
                    done.logs,
                    tell_logs=False,
                    detector=detector,
                    threads=threads,
                    progress=progress,
                )
        except (InputError, UsageError) as error:
            done.faults.append((path, Fault("content", error.what)))
            if done.logs and sha256 not in known:
                done.faults.append((path, Fault("log", tr("no line of the log is about it"))))
            asked.add(record_path_for(path))
            continue
        done.outputs.append(one)
        done.faults += [(path, fault) for fault in one.faults]
        asked.add(one.record_path)
    return asked


def _looks_like_a_copy(path: Path, sha256: str) -> bool:
    """Whether a file that no line is about is one of ours: by its name, or because a record beside it is about it.

    The recording lies beside its copy and shares the name of the record; its hash tells it.
    """
    if _is_copy_name(path):
        return True
    beside = record_path_for(path)
    if not beside.is_file():
        return False
    record = _record_or_none(beside)
    if record is not None and record.input.sha256 == sha256:
        return False
    stem = path.stem.removesuffix(".avg")
    return not any(path.with_name(f"{stem}{end}").exists() for end in COPY_ENDS)


def _record_or_none(path: Path) -> Record | None:
    try:
        return read_record(path)
    except UsageError:
        return None


def _records(found: _Found, done: FolderVerification, asked: set[Path]) -> None:
    """Records that no copy led to, and no line either."""
    if not done.logs:
        return
    known = {entry.record for log in done.logs for entry in log.entries.values()}
    for path in found.records:
        if path not in asked and _hash_or_none(path) not in known:
            what = tr("no line of the log is about this record, or it was changed since")
            done.faults.append((path, Fault("log", what)))


def _hash_or_none(path: Path) -> str | None:
    try:
        return sha256_file(path)
    except (InputError, UsageError):
        return None


def _gone(found: _Found, done: FolderVerification) -> None:
    """Lines about copies that are not there; that is no fault, since copies must be deleted in the end."""
    here = set(found.media.values())
    for log in done.logs:
        gone = [entry.sequence for entry in log.entries.values() if entry.output not in here]
        if gone:
            what = trn(
                "the copy of line {lines} is not here: it was deleted, moved or made again",
                "the copies of lines {lines} are not here: they were deleted, moved or made again",
                len(gone),
                lines=ranges(gone),
            )
            done.notes.append(Told(log.path, printable(what)))
