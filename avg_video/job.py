"""What every job shares, whether on a recording or a photo: its settings, its names, its reports and its outcome."""

from __future__ import annotations

import hashlib
import mimetypes
import os
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import Any, Literal, Protocol

from avg_video.detect.detector import Detector, detector_name
from avg_video.detect.manifest import model
from avg_video.errors import EXIT_DONE, EXIT_LOOK, InputError, PolicyError, UsageError
from avg_video.language import active, tr
from avg_video.media.neighbours import Neighbours, neighbours_of
from avg_video.media.photo_kinds import PHOTO_SUFFIXES, is_photo_name
from avg_video.media.private import put_back
from avg_video.media.temporary import PrivateTemporary, alone_in, as_output_error
from avg_video.media.timing import Timeline
from avg_video.papers.office import Filed, Office, Papers, prepare
from avg_video.policy.decide import Verdicts
from avg_video.policy.document import Policy, load_policy
from avg_video.record.entries import person_entry
from avg_video.record.hashes import fingerprint, holds, sha256_file
from avg_video.record.model import ModelEntry, PersonEntry, PolicyEntry, Record
from avg_video.record.store import record_text
from avg_video.record.versions import tool_versions
from avg_video.redact.paint import Style
from avg_video.track.types import Track

__all__ = [
    "MAX_THREADS",
    "Job",
    "Outcome",
    "Progress",
    "Settings",
    "Silent",
    "check_names",
    "default_output",
    "no_numbers",
    "people_entries",
    "policy_beside",
    "policy_entry",
    "policy_path_for",
    "record_path_for",
    "settings_fingerprint",
]

MAX_THREADS = 64
"""More threads than this only take memory: every one of them holds pictures."""


@dataclass(frozen=True)
class Settings:
    """How a copy is made. Everything here but `threads` and `overwrite` can change the output.

    Attributes
    ----------
    detector: "auto", or the name of one in the manifest.
    threads: how many threads each stage may use; 0 is as many as the computer has.
    style: how faces are covered.
    audio: "drop" or "keep"; None is as the policy says.
    encoder, crf, preset: as of `media.encoders`.
    second_look: False leaves out the look at the covered pictures; faces that were missed then stay visible.
    overwrite: True replaces an output that exists.
    """

    detector: str = "auto"
    threads: int = 0
    style: Style = Style.FILL
    audio: Literal["drop", "keep"] | None = None
    encoder: str = "libx264"
    crf: int = 20
    preset: str = "veryfast"
    second_look: bool = True
    overwrite: bool = False

    @property
    def thread_count(self) -> int:
        """`threads`, with 0 resolved; never more than `MAX_THREADS`."""
        return min(self.threads or os.cpu_count() or 1, MAX_THREADS)


class Progress(Protocol):
    """Told how far the work is; may raise to stop it, and then nothing is left behind."""

    def stage(self, name: str, total_s: float | None) -> None:
        """A stage begins: "looking", "making" or "checking"; `total_s` is the film's length in seconds, if known."""

    def at(self, second: float, pictures: int) -> None:
        """How far the stage is: seconds of film, and pictures done."""

    def warn(self, text: str) -> None:
        """Something the user must know."""


class Silent:
    """Tells nobody."""

    def stage(self, name: str, total_s: float | None) -> None: ...
    def at(self, second: float, pictures: int) -> None: ...
    def warn(self, text: str) -> None: ...


@dataclass(frozen=True)
class Outcome:
    """What came of one recording.

    Attributes
    ----------
    exit_code: 0 done and checked; 3 done, but a person must look (the record's warnings say at what).
    stage_s: wall seconds of each stage.
    sound_wanted: whether the sound was to be kept, if there is any.
    filed: its line in the log and its row in the register, as far as they are kept.
    finds_s: whom the second look found: second, and box in px, of each one's first sight.
    """

    record: Record
    output: Path
    record_path: Path
    exit_code: int
    stage_s: dict[str, float]
    sound_wanted: bool = False
    filed: Filed = field(default_factory=Filed)
    finds_s: tuple[tuple[float, tuple[float, float, float, float]], ...] = ()


def default_output(path: Path) -> Path:
    """Beside the input: NAME.avg.mp4 for a recording, NAME.avg.jpg for what is called like a photo, NAME.avg.png for a
    PNG."""
    suffix = path.suffix.lower()
    end = ".png" if suffix == ".png" else ".jpg" if is_photo_name(path) else ".mp4"
    return path.with_name(f"{path.stem}.avg{end}")


