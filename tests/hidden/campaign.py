"""Plant every needle, run the real program on each clip, and search input and output."""

from __future__ import annotations

import functools
import traceback
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from avg_video import job, pipeline
from avg_video.detect.detector import load_detector
from avg_video.pipeline import Settings, anonymise
from tests.hidden import find
from tests.hidden.kit import Kit
from tests.hidden.places import Place

SETTINGS = Settings(preset="ultrafast", detector="centerface", audio="keep", threads=1)

ALLOWED_NALS = {1, 5, 7, 8}


@dataclass
class Finding:
    """What became of one needle.

    Attributes
    ----------
    found_by: how it was found in the input.
    leaked_by: how it was found in the output or the record.
    hidden: the categories that the record names.
    nals: types of NAL units in the output.
    trouble: the traceback, where planting or the program failed.
    """

    place: Place
    found_by: list[str] = field(default_factory=list)
    leaked_by: list[str] = field(default_factory=list)
    hidden: tuple[str, ...] = ()
    nals: set[int] = field(default_factory=set)
    exit_code: int = -1
    trouble: str = ""


def campaign(places: Iterable[Place], folder: Path) -> dict[str, Finding]:
    """By the places' ids."""
    kit = Kit(folder)
    findings = {}
    with pytest.MonkeyPatch.context() as patch:
        # The real detector, loaded once for all clips instead of twice for each.
        for module in (pipeline, job):
            if hasattr(module, "load_detector"):
                patch.setattr(module, "load_detector", functools.cache(load_detector))
        for number, place in enumerate(places):
            findings[place.id] = _one(place, kit, folder / f"{number:03}{place.container}")
    _others(findings, folder)
    return findings


def _one(place: Place, kit: Kit, planted: Path) -> Finding:
    finding = Finding(place)
    out = planted.with_name(f"{planted.stem}-out.mp4")
    try:
        place.plant(kit, planted, place.letters)
        finding.found_by += _own_search(place, planted)
        outcome = anonymise(planted, out, settings=SETTINGS)
        finding.exit_code, finding.hidden = outcome.exit_code, outcome.record.input.hidden
        finding.nals = find.nal_types(out)
        finding.leaked_by += _own_search(place, out)
        if find.raw(outcome.record_path.read_bytes(), place.needle):
            finding.leaked_by.append("record")
    except Exception:  # noqa: BLE001 -- one place that fails must not hide the others; the tests show the traceback
        finding.trouble = traceback.format_exc()
    return finding


def _own_search(place: Place, path: Path) -> list[str]:
    if place.sense == "colour":
        return ["eye"] if find.looks(path) else []
    if place.sense == "sound":
        return ["ear"] if find.sounds(path) else []
    return ["bytes"] if find.raw(path.read_bytes(), place.needle) else []


def _others(findings: dict[str, Finding], folder: Path) -> None:
    """The two other programs, each started as few times as possible."""
    done = [(f, folder / f"{n:03}{f.place.container}") for n, f in enumerate(findings.values())]
    pairs = [(f, p, p.with_name(f"{p.stem}-out.mp4")) for f, p in done if not f.trouble]
    files = [path for _, planted, out in pairs for path in (planted, out)]
    for name, said in (("exiftool", find.said_by_exiftool(files)), ("ffmpeg", find.said_by_ffmpeg(files))):
        for finding, planted, out in pairs:
            words = finding.place.needle.words
            if any(word in said.get(planted, "") for word in words):
                finding.found_by.append(name)
            if any(word in said.get(out, "") for word in words):
                finding.leaked_by.append(name)
