"""The words of the page, by the names under which it asks for them. `{named}` places are filled in by the page."""

from __future__ import annotations

from avg_video.language import mark, tr

__all__ = ["TEXTS", "page_texts"]

TEXTS: dict[str, str] = {
    "state.covered": mark("covered"),
    "state.shown": mark("visible"),
    "state.objected": mark("objected"),
}
"""Each in English."""


def page_texts() -> dict[str, str]:
    """All of them in the active language."""
    return {name: tr(text) for name, text in TEXTS.items()}
