"""Faces that are seen while the recording is still being looked at: who objected is clicked already."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.review.browser.asking import choices, until
from tests.review.browser.conftest import looked_at
from tests.review.browser.test_access import serious


def test_who_objected_is_clicked_early_and_stays_so(chromium: Any, tmp_path: Path, own_data: None) -> None:
    with looked_at(chromium, tmp_path) as (watched, hold):
        page = watched.page
        page.click(".early-face >> nth=0")
        page.wait_for_selector(".early-face[aria-pressed=true] .badge:not([hidden])")
        page.focus(".early-face >> nth=1")
        for wanted in (2, 1):
            page.keyboard.press("Enter")
            until(page, f"document.querySelectorAll('.early-face[aria-pressed=true]').length === {wanted}")
        assert serious(page) == []
        page.reload()
        page.wait_for_selector(".early-face[aria-pressed=true]")
        hold.go_on.set()
        watched.stands()
        page.wait_for_selector(".card[data-state=objected]")
        assert len(choices(page)["policy"]["objected"]) == 1
        assert page.inner_text(".saved") == "Kept as a draft"
        watched.close()