def record_path_for(output: Path) -> Path:
    """NAME.avg.json beside NAME.avg.mp4; NAME.json would hide that it belongs to this program.

    Beside NAME.avg.jpg it is NAME.avg.jpg.json, since phones give a photo and the short film of it one name.
    """
    stem = output.stem.removesuffix(".avg")
    kind = output.suffix.lower() if is_photo_name(output) else ""
    return output.with_name(f"{stem}.avg{kind}.json")


def policy_path_for(path: Path) -> Path:
    """NAME.avg.toml beside the recording or photo."""
    return path.with_name(f"{path.stem}.avg.toml")


def policy_beside(path: Path) -> Policy:
    """The policy in NAME.avg.toml beside the recording, or else the one under which nobody is shown."""
    beside = policy_path_for(path)
    # A link that leads nowhere is a policy that can't be read, and not the absence of one.
    if not os.path.lexists(beside):
        return Policy()
    if is_photo_name(path) and _namesakes(path):
        raise PolicyError(
            tr(
                "{name} lies beside several pictures or recordings of this name, and places in it fit only one",
                name=beside.name,
            ),
            remedy=tr("give it with --policy, or give the photo another name"),
            file=path,
        )
    return load_policy(beside)


def _namesakes(path: Path) -> bool:
    """Whether another picture or recording of the same name lies beside the photo; phones put a film there."""
    try:
        names = [PurePath(entry.name) for entry in os.scandir(path.parent)]
    except OSError:
        return True  # not known, so the policy shows nobody
    return any(name.stem == path.stem and name.name != path.name and _is_picture(name) for name in names)


def _is_picture(name: PurePath) -> bool:
    kind = mimetypes.guess_type(name.name)[0] or ""
    return name.suffix.lower() in PHOTO_SUFFIXES or kind.startswith(("video/", "image/"))


def settings_fingerprint(settings: Settings, policy: Policy) -> str:
    """SHA-256 over everything that changes the output: settings, weights, policy and version of this program."""
    from avg_video import __version__

    detector = detector_name(settings.detector)
    parts = {k: str(v) for k, v in vars(settings).items() if k not in ("threads", "overwrite", "detector")}
    return fingerprint(
        {
            **parts,
            "detector": detector,
            "weights": model(detector).sha256,
            "policy": policy.model_dump(mode="json"),
            "version": __version__,
        }
    )


@dataclass
class Job:
    """One recording or photo on its way.

    Attributes
    ----------
    papers: what holds for it beside the settings.
    numbers: whether people were chosen by number.
    warnings: what was said so far, for the record.
    neighbours: what lies beside it under its name. The user is told their names, the record only how many there are.
    """

    path: Path
    output: Path
    settings: Settings
    progress: Progress
    papers: Papers
    numbers: bool = False
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    run_id: uuid.UUID = field(default_factory=uuid.uuid4)
    warnings: list[str] = field(default_factory=list)
    stage_s: dict[str, float] = field(default_factory=dict)
    neighbours: Neighbours = field(init=False)

    def __post_init__(self) -> None:
        self.neighbours = neighbours_of(self.path)
        if self.neighbours.warning is not None:
            self.progress.warn(self.neighbours.warning)
        for text in self.papers.warnings:
            self.warn(text)

    def warn(self, text: str) -> None:
        """Tell the user, and the record."""
        self.warnings.append(text)
        self.progress.warn(text)

    @property
    def sound_wanted(self) -> bool:
        """Whether the sound is to be kept, if there is any: as the settings say, else the policy, else the profile."""
        return (self.settings.audio or self.papers.policy.audio) == "keep"

    def timed(self, stage: str) -> Timer:
        """`with job.timed("looking"): ...` measures that stage."""
        return Timer(self.stage_s, stage)

    def check_unchanged(self, sha256: str) -> None:
        """Raises `InputError` when the input is no longer the file of that hash, which was read."""
        if sha256_file(self.path) != sha256:
            remedy = tr("wait until it is complete, then run again")
            raise InputError(tr("it changed while it was being read"), remedy=remedy, file=self.path)

    def record(
        self, verdicts: Verdicts, detector: Detector, *, duration_s: float, look: bool = False, **own: Any
    ) -> Record:
        """The record of this job: what photos and recordings have in common, and `own`, the fields that they have not.

        `duration_s`: of the copy. `look`: whether a person must look for another reason than verdicts and papers.
        """
        shown = sum(decision.reason.shows for decision in verdicts.decisions)
        return Record(
            language=active(),
            run_id=self.run_id,
            status="look" if look or verdicts.needs_look or self.papers.needs_look else "done",
            started=self.started,
            finished=datetime.now(UTC),
            tool=tool_versions(),
            policy=policy_entry(self.papers.policy, numbers=self.numbers),
            processing=self.papers.statement(self.run_id, duration_s),
            settings_sha256=settings_fingerprint(self.settings, self.papers.policy),
            model=ModelEntry(name=detector.name, sha256=model(detector.name).sha256),
            covered=len(verdicts.decisions) - shown,
            shown=shown,
            warnings=tuple(self.warnings),
            **own,
        )

    def publish(self, record: Record, copy: PrivateTemporary, note: PrivateTemporary) -> Outcome:
        """Write the record into `note`, and give it and the finished `copy` their names.

        Raises `OutputError`, or `UsageError` when something came into their way, and what `Papers.filed` raises;
        nothing has its name then.
        """
        record_path = record_path_for(self.output)
        text = record_text(record).encode("utf-8")
        try:
            note.path.write_bytes(text)
        except OSError as error:
            raise as_output_error(error, record_path) from error
        # Both are whole and on the disk by now. Killed between the two renames, a record without its output is left:
        # the next run makes both again. An output without its record would be in its way.
        with alone_in(self.output.parent):
            check_names(self.path, self.output, overwrite=self.settings.overwrite)
            filing = self.papers.filed(
                record,
                hashlib.sha256(text).hexdigest(),
                source=self.path,
                output=self.output,
                record_path=record_path,
            )
            with filing as filed, put_back(record_path, unless=lambda: holds(self.output, record.output.sha256)):
                note.publish()
                copy.publish()
        exit_code = EXIT_LOOK if record.status == "look" else EXIT_DONE
        return Outcome(record, self.output, record_path, exit_code, self.stage_s, self.sound_wanted, filed)


