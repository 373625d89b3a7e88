"""A folder with recordings, copies and records, and a register that knows them, for tests."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from avg_video.record.store import write_record
from avg_video.register.database import Register, open_register
from avg_video.register.runs import RunRow, Terms, add_run
from avg_video.register.stock import CopyRow, RecordingRow, Stock, read_stock
from tests.record.samples import record
from tests.support.calendar import NOW, TODAY

UPLOAD_4_WEEKS = {"after": "upload", "weeks": 4, "text": "4 weken na upload", "place": "Opslaan, par. 3"}
COURSE_END = {"after": "course-end", "text": "einde van het vak", "place": "Eigen gegevens, par. 2"}


def days_ago(n: int) -> date:
    return TODAY - timedelta(days=n)


class Shelf:
    """Files in `folder`, and a register beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "lessons"
        self.folder.mkdir()
        self.register_file = folder / "register.sqlite"

    def open(self) -> Register:
        return open_register(self.register_file)

    def stock(self) -> Stock:
        with self.open() as register:
            return read_stock(register)

    def recording(self, name: str = "lesson.mp4") -> Path:
        """A file that stands for a recording; its bytes tell its name, so that no two are equal."""
        path = self.folder / name
        path.write_bytes(b"recording " + name.encode() * 50)
        return path

    def copy(
        self,
        name: str = "lesson",
        *,
        recording: Path | None = None,
        content: bytes = b"",
        made_at: datetime | None = None,
        keep_original: Terms = UPLOAD_4_WEEKS,
        keep_output: Terms = COURSE_END,
        shown: tuple[str, ...] = (),
        changes: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> Path:
        """Make `NAME.mp4` (unless it is given), `NAME.avg.mp4` and its record, and register them."""
        recording = recording or self.recording(f"{name}.mp4")
        output = self.folder / f"{name}.avg.mp4"
        output.write_bytes(b"copy " + name.encode() + content)
        record_path = self.folder / f"{name}.avg.json"
        run_id = uuid4()
        write_record(record(run_id=run_id, **(changes or {})), record_path)
        row = RunRow(
            run_id=run_id,
            made_at=made_at or NOW - timedelta(days=60),
            recording_sha256=sha256(recording),
            recording_bytes=recording.stat().st_size,
            recording_path=recording,
            output_sha256=sha256(output),
            output_bytes=output.stat().st_size,
            output_path=output,
            record_path=record_path,
            record_sha256=sha256(record_path),
            shown=shown,
            keep_original=keep_original,
            keep_output=keep_output,
            **({"profile": "rug", "purpose": "teacher-training"} | more),
        )
        with self.open() as register:
            add_run(register, row)
        return output

    def held(self, path: Path) -> CopyRow:
        """What the register holds of the copy at that path."""
        return self.stock().find_copies(path, None)[0]

    def held_recording(self, copy: Path) -> RecordingRow:
        """What it holds of the recording of that copy."""
        stock = self.stock()
        return stock.recordings[stock.find_copies(copy, None)[0].recording_id]

    def events(self, *kinds: str) -> list[dict[str, Any]]:
        """Events of these kinds, oldest first, with their text read."""
        import json

        with self.open() as register, register.reading() as db:
            rows = [dict(row) for row in db.execute("SELECT * FROM event ORDER BY id")]
        return [row | {"text": json.loads(row["text"])} for row in rows if row["kind"] in kinds]


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
