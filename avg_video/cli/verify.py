"""`avg-blur verify`: checks a finished copy once more, from the file alone."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from avg_video.cli.options import PATH, looking_options
from avg_video.cli.progress import FileBar
from avg_video.cli.spoken import Command
from avg_video.cli.stop import StopSign
from avg_video.cli.words import count_of
from avg_video.errors import EXIT_DONE, EXIT_FAILED, printable

if TYPE_CHECKING:
    from avg_video.verification import Verification

__all__ = ["verify"]


@click.command(cls=Command, short_help="Check a finished copy: its bytes, its record, and that no face is seen.")
@click.argument("file", type=PATH)
@click.option("--record", metavar="FILE", type=PATH, help="Its record. Default: NAME.avg.json beside it.")
@click.option("--json", "as_json", is_flag=True, help="Print the result for machines.")
@click.option("-q", "--quiet", is_flag=True, help="Print only what does not hold.")
@looking_options
@click.pass_obj
def verify(
    stop: StopSign, /, file: Path, record: Path | None, as_json: bool, quiet: bool, detector: str, threads: int
) -> int:
    """Check FILE, a copy made by avg-blur, once more.

    Its bytes must be those that its record is about. It must hold pictures and sound and nothing else, all of which
    can be decoded. Looked at twice a second, no face may be seen in it but as many as the record says are shown.

    Prints one line for each thing that does not hold. Exit code 0: all holds; 1: something does not, or FILE is of a
    kind that copies never are; 2: no such file. A mosaic may still be seen as a face. A record can't prove that nobody
    changed it.
    """
    from avg_video.verification import verify as check

    with FileBar(file, check=stop.check, show=False if quiet or as_json else None) as bars:
        done = check(file, record, detector=detector, threads=threads, progress=bars)
    code = EXIT_DONE if done.holds else EXIT_FAILED
    if as_json:
        click.echo(json.dumps(machine(done, code)))
        return code
    for fault in done.faults:
        click.echo(f"avg-blur: {printable(file)}: {fault.part}: {fault.what}", err=True)
    if done.holds and not quiet:
        click.echo("\n".join(closing_lines(done)))
    return code


def closing_lines(done: Verification) -> list[str]:
    """What was checked, when all of it holds."""
    assert done.record is not None  # its absence is a fault
    seen = "nobody seen"
    if done.explained:
        seen = f"nobody seen but {count_of(done.record.shown, 'face', 'faces')} that the record says are shown"
    lines = [
        f"Verified {printable(done.file)}",
        f"  record   {printable(done.record_path)}, about these very bytes",
        f"  content  {_content(done)} and nothing else",
        f"  pictures {count_of(done.pictures, 'picture', 'pictures')}, all decoded",
        f"  faces    looked at {count_of(done.looks, 'picture', 'pictures')}, {seen}",
    ]
    if done.record.status == "look":
        lines.append("When it was made, a person had to look at it before it is used; the record says where and why.")
    return lines


def _content(done: Verification) -> str:
    from avg_video.media.photo_kinds import is_photo_name

    if is_photo_name(done.file):
        return "one picture"
    return "pictures and sound" if done.record is not None and done.record.output.sound.kept else "pictures"


def machine(done: Verification, code: int) -> dict[str, Any]:
    """The result for `--json`."""
    return {
        "exit_code": code,
        "file": str(done.file),
        "record_path": str(done.record_path),
        "run_id": None if done.record is None else str(done.record.run_id),
        "faults": [asdict(fault) for fault in done.faults],
        "pictures": done.pictures,
        "looks": done.looks,
        "looks_explained": done.explained,
        "finds": [asdict(find) for find in done.finds],
    }
