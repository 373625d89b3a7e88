"""The report as a browser shows and prints it; skipped where Chromium is not installed."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from avg_video.record.model import Record
from avg_video.record.report import report_html
from tests.record import report_samples as samples
from tests.support.waiting import PATIENCE_S

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--hide-scrollbars", "--enable-logging=stderr"),
)
A4_PT = (594.96, 841.92)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium"),
]

PAGES: dict[str, Sequence[Record]] = {
    "lesson": [samples.lesson()],
    "crowd": [samples.crowd()],
    "hostile": [samples.hostile()],
    "batch": samples.batch(),
}

PROBE = """<script>
const wide = [...document.querySelectorAll("body *")]
  .filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
  .map(e => e.tagName + " " + e.textContent.slice(0, 40));
const bars = [...document.querySelectorAll(".bars svg")].filter(svg => {
  const s = svg.getBoundingClientRect();
  return [...svg.querySelectorAll("rect")].some(r => {
    const b = r.getBoundingClientRect();
    const outside = [s.left - b.left, b.right - s.right, s.top - b.top, b.bottom - s.bottom];
    return b.width < 0.5 || Math.max(...outside) > 2;
  });
}).length;
document.title = JSON.stringify({ wide, bars, rows: document.querySelectorAll(".bars svg").length });
</script>"""


def browse(tmp_path: Path, html: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Open the page; the standard output is what `options` ask for, the errors hold what the console says."""
    assert CHROMIUM is not None
    page = tmp_path / "page.html"
    page.write_text(html, encoding="utf-8")
    folder = f"--user-data-dir={tmp_path / 'profile'}"
    command = [CHROMIUM, *QUIET, folder, *options, page.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=True)


def measured(tmp_path: Path, html: str, width: int) -> dict[str, object]:
    """What a script finds out about the page, in a copy that allows one: the page itself allows none."""
    open_copy = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", html).replace(
        "</body>", PROBE + "</body>"
    )
    dom = browse(tmp_path, open_copy, f"--window-size={width},768", "--dump-dom").stdout
    title = re.search(r"<title>(.*?)</title>", dom, re.S)
    assert title is not None
    found: dict[str, object] = json.loads(title[1].replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">"))
    return found


@pytest.mark.parametrize("width", [1366, 600])
@pytest.mark.parametrize("name", PAGES)
def test_everything_fits_the_window(name: str, width: int, tmp_path: Path) -> None:
    found = measured(tmp_path, report_html(PAGES[name], "nl"), width)
    assert found["wide"] == []
    assert found["bars"] == 0
    assert isinstance(found["rows"], int)
    assert found["rows"] > 1


def test_something_too_wide_is_found(tmp_path: Path) -> None:
    html = report_html(PAGES["lesson"], "nl").replace("</footer>", '<svg width="2000"></svg></footer>')
    assert measured(tmp_path, html, 1366)["wide"]


@pytest.mark.parametrize("name", ["lesson", "hostile"])
def test_page_obeys_its_own_policy_and_runs_nothing(name: str, tmp_path: Path) -> None:
    html = report_html(PAGES[name], "en")
    seen = browse(tmp_path, html, "--dump-dom")
    assert "CONSOLE" not in seen.stderr
    assert "<title>Processing report</title>" in seen.stdout
    # A policy that does not let the style in, or lets a script in, would be noticed:
    other = browse(tmp_path, html.replace("<style>", "<style> "), "--dump-dom")
    assert "Content Security Policy" in other.stderr
    script = browse(tmp_path, html.replace("</body>", "<script>document.title = 'run'</script></body>"), "--dump-dom")
    assert "<title>Processing report</title>" in script.stdout


@pytest.mark.parametrize(("name", "at_most"), [("lesson", 3), ("crowd", 4), ("batch", 12)])
@pytest.mark.parametrize("spoken", ["en", "nl"])
def test_prints_on_a_few_pages_of_a4(name: str, at_most: int, spoken: str, tmp_path: Path) -> None:
    pdf = tmp_path / "report.pdf"
    browse(tmp_path, report_html(PAGES[name], spoken), "--no-pdf-header-footer", f"--print-to-pdf={pdf}")
    boxes = re.findall(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)\s*\]", pdf.read_bytes())
    assert 1 <= len(boxes) <= at_most
    for box in boxes:
        assert tuple(map(float, box)) == pytest.approx(A4_PT, abs=1)