class Timer:
    """Puts the wall seconds of a `with` block into a dict, under a name."""

    def __init__(self, into: dict[str, float], stage: str) -> None:
        self._into, self._stage = into, stage

    def __enter__(self) -> None:
        self._from = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self._into[self._stage] = time.perf_counter() - self._from


def no_numbers(path: Path) -> UsageError:
    """The error for numbers of people, or the wish for some, where the input is a photo."""
    return UsageError(
        tr("is a photo, and people are numbered in recordings only"),
        remedy=tr("name who is shown or objected in a policy, by points at t = 0"),
        file=path,
    )


def check_names(path: Path, output: Path, *, overwrite: bool) -> None:
    """Refuse what could destroy the recording, or something else, or can't be written, before any work is done."""
    record = record_path_for(output)
    for target in (output, record):
        if target.exists() and path.exists() and target.samefile(path):
            raise UsageError(
                tr("the output would replace the recording"), remedy=tr("give another name with -o"), file=path
            )
    if output.is_dir():
        raise UsageError(tr("the output is a folder"), remedy=tr("give the name of a file with -o"), file=output)
    if not overwrite and os.path.lexists(output):
        raise UsageError(tr("it exists already"), remedy=tr("give --overwrite, or another name with -o"), file=output)
    stem = output.stem.removesuffix(".avg")
    end = output.suffix if is_photo_name(output) else ".mp4"
    for twin in (output.with_name(f"{stem}{end}"), output.with_name(f"{stem}.avg{end}")):
        if twin != output and record.exists() and twin.exists() and twin != path:
            raise UsageError(
                tr("its record would replace that of {name}", name=twin.name),
                remedy=tr("give another name with -o"),
                file=output,
            )


def must_be_made_again(path: Path, output: Path, *, settings: Settings, policy: Policy, office: Office) -> bool:
    """Whether what lies at `output` is a copy that shows somebody who may no longer be shown.

    Raises as `Papers.shows_too_many`.
    """
    return output.is_file() and prepare(office, policy, audio=settings.audio, source=path).shows_too_many(output)


def people_entries(
    tracks: Sequence[Track], timeline: Timeline, verdicts: Verdicts, *, lasts_s: float | None = None
) -> tuple[PersonEntry, ...]:
    """Everybody who was followed, with what was decided, for the record; `lasts_s` as of `person_entry`."""
    return tuple(
        person_entry(
            track,
            timeline,
            verdict=decision.verdict,
            reason=str(decision.reason),
            rule=decision.rule,
            covered_frames=decision.covered_frames,
            lasts_s=lasts_s,
        )
        for track, decision in zip(tracks, verdicts.decisions, strict=True)
    )


def policy_entry(policy: Policy, *, numbers: bool) -> PolicyEntry:
    """Which rules held, for the record; `numbers`: whether people were chosen by number too."""
    source: Literal["none", "file", "numbers", "file-and-numbers"] = "numbers" if numbers else "none"
    if policy.file_sha256 is not None:
        source = "file-and-numbers" if numbers else "file"
    return PolicyEntry(source=source, sha256=policy.file_sha256, profile=policy.profile, purpose=policy.purpose)
