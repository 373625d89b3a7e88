"""A sheet of answers (CSV), as `consent import` takes it: all of its rows, or, with every fault and its line, none.

UTF-8, with or without a byte order mark; separated by commas, semicolons or tabs, as the first line is. The first line
names the columns, which are those of an answer in any order, all of them and no other. Empty lines are passed over.
"""

from __future__ import annotations

import csv
import io
import stat
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from avg_video.errors import UsageError
from avg_video.language import cause_of, tr, trn
from avg_video.register.answers import COLUMNS, Answer, AnswerFaults, read_answer

__all__ = ["MAX_BYTES", "SheetError", "read_sheet"]

MAX_BYTES = 5_000_000
"""A sheet of a large school has a few hundred kilobytes; a larger file is something else."""


class SheetError(UsageError):
    """A sheet with faults. `faults` holds one clause for each, with its line, and nothing of what stood there."""

    def __init__(self, what: str, *, remedy: str, file: Path | None, faults: tuple[str, ...] = ()) -> None:
        super().__init__(what, remedy=remedy, file=file)
        self.faults = faults


def read_sheet(path: Path, today: date) -> list[Answer]:
    """The answers on a sheet, in its order.

    Raises `SheetError` when anything in it is wrong, `UsageError` when it can't be read at all.
    """
    rows = _rows(_text(path), path)
    number, header = next(rows, (1, []))
    columns = [name.strip() for name in header]
    _check_header(columns, number, path)
    answers: list[tuple[int, Answer]] = []
    faults: list[str] = []
    for number, row in rows:
        if len(row) != len(columns):
            faults.append(
                tr(
                    "line {line}: {n} columns, where the first line has {expected}",
                    line=number,
                    n=len(row),
                    expected=len(columns),
                )
            )
            continue
        try:
            answers.append((number, read_answer(dict(zip(columns, row, strict=True)), today)))
        except AnswerFaults as error:
            faults += [
                tr("line {line}, {column}: {what}", line=number, column=fault.column, what=fault.what)
                for fault in error.faults
            ]
    faults += _contradictions(answers)
    if faults:
        raise _refused(faults, path)
    return [answer for _, answer in answers]


def _refused(faults: list[str], path: Path) -> SheetError:
    what = trn("{n} fault, {first}", "{n} faults, the first: {first}", len(faults), first=faults[0])
    remedy = tr("nothing was taken in; correct the sheet and import it again")
    return SheetError(what, remedy=remedy, file=path, faults=tuple(faults))


def _text(path: Path) -> str:
    remedy = tr("give a sheet saved as CSV")
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise UsageError(tr("it is not a plain file"), remedy=remedy, file=path)
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise UsageError(tr("there is no such file"), remedy=tr("check its name"), file=path) from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        why = cause_of(error) or tr("no valid name")
        raise UsageError(
            tr("the sheet can't be read ({why})", why=why), remedy=tr("check its permissions"), file=path
        ) from None
    if len(data) > MAX_BYTES:
        raise UsageError(tr("it is larger than 5 MB, which is no sheet of answers"), remedy=remedy, file=path)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        what = tr("line {line} is not UTF-8", line=line)
        raise SheetError(what, remedy=tr("save it as CSV UTF-8"), file=path, faults=(what,)) from None


def _rows(text: str, path: Path) -> Iterator[tuple[int, list[str]]]:
    """Every row that is not empty, with the number of its last line."""
    first = text.split("\n", 1)[0]
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count), strict=True, skipinitialspace=True
    )
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield reader.line_num, row
    except csv.Error:
        raise _refused([tr("line {line}: it is not CSV", line=reader.line_num)], path) from None


def _check_header(columns: list[str], line: int, path: Path) -> None:
    """Refuse any other set of columns: one that holds names must not pass by being ignored."""
    strange = sum(name not in COLUMNS for name in columns)
    missing = [name for name in COLUMNS if name not in columns]
    if missing:
        fault = tr("line {line}: these columns are missing: {names}", line=line, names=", ".join(missing))
    elif strange:
        fault = trn(
            "line {line}: {n} column that is not known",
            "line {line}: {n} columns that are not known",
            strange,
            line=line,
        )
    elif len(columns) > len(COLUMNS):
        fault = tr("line {line}: a column comes twice", line=line)
    else:
        return
    raise SheetError(
        fault,
        remedy=tr("nothing was taken in; the first line must be: {header}", header=",".join(COLUMNS)),
        file=path,
        faults=(fault,),
    )


def _contradictions(answers: list[tuple[int, Answer]]) -> list[str]:
    """Rows that say both yes and no on one day: nothing tells which was later."""
    seen: dict[tuple[str, str | None, date], tuple[int, str]] = {}
    faults = []
    for number, answer in answers:
        line, said = seen.setdefault((answer.token, answer.purpose, answer.given_on), (number, answer.answer))
        if said != answer.answer:
            faults.append(tr("line {line}: it says the opposite of line {other}", line=number, other=line))
    return faults
