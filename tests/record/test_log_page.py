"""docs/log.md: what it says is so."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from base64 import b64decode
from pathlib import Path

import pytest

from avg_video.record.codes import read_control_number
from avg_video.record.keys import private_key_path, public_key_path
from avg_video.record.log import LOG_NAME
from tests.record.logs import add, lines_of, log_of, sha

TEXT = (Path(__file__).parent.parent.parent / "docs" / "log.md").read_text("utf-8")
PROGRAM = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)[0]


def others(*args: Path) -> subprocess.CompletedProcess[str]:
    """The program on the page, which uses nothing of this one."""
    assert "avg_video" not in PROGRAM
    return subprocess.run([sys.executable, "-c", PROGRAM, *map(str, args)], capture_output=True, text=True, check=False)


def test_a_log_can_be_checked_without_this_program(tmp_path: Path) -> None:
    path = log_of(tmp_path, 3)
    ran = others(path, public_key_path())
    assert (ran.returncode, ran.stderr) == (0, "")
    assert [line.split()[::2] for line in ran.stdout.splitlines()] == [[str(n), sha(f"output {n}")] for n in (1, 2, 3)]


@pytest.mark.parametrize("order", [(1, 3), (2, 3), (1, 3, 2), (1, 1, 2, 3)])
def test_and_it_notices_what_was_done_to_it(order: tuple[int, ...], tmp_path: Path) -> None:
    path = log_of(tmp_path, 3)
    lines = lines_of(path)
    path.write_bytes(b"".join(lines[n - 1] for n in order))
    assert others(path, public_key_path()).returncode == 1


def test_the_page_explains_every_field_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / LOG_NAME
    add(path)
    said = json.loads(b64decode(json.loads(lines_of(path)[0])["payload"]))
    fields = {f"predicate.{name}" for name in said["predicate"]} | {"subject[0].digest.sha256", "predicateType"}
    assert set(re.findall(r"^\| `([\w.\[\]]+)` \|", TEXT, re.MULTILINE)) == fields
    assert f"`{said['predicateType']}`" in TEXT


def test_names_and_examples_on_the_page_are_real() -> None:
    for name in (LOG_NAME, private_key_path().name, public_key_path().name, "AVG_BLUR_DATA"):
        assert name in TEXT
    shown = set(re.findall(r"\b\d+(?:-[0-9A-Z]{4}){4}\b", TEXT))
    assert len(shown) == 1
    assert read_control_number(shown.pop()) is not None
