"""What is known about each detector: its source, licence, checksum, thresholds and input, read from the manifest."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, get_args

from avg_video.errors import ModelError
from avg_video.language import tr

__all__ = ["Model", "known_models", "manifest_path", "model"]

Home = Literal["package", "user", "mediapipe"]
Colours = Literal["rgb", "bgr"]

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Model:
    """One detector's entry in the manifest.

    Attributes
    ----------
    name: what `--detector` calls it.
    title, licence, source: for people, and for the record.
    home: where its weights lie: in this package, among the user's models, or in the installed package mediapipe.
    file: name of the weights there (with folders, for mediapipe).
    sha256, size_bytes: of that file; nothing else is ever loaded.
    url: where `models fetch` gets it, or None where that can't be.
    colours: order of the channels the network expects.
    multiple_px: width and height go in padded to a multiple of this.
    weak: score from which a hit is reported; higher leaks small faces, lower covers more than faces.
    strong: score from which one hit is enough to believe.
    nms_iou: of two hits that overlap more than this (0 to 1) the weaker is dropped.
    """

    name: str
    title: str
    licence: str
    source: str
    home: Home
    file: str
    sha256: str
    size_bytes: int
    url: str | None
    colours: Colours
    multiple_px: int
    weak: float
    strong: float
    nms_iou: float

    def __post_init__(self) -> None:
        if len(self.sha256) != 64 or set(self.sha256) - set("0123456789abcdef"):
            raise ValueError(f"sha256: expected 64 hexadecimal digits, got {self.sha256!r}")
        if not 0 < self.weak <= self.strong < 1 or not 0 < self.nms_iou < 1:
            raise ValueError(f"expected 0 < weak <= strong < 1, got {self.weak}, {self.strong}, nms {self.nms_iou}")
        if self.size_bytes < 1 or self.multiple_px < 1:
            raise ValueError(f"expected sizes above 0, got {self.size_bytes} bytes, {self.multiple_px} px")
        if self.home not in get_args(Home) or self.colours not in get_args(Colours):
            raise ValueError(f"home {self.home!r}, colours {self.colours!r}: not known")


def manifest_path() -> Path:
    """The manifest: beside this module in an installed package, in `models/` in a source tree."""
    packaged = HERE / "manifest.toml"
    return packaged if packaged.is_file() else HERE.parents[1] / "models" / "manifest.toml"


@lru_cache(maxsize=1)
def known_models() -> MappingProxyType[str, Model]:
    """Every model by name, in the order of the manifest. Raises `ModelError` when the manifest is not whole."""
    path = manifest_path()
    try:
        tables: dict[str, dict[str, Any]] = tomllib.loads(path.read_text(encoding="utf-8"))
        return MappingProxyType({name: _entry(name, table) for name, table in tables.items()})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(
            tr("the list of models is not usable ({why})", why=error), remedy=tr("install avg-blur again"), file=path
        ) from error


def model(name: str) -> Model:
    """The entry called `name`. Raises `ModelError` when there is none."""
    models = known_models()
    if name not in models:
        raise ModelError(
            tr("no model is called {name}", name=name), remedy=tr("choose one of {names}", names=", ".join(models))
        )
    return models[name]


def _entry(name: str, table: dict[str, Any]) -> Model:
    return Model(
        name=name,
        title=str(table["title"]),
        licence=str(table["licence"]),
        source=str(table["source"]),
        home=table["home"],
        file=str(table["file"]),
        sha256=str(table["sha256"]),
        size_bytes=int(table["bytes"]),
        url=table.get("url"),
        colours=table["colours"],
        multiple_px=int(table["multiple_px"]),
        weak=float(table["weak"]),
        strong=float(table["strong"]),
        nms_iou=float(table["nms_iou"]),
    )
