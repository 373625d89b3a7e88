"""Measures the ranges of values inside CenterFace, for its copy of whole numbers: models/centerface.int8.json.

usage: python -m benchmarks.calibrate [--write]

Looks at pictures of the made-up class of sample_media, as they are, darker, brighter, noisy and upside down, with the
network in float32. Needed again only when the network or the scheme of hatch_int8.py changes; what comes out is part
of the source, so that every build gives the same file. Needs models/weights/centerface.onnx, which a build leaves.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort

from avg_video.media.reader import VideoReader
from hatch_build import free_graph
from hatch_int8 import channel_groups

ROOT = Path(__file__).parents[1]
RAW = ROOT / "models" / "weights" / "centerface.onnx"
MEASURED = ROOT / "models" / "centerface.int8.json"
EVERY = 24
"""Pictures of the sample from one that is used to the next."""
WIDE_PX = (960, 560)
"""Long sides at which the program looks at whole pictures."""
EVENNESS = 0.7
"""How far channels are evened out by their values (1) or by the weights that read them (0). Measured at 0.5, 0.7 and 1:
0.7 has the least error in the scores."""
DEEPEST = 64
"""No channel is enlarged more than so many times; what never says anything would only be noise."""

F32 = npt.NDArray[np.float32]
U8 = npt.NDArray[np.uint8]


def pictures() -> Iterator[U8]:
    """uint8 (h, w, 3), padded to multiples of 32: every 24th picture of the sample at both sizes, each also changed."""
    random = np.random.default_rng(0)
    count = 0
    with VideoReader(ROOT / "sample_media" / "klas.mp4") as reader:
        for picture in reader:
            if picture.index % EVERY:
                continue
            bgr = cv2.cvtColor(picture.i420, cv2.COLOR_YUV2BGR_I420)
            for wide in WIDE_PX:
                scale = min(wide / max(bgr.shape), 1.5)
                seen = cv2.resize(bgr, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
                down, right = (-size % 32 for size in seen.shape[:2])
                seen = cv2.copyMakeBorder(seen, 0, down, 0, right, cv2.BORDER_CONSTANT)
                yield seen
                yield (
                    cv2.convertScaleAbs(seen, alpha=0.4),
                    cv2.convertScaleAbs(seen, alpha=1.7),
                    np.clip(seen + random.normal(0, 18, seen.shape), 0, 255).astype(np.uint8),
                    np.ascontiguousarray(seen[::-1]),
                )[count % 4]
                count += 1


def channel_extremes(model: onnx.ModelProto) -> dict[str, tuple[F32, F32]]:
    """By tensor the least and the greatest value of each of its channels, over all pictures."""
    told = onnx.ModelProto()
    told.CopyFrom(model)
    del told.graph.output[:]
    names = [node.output[0] for node in model.graph.node]
    told.graph.output.extend(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in names)
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL  # it would take tensors away
    session = ort.InferenceSession(told.SerializeToString(), options, providers=["CPUExecutionProvider"])
    found: dict[str, tuple[F32, F32]] = {}
    for bgr in pictures():
        planes = np.ascontiguousarray(bgr[:, :, ::-1].transpose(2, 0, 1)[None], np.float32)
        for name, value in zip(names, session.run(names, {session.get_inputs()[0].name: planes}), strict=True):
            low, high = value.min((0, 2, 3)), value.max((0, 2, 3))
            before = found.get(name, (low, high))
            found[name] = np.minimum(low, before[0]), np.maximum(high, before[1])
    return found


def shifts_of(model: onnx.ModelProto, extremes: dict[str, tuple[F32, F32]]) -> dict[str, list[int]]:
    """By group of channels the power of two by which each is divided, so that all use the 8 bits they share."""
    weights = {constant.name: onnx.numpy_helper.to_array(constant) for constant in model.graph.initializer}
    shifts = {}
    for name, tensors in channel_groups(model).items():
        values = np.max([np.maximum(-low, high) for low, high in (extremes[t] for t in tensors)], axis=0)
        values = np.maximum(values / values.max(), 1e-4)
        readers = [n for n in model.graph.node if n.op_type in ("Conv", "ConvTranspose") and n.input[0] in tensors]
        read = [_importance(node, weights[node.input[1]]) for node in readers]
        scale = values
        if all(one is not None for one in read):
            weight = np.maximum(np.max([one for one in read if one is not None], axis=0), 1e-3)
            scale = values**EVENNESS / (weight / weight.max()) ** (1 - EVENNESS)
        scale = np.maximum(scale / scale.max(), 1 / DEEPEST)
        shifts[name] = [int(exponent) for exponent in np.rint(np.log2(scale))]
    return shifts


def _importance(node: onnx.NodeProto, kernel: F32) -> F32 | None:
    """How much of its output each input channel can be, (channels,); None where each is read by itself."""
    if any(a.name == "group" and a.i > 1 for a in node.attribute):
        return None
    size = np.abs(kernel) if node.op_type == "Conv" else np.abs(kernel).swapaxes(0, 1)
    greatest = np.maximum(size.max((1, 2, 3), keepdims=True), 1e-9)
    return (size / greatest).max((0, 2, 3))


def measure() -> dict[str, dict[str, list[int] | list[float]]]:
    """What goes into the file."""
    model = onnx.load_from_string(free_graph(RAW.read_bytes()))
    extremes = channel_extremes(model)
    shifts = shifts_of(model, extremes)
    of_group = {tensor: name for name, tensors in channel_groups(model).items() for tensor in tensors}
    ranges = {}
    for tensor, (low, high) in extremes.items():
        scale = np.exp2(shifts[of_group[tensor]]) if tensor in of_group else 1
        ranges[tensor] = [float(f"{(low / scale).min():.4g}"), float(f"{(high / scale).max():.4g}")]
    return {"shifts": shifts, "ranges": ranges}


def main() -> None:
    """Print it, or write it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calibrate", description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help=f"write {MEASURED.relative_to(ROOT)}")
    measured = measure()
    lines = [
        f'  "{part}": {{\n'
        + ",\n".join(f'    "{name}": {json.dumps(value)}' for name, value in table.items())
        + "\n  }"
        for part, table in measured.items()
    ]
    text = "{\n" + ",\n".join(lines) + "\n}\n"
    if parser.parse_args().write:
        MEASURED.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
