"""`avg-blur profiles`: which guidelines this program knows, what each of them says, and how a school adds its own."""

from __future__ import annotations

import json
import shutil
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from avg_video.cli.options import PATH
from avg_video.cli.spoken import Group
from avg_video.errors import printable
from avg_video.language import mark, tr, trn

if TYPE_CHECKING:
    from pathlib import Path

    from avg_video.policy.profile import Profile, Term

__all__ = ["profiles"]

WIDTH_MAX = 100
"""Longest line in characters."""

GROUNDS = {
    "consent": mark("consent, art. 6(1)(a) GDPR"),
    "legal-obligation": mark("legal obligation, art. 6(1)(c) GDPR"),
    "public-task": mark("public task, art. 6(1)(e) GDPR"),
    "legitimate-interest": mark("legitimate interest, art. 6(1)(f) GDPR"),
}
SOUND = {"drop": mark("not in the copy"), "keep": mark("kept")}

Row = tuple[str, str | None]
"""A line, and the place in the guideline that says so."""


@click.group(cls=Group)
def profiles() -> None:
    """The guidelines of schools: list them, show what one says and where, add your own school's."""


@profiles.command("list")
@click.option("--json", "as_json", is_flag=True, help=mark("For machines."))
def list_profiles(as_json: bool) -> None:
    """Show every profile, by the name that --profile and a policy's profile line take."""
    from avg_video.policy.profile import load_profile, profile_names

    found = [load_profile(name) for name in profile_names()]
    if as_json:
        rows = [{"name": p.name, "version": p.version, "title": p.title.said(), "sha256": p.file_sha256} for p in found]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    wide = max(len(profile.name) for profile in found)
    for profile in found:
        click.echo(f"{profile.name:<{wide}}  {printable(profile.title.said())}")


@profiles.command()
@click.argument("name", metavar=mark("NAME|FILE"))
@click.option("--json", "as_json", is_flag=True, help=mark("For machines."))
def show(name: str, as_json: bool) -> None:
    """Show what the guideline says, line by line, each with its place in the guideline between brackets."""
    from avg_video.policy.profile import load_profile

    profile = load_profile(name)
    if as_json:
        click.echo(json.dumps(machine(profile), ensure_ascii=False, indent=2))
    else:
        click.echo("\n".join(text_of(profile, min(shutil.get_terminal_size().columns, WIDTH_MAX))))


@profiles.command()
@click.argument("file", type=PATH)
def add(file: Path) -> None:
    """Take in your school's own profile, so that policies can name it. FILE is kept as a copy."""
    from avg_video.policy.profile import add_profile

    profile = add_profile(file)
    click.echo(tr("Added {name}: {title}", name=profile.name, title=printable(profile.title.said())))


def machine(profile: Profile) -> dict[str, Any]:
    """The profile for `--json`: everything it says, in both languages."""
    return {**profile.model_dump(mode="json"), "sha256": profile.file_sha256}


def text_of(profile: Profile, width: int) -> list[str]:
    """The lines for people: what it is, what it says under each heading, and what it leaves open."""
    lines = [
        tr("{name} (version {version}): {title}", name=profile.name, version=profile.version, title=_title(profile))
    ]
    lines += _wrapped(tr("Source: {source}", source=printable(profile.source.said())), width, "")
    for heading, rows in _sections(profile):
        if not rows:
            continue
        lines += ["", heading]
        for text, place in rows:
            lines += _wrapped(text if place is None else f"{text} [{place}]", width)
    still_open = _left_open(profile)
    if still_open:
        lines += ["", *_wrapped(tr("Left open: {subjects}", subjects=", ".join(still_open)), width, "")]
    return lines


def _title(profile: Profile) -> str:
    return printable(profile.title.said())


def _wrapped(text: str, width: int, indent: str = "  ") -> list[str]:
    deeper = indent + "  "
    return textwrap.wrap(printable(text), width, initial_indent=indent, subsequent_indent=deeper)


def _sections(profile: Profile) -> Iterator[tuple[str, list[Row]]]:
    places, retention = profile.places, profile.retention
    yield tr("Purpose"), [] if profile.purpose is None else [(profile.purpose, places.purpose)]
    ground = profile.legal_basis
    yield tr("Legal basis"), [] if ground is None else [(tr(GROUNDS[ground]), places.legal_basis)]
    yield tr("Controller"), [] if profile.controller is None else [(profile.controller, places.controller)]
    yield tr("Consent"), list(_consent(profile))
    objection: list[Row] = [(tr("pupils or their parents may object"), places.objection)]
    yield tr("Objection"), objection if profile.objection else []
    yield tr("Sound"), [] if profile.audio is None else [(tr(SOUND[profile.audio]), places.audio)]
    yield tr("Who may see it"), [(line.said(), line.place) for line in profile.recipients]
    yield tr("Where it may be kept"), [(line.said(), line.place) for line in profile.storage]
    yield tr("How long the recording is kept"), _terms(retention.original)
    yield tr("How long the copy is kept"), _terms(retention.output)
    yield tr("Other terms"), _terms(*retention.more)
    yield tr("When it came into the wrong hands"), list(_breach(profile))
    yield tr("To confirm, with --confirm"), [(f"{c.id}: {c.ask.said()}", c.place) for c in profile.checklist]
    yield tr("Rules"), [(rule.text.said(), rule.place) for rule in profile.rules]
    adapted = profile.adapted
    yield tr("Exceptions"), [] if adapted is None else [(adapted.said(), adapted.place)]


def _left_open(profile: Profile) -> list[str]:
    """What a policy, or the school, has to settle, because the guideline sets nothing for it."""
    kept = profile.retention
    subjects = {
        tr("the purpose"): profile.purpose,
        tr("the legal basis"): profile.legal_basis,
        tr("the controller"): profile.controller,
        tr("what happens to the sound"): profile.audio,
        tr("who may see it"): profile.recipients,
        tr("where it may be kept"): profile.storage,
        tr("how long the recording is kept"): kept.original,
        tr("how long the copy is kept"): kept.output,
        tr("what to do when it came into the wrong hands"): profile.breach,
    }
    return [subject for subject, said in subjects.items() if not said]


def _consent(profile: Profile) -> Iterator[Row]:
    if not profile.needs_consent:
        yield tr("none is needed to show somebody; whoever refused or withdrew it in the register is covered"), None
    else:
        yield tr("nobody is shown without a valid consent in the register"), profile.places.needs_consent
    if profile.no_consent_of:
        roles = ", ".join(profile.no_consent_of)
        yield tr("not asked of: {roles}", roles=roles), profile.places.no_consent_of


def _terms(*terms: Term | None) -> list[Row]:
    return [(term.text.said(), term.place) for term in terms if term is not None]


def _breach(profile: Profile) -> Iterator[Row]:
    breach = profile.breach
    if breach is None:
        return
    if breach.hours is not None:
        yield trn("report it within {n} hour", "report it within {n} hours", breach.hours), breach.place
    if breach.contact is not None:
        yield tr("report it to {contact}", contact=breach.contact), breach.place
