"""Turns CenterFace's numbers into whole numbers of 8 bits: the same network in half the processor time.

What has to be measured for that, the range of values at every place in the network, stands in
models/centerface.int8.json; benchmarks/calibrate.py made it. Everything here is plain arithmetic on those and on the
weights, so that the same file comes out on every computer.

The scheme is that of Jacob and others, "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-
Only Inference" (2018), arXiv 1712.05877, with a scale per output channel. Before, channels are evened out between
layers, after Nagel and others, "Data-Free Quantization Through Weight Equalization and Bias Correction" (2019), arXiv
1906.04721; by powers of two, so that the network computes exactly the same until it is rounded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

__all__ = ["FLOAT_LAYERS", "channel_groups", "in_whole_numbers"]

F32 = npt.NDArray[np.float32]

FLOAT_LAYERS = frozenset({"363", "366", "369", "509", "536", "538", "539"})
"""Convolutions, by what they give, that stay as they are: the first three, the one before the picture is built up
again, and those that give the answers. They cost little, and rounding the first three alone made half of all error."""
UNUSED = frozenset({"540"})
"""Landmarks."""
ANSWERS = ("537", "538", "539")
OPSET = 13
"""The first version of ONNX with a scale per channel."""
IR_VERSION = 8
PAIR_LIMIT = 127
"""Greatest sum of two weights that are added to each other. Processors without an instruction for all of it add two
products of 8 bits in 16, and cut off what is beyond: 255 * 127 still fits, also after both were rounded up."""


def in_whole_numbers(model: onnx.ModelProto, measured: Mapping[str, Any]) -> onnx.ModelProto:
    """The graph whose convolutions, but for `FLOAT_LAYERS`, are of uint8 activations and int8 weights.

    Parameters
    ----------
    model: the network in float32, with the sizes left free.
    measured: `shifts`, by the name of each group of `channel_groups` the exponents of two by which its channels are
        divided; `ranges`, by tensor its least and greatest value after that.

    Raises `KeyError` when something that is needed was not measured.
    """
    weights = {constant.name: numpy_helper.to_array(constant).copy() for constant in model.graph.initializer}
    for name, tensors in channel_groups(model).items():
        _even_out(model, weights, tensors, np.exp2(np.array(measured["shifts"][name], np.float32)))
    graph = _Writer(weights, measured["ranges"])
    for node in model.graph.node:
        graph.take(node)
    made = helper.make_model(
        helper.make_graph(graph.nodes, "centerface-int8", model.graph.input, _answers(model), graph.constants),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="avg-blur",
    )
    onnx.checker.check_model(made)
    return made


def channel_groups(model: onnx.ModelProto) -> dict[str, tuple[str, ...]]:
    """Tensors whose channels must be scaled alike, since they are added or rectified; by the last one's name.

    Left out are the answers, and what is read by no convolution.
    """
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.setdefault(name, name) != name:
            name = parent[name]
        return name

    for node in model.graph.node:
        root(node.output[0])
        # A batch normalisation makes channels that have nothing to do with those before.
        if node.op_type in ("Relu", "Add"):
            for name in node.input:
                parent[root(name)] = root(node.output[0])
    groups: dict[str, list[str]] = {}
    for node in model.graph.node:
        groups.setdefault(root(node.output[0]), []).append(node.output[0])
    read = {root(node.input[0]) for node in _convolutions(model) if node.input[0] in parent}
    # Batch normalisations stay as they are, and so do the channels they give.
    fixed = {
        root(name) for node in model.graph.node if "Norm" in node.op_type for name in (*node.input[:1], *node.output)
    }
    return {name: tuple(tensors) for name, tensors in groups.items() if name in read - fixed}


def _convolutions(model: onnx.ModelProto) -> Iterator[onnx.NodeProto]:
    return (node for node in model.graph.node if node.op_type in ("Conv", "ConvTranspose"))


def _grouped(node: onnx.NodeProto) -> bool:
    """Whether each channel goes its own way."""
    return any(a.name == "group" and a.i > 1 for a in node.attribute)


def _even_out(model: onnx.ModelProto, weights: dict[str, F32], tensors: Iterable[str], scale: F32) -> None:
    """Divide those tensors' channels by `scale`, (channels,), and multiply the weights that read them; in place."""
    of_group, column = set(tensors), scale[:, None, None, None]
    for node in _convolutions(model):
        kernel = node.input[1]
        if node.output[0] in of_group:
            weights[kernel] /= column
            for bias in node.input[2:]:
                weights[bias] /= scale
        if node.input[0] in of_group:
            weights[kernel] *= column if _grouped(node) or node.op_type == "ConvTranspose" else column.swapaxes(0, 1)


