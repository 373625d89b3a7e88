"""`avg-blur bench`: how fast this computer is."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from avg_video.cli.options import PATH, encoding_options, looking_options, settings_from
from avg_video.cli.progress import FileBar
from avg_video.cli.spoken import Command
from avg_video.cli.stop import StopSign
from avg_video.language import mark, tr

if TYPE_CHECKING:
    from avg_video.bench import BenchResult

__all__ = ["bench"]


@click.command(cls=Command, short_help=mark("Measure how fast this computer is."))
@click.argument("file", type=PATH)
@click.option("--json", "as_json", is_flag=True, help=mark("Print the figures for machines."))
@looking_options
@encoding_options
@click.pass_obj
def bench(stop: StopSign, /, file: Path, as_json: bool, **chosen: Any) -> int:
    """Make a covered copy of FILE, only read it, and plainly transcode it with the same encoder, and compare.

    Both are made in a private temporary folder and removed. Close other programs first.
    """
    from avg_video.bench import measure

    with FileBar(file, check=stop.check) as bars:
        result = measure(file, settings_from(**chosen), bars)
    if as_json:
        figures = asdict(result) | {
            "whole_fps": result.whole_fps,
            "transcode_fps": result.transcode_fps,
            "ratio": result.ratio,
            "stage_fps": {name: result.pictures / s for name, s in result.stage_s.items()},
        }
        click.echo(json.dumps(figures))
    else:
        click.echo("\n".join(table(result)))
    return 0


def table(result: BenchResult) -> list[str]:
    """The lines for people."""
    size = "x".join(map(str, result.size_wh))
    lines = [
        tr(
            "{pictures} pictures of {size}, {seconds:.1f} s, encoder {encoder}",
            pictures=result.pictures,
            size=size,
            seconds=result.film_s,
            encoder=result.encoder,
        )
    ]
    rows = [
        *((tr(name), seconds) for name, seconds in result.stage_s.items()),
        (tr("whole"), result.whole_s),
        (tr("reading alone"), result.decode_s),
        (tr("plain transcode"), result.transcode_s),
    ]
    width = max(len(name) for name, _ in rows)
    for name, seconds in rows:
        speed = result.pictures / seconds if seconds > 0 else float("inf")
        lines.append(f"  {name:<{width}}  {seconds:8.2f} s  {tr('{speed:8.1f} frames/s', speed=speed)}")
    lines.append(tr("  {ratio:.2f} times as long as the plain transcode", ratio=result.ratio))
    lines.append(tr("  {mebibytes:.0f} MiB of memory at most", mebibytes=result.peak_bytes / 2**20))
    return lines
