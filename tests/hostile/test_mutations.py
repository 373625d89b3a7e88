"""Damaged recordings of every kind end in a checked copy or in one line; what once did otherwise stays here."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from avg_video.errors import DamagedInput, UnsupportedInput
from avg_video.media.reader import VideoReader
from avg_video.media.source import probe
from benchmarks.damage import damage
from benchmarks.isolation import answers
from benchmarks.kinds import KINDS
from benchmarks.mutations import LIMIT_S, make_clips, run_variants, variants
from benchmarks.verdict import run_and_judge
from tests.hostile.misbehaving import misbehave
from tests.support.clips import X264, card

SURVIVED = (("flv/h264", 21),)
"""Kinds and seeds that once got through; each has a test of its cause as well."""


@pytest.mark.slow
def test_damaged_variants_of_every_kind(tmp_path: Path) -> None:
    clips = make_clips(tmp_path)
    tasks = list(variants(clips, per_kind=1, first_seed=7))
    tasks += [v for kind, seed in SURVIVED for v in variants(clips, per_kind=1, first_seed=seed) if v.kind == kind]
    found = list(run_variants(tasks, processes=1, limit_s=10 * LIMIT_S))
    assert len(found) == len(KINDS) + len(SURVIVED)
    survivors = [(a.task.kind, a.task.seed, a.result.text, a.result.details) for a in found]
    assert [s for s, a in zip(survivors, found, strict=True) if a.result.outcome == "survivor"] == []
    # Were all refused, or all made, the damage would be of no use.
    assert {a.result.outcome for a in found} == {"done", "refused"}


def test_sound_clips_are_made(tmp_path: Path) -> None:
    """The clips themselves are in order, so that what is refused is refused for its damage."""
    for name in ("mp4/h264", "wmv/wmv2"):
        source = make_clips(tmp_path, [name])[name]
        folder = tmp_path / name.replace("/", "-")
        folder.mkdir()
        verdict = run_and_judge(source.rename(folder / source.name), ("--audio", "keep"))
        assert (verdict.outcome, verdict.code) == ("done", 0), verdict


def test_a_stream_that_begins_on_the_way(tmp_path: Path) -> None:
    """FLV names its streams as they come. PyAV breaks down at one that comes late (IndexError)."""
    clip = card(tmp_path / "late.flv", *X264, fps=5, seconds=40)
    sound = b"\x08" + (3).to_bytes(3, "big") + bytes(7) + b"\x2f\xff\xfb"  # one tag of MP3, at second 0
    clip.write_bytes(clip.read_bytes() + (sound + len(sound).to_bytes(4, "big")) * 3)
    with VideoReader(clip) as reader, pytest.raises(UnsupportedInput, match="begins on the way"):
        for _ in reader:
            pass


def test_equal_seeds_are_equal_damage() -> None:
    data, other = bytes(range(256)) * 40, b"other" * 100
    made = {seed: damage(data, seed, other) for seed in range(200)}
    assert all(damage(data, seed, other) == made[seed] for seed in made)
    assert len({bytes_ for bytes_, _ in made.values()}) > 150


def test_crashes_and_hangs_are_seen() -> None:
    found = list(answers(misbehave, ["a", "crash", "b", "hang", "c"], processes=1, limit_s=4.0))
    assert [a.result for a in found] == ["A", None, "B", None, "C"]
    assert found[1].ended == "signal 6"
    assert "Aborted" in found[1].stack
    assert re.fullmatch(r"hung for \d+ s", found[3].ended)
    assert "misbehave" in found[3].stack


@pytest.mark.parametrize("what", ["traceback", "leftover", "no output"])
def test_the_judge_sees_what_must_not_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    """The program is made to misbehave; a judge that can't tell would let everything through."""
    from avg_video import pipeline
    from avg_video.errors import InputError

    def misbehave(path: Path, output: Path, **_: object) -> object:
        if what == "traceback":
            raise IndexError("list index out of range")
        if what == "leftover":
            (path.parent / "left.part").write_bytes(b"x")
            raise InputError("is empty", remedy="copy it again", file=path)
        raise SystemExit(0)

    monkeypatch.setattr(pipeline, "anonymise", misbehave)
    clip = tmp_path / "lesson.mp4"
    clip.write_bytes(b"anything")
    assert run_and_judge(clip).outcome == "survivor"


def test_a_damaged_header_is_no_fault_of_the_disk_or_of_rights(tmp_path: Path) -> None:
    """FFmpeg answers "input/output error" and "operation not permitted" there, which would mislead people."""
    clips = make_clips(tmp_path, ["mkv/h264", "wmv/wmv2"])
    matroska, windows = (clips[name] for name in sorted(clips))
    matroska.write_bytes(matroska.read_bytes()[:98])
    data = bytearray(windows.read_bytes())
    data[302] ^= 0x80
    windows.write_bytes(data)
    for clip in (matroska, windows):
        with pytest.raises(DamagedInput, match="its index or its content is missing or damaged"):
            probe(clip)
