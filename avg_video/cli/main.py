"""The program `avg-blur`, put together from its commands."""

from __future__ import annotations

import click

from avg_video import __version__
from avg_video.cli.bench import bench
from avg_video.cli.consent import consent
from avg_video.cli.look import look
from avg_video.cli.models import models
from avg_video.cli.profiles import profiles
from avg_video.cli.program import Program
from avg_video.cli.register import register
from avg_video.cli.review import review
from avg_video.cli.run import run
from avg_video.cli.verify import verify
from avg_video.language import mark

__all__ = ["main"]


@click.group(
    name="avg-blur",
    cls=Program,
    default="run",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="avg-blur", message="%(prog)s %(version)s", help=mark("Show the version."))
def main() -> None:
    """Make lesson recordings safe to upload.

    `avg-blur lesson.mp4` makes lesson.avg.mp4, a copy in which everybody who must not be recognised is covered and
    nothing hidden travels along, and lesson.avg.json, a record of what was done. Nothing leaves this computer.
    """


for _command in (run, look, review, verify, profiles, models, consent, register, bench):
    main.add_command(_command)
