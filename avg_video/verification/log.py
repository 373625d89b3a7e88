"""Checks a log: every signature, the chain of hashes, whose key signed, and control numbers that somebody kept."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from securesystemslib.signer import SSlibKey

from avg_video.errors import UsageError
from avg_video.language import tr, trn
from avg_video.record.codes import control_number, read_control_number
from avg_video.record.envelope import LogEntry, NotALine, open_line
from avg_video.record.keys import fingerprint, own_key, public_from_hex
from avg_video.record.log import LOG_NAME, may_have_broken_off, read_lines

__all__ = ["LogCheck", "broken_controls", "check_log", "logs_about", "logs_in", "ranges"]

FAULTS_AT_MOST = 50
"""A log of somebody else's making is told apart well enough by so many lines."""


@dataclass
class LogCheck:
    """What came of checking one log.

    Attributes
    ----------
    lines: hash of every line, in order, whatever it holds.
    entries: the lines whose signature holds, with their place in `lines`.
    faults: what does not hold, as clauses.
    doubts: what can be as it should and can be a trace of tampering; a person must judge.
    notes: what a reader may wonder about, and which is in order.
    """

    path: Path
    lines: list[str] = field(default_factory=list)
    entries: dict[int, LogEntry] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def about(self, output_sha256: str) -> list[LogEntry]:
        """The lines that are about the output of that hash; more than one when it was made again, byte for byte."""
        return [entry for entry in self.entries.values() if entry.output == output_sha256]

    @property
    def control_number(self) -> str | None:
        """That of the last line; None for an empty log."""
        return control_number(len(self.lines), self.lines[-1]) if self.lines else None

    @property
    def keys(self) -> dict[str, list[int]]:
        """The public keys that signed, as hex digits, and the numbers of the lines that each signed."""
        found: dict[str, list[int]] = {}
        for at, entry in self.entries.items():
            found.setdefault(entry.public_key, []).append(at + 1)
        return found

    def break_of(self, control: str) -> str | None:
        """Why the line of the control number is not the one it was noted for; None when it is. All lines before it are
        then those of that time too, where the chain has no fault.

        Raises `UsageError` when it isn't a control number at all.
        """
        read = read_control_number(control)
        if read is None:
            raise UsageError(
                tr("{text} is not a control number", text=control),
                remedy=tr("compare it with what was noted; it looks like 12-7K4Q-F9T2-MX3H-V0AP"),
            )
        line, spelled = read
        if line > len(self.lines):
            return trn(
                "its end was cut off: it has {n} line, and the control number {control} is that of line {line}",
                "its end was cut off: it has {n} lines, and the control number {control} is that of line {line}",
                len(self.lines),
                control=spelled,
                line=line,
            )
        if control_number(line, self.lines[line - 1]) != spelled:
            return tr(
                "up to line {line} it is not the log for which the control number {control} was given",
                line=line,
                control=spelled,
            )
        return None


def logs_in(folder: Path) -> list[Path]:
    """The logs that lie in a folder, also those set aside under a longer name, such as avg-log-2025.jsonl."""
    stem, end = LOG_NAME.split(".")
    try:
        names = [entry.name for entry in os.scandir(folder) if entry.is_file()]
    except OSError:
        return []  # a folder that may not be listed; a file in it can be checked all the same
    return sorted(folder / name for name in names if name.startswith(stem) and name.endswith(f".{end}"))


def logs_about(file: Path, sha256: str, keys: Sequence[SSlibKey]) -> list[LogCheck]:
    """The logs beside a file; or, where there is none, the nearest further up that have a line about it."""
    beside = logs_in(file.parent)
    if beside:
        return [check_log(path, keys) for path in beside]
    for folder in file.absolute().parent.parents:
        found = [check for path in logs_in(folder) if (check := _readable(path, keys)) and check.about(sha256)]
        if found:
            return found
    return []


def broken_controls(logs: Sequence[LogCheck], controls: Collection[str]) -> Iterator[tuple[LogCheck, str]]:
    """Every control number that fits none of the logs, with a log and why it does not fit."""
    for control in controls:
        broken = [(log, why) for log in logs if (why := log.break_of(control)) is not None]
        if len(broken) == len(logs):
            yield from broken[:1]


def check_log(path: Path, keys: Sequence[SSlibKey] = ()) -> LogCheck:
    """Check the log at `path`. With `keys`, these alone may have signed it; without, this computer's own is expected.

    Raises `UsageError`: there is no such log, or it can't be read.
    """
    raw, ended = read_lines(path)
    check = LogCheck(path, [hashlib.sha256(line).hexdigest() for line in raw])
    for at, line in enumerate(raw):
        try:
            check.entries[at] = open_line(line)
        except NotALine:
            continue
    _Chain(check, raw, ended).walk()
    _judge_keys(check, keys)
    if len(check.faults) > FAULTS_AT_MOST:
        more = len(check.faults) - FAULTS_AT_MOST
        del check.faults[FAULTS_AT_MOST:]
        check.faults.append(trn("{n} more thing of this kind", "{n} more things of this kind", more))
    return check


