"""Whatever bytes our own parsers are given, only their documented errors come out, soon and in little memory.

The targets are those of the coverage-guided fuzzer (`benchmarks/fuzz_parsers.py`); here they get random bytes and
damaged examples.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks import fuzz_parsers
from benchmarks.damage import damage
from benchmarks.fuzz_parsers import TARGETS, seeds_for

ANY_BYTES = st.binary(max_size=400)
SOME = settings(max_examples=60, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module", autouse=True)
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Targets that read files write them below the tests' own folder."""
    before = fuzz_parsers._SCRATCH
    fuzz_parsers._SCRATCH = tmp_path_factory.mktemp("fuzz")
    yield
    fuzz_parsers._SCRATCH = before


@pytest.fixture(scope="module", params=sorted(TARGETS))
def target(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def examples(target: str) -> list[bytes]:
    """Sound examples, made once for each target."""
    return seeds_for(target)


@SOME
@given(data=ANY_BYTES)
def test_any_bytes(target: str, data: bytes) -> None:
    TARGETS[target](data)


@settings(SOME, max_examples=150)
@given(seed=st.integers(0, 10_000), more=st.binary(max_size=64))
def test_damaged_examples(target: str, examples: list[bytes], seed: int, more: bytes) -> None:
    example = random.Random(seed).choice(examples)
    TARGETS[target](damage(example, seed, example[::-1])[0] + more)


def test_the_examples_themselves(target: str, examples: list[bytes]) -> None:
    """They are taken in whole, or the damage would never get beyond the first check."""
    for example in examples:
        TARGETS[target](example)
    if target == "inspection":
        from avg_video.media.inspect import inspect_file

        path = fuzz_parsers._scratch("whole.mp4", examples[0])
        assert inspect_file(path) == ()
    if target == "policy":
        from avg_video.policy.document import load_policy

        assert load_policy(fuzz_parsers._scratch("whole.toml", examples[0])).show
    if target == "plan":
        from avg_video.policy.plan import Plan

        assert len(Plan.load(fuzz_parsers._scratch("whole.avgplan", examples[0])).timeline) == 12


def test_a_plan_put_together_again_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = []
    monkeypatch.setattr(fuzz_parsers, "plan", taken.append)
    fuzz_parsers.plan_parts(seeds_for("plan-parts")[0])
    from avg_video.policy.plan import Plan

    (tmp_path / "again.avgplan").write_bytes(taken[0])
    assert len(Plan.load(tmp_path / "again.avgplan").timeline) == 12


def test_targets_can_fail(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An undocumented error does come out."""
    from avg_video.policy import document

    def broken(table: object, file: Path | None = None) -> None:
        raise KeyError(table)

    monkeypatch.setattr(document, "policy_of", broken)
    with pytest.raises(KeyError):
        TARGETS["policy"](b"a = 1")
