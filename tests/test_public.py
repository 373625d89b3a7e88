"""The public surface: complete, importable, and free of cost until it is used."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
import typing
from pathlib import Path

import avg_video
from avg_video import errors

HEAVY = ("numpy", "cv2", "av", "onnxruntime", "pydantic", "click", "tqdm", "mediapipe")


def loaded_after(code: str) -> set[str]:
    """Which of the heavy libraries a fresh interpreter has loaded after running `code`."""
    code += f"\nimport sys, json; print(json.dumps([n for n in {HEAVY!r} if n in sys.modules]))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(run.stdout))


def test_every_public_name_exists_and_is_listed_once_in_order() -> None:
    names = avg_video.__all__
    assert list(names) == sorted(set(names))
    for name in names:
        assert getattr(avg_video, name) is not None
    assert set(dir(avg_video)) == set(names)
    assert set(avg_video._WHERE) | set(errors.__all__) - {"printable"} | {"__version__"} == set(names)


def test_every_error_is_public() -> None:
    tree = {name for name, kind in vars(errors).items() if inspect.isclass(kind) and issubclass(kind, errors.AvgError)}
    assert tree <= set(avg_video.__all__)


def own_types(hint: object) -> set[type]:
    """The classes of this package inside a type annotation."""
    inside = {kind for part in typing.get_args(hint) for kind in own_types(part)}
    if inspect.isclass(hint) and hint.__module__.startswith("avg_video"):
        inside.add(hint)
    return inside


def test_what_public_functions_take_and_give_is_public() -> None:
    for name in ("analyse", "anonymise", "load_policy", "read_record"):
        for kind in {k for hint in typing.get_type_hints(getattr(avg_video, name)).values() for k in own_types(hint)}:
            assert getattr(avg_video, kind.__name__, None) is kind, f"{name} needs {kind.__name__}"
    for name in ("Settings", "Outcome"):
        for kind in {k for hint in typing.get_type_hints(getattr(avg_video, name)).values() for k in own_types(hint)}:
            assert getattr(avg_video, kind.__name__, None) is kind, f"{name} needs {kind.__name__}"


def test_an_unknown_name_is_an_attribute_error() -> None:
    assert not hasattr(avg_video, "no_such_name")


def test_importing_loads_nothing() -> None:
    assert loaded_after("import avg_video") == set()
    assert "av" in loaded_after("import avg_video; avg_video.anonymise")


def test_help_needs_no_media_library() -> None:
    assert loaded_after("import avg_video.cli").isdisjoint({"numpy", "cv2", "av", "onnxruntime"})


def test_typed() -> None:
    assert (Path(avg_video.__file__).parent / "py.typed").is_file()