@dataclass
class _Chain:
    """The lines of one log, followed from the first to the last."""

    check: LogCheck
    raw: list[bytes]
    ended: bool

    def walk(self) -> None:
        expected, open_lines = 1, 0
        latest: LogEntry | None = None
        for at in range(len(self.raw)):
            entry = self.check.entries.get(at)
            if entry is None:
                open_lines += 1
                expected += 1
                continue
            known = self._unfinished(at, open_lines, entry.unfinished)
            self._follows(at, entry, expected, known=known)
            if latest is not None and entry.at < latest.at:
                self.check.notes.append(
                    tr("line {line} bears an earlier time than the one before: a clock was set back", line=at + 1)
                )
            latest, open_lines, expected = entry, 0, entry.sequence + 1
        self._tail(open_lines)

    def _follows(self, at: int, entry: LogEntry, expected: int, *, known: bool) -> None:
        """Whether line `at` follows on the one before; `known`: whether that one is as it was written."""
        before = self.check.lines[at - 1] if at else None
        if entry.sequence != expected:
            self.check.faults.append(
                tr(
                    "where its line {expected} should be stands the one numbered {number}: lines were taken out, put "
                    "in or swapped",
                    expected=expected,
                    number=entry.sequence,
                )
            )
        elif known and entry.previous != before:
            if at == 0:
                self.check.faults.append(tr("what came before its line 1 was taken out"))
            else:
                self.check.faults.append(
                    tr(
                        "line {line} does not follow on line {before} as it is now: line {before} was changed or "
                        "replaced",
                        line=at + 1,
                        before=at,
                    )
                )

    def _unfinished(self, at: int, open_lines: int, owned: int) -> bool:
        """Lines before line `at` that hold nothing: whether they are those that it says it found broken off."""
        lines = range(at - open_lines, at)
        if open_lines == owned and all(may_have_broken_off(self.raw[k]) for k in lines):
            for k in lines:
                self.check.notes.append(
                    tr("line {line} broke off while it was written; the run after it found it so", line=k + 1)
                )
            return True
        for k in lines:
            self.check.faults.append(_changed(k))
        return not open_lines

    def _tail(self, open_lines: int) -> None:
        """What comes after the last line that holds."""
        for k in range(len(self.raw) - open_lines, len(self.raw)):
            if may_have_broken_off(self.raw[k]):
                self.check.doubts.append(_broke_off(k))
            else:
                self.check.faults.append(_changed(k))
        if not self.ended and not open_lines:
            self.check.doubts.append(_broke_off(len(self.raw) - 1))


def _judge_keys(check: LogCheck, keys: Sequence[SSlibKey]) -> None:
    """Whose key signed which lines."""
    own = None if keys else own_key()
    known = {key.keyval["public"] for key in (*keys, *([own] if own else []))}
    for public, lines in check.keys.items():
        if public in known:
            continue
        said = {"code": fingerprint(public_from_hex(public)), "lines": ranges(lines)}
        if keys:
            check.faults.append(
                trn(
                    "it is signed with another key, {code}: line {lines}",
                    "it is signed with another key, {code}: lines {lines}",
                    len(lines),
                    **said,
                )
            )
        elif own is not None:
            check.doubts.append(
                trn(
                    "it is signed with another key than that of this computer, {code}: line {lines}; ask whose it is, "
                    "and give the key with --key",
                    "it is signed with another key than that of this computer, {code}: lines {lines}; ask whose it is, "
                    "and give the key with --key",
                    len(lines),
                    **said,
                )
            )
        else:
            check.doubts.append(
                trn(
                    "this computer does not know the key that signed it, {code}: line {lines}; ask whose it is, and "
                    "give the key with --key",
                    "this computer does not know the key that signed it, {code}: lines {lines}; ask whose it is, and "
                    "give the key with --key",
                    len(lines),
                    **said,
                )
            )


def _readable(path: Path, keys: Sequence[SSlibKey]) -> LogCheck | None:
    """A log that is nobody's business here if it can't be read."""
    try:
        return check_log(path, keys)
    except UsageError:
        return None


def _changed(at: int) -> str:
    return tr("line {line} was changed: its signature does not hold", line=at + 1)


def _broke_off(at: int) -> str:
    return tr(
        "line {line}, at its end, broke off: a run was killed or lost power while it wrote it, or somebody cut the "
        "log; the control number of the last run tells which",
        line=at + 1,
    )


def ranges(numbers: Sequence[int]) -> str:
    """`1-3, 7`."""
    parts: list[list[int]] = []
    for number in sorted(numbers):
        if parts and number == parts[-1][-1] + 1:
            parts[-1] = [parts[-1][0], number]
        else:
            parts.append([number])
    return ", ".join("-".join(str(number) for number in part) for part in parts)
