"""What goes into the networks: colours in their order, 0 to 255, padded with black at the right and the bottom."""

from __future__ import annotations

import cv2
import numpy as np
import onnxruntime as ort
import pytest

from avg_video.detect import weights
from avg_video.detect.detector import Detector
from avg_video.detect.manifest import model
from avg_video.detect.network import Network

FIRST_OUTPUT = {"centerface": "537", "yunet": "cls_8"}
SWAPS = {"centerface": True, "yunet": False}


def test_the_input_is_made_as_the_network_was_trained(detector: Detector) -> None:
    """Against OpenCV's own way of making that input; another order of colours gives another answer."""
    if detector.name not in SWAPS:
        pytest.skip("mediapipe makes its own input")
    picture = np.random.default_rng(1).integers(0, 256, (75, 130, 3), dtype=np.uint8)
    name = FIRST_OUTPUT[detector.name]
    padded = cv2.copyMakeBorder(picture, 0, 96 - 75, 0, 160 - 130, cv2.BORDER_CONSTANT, value=(0, 0, 0))
    session = ort.InferenceSession(weights.read(detector.name), providers=["CPUExecutionProvider"])
    answers = []
    for swap in (SWAPS[detector.name], not SWAPS[detector.name]):
        planes = cv2.dnn.blobFromImage(padded, 1.0, (160, 96), swapRB=swap)
        answers.append(session.run([name], {session.get_inputs()[0].name: planes})[0])
    (mine,) = Network(detector.name, threads=1)(picture, [name])
    assert np.allclose(mine, answers[0], atol=1e-4)
    assert not np.allclose(mine, answers[1], atol=1e-2)
    assert model(detector.name).multiple_px == 32


def test_the_built_in_graph_takes_any_size_and_batch() -> None:
    session = ort.InferenceSession(weights.read("centerface"), providers=["CPUExecutionProvider"])
    (given,) = session.get_inputs()
    heat = session.run(["537"], {given.name: np.zeros((2, 3, 64, 96), np.float32)})[0]
    assert heat.shape == (2, 1, 16, 24)


@pytest.mark.parametrize("threads", [-1, -8])
def test_a_negative_number_of_threads(threads: int) -> None:
    with pytest.raises(ValueError, match="threads: expected 0 or more"):
        Network("centerface", threads=threads)
