"""A plan as a file: what is written comes back, and nothing else is ever believed."""

from __future__ import annotations

import io
import json
import os
import stat
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avg_video.errors import OutputError, UsageError
from avg_video.media.timing import Timeline
from avg_video.policy.decision import Decision, Reason
from avg_video.policy.plan import Plan
from avg_video.track.types import CameraMotion, Evidence
from tests.policy.worlds import quick, timeline, track

SHA = "0123456789abcdef" * 4
NOBODY = np.zeros(0, np.int32)


def plan(**changed: Any) -> Plan:
    tracks = (track(1, 0, 9, evidence=[0, 1, 2, 3, 0, 1, 2, 3, 0, 1]), track(7, 4, 6, (30, 40), confirmed=False))
    shown = Decision(1, "show", Reason.IN_REGION, "consent_region 1", np.array([2, 5], np.int32))
    parts: dict[str, Any] = {
        "source_sha256": SHA,
        "timeline": timeline(10, cuts=[3, 8]),
        "motion": CameraMotion.still(10),
        "tracks": tracks,
        "decisions": (shown, Decision.cover(7, Reason.UNCONFIRMED)),
        "settings": {"detector": "centerface", "nested": {"a": [1, 2.5, None, True, "é"]}},
    }
    return Plan(**{**parts, **changed})


def same(a: Plan, b: Plan) -> None:
    assert (a.source_sha256, a.settings) == (b.source_sha256, b.settings)
    for name in ("end_pts", "time_base", "size_wh", "rotation_deg", "sample_aspect"):
        assert getattr(a.timeline, name) == getattr(b.timeline, name)
    pairs = [(a.timeline.pts, b.timeline.pts), (a.timeline.cuts, b.timeline.cuts)]
    pairs += [(a.motion.affine, b.motion.affine), (a.motion.trusted, b.motion.trusted)]
    assert [(t.id, t.confirmed) for t in a.tracks] == [(t.id, t.confirmed) for t in b.tracks]
    for t, u in zip(a.tracks, b.tracks, strict=True):
        pairs += [(t.frames, u.frames), (t.boxes_xyxy, u.boxes_xyxy), (t.evidence, u.evidence)]
    for d, e in zip(a.decisions, b.decisions, strict=True):
        assert (d.track_id, d.verdict, d.reason, d.rule) == (e.track_id, e.verdict, e.reason, e.rule)
        pairs.append((d.covered_frames, e.covered_frames))
    for x, y in pairs:
        assert x.dtype == y.dtype
        np.testing.assert_array_equal(x, y)


