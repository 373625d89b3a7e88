"""From the options on profile, log, register and report to the office of a run, and the report's page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from avg_video.errors import UsageError
from avg_video.language import tr

if TYPE_CHECKING:
    from avg_video.papers.office import Office
    from avg_video.record.model import Record

__all__ = ["Filing", "write_report"]


@dataclass(frozen=True)
class Filing:
    """What the user asked for, as the options gave it."""

    profile: str | None
    confirm: tuple[str, ...]
    log: Path | None
    no_log: bool
    register: Path | None
    no_register: bool
    report: bool

    def __post_init__(self) -> None:
        for chosen, refused, name in ((self.log, self.no_log, "log"), (self.register, self.no_register, "register")):
            if chosen is not None and refused:
                raise UsageError(
                    tr("--{name} and --no-{name} exclude each other", name=name), remedy=tr("leave out one of them")
                )

    def office(self, folder: Path) -> Office:
        """The office of a run whose copies go into `folder`."""
        from avg_video.papers.office import Office
        from avg_video.record.log import LOG_NAME
        from avg_video.register.database import default_register

        return Office(
            profile=self.profile,
            confirmed=self.confirm,
            log=None if self.no_log else self.log or folder / LOG_NAME,
            register=None if self.no_register else self.register or default_register(),
            register_anew=self.register is not None,
        )


def write_report(records: Sequence[Record], path: Path) -> Path:
    """Write the page about those records, for its owner's eyes, replacing an older one.

    Raises `OutputError` when the folder or the disk refuses.
    """
    from avg_video.media.private import write_private
    from avg_video.record.report import report_html

    write_private(path, report_html(records).encode("utf-8"))
    return path
