"""Checks a finished copy once more, from the file alone: its bytes, its record, the log, and whether a face is seen.

Every check is made, whatever the others find, so that the answer is complete. Each has a part of its own, `log`,
`record`, `content`, `pictures`, `sound` or `faces`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import av
from securesystemslib.signer import SSlibKey

from avg_video.detect.detector import load_detector
from avg_video.detect.looks import LookSettings, sharp_tiles
from avg_video.detect.still import still_views
from avg_video.detect.views import View, scaled
from avg_video.errors import AvgError, InputError, UnsupportedInput, UsageError
from avg_video.language import cause_of, tr, trn
from avg_video.media.cores import one_thread_per_stage
from avg_video.media.inspect import inspect_file
from avg_video.media.opening import open_plain
from avg_video.media.photo_inspect import inspect_photo
from avg_video.media.photo_kinds import photo_kind
from avg_video.media.photo_read import read_photo
from avg_video.media.reader import VideoReader
from avg_video.media.stages import prefetch
from avg_video.pipeline import Progress
from avg_video.record.envelope import LogEntry
from avg_video.record.hashes import sha256_file
from avg_video.record.model import Record
from avg_video.redact.still import picture_of
from avg_video.verification.faces import Find, Watch, clock
from avg_video.verification.log import LogCheck, check_log, logs_about
from avg_video.verification.papers import Fault, Papers, record_of

__all__ = ["Verification", "is_photo_copy", "verify", "verify_with_logs"]

EVERY_S = 0.5
"""Time between looks, s; as often as the second look when a copy is made. More misses people who pass quickly."""
LASTS_S = 0.05
"""Half a picture more or less, s, for lengths in a record, which are rounded."""
DECODED_AHEAD = 4
"""Pictures decoded before they are needed; bounds memory."""
FINDINGS_AT_MOST = 200
"""A file full of foreign data is told apart well enough by so many lines."""


@dataclass(frozen=True)
class Verification:
    """What was checked and what does not hold.

    Attributes
    ----------
    record_path: the record that was read, or that is missing.
    record: None where there is none or it is damaged.
    faults: empty when all holds.
    pictures: how many were decoded.
    looks: at how many of them was looked for faces.
    explained: at how many looks somebody was seen and the record says that as many people are shown.
    finds: faces that the record does not explain.
    logs: the logs that were asked; empty when there is none.
    entries: their lines that are about this very file.
    doubts: what a person must judge, as clauses.
    notes: what a reader may wonder about, and which is in order.
    """

    file: Path
    record_path: Path
    record: Record | None
    faults: tuple[Fault, ...]
    pictures: int
    looks: int
    explained: int
    finds: tuple[Find, ...]
    logs: tuple[LogCheck, ...] = ()
    entries: tuple[LogEntry, ...] = ()
    doubts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether every check was passed."""
        return not self.faults


def verify(
    file: Path,
    record_path: Path | None = None,
    *,
    log: Path | None = None,
    controls: Collection[str] = (),
    keys: Sequence[SSlibKey] = (),
    detector: str = "auto",
    threads: int = 0,
    progress: Progress | None = None,
) -> Verification:
    """Check the copy `file`, of a recording (MP4) or a photo (JPEG, PNG), against its record (None: the one beside it),
    against the log (None: the one beside it, if there is one) and against what such a copy may hold.

    Parameters
    ----------
    controls: control numbers that somebody kept; the log must hold the line of each, and be unchanged up to it.
    keys: who may have signed the log; none: a key that is not this computer's is a doubt.

    Raises
    ------
    UsageError: there is no such file, a record or log that was named does not exist, or a control number is none.
    UnsupportedInput: it is something else than copies are.
    ModelError: the detector can't be had.
    """
    sha256 = sha256_file(file)
    logs = logs_about(file, sha256, keys) if log is None else [check_log(log, keys)]
    return verify_with_logs(
        file, record_path, sha256, logs, controls, detector=detector, threads=threads, progress=progress
    )


