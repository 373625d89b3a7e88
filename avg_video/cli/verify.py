"""`avg-blur verify`: checks a finished copy, or a folder of them, once more, from the files alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from avg_video.cli.options import PATH, looking_options
from avg_video.cli.progress import FileBar
from avg_video.cli.spoken import Command
from avg_video.cli.stop import StopSign
from avg_video.cli.words import rows
from avg_video.errors import EXIT_DONE, EXIT_FAILED, EXIT_LOOK, UsageError, printable
from avg_video.language import mark, tr, trn

if TYPE_CHECKING:
    from avg_video.verification import FolderVerification, LogCheck, Verification

__all__ = ["verify"]


@click.command(
    cls=Command, short_help=mark("Check finished copies: their bytes, records and log, and that no face is seen.")
)
@click.argument("file", type=PATH, metavar="FILE|FOLDER")
@click.option(
    "--record", metavar=mark("FILE"), type=PATH, help=mark("The record of FILE. Default: NAME.avg.json beside it.")
)
@click.option(
    "--log",
    metavar=mark("FILE"),
    type=PATH,
    help=mark("The log. Default: avg-log.jsonl beside FILE, or all logs in FOLDER."),
)
@click.option(
    "--control",
    "controls",
    metavar=mark("NUMBER"),
    multiple=True,
    help=mark("A control number that was noted after a run; the log must be unchanged up to it. May be repeated."),
)
@click.option(
    "--key",
    "key_files",
    metavar=mark("FILE"),
    type=PATH,
    multiple=True,
    help=mark("The public key that must have signed the log. May be repeated. Default: this computer's own."),
)
@click.option("--json", "as_json", is_flag=True, help=mark("Print the result for machines."))
@click.option("-q", "--quiet", is_flag=True, help=mark("Print only what does not hold, or what a person must judge."))
@looking_options
@click.pass_obj
def verify(
    stop: StopSign,
    /,
    file: Path,
    record: Path | None,
    log: Path | None,
    controls: tuple[str, ...],
    key_files: tuple[Path, ...],
    as_json: bool,
    quiet: bool,
    detector: str,
    threads: int,
) -> int:
    """Check FILE, a copy made by avg-blur, or all copies in FOLDER, once more.

    The bytes must be those that the record is about, and the record the one that the signed log has a line about, in
    which each line follows on the one before. A copy must hold pictures and sound and nothing else, all of which can be
    decoded. Looked at twice a second, no face may be seen in it but as many as the record says are shown.

    Prints one line for each thing that does not hold. Exit code 0: all holds; 1: something does not, or FILE is of a
    kind that copies never are; 2: no such file; 3: all holds, but a person must judge something, such as whose key
    signed the log. A mosaic may still be seen as a face. The end of a log can be cut off unseen, unless you give the
    control number that was printed after the last run.
    """
    from avg_video.record.keys import read_key
    from avg_video.verification import verify as check
    from avg_video.verification import verify_folder

    show = False if quiet or as_json else None
    keys = [read_key(path) for path in key_files]

    def bar(path: Path) -> FileBar:
        return FileBar(path, check=stop.check, show=show)

    if file.is_dir():
        if record is not None:
            raise UsageError(tr("a folder has many records"), remedy=tr("leave out --record"), file=file)
        folder = verify_folder(file, log=log, controls=controls, keys=keys, detector=detector, threads=threads, bar=bar)
        return _tell_folder(folder, controls, as_json=as_json, quiet=quiet)
    with bar(file) as bars:
        done = check(
            file, record, log=log, controls=controls, keys=keys, detector=detector, threads=threads, progress=bars
        )
    code = _code(holds=done.holds, doubts=bool(done.doubts))
    if as_json:
        click.echo(json.dumps(machine(done, code)))
        return code
    for fault in done.faults:
        click.echo(f"avg-blur: {printable(file)}: {fault.part}: {fault.what}", err=True)
    for doubt in done.doubts:
        click.echo(f"avg-blur: {printable(file)}: {_judge(doubt)}", err=True)
    if done.holds and not quiet:
        click.echo("\n".join(closing_lines(done, controls)))
    return code


def _code(*, holds: bool, doubts: bool) -> int:
    return EXIT_FAILED if not holds else EXIT_LOOK if doubts else EXIT_DONE


def _judge(doubt: str) -> str:
    return tr("for a person to judge: {what}", what=doubt)


def closing_lines(done: Verification, controls: Sequence[str] = ()) -> list[str]:
    """What was checked, when all of it holds."""
    assert done.record is not None  # its absence is a fault
    looked = trn("looked at {n} picture", "looked at {n} pictures", done.looks)
    seen = tr("nobody seen")
    if done.explained:
        seen = trn(
            "nobody seen but {n} face that the record says is shown",
            "nobody seen but {n} faces that the record says are shown",
            done.record.shown,
        )
    lines = [
        tr("Verified {path}", path=printable(done.file)),
        *rows(
            (tr("record"), tr("{path}, about these very bytes", path=printable(done.record_path))),
            (tr("content"), tr("{what} and nothing else", what=_content(done))),
            (tr("pictures"), trn("{n} picture, all decoded", "{n} pictures, all decoded", done.pictures)),
            (tr("faces"), f"{looked}, {seen}"),
            *_log_rows(done.logs, controls, [entry.sequence for entry in done.entries]),
        ),
        *_notes(done.notes),
    ]
    if done.record.status == "look":
        lines.append(
            tr("When it was made, a person had to look at it before it is used; the record says where and why.")
        )
    return lines


def _log_rows(logs: Sequence[LogCheck], controls: Sequence[str], about: Sequence[int] = ()) -> list[tuple[str, str]]:
    """What was checked of the logs; `about`: the lines about the one copy that was asked about."""
    from avg_video.record.codes import read_control_number
    from avg_video.record.keys import fingerprint, own_key, public_from_hex

    if not logs:
        return [
            (tr("log"), tr("none beside it, so only the record vouches for it, and anyone could have written that"))
        ]
    pairs = []
    own = own_key()
    for log in logs:
        text = trn(
            "{path}, {n} line, signed",
            "{path}, {n} lines, each signed and tied to the one before",
            len(log.lines),
            path=printable(log.path),
        )
        if about:
            text = tr("{text}; about this copy: {lines}", text=text, lines=", ".join(str(line) for line in about))
        pairs.append((tr("log"), text))
        for public in log.keys:
            code = fingerprint(public_from_hex(public))
            is_own = own is not None and own.keyval["public"] == public
            pairs.append((tr("key"), tr("{code}, this computer's", code=code) if is_own else code))
    if controls:
        spelled = [read[1] for control in controls if (read := read_control_number(control))]
        pairs.append((tr("control"), tr("{numbers}: unchanged up to there", numbers=", ".join(spelled))))
    else:
        numbers = ", ".join(number for log in logs if (number := log.control_number))
        none = tr("none given, so a cut-off end would not show; it is {numbers} now", numbers=numbers)
        pairs.append((tr("control"), none))
    return pairs


def _notes(notes: Sequence[str]) -> list[str]:
    return [tr("Note: {text}.", text=printable(text)) for text in notes]


def _content(done: Verification) -> str:
    from avg_video.media.photo_kinds import is_photo_name

    if is_photo_name(done.file):
        return tr("one picture")
    sound = done.record is not None and done.record.output.sound.kept
    return tr("pictures and sound") if sound else tr("pictures")


def _tell_folder(done: FolderVerification, controls: Sequence[str], *, as_json: bool, quiet: bool) -> int:
    """Say what came of a folder; the exit code."""
    code = _code(holds=done.holds, doubts=bool(done.doubts))
    if as_json:
        click.echo(json.dumps(folder_machine(done, code)))
        return code
    for path, fault in done.faults:
        click.echo(f"avg-blur: {printable(path)}: {fault.part}: {fault.what}", err=True)
    for doubt in done.doubts:
        click.echo(f"avg-blur: {printable(doubt.file)}: {_judge(doubt.what)}", err=True)
    if done.holds and not quiet:
        click.echo("\n".join(folder_lines(done, controls)))
    return code


def folder_lines(done: FolderVerification, controls: Sequence[str] = ()) -> list[str]:
    """What was checked in a folder, when all of it holds."""
    outputs = trn(
        "{n} copy, as its record says, and nobody seen whom it does not explain",
        "{n} copies, each as its record says, and nobody seen whom that does not explain",
        len(done.outputs),
    )
    return [
        tr("Verified {path}", path=printable(done.folder)),
        *rows((tr("copies"), outputs), *(_log_rows(done.logs, controls) if done.logs else ())),
        *_notes([f"{printable(note.file)}: {note.what}" for note in done.notes]),
    ]


def machine(done: Verification, code: int) -> dict[str, Any]:
    """The result for `--json`."""
    return {
        "exit_code": code,
        "file": str(done.file),
        "record_path": str(done.record_path),
        "run_id": None if done.record is None else str(done.record.run_id),
        "faults": [asdict(fault) for fault in done.faults],
        "doubts": list(done.doubts),
        "notes": list(done.notes),
        "pictures": done.pictures,
        "looks": done.looks,
        "looks_explained": done.explained,
        "finds": [asdict(find) for find in done.finds],
        "log_lines": [entry.sequence for entry in done.entries],
        "logs": [_log_machine(log) for log in done.logs],
    }


def folder_machine(done: FolderVerification, code: int) -> dict[str, Any]:
    """The result of a folder for `--json`."""
    return {
        "exit_code": code,
        "folder": str(done.folder),
        "faults": [{"file": str(path), **asdict(fault)} for path, fault in done.faults],
        "doubts": [{"file": str(doubt.file), "what": doubt.what} for doubt in done.doubts],
        "notes": [{"file": str(note.file), "what": note.what} for note in done.notes],
        "copies": [
            {
                "file": str(one.file),
                "record_path": str(one.record_path),
                "log_lines": [entry.sequence for entry in one.entries],
                "holds": one.holds,
            }
            for one in done.outputs
        ],
        "logs": [_log_machine(log) for log in done.logs],
    }


def _log_machine(log: LogCheck) -> dict[str, Any]:
    from avg_video.record.keys import fingerprint, public_from_hex

    return {
        "path": str(log.path),
        "lines": len(log.lines),
        "control_number": log.control_number,
        "keys": {fingerprint(public_from_hex(public)): lines for public, lines in log.keys.items()},
    }
