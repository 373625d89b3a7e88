"""Writes the figures into RESULTS.md: one section per measurement, each with its date, command and computer."""

from __future__ import annotations

import datetime
import os
import platform
import re
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

RESULTS = Path(__file__).parent / "RESULTS.md"
HEAD = """# Results

Written by the scripts in this folder; README.md says how to run them. Every section was measured in one run on one
computer, so figures compare within a section and not between sections.
"""


def machine() -> str:
    """The computer in general terms: no names, no paths."""
    told = f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}, Python {platform.python_version()}"
    if hasattr(os, "getloadavg"):  # other work shows here: far more than the cores means that speeds are too low
        told += f", load average {os.getloadavg()[2]:.1f} over the last 15 minutes"
    return told


def command_line(module: str, argv: Sequence[str] | None) -> str:
    """The command as it can be typed again, with the folders of files left out."""
    words = [Path(word).name if os.sep in word else word for word in (sys.argv[1:] if argv is None else argv)]
    return shlex.join(["python", "-m", module, *words])


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def write_section(title: str, command: str, body: str, path: Path = RESULTS) -> None:
    """Put a section into the file, in place of the one with the same title if there is one."""
    text = path.read_text(encoding="utf-8") if path.exists() else HEAD
    day = datetime.datetime.now(datetime.UTC).date().isoformat()
    section = f"## {title}\n\n{day}, {machine()}.\n`{command}`\n\n{body.strip()}\n"
    pattern = re.compile(rf"^## {re.escape(title)}\n.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
    text, replaced = pattern.subn(lambda _: section + "\n", text)
    if not replaced:
        text = f"{text.rstrip()}\n\n{section}"
    path.write_text(text.rstrip() + "\n", encoding="utf-8")
