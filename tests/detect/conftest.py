"""Every detector that this computer can run, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from avg_video.detect import weights
from avg_video.detect.detector import DETECTORS, Detector, load_detector
from avg_video.detect.manifest import model

SHARED_MODELS = Path(__file__).parents[3] / "shared" / "models"


@pytest.fixture(scope="session", params=DETECTORS)
def detector(request: pytest.FixtureRequest) -> Iterator[Detector]:
    """Each detector in turn. CenterFace is part of every build, so its absence is a failure, not a reason to skip."""
    name: str = request.param
    with pytest.MonkeyPatch.context() as patch:
        if name == "yunet" and weights.find(name) is None:
            if not (SHARED_MODELS / model(name).file).is_file():
                pytest.skip("YuNet's weights are not installed (avg-blur models fetch yunet)")
            patch.setenv(weights.FOLDER_VARIABLE, str(SHARED_MODELS))
        if name == "blazeface" and weights.find(name) is None:
            pytest.skip("mediapipe is not installed (pip install 'avg-blur[mediapipe]')")
        yield load_detector(name, threads=1)