def test_it_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "klas.avgplan"
    for each in (plan(), plan(decisions=()), plan(tracks=(), decisions=(), settings={})):
        each.save(path)
        same(Plan.load(path), each)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    n = draw(st.integers(1, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    pts = np.cumsum(rng.integers(1, 9000, n)) + draw(st.integers(-(2**50), 2**50))
    cuts = sorted(draw(st.sets(st.integers(1, n - 1), max_size=3))) if n > 1 else []
    line = Timeline(
        pts,
        int(pts[-1]) + draw(st.integers(1, 10**6)),
        draw(st.fractions(Fraction(1, 10**6), 10, max_denominator=10**6)),
        (2 * draw(st.integers(1, 4000)), 2 * draw(st.integers(1, 4000))),
        draw(st.sampled_from([0, 90, 180, 270])),
        draw(st.fractions(Fraction(1, 100), 100, max_denominator=1000)),
        np.asarray(cuts, np.int32),
    )
    tracks, decisions = [], []
    for number in draw(st.sets(st.integers(1, 2**31 - 1), max_size=4)):
        first = draw(st.integers(0, n - 1))
        last = draw(st.integers(first, n - 1))
        kinds = rng.integers(0, max(Evidence) + 1, last - first + 1).tolist()
        tracks.append(
            track(number, first, last, draw(st.tuples(st.floats(-9e5, 9e5), st.floats(-9e5, 9e5))), 50, evidence=kinds)
        )
        if draw(st.booleans()):
            covered = tracks[-1].frames[rng.random(last - first + 1) < 0.3]
            decisions.append(Decision(number, "show", Reason.SHOWN_NUMBER, f"--show {number}", covered))
        else:
            decisions.append(Decision.cover(number, Reason.NO_RULE))
    affine = rng.normal(0, 1, (n, 2, 3)).astype(np.float32)
    motion = CameraMotion(affine, rng.random(n) < 0.8)
    settings = draw(
        st.dictionaries(st.text(max_size=9), st.one_of(st.none(), st.integers(), st.text(max_size=9)), max_size=3)
    )
    return Plan(SHA, line, motion, tuple(tracks), tuple(decisions) if draw(st.booleans()) else (), settings)


@quick
@given(plans())
def test_every_plan_comes_back(tmp_path_factory: pytest.TempPathFactory, made: Plan) -> None:
    path = tmp_path_factory.mktemp("plan") / "p.avgplan"
    made.save(path)
    same(Plan.load(path), made)


def test_equal_plans_are_equal_files_and_numpy_can_read_them(tmp_path: Path) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    plan().save(a)
    plan().save(b)
    assert a.read_bytes() == b.read_bytes()
    with np.load(io.BytesIO(a.read_bytes()), allow_pickle=False) as columns:
        assert columns["boxes"].shape == (13, 4)
        assert json.loads(columns["head"].tobytes())["source_sha256"] == SHA


@pytest.mark.skipif(os.name != "posix", reason="modes are a POSIX matter")
def test_it_is_private_and_replaces_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "p.avgplan"
    path.write_text("old")
    path.chmod(0o644)
    plan().save(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in tmp_path.iterdir()] == ["p.avgplan"]
    same(Plan.load(path), plan())


def test_a_place_that_can_not_be_written(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"none.p\.avgplan: .+; .+"):
        plan().save(tmp_path / "none" / "p.avgplan")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"source_sha256": SHA.upper()}, "source_sha256"),
        ({"motion": CameraMotion.still(9)}, "expected 10 pictures"),
        ({"tracks": (track(1, 0, 3), track(1, 5, 6)), "decisions": ()}, "different numbers"),
        ({"tracks": (track(1, 0, 10),), "decisions": ()}, "pictures of the timeline"),
        ({"tracks": (track(1, 0, 3, (2e6, 0)),), "decisions": ()}, "at most 1e"),
        ({"decisions": (Decision.cover(1, Reason.NO_RULE),)}, "one for each track"),
        ({"decisions": (Decision.cover(7, Reason.NO_RULE), Decision.cover(1, Reason.NO_RULE))}, "same order"),
        (
            {"decisions": (Decision.cover(1, Reason.NO_RULE), Decision(7, "show", Reason.IN_REGION, "r", NOBODY))},
            "not confirmed",
        ),
        ({"settings": {"a": float("nan")}}, "JSON"),
    ],
)
def test_parts_that_do_not_fit_make_no_plan(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        plan(**changed)


def test_a_decision_says_one_thing() -> None:
    for wrong in (
        {"verdict": "show", "reason": Reason.NO_RULE},
        {"verdict": "cover", "reason": Reason.IN_REGION},
        {"verdict": "cover", "reason": Reason.NO_RULE, "covered_frames": np.array([1], np.int32)},
        {"verdict": "show", "reason": Reason.IN_REGION, "covered_frames": np.array([2, 1], np.int32)},
        {"verdict": "show", "reason": Reason.IN_REGION, "covered_frames": np.array([1], np.int64)},
        {"verdict": "cover", "reason": Reason.NO_RULE, "rule": "line\nbreak"},
        {"verdict": "cover", "reason": Reason.NO_RULE, "track_id": 0},
    ):
        with pytest.raises(ValueError, match=r"expected|does not go"):
            Decision(**{"track_id": 1, "rule": None, "covered_frames": NOBODY, **wrong})  # type: ignore[arg-type]


Columns = dict[str, npt.NDArray[Any]]


def altered(path: Path, change: Callable[[dict[str, Any], Columns], object]) -> None:
    """Save a plan with its head and columns changed, still a faultless archive."""
    plan().save(path)
    with np.load(io.BytesIO(path.read_bytes())) as columns:
        parts = {name: columns[name].copy() for name in columns}
    head = json.loads(parts.pop("head").tobytes())
    change(head, parts)
    np.savez_compressed(path.with_suffix(".npz"), head=np.frombuffer(json.dumps(head).encode(), np.uint8), **parts)
    path.with_suffix(".npz").replace(path)


def put(name: str, index: Any, value: Any) -> Callable[[dict[str, Any], Columns], object]:
    return lambda _, columns: columns[name].__setitem__(index, value)


def swap(name: str, values: Any) -> Callable[[dict[str, Any], Columns], object]:
    return lambda _, columns: columns.update({name: values})


def say(key: str, value: Any) -> Callable[[dict[str, Any], Columns], object]:
    return lambda head, _: head.update({key: value})


BAD = {
    "pts-back": put("pts", 3, -5),
    "pts-huge": put("pts", 9, 2**62),
    "pts-lowest": put("pts", 0, -(2**63)),
    "cut-outside": put("cuts", 1, 10),
    "cut-negative": put("cuts", 0, -1),
    "cuts-back": put("cuts", 0, 9),
    "nan-motion": put("affine", (3, 0, 0), np.nan),
    "huge-motion": put("affine", (3, 0, 0), 1e30),
    "flag": put("trusted", 3, 2),
    "confirmed-flag": put("track_confirmed", 0, 255),
    "same-number": put("track_id", 1, 1),
    "number-zero": put("track_id", 0, 0),
    "begins-before": put("track_first", 0, -1),
    "ends-after": put("track_length", 0, 11),
    "no-length": put("track_length", 0, 0),
    "negative-length": put("track_length", 0, -(2**31)),
    "begins-late": put("track_first", 1, 2**31 - 1),
    "nan-box": put("boxes", (2, 0), np.nan),
    "inside-out-box": put("boxes", (2, 0), 5e5),
    "huge-box": put("boxes", (2, 2), 3e38),
    "unknown-evidence": put("evidence", 2, 4),
    "covered-outside": put("covered_frames", 0, -3),
    "covered-after": put("covered_frames", 1, 99),
    "covered-count": put("covered_count", 0, 3),
    "covered-negative": put("covered_count", 0, -1),
    "fewer-boxes": swap("boxes", np.ones((3, 4), np.float32)),
    "other-shape": swap("boxes", np.ones((13, 5), np.float32)),
    "other-type": swap("boxes", np.ones((13, 4), np.float64)),
    "other-order": swap("boxes", np.asfortranarray(np.arange(52, dtype=np.float32).reshape(13, 4))),
    "big-endian": swap("boxes", np.ones((13, 4), ">f4")),
    "flat": swap("pts", np.int64(4)),
    "no-pictures": swap("pts", np.zeros(0, np.int64)),
    "objects": swap("pts", np.array([{}], dtype=object)),
    "one-more": swap("extra", np.zeros(1)),
    "one-less": lambda _, columns: columns.pop("cuts"),
    "format": say("format", 2),
    "format-true": say("format", True),
    "no-format": lambda head, _: head.pop("format"),
    "hash": say("source_sha256", "x"),
    "time-base": say("time_base", "1/0"),
    "time-base-0": say("time_base", "0/1"),
    "aspect": say("sample_aspect", "nan"),
    "rotation": say("rotation_deg", 45),
    "end": say("end_pts", 3),
    "end-huge": say("end_pts", 10**400),
    "size": say("size_wh", [1001, 500]),
    "size-huge": say("size_wh", [10**9, 500]),
    "size-text": say("size_wh", "big"),
    "unknown-key": say("name", "somebody"),
    "settings": say("settings", [1]),
    "settings-nan": say("settings", {"a": float("nan")}),
    "fewer-decisions": lambda head, _: head["decisions"].pop(),
    "unknown-reason": lambda head, _: head["decisions"][0].update(reason="because"),
    "show-unconfirmed": lambda head, _: head["decisions"][1].update(reason="in-region"),
    "cover-with-pictures": lambda head, _: head["decisions"][0].update(reason="no-rule"),
    "rule": lambda head, _: head["decisions"][0].update(rule="\x1b[31m"),
}


@pytest.mark.parametrize("change", BAD.values(), ids=BAD.keys())
def test_what_does_not_fit_is_refused_in_one_line(
    tmp_path: Path, change: Callable[[dict[str, Any], Columns], object]
) -> None:
    path = tmp_path / "p.avgplan"
    altered(path, change)
    refused(path)


def test_an_archive_made_by_numpy_itself_is_read(tmp_path: Path) -> None:
    altered(tmp_path / "p.avgplan", lambda *_: None)  # so that the test above fails for the reason it names
    same(Plan.load(tmp_path / "p.avgplan"), plan())


def refused(path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        Plan.load(path)
    line = str(caught.value)
    assert line.startswith(f"{path}: ")
    assert line.isprintable()
    assert line.endswith(("; make a new one with avg-blur look FILE", "; give a plan (NAME.avgplan)"))


@pytest.mark.parametrize("kept", [0, 1, 22, 100, 0.5, 0.9, -1])
def test_a_file_that_breaks_off(tmp_path: Path, kept: float) -> None:
    path = tmp_path / "p.avgplan"
    plan().save(path)
    data = path.read_bytes()
    path.write_bytes(data[: int(kept * len(data))] if isinstance(kept, float) else data[:kept])
    refused(path)


def test_flipped_bytes_never_pass_unseen(tmp_path: Path) -> None:
    path = tmp_path / "p.avgplan"
    plan().save(path)
    data, rng = path.read_bytes(), np.random.default_rng(1)
    survived = 0
    for place in rng.choice(len(data), 300, replace=False):
        bad = bytearray(data)
        bad[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(bad)
        try:
            same(Plan.load(path), plan())  # times and attributes of the archive mean nothing
            survived += 1
        except UsageError as error:
            line = str(error)
            assert line.isprintable(), line
    assert survived < 100


@quick
@given(st.binary(max_size=200))
def test_any_bytes_are_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("plan") / "p.avgplan"
    path.write_bytes(data)
    refused(path)


def repacked(path: Path, change: Callable[[str, bytes], bytes], how: int = zipfile.ZIP_DEFLATED) -> None:
    plan().save(path)
    parts = zipfile.ZipFile(io.BytesIO(path.read_bytes()))
    with zipfile.ZipFile(path, "w", how) as archive:
        for name in parts.namelist():
            archive.writestr(name, change(name, parts.read(name)))


def shaped(shape: bytes) -> Callable[[str, bytes], bytes]:
    def change(name: str, data: bytes) -> bytes:
        return data.replace(b"(10,)", shape).replace(b" " * len(shape), b" " * 5, 1) if name == "pts.npy" else data

    return change


@pytest.mark.parametrize(
    "shape", [b"(99999999999999,)", b"(-1,)", b"(10, 0,)", b"(4294967306,)", b"()", b"(__import__('os'),)"]
)
def test_a_declared_size_is_not_believed(tmp_path: Path, shape: bytes) -> None:
    path = tmp_path / "p.avgplan"
    repacked(path, shaped(shape))
    tracemalloc.start()
    refused(path)
    assert tracemalloc.get_traced_memory()[1] < 20e6
    tracemalloc.stop()


def test_other_ways_of_packing_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.avgplan"
    for how in (zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        repacked(path, lambda _, data: data, how)
        refused(path)
    repacked(path, lambda _, data: data)
    same(Plan.load(path), plan())


def test_a_bomb_takes_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "p.avgplan"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for k in range(60):
            archive.writestr(f"c{k}.npy", bytes(10**6))
    tracemalloc.start()
    refused(path)
    # A directory that declares four gigabytes for a column.
    repacked(path, lambda _, data: data)
    data = path.read_bytes()
    at = data.rindex(b"boxes.npy") - 46
    path.write_bytes(data[: at + 24] + struct.pack("<L", 0xFFFFFFF0) + data[at + 28 :])
    refused(path)
    # An end that declares more parts than this.
    path.write_bytes(data[:-12] + struct.pack("<HL", 65535, 0x7FFFFFFF) + data[-6:])
    refused(path)
    assert tracemalloc.get_traced_memory()[1] < 20e6
    tracemalloc.stop()


def test_a_head_that_is_no_table_or_endless(tmp_path: Path) -> None:
    path = tmp_path / "p.avgplan"
    for text in (b"[]", b"{", b"\xff", b"[" * 100_000, b'{"a":' * 50_000, b"1" * 9000):
        column = io.BytesIO()
        np.lib.format.write_array(column, np.frombuffer(text, np.uint8), version=(1, 0))
        whole = {"head.npy": column.getvalue()}
        repacked(path, lambda name, data, whole=whole: whole.get(name, data))  # type: ignore[misc]
        refused(path)


def test_what_is_no_file(tmp_path: Path) -> None:
    refused(tmp_path)
    with pytest.raises(UsageError, match="there is no such plan"):
        Plan.load(tmp_path / "none.avgplan")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "p")
        refused(tmp_path / "p")


def test_a_file_too_large_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "p.avgplan"
    with path.open("wb") as file:
        file.truncate((512 << 20) + 1)  # sparse
    refused(path)
