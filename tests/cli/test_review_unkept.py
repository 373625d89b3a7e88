"""What the terminal says when a review is stopped while its choices can't be kept."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from avg_video.errors import OutputError
from avg_video.review.server.session import Session
from tests.cli.helpers import avg_blur, lesson


@pytest.mark.skipif(os.name != "posix", reason="signals as on POSIX")
def test_that_choices_are_gone_is_said_although_it_was_asked_to_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(self: Session, *_: Any) -> str:
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            raise OutputError("what you chose can't be kept (no room)", remedy="free some space") from None
        return "asked"

    monkeypatch.setenv("AVG_BLUR_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(Session, "work", stopped)
    film = lesson(tmp_path / "les.mp4")
    run = avg_blur("review", film, "--no-open", "--no-log", "--no-register")
    assert run.exit_code == 130
    assert "what you chose can't be kept (no room); free some space" in run.stderr
    assert run.stderr.rstrip().splitlines()[-1].startswith("avg-blur: interrupted")
