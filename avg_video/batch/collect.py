"""Which files are to be made, where each copy goes, and what is left out and why."""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

from avg_video.batch.neutral import NeutralNames, is_neutral_copy
from avg_video.errors import UsageError, printable
from avg_video.language import cause_of, mark, tr
from avg_video.media.photo_kinds import JPEG_SUFFIXES, PHOTO_SUFFIXES
from avg_video.pipeline import default_output

__all__ = ["RECORDING_SUFFIXES", "Collected", "Job", "LeftOut", "collect"]

RECORDING_SUFFIXES = frozenset(
    f".{name}"
    for name in (
        *("3g2", "3gp", "asf", "avi", "dv", "f4v", "flv", "gif", "m2t", "m2ts", "m2v", "m4v", "mjpeg", "mjpg", "mkv"),
        *("mod", "mov", "mp4", "mpe", "mpeg", "mpg", "mts", "mxf", "ogm", "ogv", "qt", "rm", "rmvb", "tod", "ts"),
        *("vob", "webm", "wmv"),
    )
)
"""Names under which cameras, phones and meeting tools keep recordings. What is in the file is the reader's matter: one
that is called so and holds no video fails with a clear line, it is not passed over."""

OUR_OWN = {
    **{f".avg{end}": mark("a copy made by this program") for end in (".mp4", ".png", *sorted(JPEG_SUFFIXES))},
    **{f".avg{end}.json": mark("a record") for end in (".png", *sorted(JPEG_SUFFIXES))},
    ".avg.json": mark("a record"),
    ".avg.toml": mark("a policy"),
    ".avgplan": mark("a plan"),
}


@dataclass(frozen=True)
class Job:
    """One recording to make.

    Attributes
    ----------
    name: how lists call it: its place in the folder that was named, with forward slashes.
    policy: the policy file for it; None takes NAME.avg.toml beside it, or else shows nobody.
    fresh: the output's name was free when it was chosen; what appears there meanwhile is not replaced in any case.
    """

    source: Path
    output: Path
    name: str
    policy: Path | None = None
    fresh: bool = False


@dataclass(frozen=True)
class LeftOut:
    """Something in a folder that is not made. `problem` says that it could hold recordings that could not be seen."""

    name: str
    reason: str
    problem: bool = False


@dataclass(frozen=True)
class Collected:
    """The jobs, in the order in which they are made, and everything that was left out."""

    jobs: tuple[Job, ...]
    left_out: tuple[LeftOut, ...]


def collect(
    inputs: Sequence[Path], out: Path | None, policy: Path | None = None, *, neutral: bool = False
) -> Collected:
    """The recordings and photos among `inputs` (files and folders) and in the folders below, in a fixed order.

    A file that is named is taken, whatever it is called, unless this program made it. In a folder, what is hidden, what
    is a link and what isn't called like a recording is left out and listed; nothing outside the folder is read. Under
    `out` the folder tree is kept; without `out` each copy goes beside its recording. With `neutral` the copies get
    names that say nothing, as of `NeutralNames`, and lie in `out` side by side, since folders have names too.

    Raises
    ------
    UsageError: an input doesn't exist, `out` is a file, nothing is left to make, or two recordings would be written to
        the same place (also on a disk that doesn't tell upper from lower case, or two spellings of one accent, apart).
    """
    if out is not None and os.path.lexists(out) and not out.is_dir():
        raise UsageError(tr("it is a file"), remedy=tr("name a folder with -o for several recordings"), file=out)
    jobs: dict[str, Job] = {}
    left_out: list[LeftOut] = []
    for given in inputs:
        for found in _walk(given) if given.is_dir() else _named(given):
            if isinstance(found, LeftOut):
                left_out.append(found)
                continue
            source, relative = found
            real = os.path.realpath(source)
            name = relative.as_posix()
            if real in jobs:
                left_out.append(LeftOut(name, tr("named twice")))
                continue
            beside = default_output(source)
            output = beside if out is None else out / relative.parent / beside.name
            jobs[real] = Job(source, output, name, policy)
    if neutral:
        jobs = _renamed(jobs, out)
    _refuse_clashes(list(jobs.values()))
    if not jobs:
        if left_out:
            what = tr("there are no recordings here, only {n} other files and folders", n=len(left_out))
        else:
            what = tr("there are no recordings here")
        raise UsageError(what, remedy=tr("name a recording or its folder"), file=inputs[0])
    return Collected(tuple(jobs.values()), tuple(left_out))


