"""Runs deface beside this program, on the same clip in the same run, and measures both.

usage: python -m benchmarks.rivals CLIP TRUTH.json [--option ...] [--deface-option ...] [--env FOLDER] [--write]

deface lives in a virtual environment of its own, with the versions in requirements-deface.txt; it is made on the first
run and needs a network then. --write puts the figures into RESULTS.md.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import results
from .measure import Truth, compare
from .program import Run, make_copy, run

PINS = Path(__file__).parent / "requirements-deface.txt"
ENVIRONMENT = Path(__file__).parents[1] / "build" / "deface"


def ensure_deface(folder: Path = ENVIRONMENT) -> Path:
    """Make deface's own environment in `folder` unless it is there with the same pins; returns its Python."""
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    stamp = folder / "pins.sha256"
    wanted = hashlib.sha256(PINS.read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:
        venv.create(folder, with_pip=True, clear=True)
        run([python, "-m", "pip", "install", "--quiet", "-r", PINS])
        stamp.write_text(wanted)
    return python


def run_deface(python: Path, clip: Path, output: Path, options: Sequence[str] = ()) -> Run:
    """Run deface on `clip`, with its defaults but for `options`."""
    return run([python, "-m", "deface.deface", clip, "-o", output, *options])


def compare_both(
    clip: Path, truth: Truth, ours: Sequence[str], theirs: Sequence[str], env: Path, min_h: float
) -> dict[str, Any]:
    """Figures of both programs on one clip."""
    python = ensure_deface(env)
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="avg-blur-rivals-") as folder:
        for name, options in (("avg-blur", ours), ("deface 1.5.0", theirs)):
            output = Path(folder) / f"{name[:4]}.mp4"
            done = make_copy(clip, output, options) if name == "avg-blur" else run_deface(python, clip, output, options)
            measured = compare(clip, output, truth, min_h)
            figures[name] = measured | {
                "options": list(options),
                "wall_s": round(done.wall_s, 1),
                "fps": round(measured["frames"] / done.wall_s, 2),
                "peak_mib": None if done.peak_bytes is None else round(done.peak_bytes / 2**20),
            }
    return figures


def report(figures: dict[str, Any]) -> str:
    """The Markdown table of both."""
    heights = list(next(iter(figures.values()))["by_height"])
    head = ["program", "faces that leak", *(f"{h} px" for h in heights), "pictures with a leak", "changed elsewhere"]
    rows = []
    for name, one in figures.items():
        options = f" `{' '.join(one['options'])}`" if one["options"] else ""
        by_height = [f"{100 * one['by_height'][h][2]:.1f} %" if one["by_height"][h][1] else "-" for h in heights]
        leak = f"{100 * one['leak_rate']:.1f} % ({one['leaked']} of {one['face_frames']})"
        elsewhere = [f"{100 * one[key]:.1f} %" for key in ("frames_with_leak", "altered_elsewhere")]
        memory = "-" if one["peak_mib"] is None else f"{one['peak_mib']} MiB"
        rows.append([name + options, leak, *by_height, *elsewhere, f"{one['fps']:.1f}", memory])
    return results.table([*head, "frames/s, whole", "memory"], rows)


def main(argv: Sequence[str] | None = None) -> None:
    """Read the command line, run both, print and perhaps write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rivals", description=__doc__.splitlines()[0])
    parser.add_argument("clip", type=Path)
    parser.add_argument("truth", type=Path)
    parser.add_argument(
        "--option", action="append", default=[], help="one word for avg-blur, as --option=--crf; repeatable"
    )
    parser.add_argument("--deface-option", action="append", default=[], help="one word for deface; repeatable")
    parser.add_argument("--env", type=Path, default=ENVIRONMENT, help="where deface's environment lies")
    parser.add_argument("--min-h", type=float, default=16, help="smallest face that counts, px")
    parser.add_argument("--write", action="store_true", help="put the figures into RESULTS.md")
    args = parser.parse_args(argv)
    truth = Truth.load(args.truth)
    figures = compare_both(args.clip, truth, args.option, args.deface_option, args.env, args.min_h)
    sys.stdout.write(json.dumps(figures) + "\n")
    if args.write:
        command = results.command_line("benchmarks.rivals", argv)
        results.write_section(f"Beside deface: {args.clip.name}", command, report(figures))


if __name__ == "__main__":
    main()
