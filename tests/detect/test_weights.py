"""Weights: found where they belong, believed only when the checksum is right, written whole or not at all."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest

from avg_video.detect import manifest, weights
from avg_video.detect.detector import load_detector
from avg_video.detect.manifest import Model, known_models, model
from avg_video.errors import ModelError, UsageError
from avg_video.media.folders import DATA_VARIABLE
from tests.detect.servers import Site, serve

ROOT = Path(__file__).parents[2]
BODY = b"not a network, but the right bytes" * 100


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An own, not yet existing folder for the user's weights."""
    place = tmp_path / "user" / "models"
    monkeypatch.setenv(weights.FOLDER_VARIABLE, str(place))
    return place


@pytest.fixture
def small(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Model:
    """A manifest in which YuNet's weights are `BODY`."""
    entry = replace(model("yunet"), sha256=hashlib.sha256(BODY).hexdigest(), size_bytes=len(BODY))
    monkeypatch.setattr(manifest, "known_models", lambda: MappingProxyType({**known_models(), "yunet": entry}))
    monkeypatch.setattr(weights, "known_models", manifest.known_models)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return entry


def test_the_manifest_names_all_detectors_and_has_a_card_for_each() -> None:
    assert list(known_models()) == ["centerface", "yunet", "blazeface"]
    for entry in known_models().values():
        card = (ROOT / "models" / f"{entry.name}.md").read_text(encoding="utf-8")
        thresholds = (
            f"weak {entry.weak:g}, strong {entry.strong:g}; overlapping hits reduced at an IoU of {entry.nms_iou:g}"
        )
        for fact in (entry.sha256, entry.licence, entry.source, thresholds):
            assert fact in card, f"models/{entry.name}.md: {fact} is not in it"


def test_an_unknown_name() -> None:
    with pytest.raises(ModelError, match="no model is called nobody; choose one of centerface, yunet, blazeface"):
        model("nobody")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('home = "user"', 'home = "cloud"'),
        ("weak = 0.3", "weak = 0.9"),
        ('sha256 = "104e', 'sha256 = "104E'),
        ("[yunet", "[[yunet"),
        ("bytes = 322906\n", ""),
    ],
)
def test_a_damaged_manifest(old: str, new: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = manifest.manifest_path().read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "manifest.toml").write_text(text.replace(old, new), encoding="utf-8")
    monkeypatch.setattr(manifest, "manifest_path", lambda: tmp_path / "manifest.toml")
    known_models.cache_clear()
    try:
        with pytest.raises(ModelError, match=r"the list of models is not usable .*; install avg-blur again"):
            known_models()
    finally:
        known_models.cache_clear()


def test_the_folder_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(weights.FOLDER_VARIABLE, raising=False)
    monkeypatch.delenv(DATA_VARIABLE, raising=False)
    assert weights.models_dir().name == "models"
    assert "avg-blur" in str(weights.models_dir())
    monkeypatch.setenv(weights.FOLDER_VARIABLE, str(tmp_path))
    assert weights.models_dir() == tmp_path


def test_the_built_in_weights_are_the_pinned_ones(folder: Path) -> None:
    assert len(weights.read("centerface")) == model("centerface").size_bytes
    assert not folder.exists()


@pytest.mark.usefixtures("folder")
def test_missing_weights_say_how_to_get_them() -> None:
    with pytest.raises(ModelError, match=r"yunet are not on this computer; run avg-blur models fetch yunet, or .* add"):
        load_detector("yunet")


@pytest.mark.usefixtures("folder")
def test_missing_mediapipe_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ModelError, match=r"pip install 'avg-blur\[mediapipe\]'"):
        load_detector("blazeface")


@pytest.mark.usefixtures("folder")
def test_auto_takes_what_is_there() -> None:
    assert load_detector("auto", threads=1).name == "centerface"


def test_auto_does_not_pass_over_damaged_weights(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / model("yunet").file).write_bytes(b"x")
    with pytest.raises(ModelError, match=r"not the weights of yunet .*; remove the file, then run avg-blur"):
        load_detector("auto")