def verify_with_logs(
    file: Path,
    record_path: Path | None,
    sha256: str,
    logs: Sequence[LogCheck],
    controls: Collection[str] = (),
    *,
    tell_logs: bool = True,
    detector: str = "auto",
    threads: int = 0,
    progress: Progress | None = None,
) -> Verification:
    """As `verify`, of a file whose hash is known, with logs that were checked already.

    `tell_logs`: whether what is wrong with a log itself is a fault of this file too.
    """
    watch = Watch(load_detector(detector, threads=threads), ())
    is_photo = is_photo_copy(file)
    if record_path is not None and not record_path.is_file():
        raise UsageError(tr("there is no such record"), remedy=tr("check the name"), file=record_path)
    entries = [entry for one in logs for entry in one.about(sha256)]
    found = record_path or record_of(file, entries)
    check = _Check(file, found, logs, entries, watch=watch, threads=threads, progress=progress)
    if tell_logs:
        check.logs_themselves(controls)
    check.read_record(sha256)
    check.read_log()
    if check.record is not None and check.record.output.sha256 == sha256:
        watch.people = check.record.people  # the record of another file explains nobody
    check.content(is_photo=is_photo)
    if is_photo:
        check.photo()
    else:
        check.film()
        check.sound()
    return Verification(
        file,
        check.record_path,
        check.record,
        tuple(check.faults),
        check.pictures_n,
        watch.looks,
        watch.explained,
        tuple(watch.finds),
        tuple(logs),
        tuple(entries),
        tuple(check.doubts),
        tuple(check.notes),
    )


def is_photo_copy(file: Path) -> bool:
    """Whether it is of the kinds that copies of photos are, or else of that of films."""
    kind = photo_kind(file)
    if kind in ("jpeg", "png"):
        return True
    try:
        with file.open("rb") as opened:
            head = opened.read(8)
    except OSError as error:
        why = cause_of(error) or type(error).__name__
        raise InputError(
            tr("it can't be read ({why})", why=why), remedy=tr("check its permissions"), file=file
        ) from error
    if kind is not None or head[4:] != b"ftyp":
        raise UnsupportedInput(
            tr("it is not an MP4, and only an MP4 (of a photo a JPEG or PNG) made by avg-blur can be verified"),
            remedy=tr("make a copy of it with avg-blur and verify that"),
            file=file,
        )
    return False


