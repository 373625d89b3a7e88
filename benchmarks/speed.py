"""How fast the program is on clips of several lengths: stages, ratio to a plain transcode, memory; deface beside it.

usage: python -m benchmarks.speed [--seconds 10,60,300,1800] [--repeats 3] [--size 1920x1080] [--clips FOLDER]
                                  [--option ...] [--deface-up-to 10] [--env FOLDER] [--write]

Per length, `avg-blur bench` runs as often as asked (job and plain transcode in the same run, with the same encoder
settings) and the median of each figure counts. The whole program is timed once more from outside, start-up included.
deface runs on lengths up to --deface-up-to seconds (0: not at all); on longer ones it would take hours.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import clip, results
from .program import OURS, make_copy, run
from .rivals import ENVIRONMENT, ensure_deface, run_deface


def median_of(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Figures of several runs as one: the median of every number, tables by key, what is no number from the first."""
    first = runs[0]
    out: dict[str, Any] = {}
    for key, value in first.items():
        values = [one[key] for one in runs]
        if isinstance(value, dict):
            out[key] = median_of(values)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            out[key] = statistics.median(values)
        else:
            out[key] = value
    return out


def measure_one(path: Path, repeats: int, options: Sequence[str]) -> dict[str, Any]:
    """The median figures of `avg-blur bench` on one clip, and of the program seen from outside (`outside_*`)."""
    runs = [json.loads(run([*OURS, "bench", path, "--json", *options]).output) for _ in range(repeats)]
    figures = median_of(runs)
    with tempfile.TemporaryDirectory(prefix="avg-blur-speed-") as folder:
        whole = make_copy(path, Path(folder) / "copy.mp4", options)
    return figures | {
        "repeats": repeats,
        "outside_wall_s": round(whole.wall_s, 2),
        "outside_peak_bytes": whole.peak_bytes,
    }


def measure_deface(path: Path, env: Path, pictures: int) -> dict[str, Any]:
    """deface's defaults on the same clip, once."""
    python = ensure_deface(env)
    with tempfile.TemporaryDirectory(prefix="avg-blur-speed-") as folder:
        done = run_deface(python, path, Path(folder) / "deface.mp4")
    return {"wall_s": round(done.wall_s, 2), "fps": round(pictures / done.wall_s, 2), "peak_bytes": done.peak_bytes}


def _mib(count: float | None) -> str:
    return "-" if count is None else f"{count / 2**20:.0f} MiB"


def report(rows: Sequence[dict[str, Any]], size: str) -> str:
    """The Markdown table: one row per length."""
    stages = list(rows[0]["stage_s"])
    head = ["length", *(f"{name}, frames/s" for name in stages), "whole, frames/s", "plain transcode, frames/s"]
    head += ["times a plain transcode", "memory", "deface 1.5.0, frames/s", "deface, memory"]
    lines = []
    for row in rows:
        rival = row.get("deface")
        lines.append(
            [
                f"{row['film_s']:.0f} s",
                *(f"{row['stage_fps'][name]:.1f}" for name in stages),
                f"{row['whole_fps']:.1f}",
                f"{row['transcode_fps']:.1f}",
                f"{row['ratio']:.2f}",
                _mib(row["peak_bytes"]),
                "-" if rival is None else f"{rival['fps']:.1f}",
                "-" if rival is None else _mib(rival["peak_bytes"]),
            ]
        )
    note = (
        f"{size}, 25 pictures a second, twelve people, encoder {rows[0]['encoder']}; medians of {rows[0]['repeats']}."
    )
    return f"{note}\n\n{results.table(head, lines)}"


def main(argv: Sequence[str] | None = None) -> None:
    """Read the command line, measure every length, print and perhaps write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", default="10,60,300,1800", help="lengths of the clip")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--size", default="1920x1080", metavar="WxH")
    parser.add_argument("--clips", type=Path, help="keep the clips here; a temporary folder otherwise")
    parser.add_argument(
        "--option", action="append", default=[], help="one word for avg-blur, as --option=--crf; repeatable"
    )
    parser.add_argument("--deface-up-to", type=float, default=10, help="longest clip, in seconds, that deface gets")
    parser.add_argument("--env", type=Path, default=ENVIRONMENT, help="where deface's environment lies")
    parser.add_argument("--write", action="store_true", help="put the figures into RESULTS.md")
    args = parser.parse_args(argv)
    width, height = (int(v) for v in args.size.split("x"))
    rows = []
    with tempfile.TemporaryDirectory(prefix="avg-blur-clips-") as scratch:
        for seconds in sorted(float(s) for s in args.seconds.split(",")):
            path = clip.make(args.clips or Path(scratch), seconds, (width, height))
            row = measure_one(path, args.repeats, args.option)
            if seconds <= args.deface_up_to:
                row["deface"] = measure_deface(path, args.env, row["pictures"])
            rows.append(row)
            sys.stdout.write(json.dumps(row) + "\n")
            sys.stdout.flush()
    if args.write:
        results.write_section(
            f"Speed, {args.size}", results.command_line("benchmarks.speed", argv), report(rows, args.size)
        )


if __name__ == "__main__":
    main()