def _answers(model: onnx.ModelProto) -> list[onnx.ValueInfoProto]:
    return [value for value in model.graph.output if value.name in ANSWERS]


class _Writer:
    """Writes the nodes of the new graph, in the form in which runtimes know whole-number layers: around each of them
    values are turned into 8 bits and back, and the runtime takes the steps together."""

    def __init__(self, weights: Mapping[str, F32], ranges: Mapping[str, tuple[float, float]]) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self._weights, self._ranges = weights, ranges
        self._whole: set[str] = set()
        """What layers of whole numbers give; it is only ever read rounded, or the runtime could not join the steps."""
        self._read: dict[str, str] = {}

    def take(self, node: onnx.NodeProto) -> None:
        """Write one layer of the float graph."""
        name = node.output[0]
        if name in UNUSED:
            return
        if node.op_type == "Relu":
            # Part of the layer before it.
            inputs, whole = list(node.input), node.input[0] in self._whole
        elif node.op_type == "Add" or (node.op_type == "Conv" and name not in FLOAT_LAYERS):
            inputs, whole = [self._rounded(x) for x in node.input if x not in self._weights], True
        else:
            inputs, whole = [self._rounded(x) if x in self._whole else x for x in node.input], False
        if whole:
            self._whole.add(name)
        if whole and node.op_type == "Conv":
            inputs += self._rounded_weights(node)
        else:
            for constant in node.input:
                if constant in self._weights:
                    self._constant(constant, self._weights[constant])
        self.nodes.append(helper.make_node(node.op_type, inputs, [name]))
        self.nodes[-1].attribute.extend(node.attribute)

    def _rounded(self, name: str) -> str:
        """The tensor that holds what is left of those values in 8 bits."""
        if name not in self._read:
            scale, zero = self._steps(name)
            steps = [self._constant(f"{name}_step", scale), self._constant(f"{name}_zero", zero)]
            self.nodes.append(helper.make_node("QuantizeLinear", [name, *steps], [f"{name}_u8"]))
            self.nodes.append(helper.make_node("DequantizeLinear", [f"{name}_u8", *steps], [f"{name}_rounded"]))
            self._read[name] = f"{name}_rounded"
        return self._read[name]

    def _steps(self, name: str) -> tuple[np.float32, np.uint8]:
        """The value of one step, and the step that stands for 0, which must be one."""
        low, high = (np.float32(value) for value in self._ranges[name])
        scale = (max(high, np.float32(0)) - min(low, np.float32(0))) / np.float32(255)
        return scale, np.uint8(np.rint(-min(low, np.float32(0)) / scale))

    def _rounded_weights(self, node: onnx.NodeProto) -> list[str]:
        """Kernel and bias of a convolution of whole numbers."""
        kernel, name = self._weights[node.input[1]], node.output[0]
        steps = _weight_steps(kernel)
        # Sums are counted in the product of both steps, and so is the bias.
        sum_steps = steps * self._steps(node.input[0])[0]
        bias = np.rint(self._weights[node.input[2]] / sum_steps).astype(np.int32)
        return [
            self._channels(f"{name}_kernel", np.rint(kernel / steps[:, None, None, None]).astype(np.int8), steps),
            self._channels(f"{name}_bias", bias, sum_steps),
        ]

    def _channels(self, name: str, whole: npt.NDArray[np.int8] | npt.NDArray[np.int32], steps: F32) -> str:
        """Whole numbers with a step for each output channel, as the values they stand for."""
        inputs = [self._constant(f"{name}_whole", whole), self._constant(f"{name}_step", steps)]
        inputs.append(self._constant(f"{name}_zero", np.zeros(len(steps), whole.dtype)))
        self.nodes.append(helper.make_node("DequantizeLinear", inputs, [name], axis=0))
        return name

    def _constant(self, name: str, value: Any) -> str:
        self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name


def _weight_steps(kernel: F32) -> F32:
    """The value of one step of the weights of each output channel, (channels,); see `PAIR_LIMIT`."""
    flat = kernel.transpose(0, 2, 3, 1).reshape(len(kernel), -1)  # in the order in which products are added
    greatest = np.abs(flat).max(axis=1)
    if kernel.shape[1] > 1:  # a channel by itself is multiplied in another way, that never cuts off
        padded = np.pad(flat, ((0, 0), (0, flat.shape[1] % 2)))
        greatest = np.maximum(greatest, np.abs(padded[:, 0::2] + padded[:, 1::2]).max(axis=1))
    # A channel whose weights are all 0 needs some step; any will do.
    return np.maximum(greatest, np.float32(1e-9)) / np.float32(PAIR_LIMIT)
