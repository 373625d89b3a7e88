"""Runs the program on one file in this process and judges how it ended."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
from PIL import Image

from avg_video.cli import main, program
from avg_video.cli.endings import describe
from avg_video.errors import AvgError
from avg_video.media.inspect import inspect_file
from avg_video.media.photo_inspect import inspect_photo
from avg_video.media.photo_kinds import is_photo_name
from avg_video.pipeline import default_output, record_path_for
from avg_video.record.hashes import sha256_file
from avg_video.record.log import LOG_NAME
from avg_video.record.store import read_record
from benchmarks.paperwork import log_faults

__all__ = ["OPTIONS", "Verdict", "pictures_in", "run_and_judge", "unchecked"]

OPTIONS = ("--detector", "centerface", "--threads", "1", "--preset", "ultrafast", "--quiet")
LINE_MAX = 600


@dataclass(frozen=True)
class Verdict:
    """How a run ended.

    Attributes
    ----------
    outcome: "done" (a copy that passed every check), "refused" (one line, nothing left) or "survivor".
    code: the exit code.
    text: the program's last line, or why the damage survived.
    details: a traceback, for survivors.
    """

    outcome: str
    code: int
    text: str
    details: str = ""


def run_and_judge(source: Path, more: Sequence[str] = ()) -> Verdict:
    """Run `avg-blur source` as the command would. The folder must hold nothing but `source`; it does so afterwards."""
    folder, output = source.parent, default_output(source)
    errors: list[BaseException] = []
    before = sha256_file(source)
    code, said = _run([str(source), *OPTIONS, *more], errors)
    try:
        faults = list(_faults(code, said, errors))
        expected = {source.name}
        if code in (0, 3):
            expected |= {output.name, record_path_for(output).name, LOG_NAME}
            faults += unchecked(output) + log_faults(folder / LOG_NAME, [output])
        faults += [f"left {name} behind" for name in sorted({p.name for p in folder.iterdir()} ^ expected)]
        if sha256_file(source) != before:
            faults.append("the input was changed")
    finally:
        for entry in folder.iterdir():
            if entry != source:
                entry.unlink() if not entry.is_dir() else shutil.rmtree(entry)
    last = said.splitlines()[-1] if said.strip() else ""
    if faults:
        details = "".join(traceback.format_exception(errors[-1])) if errors else ""
        return Verdict("survivor", code, "; ".join(faults), f"{said}\n{details}")
    return Verdict("done" if code in (0, 3) else "refused", code, last)


def _run(arguments: list[str], errors: list[BaseException]) -> tuple[int, str]:
    """Exit code, and everything written to stdout and stderr, by C libraries as well."""

    def note(error: BaseException) -> tuple[str, int]:
        errors.append(error)
        return describe(error)

    ordinary, program.describe = program.describe, note  # type: ignore[attr-defined]
    code = 0
    try:
        with _caught() as said:
            try:
                main(arguments)
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else 1
    finally:
        program.describe = ordinary  # type: ignore[attr-defined]
    return code, said[0]


@contextlib.contextmanager
def _caught() -> Iterator[list[str]]:
    said: list[str] = []
    kept = os.dup(1), os.dup(2)
    with tempfile.TemporaryFile() as file:
        try:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
            yield said
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os.dup2(kept[0], 1)
            os.dup2(kept[1], 2)
            os.close(kept[0])
            os.close(kept[1])
            file.seek(0)
            said.append(file.read().decode("utf-8", "surrogateescape"))


def _faults(code: int, said: str, errors: Sequence[BaseException]) -> Iterator[str]:
    lines = said.splitlines()
    yield from (f"a {type(error).__name__} that is no AvgError: {error}" for error in errors if not _ours(error))
    if code not in (0, 1, 2, 3):
        yield f"exit code {code}"
    if code in (1, 2) and len(errors) != 1:
        yield f"{len(errors)} errors"
    for line in lines:
        if not line.startswith("avg-blur: ") or len(line) > LINE_MAX or not line.isprintable():
            yield f"wrote {line[:200]!a}"
    if code in (1, 2) and (not lines or "; " not in lines[-1]):
        yield "no line with a remedy"


def _ours(error: BaseException) -> bool:
    return isinstance(error, AvgError)


def unchecked(output: Path) -> list[str]:
    """What is wrong with a finished copy: missing, unlike its record, not clean, or not to be decoded whole."""
    try:
        record = read_record(record_path_for(output))
    except AvgError as error:
        return [f"no record: {error.what}"]
    if not output.is_file():
        return ["a record without its copy"]
    wrong = [] if record.output.sha256 == sha256_file(output) else ["another hash than in the record"]
    photo = is_photo_name(output)
    wrong += inspect_photo(output) if photo else inspect_file(output)
    try:
        pictures = 1 if photo and Image.open(output).convert("RGB").size else pictures_in(output)
    except (av.FFmpegError, OSError) as error:
        return [*wrong, f"can't be decoded: {error}"]
    if not pictures == record.output.frames == record.input.decoded_frames:
        wrong.append(f"{pictures} pictures; the record says {record.input.decoded_frames} and {record.output.frames}")
    return wrong


def pictures_in(path: Path) -> int:
    """How many pictures can be decoded, with the decoder told to stop at any fault. Raises `av.FFmpegError`."""
    with av.open(str(path), options={"err_detect": "explode"}) as box:
        count = 0
        for packet in box.demux(box.streams.video[0]):
            if packet.size or packet.pts is None:
                count += sum(not frame.is_corrupt for frame in packet.decode())
        for stream in box.streams.audio:
            box.seek(0)
            for _ in box.decode(stream):
                pass
        return count
