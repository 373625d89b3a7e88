"""Everything that can be done to a folder of copies behind the program's back, and what `avg-blur verify` says of it.

`python -m tests.tamper` prints the table; tests/test_verification_log.py holds every row of it.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import pytest
from PIL import Image

from avg_video.pipeline import Settings, anonymise, record_path_for
from avg_video.record.hashes import sha256_file
from avg_video.record.keys import public_key_path
from avg_video.record.log import LOG_NAME, append, read_lines
from avg_video.record.store import read_record
from avg_video.verification import check_log
from tests.cli.helpers import avg_blur, lesson
from tests.record.logs import another_computer
from tests.support.clips import noise
from tests.support.people import place

FAST = Settings(preset="ultrafast", detector="centerface", threads=2)
NAMES = ("a.avg.png", "b.avg.mp4", "c.avg.png", "d.avg.png")


def make(folder: Path) -> Path:
    """Four copies with their records and the log of four lines, in a folder of its own."""
    work, done = folder / "work", folder / "made"
    work.mkdir()
    done.mkdir()
    lesson(work / "b.mp4", pictures=4)
    for n, name in enumerate("acd"):
        room = noise((160, 120), seed=n)
        place(room, 60, (80, 60))
        Image.fromarray(room).save(work / f"{name}.png")
    for name in NAMES:
        source = work / name.replace(".avg", "")
        output = anonymise(source, work / name, settings=FAST).output
        for path in (output, record_path_for(output)):
            shutil.copy(path, done / path.name)
        log_line(done / name)
    return done


def log_line(output: Path, record: Path | None = None, run_id: UUID | None = None) -> None:
    """The line of a run that made `output`, in the log beside it."""
    record = record or record_path_for(output)
    append(
        output.parent / LOG_NAME,
        output_sha256=sha256_file(output),
        record_sha256=sha256_file(record),
        run_id=run_id or read_record(record).run_id,
    )


def flip(path: Path, at: int) -> None:
    """Change one bit of a file."""
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def flip_in_line(number: int, part: bytes | None) -> Callable[[Path], None]:
    """Change one bit of line `number` of the log, in what begins with `part`, or its end when that is None."""

    def change(folder: Path) -> None:
        lines = (folder / LOG_NAME).read_bytes().splitlines(keepends=True)
        before, line = sum(map(len, lines[: number - 1])), lines[number - 1]
        at = len(line) - 1 if part is None else line.index(part) + len(part) + 5
        flip(folder / LOG_NAME, before + at)

    return change


def with_lines(*order: int) -> Callable[[Path], None]:
    """Leave these lines of the log, in this order."""

    def change(folder: Path) -> None:
        lines = (folder / LOG_NAME).read_bytes().splitlines(keepends=True)
        (folder / LOG_NAME).write_bytes(b"".join(lines[n - 1] for n in order))

    return change


def cut(bytes_left: int) -> Callable[[Path], None]:
    """Leave so many bytes of the last line."""

    def change(folder: Path) -> None:
        lines = (folder / LOG_NAME).read_bytes().splitlines(keepends=True)
        (folder / LOG_NAME).write_bytes(b"".join(lines[:-1]) + lines[-1][:bytes_left])

    return change


def delete(name: str) -> Callable[[Path], None]:
    """Delete a copy and its record."""

    def change(folder: Path) -> None:
        (folder / name).unlink()
        record_path_for(folder / name).unlink(missing_ok=True)

    return change


def both(*changes: Callable[[Path], None]) -> Callable[[Path], None]:
    """One change after the other."""

    def change(folder: Path) -> None:
        for one in changes:
            one(folder)

    return change


def rename(folder: Path) -> None:
    """Give a copy another name, and leave its record where it is."""
    (folder / "c.avg.png").rename(folder / "holiday.png")


def swap_names(folder: Path) -> None:
    """Two copies change names."""
    for one, other in (("c.avg.png", "x.png"), ("d.avg.png", "c.avg.png"), ("x.png", "d.avg.png")):
        (folder / one).rename(folder / other)


def put_in(folder: Path) -> None:
    """A copy made elsewhere, sound in itself, with its own record."""
    with tempfile.TemporaryDirectory() as elsewhere:
        room = noise((160, 120), seed=9)
        place(room, 60, (80, 60))
        Image.fromarray(room).save(Path(elsewhere) / "e.png")
        output = anonymise(Path(elsewhere) / "e.png", Path(elsewhere) / "e.avg.png", settings=FAST).output
        for path in (output, record_path_for(output)):
            shutil.copy(path, folder / path.name)


def rewrite(folder: Path) -> None:
    """Somebody changes a record and writes the whole log anew, with a key of their own."""
    record = folder / "d.avg.png.json"
    record.write_bytes(record.read_bytes().replace(b'"warnings"', b' "warnings"', 1))
    write_anew(folder)


def write_anew(folder: Path) -> None:
    """The whole log anew, with a key of another computer."""
    (folder / LOG_NAME).unlink()
    with tempfile.TemporaryDirectory() as data, another_computer(Path(data)):
        for name in NAMES:
            if (folder / name).exists():
                log_line(folder / name)


def go_on_elsewhere(folder: Path) -> None:
    """The last line is written anew on another computer."""
    cut(0)(folder)
    with tempfile.TemporaryDirectory() as data, another_computer(Path(data)):
        log_line(folder / NAMES[3])


def remove_log(folder: Path) -> None:
    """No log any more."""
    (folder / LOG_NAME).unlink()


def set_aside(folder: Path) -> None:
    """The log of last year gets another name, and a new one begins."""
    (folder / LOG_NAME).rename(folder / "avg-log-2025.jsonl")
    put_in(folder)
    log_line(folder / "e.avg.png")


def crash_and_go_on(folder: Path) -> None:
    """A run was killed while it wrote its line, and another run came after it."""
    line = (folder / LOG_NAME).read_bytes().splitlines()[-1]
    with (folder / LOG_NAME).open("ab") as file:
        file.write(line[:400])
    put_in(folder)
    log_line(folder / "e.avg.png")


def nothing(folder: Path) -> None:
    """All is as it was made."""


@dataclass(frozen=True)
class Row:
    """One way to tamper, or to do what is allowed.

    Attributes
    ----------
    code: the exit code that must come.
    said: what must be said; a fault or a thing to judge, else a note or the first line.
    options: `control`: that of the last line as it was before; `key`: the public key that signed.
    """

    name: str
    change: Callable[[Path], None]
    code: int
    said: str
    options: Sequence[str] = field(default=())


ROWS = (
    Row("nothing", nothing, 0, "Verified"),
    Row("nothing; control number and key given", nothing, 0, "Verified", ("control", "key")),
    Row("a byte of a copy (film)", lambda f: flip(f / "b.avg.mp4", 900), 1, "b.avg.mp4: record: it is not the file"),
    Row("a byte of a copy (photo)", lambda f: flip(f / "c.avg.png", 900), 1, "c.avg.png: record: it is not the file"),
    Row("a byte of a record", lambda f: flip(f / "c.avg.png.json", 2000), 1, "c.avg.png.json is not the record that"),
    Row("a space in a record", lambda f: flip_space(f / "c.avg.png.json"), 1, "c.avg.png.json is not the record that"),
    *(
        Row(f"a byte of line {n}: {what}", flip_in_line(n, part), code, said.format(n=n))
        for n in (1, 2, 4)
        for what, part, code, said in (
            ("statement", b'"payload":"', 1, "line {n} was changed"),
            ("kind", b'"payloadType":"', 1, "line {n} was changed"),
            ("id of the key", b'"keyid":"', 1, "line {n} was changed"),
            ("signature", b'"sig":"', 1, "line {n} was changed"),
        )
    ),
    Row("the end of line 2", flip_in_line(2, None), 1, "line 2 was changed"),
    Row("the end of line 4", flip_in_line(4, None), 1, "line 4 was changed"),
    Row("line 1 dropped", with_lines(2, 3, 4), 1, "where its line 1 should be stands the one numbered 2"),
    Row("line 2 dropped", with_lines(1, 3, 4), 1, "where its line 2 should be stands the one numbered 3"),
    Row("lines 2 and 3 swapped", with_lines(1, 3, 2, 4), 1, "where its line 2 should be stands the one numbered 3"),
    Row("line 2 repeated", with_lines(1, 2, 2, 3, 4), 1, "where its line 3 should be stands the one numbered 2"),
    Row("line 4 repeated", with_lines(1, 2, 3, 4, 4), 1, "where its line 5 should be stands the one numbered 4"),
    Row("line 4 cut off", with_lines(1, 2, 3), 1, "d.avg.png: log: avg-log.jsonl: no line is about it"),
    Row("line 4 cut off in the middle", cut(300), 1, "d.avg.png: log: avg-log.jsonl: no line is about it"),
    Row("line 4 cut off, its copy deleted", both(delete(NAMES[3]), with_lines(1, 2, 3)), 0, "Verified"),
    Row(
        "line 4 cut off, its copy deleted; control number",
        both(delete(NAMES[3]), with_lines(1, 2, 3)),
        1,
        "its end was cut off: it has 3 lines",
        ("control",),
    ),
    Row(
        "line 4 cut in the middle, its copy deleted",
        both(delete(NAMES[3]), cut(300)),
        3,
        "line 4, at its end, broke off",
    ),
    Row(
        "line 4 cut in the middle, its copy deleted; control number",
        both(delete(NAMES[3]), cut(300)),
        1,
        "up to line 4 it is not the log for which",
        ("control",),
    ),
    Row("all lines cut off", with_lines(), 1, "no line is about it"),
    Row("a record changed, log written anew with another key", rewrite, 3, "signed with another key than that of this"),
    Row("the same; key", rewrite, 1, "it is signed with another key", ("key",)),
    Row("the same; control number", rewrite, 1, "up to line 4 it is not the log", ("control",)),
    Row("line 4 written anew with another key", go_on_elsewhere, 3, "signed with another key than that of this"),
    Row("the same; key", go_on_elsewhere, 1, "line 4", ("key",)),
    Row("the log removed", remove_log, 3, "there is no log in it"),
    Row("the log removed; control number", remove_log, 1, "there is no log in it that a control", ("control",)),
    Row("a sound copy put in, with its record", put_in, 1, "e.avg.png: log: avg-log.jsonl: no line is about it"),
    Row("two copies change names", swap_names, 1, "it is not the file that c.avg.png.json is about"),
    Row("a record deleted", lambda f: (f / "c.avg.png.json").unlink(), 1, "its record c.avg.png.json is not beside it"),
    Row("allowed: a copy deleted with its record", delete(NAMES[2]), 0, "the copy of line 3 is not here"),
    Row("allowed: a copy renamed", rename, 0, "Verified"),
    Row("allowed: the log set aside, a new one begun", set_aside, 0, "avg-log-2025.jsonl"),
    Row("a run killed in its line, then another run", crash_and_go_on, 0, "line 5 broke off while it was written"),
)


def flip_space(path: Path) -> None:
    """Change what nobody reads: one space more, before a field."""
    path.write_bytes(path.read_bytes().replace(b'"warnings"', b' "warnings"', 1))


def run(row: Row, made: Path, to: Path) -> tuple[int, str]:
    """Spoil a copy of the folder; the exit code and all that was said."""
    shutil.copytree(made, to)
    options: list[str | Path] = []
    if "control" in row.options:
        options += ["--control", check_log(to / LOG_NAME).control_number or ""]
    if "key" in row.options:
        options += ["--key", public_key_path()]
    row.change(to)
    ran = avg_blur("verify", to, "--detector", "centerface", *options)
    return ran.exit_code, (ran.stderr + ran.stdout).replace(f"{to}{os.sep}", "").replace(str(to), ".")


@contextmanager
def nobody_s_computer(folder: Path) -> Iterator[None]:
    """As the tests have it: the keys and the language of this computer have no part in it."""
    with another_computer(folder), pytest.MonkeyPatch.context() as patch:
        patch.setenv("AVG_BLUR_LANG", "en")
        yield


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as name, nobody_s_computer(Path(name) / "data"):
        folder = Path(name)
        made = make(folder)
        print(f"a folder of four copies, a log of {len(read_lines(made / LOG_NAME)[0])} lines\n")  # noqa: T201
        for n, row in enumerate(ROWS):
            code, said = run(row, made, folder / f"row{n}")
            lines = [line.removeprefix("avg-blur: ") for line in said.splitlines()]
            shown = next((line for line in lines if row.said in line), "?")
            more = f" (+{len(lines) - 1})" if code and len(lines) > 1 else ""
            print(f"{row.name:<58} exit {code}  {shown}{more}")  # noqa: T201


if __name__ == "__main__":
    main()
