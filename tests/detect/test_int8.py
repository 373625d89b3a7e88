"""The built-in network of whole numbers: what it is made of, that it stays within what every processor can add, and
that it finds what the same network in float32 finds."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest

from avg_video.detect import weights
from avg_video.detect.centerface import CenterFace

onnx = pytest.importorskip("onnx")
int8 = importlib.import_module("hatch_int8")  # needs onnx

ROOT = Path(__file__).parents[2]
RAW = ROOT / "models" / "weights" / "centerface.onnx"
MEASURED = json.loads((ROOT / "models" / "centerface.int8.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def whole() -> Any:
    """The graph that is run."""
    return onnx.load_from_string(weights.read("centerface"))


@pytest.fixture(scope="module")
def floating() -> Any:
    """The network as it was published, with its sizes left free."""
    if not RAW.is_file():
        pytest.skip(f"{RAW} is not there; an install from this tree puts it there")
    from hatch_build import free_graph

    return onnx.load_from_string(free_graph(RAW.read_bytes()))


def test_all_but_a_few_layers_are_of_whole_numbers(whole: Any) -> None:
    kernels = {c.name for c in whole.graph.initializer if c.data_type == onnx.TensorProto.INT8 and len(c.dims) == 4}
    convolutions = [node for node in whole.graph.node if node.op_type == "Conv"]
    assert len(kernels) + len(int8.FLOAT_LAYERS) == len(convolutions) == 59


def test_no_sum_of_two_products_leaves_16_bits(whole: Any) -> None:
    """A processor without instructions for it adds two products of 255 and a weight, and cuts off: a face would fade
    on old computers only."""
    greatest = 0
    for constant in whole.graph.initializer:
        if constant.data_type == onnx.TensorProto.INT8 and len(constant.dims) == 4 and constant.dims[1] > 1:
            kernel = onnx.numpy_helper.to_array(constant).astype(int)
            flat = kernel.transpose(0, 2, 3, 1).reshape(len(kernel), -1)
            assert flat.shape[1] % 2 == 0
            greatest = max(greatest, int(np.abs(flat[:, 0::2] + flat[:, 1::2]).max()))
    assert 120 <= greatest <= 128


def answers(graph: Any, picture: np.ndarray[Any, Any]) -> list[Any]:
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(graph.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return list(session.run(["537", "538", "539"], {"input.1": picture}))


def test_evening_out_channels_changes_nothing_before_rounding(floating: Any) -> None:
    """Powers of two are exact in float32, so that the answers are the same to the last bit but for the order of sums;
    without the channels' shift in one of the two places they would be far off."""
    evened = onnx.ModelProto()
    evened.CopyFrom(floating)
    kernels = {c.name: onnx.numpy_helper.to_array(c).copy() for c in evened.graph.initializer}
    before = {name: kernel.copy() for name, kernel in kernels.items()}
    for name, tensors in int8.channel_groups(floating).items():
        int8._even_out(floating, kernels, tensors, np.exp2(np.array(MEASURED["shifts"][name], np.float32)))
    assert sum(not np.array_equal(kernels[name], before[name]) for name in kernels) > 50
    for i, constant in enumerate(evened.graph.initializer):
        evened.graph.initializer[i].CopyFrom(onnx.numpy_helper.from_array(kernels[constant.name], constant.name))
    picture = np.random.default_rng(0).uniform(0, 255, (1, 3, 64, 96)).astype(np.float32)
    for one, other in zip(answers(floating, picture), answers(evened, picture), strict=True):
        assert np.allclose(one, other, rtol=1e-5, atol=1e-5)


def test_everything_that_was_measured_is_needed(floating: Any) -> None:
    assert set(MEASURED["shifts"]) == set(int8.channel_groups(floating))
    less = {**MEASURED, "ranges": {k: v for k, v in MEASURED["ranges"].items() if k != "373"}}
    with pytest.raises(KeyError, match="373"):
        int8.in_whole_numbers(floating, less)


def test_it_finds_whom_the_float_network_finds() -> None:
    """On pictures of the sample that it was not measured on: every sure hit, and next to nobody else's."""
    if not RAW.is_file():
        pytest.skip(f"{RAW} is not there; an install from this tree puts it there")
    from benchmarks.int8 import compare, float_centerface, pictures

    shifted = (bgr[3:, 5:] for bgr in pictures([ROOT / "sample_media" / "klas.mp4"], 60))
    found = compare(CenterFace(), float_centerface(), shifted)
    assert found["pictures"] >= 8
    assert sum(found["hits"][1:]) > 40
    assert sum(found["lost"][1:]) + sum(found["new"][1:]) == 0
    assert found["box_iou"] > 0.9
    assert abs(found["score_difference"][0]) < 0.01
    assert found["score_difference"][1] < 0.03