def test_an_unknown_detector() -> None:
    with pytest.raises(ModelError, match="called eyes; choose one of auto, centerface, yunet, blazeface"):
        load_detector("eyes")


def test_one_changed_byte_is_refused(small: Model, folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / small.file).write_bytes(BODY)
    assert weights.read("yunet") == BODY
    (folder / small.file).write_bytes(BODY[:-1] + b"?")
    with pytest.raises(ModelError, match="not the weights"):
        weights.read("yunet")
    (folder / small.file).write_bytes(BODY + b"?")
    with pytest.raises(ModelError, match="not the weights"):
        weights.read("yunet")


def test_right_bytes_that_are_no_network(small: Model, folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / small.file).write_bytes(BODY)
    with pytest.raises(ModelError, match=r"onnxruntime .* can't run YuNet"):
        load_detector("yunet")


def test_add(small: Model, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "whatever.bin").write_bytes(BODY)
    assert weights.add(tmp_path / "whatever.bin").name == "yunet"
    assert [p.name for p in folder.iterdir()] == [small.file]
    assert weights.read("yunet") == BODY


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("body", [b"", BODY[:-1], BODY + b"?", BODY[:-1] + b"?"])
def test_add_refuses_anything_else_and_leaves_nothing(body: bytes, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "yunet_n_dynamic.onnx").write_bytes(body)
    with pytest.raises(ModelError, match="not one of the weights that can be added"):
        weights.add(tmp_path / "yunet_n_dynamic.onnx")
    assert not folder.exists()


@pytest.mark.usefixtures("small")
def test_add_what_is_not_a_file(folder: Path, tmp_path: Path) -> None:
    for odd in (tmp_path / "absent", tmp_path):
        with pytest.raises(UsageError, match="there is no such file; name a weights file"):
            weights.add(odd)
    assert not folder.exists()


def test_a_folder_that_is_a_file(small: Model, folder: Path, tmp_path: Path) -> None:
    folder.parent.mkdir()
    folder.write_bytes(b"")
    (tmp_path / "f").write_bytes(BODY)
    with pytest.raises(ModelError, match=r"can't write there .* AVG_BLUR_MODELS"):
        weights.add(tmp_path / "f")
    assert folder.read_bytes() == b""


def test_a_failing_write_leaves_nothing(small: Model, folder: Path, tmp_path: Path) -> None:
    """A folder stands where the file should go, so the last step fails."""
    (folder / small.file).mkdir(parents=True)
    (tmp_path / "f").write_bytes(BODY)
    with pytest.raises(ModelError, match="can't write there"):
        weights.add(tmp_path / "f")
    assert [p.name for p in folder.iterdir()] == [small.file]


def test_fetch(small: Model, folder: Path) -> None:
    with serve(Site({"/f": BODY})) as site:
        assert weights.fetch("yunet", url=f"{site.url}/f").name == "yunet"
    assert [p.name for p in folder.iterdir()] == [small.file]
    assert weights.read("yunet") == BODY


def test_fetch_replaces_damaged_weights(small: Model, folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / small.file).write_bytes(b"damaged")
    with serve(Site({"/f": BODY})) as site:
        weights.fetch("yunet", url=f"{site.url}/f")
    assert weights.read("yunet") == BODY


@pytest.mark.usefixtures("small")
def test_fetch_refuses_a_wrong_checksum_and_leaves_nothing(folder: Path) -> None:
    with (
        serve(Site({"/f": BODY[:-1] + b"?"})) as site,
        pytest.raises(ModelError, match=r"/f does not give the weights of yunet \(sha256 .*nothing was kept; get"),
    ):
        weights.fetch("yunet", url=f"{site.url}/f")
    assert not folder.exists()


@pytest.mark.parametrize("name", ["centerface", "blazeface"])
def test_what_comes_with_a_package_is_not_fetched(name: str) -> None:
    with pytest.raises(ModelError, match=f"{name} can't be fetched"):
        weights.fetch(name, url="http://127.0.0.1:9/")
