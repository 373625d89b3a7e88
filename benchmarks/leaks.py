"""Who stays recognisable in a copy of a clip whose faces are known, and how much else was changed.

usage: python -m benchmarks.leaks CLIP TRUTH.json [--output COPY]
                                  [--variant "NAME: OPTIONS"]... [--growth 0.8,1,1.25]
                                  [--json FILE] [--picture FILE.png]

Without --output the real program is run, once per variant ("default" without options if none is given). --growth adds
the curve of leaks against changed area over the size of the cover. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from avg_video.pipeline import Settings

from . import growth
from .chart import Series, draw
from .measure import Truth, compare
from .program import make_copy


def _variant(text: str) -> tuple[str, list[str]]:
    name, colon, options = text.partition(":")
    if not colon or not name.strip():
        raise argparse.ArgumentTypeError('write "NAME: OPTIONS", such as "yunet: --detector yunet"')
    return name.strip(), shlex.split(options)


def _numbers(text: str) -> list[float]:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of numbers such as 0.8,1,1.25") from None
    if any(not 0 < n < 10 for n in numbers):
        raise argparse.ArgumentTypeError("growth is a factor, above 0 and below 10")
    return sorted(numbers)


def run_variants(clip: Path, truth: Truth, variants: Sequence[tuple[str, list[str]]], min_h: float) -> dict[str, Any]:
    """Run the real program once per variant and measure what it made."""
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="avg-blur-leaks-") as folder:
        for name, options in variants:
            output = Path(folder) / "copy.mp4"
            done = make_copy(clip, output, options)
            results[name] = {"options": options, "wall_s": round(done.wall_s, 2)} | compare(clip, output, truth, min_h)
    return results


def chart_of(results: dict[str, Any]) -> list[Series]:
    """One series for the runs, and one for the curve where there is one."""
    runs = results["runs"]
    series = []
    if "growth" in results:
        points = [(p["altered_elsewhere"], p["leak_rate"]) for p in results["growth"]]
        series.append(Series("size of the cover", points, [f"x {p['growth']:g}" for p in results["growth"]]))
    for name, figures in runs.items():
        series.append(Series(name, [(figures["altered_elsewhere"], figures["leak_rate"])], [""]))
    return series


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(prog="python -m benchmarks.leaks", description=__doc__.splitlines()[0])
    made.add_argument("clip", type=Path)
    made.add_argument("truth", type=Path, help="true boxes, as sample_media/klas.json")
    made.add_argument("--output", type=Path, help="measure this copy, run nothing")
    made.add_argument("--variant", type=_variant, action="append", help='"NAME: OPTIONS of the program"; repeatable')
    made.add_argument("--growth", type=_numbers, help="sizes of the cover for the curve; 1 is the program's own")
    made.add_argument("--detector", default="auto", help="detector for --growth")
    made.add_argument("--min-h", type=float, default=16, help="smallest face that counts, px")
    made.add_argument("--json", type=Path, help="write the figures here, too")
    made.add_argument("--picture", type=Path, help="draw leaks against changed area, .png or .jpg")
    return made


def main(argv: Sequence[str] | None = None) -> None:
    """Read the command line, measure, print."""
    args = parser().parse_args(argv)
    truth = Truth.load(args.truth)
    results: dict[str, Any] = {"clip": args.clip.name, "min_h": args.min_h}
    if args.output is not None:
        results["runs"] = {"copy": compare(args.clip, args.output, truth, args.min_h)}
    else:
        results["runs"] = run_variants(args.clip, truth, args.variant or [("default", [])], args.min_h)
    if args.growth:
        settings = Settings(detector=args.detector)
        results["growth"] = growth.curve(args.clip, truth, args.growth, settings, args.min_h)
    if args.picture is not None:
        draw(chart_of(results), f"{args.clip.name}: faces of at least {args.min_h:g} px", args.picture)
    text = json.dumps(results)
    if args.json is not None:
        args.json.write_text(text + "\n", encoding="utf-8")
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    main()
