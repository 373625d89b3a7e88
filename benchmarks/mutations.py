"""Damaged variants of small recordings of every container and codec, through the real program.

Each variant is made from a seed, run in a process that may crash or hang without harm, and judged: either a copy that
passes every check, or one line with a remedy and nothing left behind. Anything else is a survivor.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.damage import damage
from benchmarks.isolation import Answer, answers
from benchmarks.kinds import KINDS, make_kind
from benchmarks.verdict import Verdict, run_and_judge

__all__ = ["Variant", "judge", "make_clips", "run_variants", "variants"]

LIMIT_S = 60.0
MEMORY_BYTES = 6 << 30
"""Address space that a process may take: room for pictures of 8K and what the libraries map, and no more."""


@dataclass(frozen=True)
class Variant:
    """One damaged file: which clip, which seed, and the clip that pieces are taken from."""

    kind: str
    seed: int
    source: Path
    other: Path

    @property
    def options(self) -> tuple[str, ...]:
        """Every other variant keeps its sound, so that damage there is met."""
        return ("--audio", "keep") if self.seed % 2 else ()


def make_clips(folder: Path, kinds: Iterable[str] = KINDS) -> dict[str, Path]:
    """The sound clips, by kind."""
    return {name: make_kind(KINDS[name], folder) for name in kinds}


def variants(clips: dict[str, Path], per_kind: int, first_seed: int = 0) -> Iterator[Variant]:
    """`per_kind` variants of every clip, one of each in turn. No seed is used twice within a kind."""
    names = sorted(clips)
    for seed in range(first_seed, first_seed + per_kind):
        for place, name in enumerate(names):
            other = clips[names[(place + seed) % len(names)]]
            yield Variant(name, seed, clips[name], other)


def damaged(variant: Variant) -> tuple[bytes, str]:
    """The bytes of a variant, and what was done to them."""
    # The kind takes part, so that two kinds with one seed are not damaged alike.
    seed = variant.seed * 1009 + sorted(KINDS).index(variant.kind)
    return damage(variant.source.read_bytes(), seed, variant.other.read_bytes())


def judge(folder: Path, variant: Variant) -> Verdict:
    """Run one variant in `folder`; called in a process of its own."""
    _bound_memory()
    source = folder / f"lesson{KINDS[variant.kind].suffix}"
    source.write_bytes(damaged(variant)[0])
    try:
        return run_and_judge(source, variant.options)
    finally:
        source.unlink()


def _bound_memory() -> None:
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, resource.getrlimit(resource.RLIMIT_AS)[1]))


def run_variants(tasks: Iterable[Variant], processes: int = 2, limit_s: float = LIMIT_S) -> Iterator[Answer]:
    """Run them all; a process that died or hung counts as a survivor of its variant."""
    for answer in answers(judge, tasks, processes=processes, limit_s=limit_s):
        if answer.result is None:
            yield Answer(answer.task, Verdict("survivor", -1, answer.ended, answer.stack), answer.seconds)
        else:
            yield answer


class _Tally:
    """Counts by kind and outcome, and what survived."""

    def __init__(self) -> None:
        self.outcomes: dict[str, Counter[str]] = {}
        self.lines: Counter[str] = Counter()
        self.survivors: list[dict[str, Any]] = []
        self.slowest: tuple[float, str, int] = (0.0, "", 0)

    def add(self, answer: Answer) -> None:
        variant, verdict = answer.task, answer.result
        self.outcomes.setdefault(variant.kind, Counter())[verdict.outcome] += 1
        self.slowest = max(self.slowest, (round(answer.seconds, 1), variant.kind, variant.seed))
        if verdict.outcome == "refused":
            self.lines[re.sub(r"[0-9]+(\.[0-9]+)?", "N", re.sub(r"^avg-blur: .*?: ", "", verdict.text))] += 1
        if verdict.outcome == "survivor":
            self.survivors.append(
                {
                    "kind": variant.kind,
                    "seed": variant.seed,
                    "damage": damaged(variant)[1],
                    "code": verdict.code,
                    "why": verdict.text,
                    "details": verdict.details,
                }
            )

    def as_json(self) -> dict[str, Any]:
        return {
            "variants": sum(sum(c.values()) for c in self.outcomes.values()),
            "outcomes": {kind: dict(counts) for kind, counts in sorted(self.outcomes.items())},
            "lines": dict(self.lines.most_common()),
            "slowest": self.slowest,
            "survivors": self.survivors,
        }

    def as_markdown(self) -> str:
        names = ("done", "refused", "survivor")
        rows = [f"| {kind} | {' | '.join(str(c[n]) for n in names)} |" for kind, c in sorted(self.outcomes.items())]
        total = sum(self.outcomes.values(), Counter())
        rows.append(f"| all {sum(total.values())} | {' | '.join(str(total[n]) for n in names)} |")
        head = ["| container/codec | copy made and checked | refused in one line | survivors |", "|---|---|---|---|"]
        return "\n".join([*head, *rows]) + "\n"


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mutations", description=__doc__.splitlines()[0])
    parser.add_argument("--per-kind", type=int, default=50, help="variants of each container and codec")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--kinds", nargs="*", default=sorted(KINDS), metavar="CONTAINER/CODEC")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--limit", type=float, default=LIMIT_S, help="seconds that one run may take")
    parser.add_argument("--json", type=Path, metavar="FILE", help="everything, survivors with seeds and tracebacks")
    parser.add_argument("--show", type=int, metavar="SEED", help="run that one seed of each kind here, and tell")
    return parser.parse_args(words)


def main(words: Sequence[str] | None = None) -> int:
    """Run, write the table to stdout, and end with 1 if anything survived."""
    chosen = _arguments(words)
    with tempfile.TemporaryDirectory(prefix="kinds-") as folder:
        clips = make_clips(Path(folder), KINDS)
        # Other kinds are spliced in, so the clips are always all there, whichever are run.
        per_kind, first = (1, chosen.show) if chosen.show is not None else (chosen.per_kind, chosen.first_seed)
        tasks = [v for v in variants(clips, per_kind, first) if v.kind in chosen.kinds]
        tally = _Tally()
        for answer in run_variants(tasks, chosen.processes, chosen.limit):
            tally.add(answer)
            if answer.result.outcome == "survivor" or chosen.show is not None:
                what = f"{answer.task.kind} {answer.task.seed}: {answer.result.text} [{damaged(answer.task)[1]}]"
                sys.stderr.write(f"{what}\n{answer.result.details}\n")
            if chosen.json is not None:
                chosen.json.write_text(json.dumps(tally.as_json(), indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(tally.as_markdown())
    return 1 if tally.survivors else 0


if __name__ == "__main__":
    sys.exit(main())
