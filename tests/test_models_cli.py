"""`avg-blur models`: what it prints, what it keeps, and that it says so before it goes online."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from avg_video.cli.models import models
from avg_video.detect import weights
from avg_video.detect.manifest import known_models, model
from avg_video.errors import ModelError
from tests.detect.servers import Site, serve

SHARED_YUNET = Path(__file__).parents[2] / "shared" / "models" / "yunet_n_dynamic.onnx"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An own, not yet existing folder for the user's weights, and no proxy in the way."""
    monkeypatch.setenv(weights.FOLDER_VARIABLE, str(tmp_path / "models"))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "models"


@pytest.fixture
def yunet() -> bytes:
    """The real weights."""
    if not SHARED_YUNET.is_file():
        pytest.skip("YuNet's weights are not beside this project")
    return SHARED_YUNET.read_bytes()


def run(*words: str) -> Result:
    return CliRunner().invoke(models, words)


def failure(result: Result) -> str:
    """The one line that the program ends with."""
    assert isinstance(result.exception, ModelError), result.output
    assert result.exception.exit_code == 1
    assert "\n" not in str(result.exception)
    return str(result.exception)


def test_list() -> None:
    result = run("list")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "centerface  ready      CenterFace, MIT, https://github.com/Star-Clouds/CenterFace"
    assert lines[1].split()[:2] == ["yunet", "missing"]
    assert lines[2].strip() == "run avg-blur models fetch yunet, or avg-blur models add FILE"


def test_list_for_machines(folder: Path) -> None:
    folder.mkdir()
    (folder / model("yunet").file).write_bytes(b"damaged")
    rows = json.loads(run("list", "--json").stdout)
    assert [row["name"] for row in rows] == list(known_models())
    assert [row["state"] for row in rows[:2]] == ["ready", "unusable"]
    assert rows[0]["sha256"] == model("centerface").sha256
    assert rows[0]["remedy"] is None
    assert "remove the file" in rows[1]["remedy"]


def test_add(yunet: bytes, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "download").write_bytes(yunet)
    result = run("add", str(tmp_path / "download"))
    assert result.exit_code == 0
    assert result.stdout == f"yunet: {folder / 'yunet_n_dynamic.onnx'}\n"
    assert run("list").stdout.splitlines()[1].split()[:2] == ["yunet", "ready"]
    assert (folder / "yunet_n_dynamic.onnx").read_bytes() == yunet


def test_add_another_file(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_bytes(b"x" * 322906)
    line = failure(run("add", str(tmp_path / "holiday.jpg")))
    assert line.startswith(f"{tmp_path / 'holiday.jpg'}: not one of the weights that can be added; add one of: yunet")
    assert not folder.exists()


def test_fetch_says_that_it_goes_online_then_fetches_once(yunet: bytes, folder: Path) -> None:
    with serve(Site({"/yunet": yunet})) as site:
        result = run("fetch", "yunet", "--url", f"{site.url}/yunet")
        assert result.exit_code == 0
        assert result.stderr == "avg-blur goes online: YuNet n, any size from 127.0.0.1\n"
        assert result.stdout == f"yunet: {folder / 'yunet_n_dynamic.onnx'}\n"
        again = run("fetch", "yunet", "--url", f"{site.url}/yunet")
        assert (again.exit_code, again.stdout, again.stderr) == (0, "yunet is already there\n", "")
        assert site.asked == ["/yunet"]


def test_fetch_through_a_proxy(yunet: bytes, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(Site({"http://mirror.invalid/yunet": yunet})) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        assert run("fetch", "yunet", "--url", "http://mirror.invalid/yunet").exit_code == 0
    assert (folder / "yunet_n_dynamic.onnx").read_bytes() == yunet


def test_fetch_asks_the_address_in_the_manifest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything secure is led to a proxy that refuses it: what was asked for is what the manifest names."""
    url = model("yunet").url
    assert url is not None
    assert url.startswith("https://raw.githubusercontent.com/")
    with serve(Site()) as proxy:
        for name in ("https_proxy", "HTTPS_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        result = run("fetch", "yunet")
    assert failure(result).startswith(f"{url} can't be reached (")
    assert result.stderr == "avg-blur goes online: YuNet n, any size from raw.githubusercontent.com\n"


def test_fetch_a_wrong_file(folder: Path) -> None:
    with serve(Site({"/yunet": bytes(322906)})) as site:
        line = failure(run("fetch", "yunet", "--url", f"{site.url}/yunet"))
    assert "does not give the weights of yunet" in line
    assert not folder.exists()


@pytest.mark.parametrize("words", [("fetch", "yunet", "--url", "file:///etc/hostname"), ("fetch", "nobody")])
def test_what_can_not_be_fetched(words: tuple[str, ...], folder: Path) -> None:
    result = run(*words)
    failure(result)
    assert result.stderr == ""
    assert not folder.exists()


def test_fetch_what_is_built_in() -> None:
    assert run("fetch", "centerface").stdout == "centerface is already there\n"
