"""The report has words for every fixed word that a record can hold, and colours that can be read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args

import pytest

from avg_video import language
from avg_video.language import tr
from avg_video.policy.decision import Reason
from avg_video.policy.profile_model import Event
from avg_video.record import report_words as words
from avg_video.record.model import PolicyEntry, StorageTerm
from avg_video.record.processing import CONSENT_STATES, LegalBasis
from avg_video.redact.styles import Style

DOCS = Path(__file__).parents[2] / "docs" / "record.md"


def documented(field: str) -> set[str]:
    """The words that docs/record.md lists for a field, in backquotes."""
    line = next(line for line in DOCS.read_text(encoding="utf-8").splitlines() if line.startswith(f"| `{field}`"))
    return set(re.findall(r"`([a-z-]+)`", line.split("|", 2)[2]))


def test_every_reason_has_words() -> None:
    assert set(words.REASONS) == {str(reason) for reason in Reason}


def test_every_kind_of_hidden_data_has_words() -> None:
    assert set(words.HIDDEN) == documented("input.hidden")


def test_every_style_basis_and_state_has_words() -> None:
    assert set(words.STYLES) == {str(style) for style in Style}
    assert set(words.STYLES) > words.WEAK_STYLES
    assert {*words.BASES, "not-stated"} == set(get_args(LegalBasis))
    assert set(words.STATES) == set(CONSENT_STATES)
    assert set(words.SOURCES) == set(get_args(PolicyEntry.model_fields["source"].annotation))


def test_every_event_of_a_storage_term_has_words() -> None:
    # What must go has a beginning; "not-stated" is for other material, which no record speaks of.
    assert set(words.EVENTS) == set(get_args(Event)) - {"not-stated"}


def test_word_of_a_later_version_is_said_as_it_is() -> None:
    assert words.word(words.REASONS, "a-later-reason") == "a-later-reason"


@pytest.mark.parametrize(
    ("unit", "en", "nl"),
    [
        ({"days": 1}, "1 day after the upload", "1 dag na "),
        ({"weeks": 4}, "4 weeks after the upload", "4 weken na "),
        ({"months": 6}, "6 months after the upload", "6 maanden na "),
        ({"years": 7}, "7 years after the upload", "7 jaar na "),
        ({}, "directly after the upload", " na "),
        ({"months": 6, "latest": "upload"}, "6 months after the upload, at the latest at the upload", "6 maanden na "),
        ({"days": 0}, "directly after the upload", " na "),
    ],
)
def test_storage_terms_in_words(unit: dict[str, Any], en: str, nl: str) -> None:
    kept = StorageTerm(after="upload", text="x", **unit)
    assert words.term(kept) == en
    language.use("nl")
    try:
        assert nl in words.term(kept)
        assert words.term(kept).endswith(tr("the upload"))
    finally:
        language.use("en")


@pytest.mark.parametrize(
    ("n_bytes", "said"), [(0, "0.0 kB"), (999, "1.0 kB"), (81_920, "81.9 kB"), (1_234_567_890, "1,234.6 MB")]
)
def test_sizes(n_bytes: int, said: str) -> None:
    assert words.size(n_bytes) == said


Palette = Mapping[str, str]


def palettes(path: str) -> dict[str, Palette]:
    """The colours of a style sheet: light, dark, and on paper."""
    package, _, name = path.rpartition("/")
    text = files(package).joinpath(name).read_text(encoding="utf-8")
    roots = [
        dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6})\b", root))
        for root in re.findall(r":root \{(.*?)\}", text, re.S)
    ]
    light, dark, paper = roots
    return {"light": light, "dark": light | dark, "paper": light | paper}


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it (https://www.w3.org/TR/WCAG22/#dfn-relative-luminance)."""
    digits = colour[1:] if len(colour) == 7 else "".join(c * 2 for c in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(a: str, b: str) -> float:
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_computed_as_the_standard_says() -> None:
    assert contrast("#000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#fff") == pytest.approx(4.48, abs=0.01)


TEXT = [
    ("ink", "paper"),
    ("ink", "card"),
    ("soft", "paper"),
    ("accent", "paper"),
    ("shown", "paper"),
    ("warn-ink", "warn"),
]
TEXT += [("warn-ink", "paper")]
SHAPES = [("cover", "paper"), ("shown", "paper"), ("accent", "paper"), ("shown", "shown-fill"), ("cover", "shown-fill")]


@pytest.mark.parametrize("scheme", ["light", "dark", "paper"])
def test_text_and_bars_stand_out(scheme: str) -> None:
    colours = palettes("avg_video.record/report.css")[scheme]
    weak = {(a, b): contrast(colours[a], colours[b]) for a, b in TEXT if contrast(colours[a], colours[b]) < 4.5}
    weak |= {(a, b): contrast(colours[a], colours[b]) for a, b in SHAPES if contrast(colours[a], colours[b]) < 3}
    assert weak == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_covered_and_visible_differ_without_colours(scheme: str) -> None:
    colours = palettes("avg_video.record/report.css")[scheme]
    assert contrast(colours["cover"], colours["shown-fill"]) > 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_are_those_of_the_look_page(scheme: str) -> None:
    ours, theirs = palettes("avg_video.record/report.css")[scheme], palettes("avg_video.review/page.css")[scheme]
    assert {name: ours[name] for name in theirs} == theirs
