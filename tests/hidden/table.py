"""Prints the table of needles as Markdown: python -m tests.hidden.table"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.hidden.campaign import ALLOWED_NALS, Finding, campaign
from tests.hidden.places import PLACES


def markdown(findings: dict[str, Finding]) -> str:
    """One row for each place, one column for each container."""
    containers = list(dict.fromkeys(p.container for p in PLACES))
    lines = ["| place (kind in the record) | " + " | ".join(c[1:].upper() for c in containers) + " |"]
    lines.append("|---" * (len(containers) + 1) + "|")
    for name in dict.fromkeys(p.name for p in PLACES):
        kind = next(p.category for p in PLACES if p.name == name)
        cells = [_cell(findings.get(f"{name}{c}")) for c in containers]
        lines.append(f"| {name} ({kind}) | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(finding: Finding | None) -> str:
    if finding is None:
        return "-"
    if finding.trouble:
        return "**failed**"
    gone = "never" if not finding.leaked_by else f"**{', '.join(finding.leaked_by)}**"
    named = "" if finding.place.category in finding.hidden else " (**not named**)"
    return f"{', '.join(finding.found_by) or '**not planted**'}{named} / {gone}"


def _good(finding: Finding) -> bool:
    clean = not finding.trouble and not finding.leaked_by and finding.nals <= ALLOWED_NALS
    return clean and bool(finding.found_by) and finding.place.category in finding.hidden


def main() -> int:
    """The table, and how many needles it holds; 1 where one was lost, was not named, or came through."""
    with tempfile.TemporaryDirectory() as folder:
        findings = campaign(PLACES, Path(folder))
    good = [f for f in findings.values() if _good(f)]
    text = f"Each cell: found in the input by / found in the output by.\n\n{markdown(findings)}\n\n"
    sys.stdout.write(f"{text}{len(findings)} planted, {len(good)} found, named and gone.\n")
    return 0 if len(good) == len(findings) else 1


if __name__ == "__main__":
    sys.exit(main())
