"""`avg-blur models`: which detectors are on this computer, and how another one gets there."""

from __future__ import annotations

import json
from pathlib import Path

import click

from avg_video.cli.options import PATH
from avg_video.cli.spoken import Group
from avg_video.detect import weights
from avg_video.detect.download import host_of
from avg_video.detect.manifest import Model, known_models, model
from avg_video.errors import ModelError, printable
from avg_video.language import mark, tr

__all__ = ["models"]

STATES = (mark("ready"), mark("missing"), mark("unusable"))
"""Where a model can stand."""


@click.group(cls=Group)
def models() -> None:
    """The networks that find faces: list them, fetch one, add one from a file."""


@models.command("list")
@click.option("--json", "as_json", is_flag=True, help=mark("For machines."))
def list_models(as_json: bool) -> None:
    """Show every detector: whether it is on this computer, its licence and where it comes from."""
    rows = [(entry, *_state(entry)) for entry in known_models().values()]
    if as_json:
        click.echo(json.dumps([_row(*row) for row in rows], indent=2))
        return
    wide = max(len(entry.name) for entry, _, _ in rows)
    states = max(len(tr(state)) for state in STATES) + 1
    for entry, state, remedy in rows:
        click.echo(f"{entry.name:<{wide}}  {tr(state):<{states}}  {entry.title}, {entry.licence}, {entry.source}")
        if remedy is not None:
            click.echo(f"{'':<{wide}}  {'':<{states}}  {remedy}")


@models.command()
@click.argument("name")
@click.option("--url", metavar="URL", help=mark("Fetch it from here instead; the checksum must be the same."))
def fetch(name: str, url: str | None) -> None:
    """Go online and fetch the weights of NAME. The only command that uses the network."""
    known = model(name)
    if _state(known)[0] == "ready":
        click.echo(tr("{name} is already there", name=known.name))
        return
    source = url or known.url
    if source is not None:
        click.echo(tr("avg-blur goes online: {title} from {host}", title=known.title, host=host_of(source)), err=True)
    weights.fetch(name, url=url)
    _say_there(known)


@models.command()
@click.argument("file", type=PATH)
def add(file: Path) -> None:
    """Take in a weights FILE you already have. Its checksum tells which model it is."""
    _say_there(weights.add(file))


def _say_there(known: Model) -> None:
    click.echo(f"{known.name}: {printable(weights.models_dir() / known.file)}")


def _state(entry: Model) -> tuple[str, str | None]:
    """One word for where a model stands, and what to do about it where it isn't ready."""
    try:
        weights.read(entry.name)
    except ModelError as error:
        return ("missing" if weights.find(entry.name) is None else "unusable"), error.remedy
    return "ready", None


def _row(entry: Model, state: str, remedy: str | None) -> dict[str, object]:
    return {
        "name": entry.name,
        "title": entry.title,
        "state": state,
        "remedy": remedy,
        "licence": entry.licence,
        "source": entry.source,
        "sha256": entry.sha256,
        "weak": entry.weak,
        "strong": entry.strong,
    }