@dataclass(kw_only=True)
class _Check(Papers):
    """One file on its way through the checks."""

    watch: Watch
    threads: int
    progress: Progress | None
    pictures_n: int = 0

    def content(self, *, is_photo: bool) -> None:
        """Every byte: nothing but pictures and sound."""
        try:
            found = inspect_photo(self.file) if is_photo else inspect_file(self.file)
        except OSError as error:
            found = (tr("it can't be read ({why})", why=cause_of(error) or type(error).__name__),)
        for what in islice(found, FINDINGS_AT_MOST):
            self.fault("content", what)
        if len(found) > FINDINGS_AT_MOST:
            more = len(found) - FINDINGS_AT_MOST
            self.fault("content", trn("{n} more thing of this kind", "{n} more things of this kind", more))

    def film(self) -> None:
        """Decode all pictures, and look for faces in some."""
        try:
            with one_thread_per_stage(), VideoReader(self.file, threads=self.threads) as reader:
                if self.progress is not None:
                    self.progress.stage("looking", reader.info.declared_seconds)
                self._walk(reader)
                timeline = reader.timeline()
        except AvgError as error:
            self.fault("pictures", error.what)
        else:
            self._compare(timeline.size_wh, timeline.duration_s)
        self._tell_finds()

    def photo(self) -> None:
        """Decode it, and look for faces at every size."""
        try:
            photo = read_photo(self.file)
        except AvgError as error:
            self.fault("pictures", error.what)
            return
        self.pictures_n = 1
        self._compare(photo.size_wh, 0.0)
        picture = picture_of(photo.rgb)
        self.watch.look(picture, still_views(picture.size_wh))
        self._tell_finds()

    def _compare(self, size_wh: tuple[int, int], seconds: float) -> None:
        """What was decoded against what the record says."""
        if self.record is None:
            return
        said = self.record.output
        if self.pictures_n != said.frames:
            self.fault(
                "record",
                trn(
                    "it holds {n} picture, the record says {said}",
                    "it holds {n} pictures, the record says {said}",
                    self.pictures_n,
                    said=said.frames,
                ),
            )
        if size_wh != said.size_wh:
            told, is_so = ("x".join(map(str, size)) for size in (said.size_wh, size_wh))
            self.fault("record", tr("its pictures are {size}, the record says {said}", size=is_so, said=told))
        if abs(seconds - said.seconds) > LASTS_S:
            lasts = {"seconds": f"{seconds:.3f}", "said": f"{said.seconds:.3f}"}
            self.fault("record", tr("it lasts {seconds} s, the record says {said} s", **lasts))

    def _walk(self, reader: VideoReader) -> None:
        whole, tiles = _views(reader.info.size_wh)
        base, first_pts, due = reader.info.time_base, 0, 0.0
        with closing(prefetch(reader, DECODED_AHEAD)) as pictures:
            for picture in pictures:
                first_pts = picture.pts if picture.index == 0 else first_pts
                second = float((picture.pts - first_pts) * base)
                self.pictures_n = picture.index + 1
                if second >= due - 1e-6:
                    turn = self.watch.looks
                    self.watch.look(picture, (whole, tiles[turn % len(tiles)]) if tiles else (whole,), second)
                    due = second + EVERY_S
                if self.progress is not None:
                    self.progress.at(second, self.pictures_n)

    def _tell_finds(self) -> None:
        for find in self.watch.finds:
            self.fault("faces", _told(find))

    def sound(self) -> None:
        """Decode all of it; whether there is any must be as the record says."""
        try:
            with open_plain(self.file) as box:
                has_sound = bool(box.streams.audio)
                for _ in _samples(box):
                    pass
        except (AvgError, av.FFmpegError) as error:
            why = error.what if isinstance(error, AvgError) else cause_of(error)
            self.fault("sound", tr("its sound can't be decoded ({why})", why=why))
            return
        # A film that is too short for one packet of sound has none, though it was to be kept.
        if self.record is not None and has_sound and not self.record.output.sound.kept:
            self.fault("record", tr("it holds sound, the record says that it was left out"))


def _told(find: Find) -> str:
    """A face that was seen, in words."""
    x1, y1, x2, y2 = find.box_xyxy
    parts = {
        "first": clock(find.first_s),
        "last": clock(find.last_s),
        "size": f"{x2 - x1}x{y2 - y1}",
        "place": f"{x1},{y1}",
        "shown": find.shown,
    }
    if find.last_s > find.first_s:
        if find.shown:
            return tr(
                "a face is seen from {first} to {last}, {size} px at {place}, with others, while {shown} may be shown",
                **parts,
            )
        return tr("a face is seen from {first} to {last}, {size} px at {place}", **parts)
    if find.shown:
        return tr("a face is seen at {first}, {size} px at {place}, with others, while {shown} may be shown", **parts)
    return tr("a face is seen at {first}, {size} px at {place}", **parts)


def _samples(box: av.container.InputContainer) -> Iterator[av.AudioFrame]:
    if box.streams.audio:
        yield from box.decode(audio=0)


def _views(size_wh: tuple[int, int]) -> tuple[View, tuple[View, ...]]:
    """The whole picture, and sharp tiles that take turns."""
    using = LookSettings()
    scale = min(max(using.wide_px) / max(size_wh), using.enlarge)
    return View((0, 0, *size_wh), scaled(size_wh, scale)), sharp_tiles(size_wh, using)