def _renamed(jobs: Mapping[str, Job], out: Path | None) -> dict[str, Job]:
    names: dict[Path, NeutralNames] = {}
    renamed = {}
    for real, job in jobs.items():
        folder = job.source.parent if out is None else out
        names[folder] = names.get(folder) or NeutralNames(folder)
        place = names[folder].place(job.source)
        renamed[real] = replace(job, output=place.output, fresh=place.fresh)
    return renamed


Found = LeftOut | tuple[Path, PurePath]
"""Something left out, or a recording and its place below the folder that was named."""


def _named(path: Path) -> Iterator[Found]:
    if not os.path.lexists(path):
        raise UsageError(tr("there is no such file or folder"), remedy=tr("check the name"), file=path)
    own = _our_own(path)
    yield LeftOut(path.name, own) if own else (path, PurePath(path.name))


def _walk(top: Path) -> Iterator[Found]:
    """Everything in `top` and below, by name; no link is followed, so nothing comes twice or from outside."""
    seen: set[tuple[int, int]] = set()
    todo = [PurePath()]
    while todo:
        relative = todo.pop()
        folder = top / relative
        try:
            here = folder.stat()
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            why = cause_of(error) or type(error).__name__
            yield LeftOut(relative.as_posix(), tr("a folder that can't be read ({why})", why=why), problem=True)
            continue
        if (here.st_dev, here.st_ino) in seen and here.st_ino:  # a mount or a junction can close a circle
            yield LeftOut(relative.as_posix(), tr("a folder that was read already"))
            continue
        seen.add((here.st_dev, here.st_ino))
        below = []
        for entry in entries:
            place = relative / entry.name
            reason = _reason(entry)
            if reason:
                yield LeftOut(place.as_posix(), reason)
            elif entry.is_dir(follow_symlinks=False):
                below.append(place)
            else:
                yield folder / entry.name, place
        todo += reversed(below)


def _reason(entry: os.DirEntry[str]) -> str | None:
    """Why this is left out; None for a folder to read and for a recording."""
    # Links first: what a hidden name or a video's name points to must not be looked at.
    if entry.is_symlink() or (hasattr(entry, "is_junction") and entry.is_junction()):
        return tr("a link")
    if _hidden(entry):
        return tr("hidden")
    if entry.is_dir(follow_symlinks=False):
        return None
    if not entry.is_file(follow_symlinks=False):
        return tr("not a plain file")
    own = _our_own(Path(entry.path))
    if own:
        return own
    return None if PurePath(entry.name).suffix.lower() in RECORDING_SUFFIXES | PHOTO_SUFFIXES else tr("not a recording")


def _hidden(entry: os.DirEntry[str]) -> bool:
    if entry.name.startswith("."):
        return True
    try:
        found = entry.stat(follow_symlinks=False)
    except OSError:
        return False  # gone by now; the reader will say so
    windows = getattr(found, "st_file_attributes", 0) & stat.FILE_ATTRIBUTE_HIDDEN
    macos = getattr(found, "st_flags", 0) & getattr(stat, "UF_HIDDEN", 0x8000)
    return bool(windows or macos)


def _our_own(path: Path) -> str | None:
    if is_neutral_copy(path):
        return tr("a copy made by this program")
    lower = path.name.lower()
    return next((tr(what) for suffix, what in OUR_OWN.items() if lower.endswith(suffix)), None)


def _refuse_clashes(jobs: Sequence[Job]) -> None:
    taken: dict[str, Job] = {}
    for job in jobs:
        other = taken.setdefault(_one_name(job.output), job)
        if other is not job:
            raise UsageError(
                tr(
                    "{other} would be written to the same place, {output}",
                    other=printable(other.source),
                    output=printable(job.output),
                ),
                remedy=tr("rename one of the two, or make them in two runs"),
                file=job.source,
            )


def _one_name(path: Path) -> str:
    """One spelling for all names that some file system takes for the same (Unicode 3.13, canonical caseless match)."""
    text = os.path.abspath(path)  # noqa: PTH100 -- without following links, unlike resolve()
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", text).casefold())
