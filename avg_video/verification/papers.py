"""Compares a copy with its papers: the record beside it, and the log in which its run has a line."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from avg_video.errors import UsageError, printable
from avg_video.language import tr
from avg_video.pipeline import record_path_for
from avg_video.record.envelope import LogEntry
from avg_video.record.hashes import sha256_file
from avg_video.record.model import Record
from avg_video.record.store import MAX_RECORD_BYTES, read_record
from avg_video.verification.log import LogCheck, broken_controls

__all__ = ["Fault", "Papers", "Part", "record_of"]

Part = Literal["log", "record", "content", "pictures", "sound", "faces"]


@dataclass(frozen=True)
class Fault:
    """One thing that does not hold, as a clause."""

    part: Part
    what: str


def record_of(file: Path, entries: Sequence[LogEntry]) -> Path:
    """Its record by name; or, where a copy was renamed and its record was not, the one beside it that the log knows."""
    named = record_path_for(file)
    wanted = {entry.record for entry in entries}
    if wanted and not named.is_file():
        for path in sorted(file.parent.glob("*.json")):
            if path.is_file() and path.stat().st_size <= MAX_RECORD_BYTES and sha256_file(path) in wanted:
                return path
    return named


@dataclass
class Papers:
    """One copy, its record and the logs, on their way through the checks.

    Attributes
    ----------
    logs: those that were asked.
    entries: their lines about this very file.
    """

    file: Path
    record_path: Path
    logs: Sequence[LogCheck]
    entries: Sequence[LogEntry]
    record: Record | None = None
    faults: list[Fault] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def fault(self, part: Part, what: str) -> None:
        self.faults.append(Fault(part, printable(what)))

    def logs_themselves(self, controls: Collection[str]) -> None:
        """What is wrong with a log, wherever in it: one that can't be trusted tells nothing about this file either."""
        for log in self.logs:
            for what in log.faults:
                self.fault("log", f"{log.path.name}: {what}")
            self.doubts += [printable(f"{log.path.name}: {what}") for what in log.doubts]
            self.notes += [printable(f"{log.path.name}: {what}") for what in log.notes]
        for log, what in broken_controls(self.logs, controls):
            self.fault("log", f"{log.path.name}: {what}")
        if controls and not self.logs:
            self.fault("log", tr("there is no log beside it that a control number could be of"))

    def read_log(self) -> None:
        """Whether a line of the log is about these very bytes, and about this record."""
        if not self.logs:
            return
        # Two folders of one tree may each have a log, both called so.
        several = len({log.path.name for log in self.logs}) < len(self.logs)
        names = ", ".join(str(log.path) if several else log.path.name for log in self.logs)
        if not self.entries:
            run = None if self.record is None else self.record.run_id
            lines = [entry.sequence for log in self.logs for entry in log.entries.values() if entry.run_id == run]
            if lines:
                self.fault(
                    "log",
                    tr(
                        "{log}: line {line} is about the run of its record, and about another file",
                        log=names,
                        line=lines[0],
                    ),
                )
            else:
                self.fault("log", tr("{log}: no line is about it", log=names))
        elif self.record_path.is_file() and sha256_file(self.record_path) not in {e.record for e in self.entries}:
            self.fault(
                "log",
                tr(
                    "{log}: {record} is not the record that line {line} is about, or was changed since",
                    log=names,
                    record=self.record_path.name,
                    line=self.entries[-1].sequence,
                ),
            )

    def read_record(self, sha256: str) -> None:
        """The record, and whether it is about these very bytes."""
        if not self.record_path.is_file():
            self.fault("record", tr("its record {name} is not beside it", name=self.record_path.name))
            return
        try:
            self.record = read_record(self.record_path)
        except UsageError as error:
            self.fault("record", f"{self.record_path.name}: {error.what}; {error.remedy}")
            return
        said = self.record.output
        if self.record.input.sha256 == sha256 != said.sha256:
            self.fault(
                "record",
                tr("it is the recording itself, not the copy that {name} is about", name=self.record_path.name),
            )
        elif said.sha256 != sha256:
            self.fault(
                "record",
                tr(
                    "it is not the file that {name} is about, or was changed since: its SHA-256 is {sha256}, the "
                    "record says {said}",
                    name=self.record_path.name,
                    sha256=sha256,
                    said=said.sha256,
                ),
            )
        size = self.file.stat().st_size
        if size != said.bytes:
            self.fault("record", tr("it has {size} bytes, the record says {said}", size=size, said=said.bytes))
