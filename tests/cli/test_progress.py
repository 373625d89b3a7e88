"""Bars: only on a terminal, harmless names, warnings above them, and a way to stop."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from avg_video.cli.progress import FileBar, shortened
from avg_video.cli.stop import CALM_S, StopSign


def test_name_fits_and_is_harmless() -> None:
    assert shortened(Path("a/lesson.mp4")) == "lesson.mp4"
    assert shortened(Path("x\x1b[31m.mp4")) == "x\\x1b[31m.mp4"
    long = shortened(Path("a" * 40 + "b" * 40 + ".mp4"))
    assert len(long) == 28
    assert long.startswith("aaa")
    assert long.endswith("b.mp4")


def test_nothing_is_drawn_off_a_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    with FileBar("lesson.mp4") as bars:
        bars.stage("looking", 10.0)
        bars.at(5.0, 125)
        bars.warn("the picture shakes\x1b[2J")
    out, err = capfd.readouterr()
    assert out == ""
    assert err == "avg-blur: lesson.mp4: the picture shakes\\x1b[2J\n"
    assert bars.warnings == ["the picture shakes\x1b[2J"]


def test_a_bar_says_what_how_far_how_fast_and_how_long(capfd: pytest.CaptureFixture[str]) -> None:
    with FileBar("lesson.mp4", show=True) as bars:
        bars.stage("looking", 10.0)
        bars.at(5.0, 125)
        bars.refresh()
        bars.warn("careful")
        bars.at(5.5, 130)
        bars.refresh()
    err = capfd.readouterr().err
    assert re.search(r"lesson\.mp4  looking   50%\|.*\| \d\d:\d\d left, \d+ frames/s", err)
    before, after = err.split("avg-blur: lesson.mp4: careful\n")
    assert before.endswith("\r"), "the line was cleared before the warning"
    assert " 55%|" in after
    assert err.endswith("\r\x1b[K"), "the line is cleared at the end"


def test_a_stage_that_runs_over_or_has_no_known_length(capfd: pytest.CaptureFixture[str]) -> None:
    with FileBar("lesson.mp4", show=True) as bars:
        bars.stage("looking", 2.0)
        bars.at(3.0, 75)
        bars.refresh()
        bars.stage("making", None)
        bars.at(1.0, 25)
        bars.refresh()
    err = capfd.readouterr().err
    assert "100%" in err
    assert re.search(r"lesson\.mp4  making   \d\d:\d\d, \d+ frames/s", err)


def test_check_is_called_at_every_report() -> None:
    calls: list[int] = []
    bars = FileBar("x", check=lambda: calls.append(1), show=False)
    bars.stage("looking", 1.0)
    bars.at(0.5, 1)
    assert len(calls) == 2


def test_a_lost_request_to_stop_is_raised_again(monkeypatch: pytest.MonkeyPatch) -> None:
    import signal

    now = [1000.0]
    monkeypatch.setattr("avg_video.cli.stop.time", SimpleNamespace(monotonic=lambda: now[0]))
    with StopSign() as stop:
        stop.check()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)  # impatient: ignored for a moment
        with pytest.raises(KeyboardInterrupt):
            stop.check()
        stop.check()
        now[0] += CALM_S + 1
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    if hasattr(signal, "SIGHUP"):
        with StopSign(), pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGHUP)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
