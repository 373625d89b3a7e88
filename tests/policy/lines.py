"""The lines of a profile, one by one."""

from __future__ import annotations

from collections.abc import Iterator

from avg_video.policy.profile import Profile


def placed(profile: Profile) -> Iterator[tuple[str, str]]:
    """Every line of a profile that has a place, and that place."""
    yield from ((f"places.{name}", place) for name, place in profile.places if place is not None)
    for name in ("recipients", "storage", "rules"):
        yield from ((f"{name}.{i}", line.place) for i, line in enumerate(getattr(profile, name)))
    yield from ((f"checklist.{check.id}", check.place) for check in profile.checklist)
    kept = profile.retention
    yield from ((f"retention.{n}", t.place) for n, t in (("original", kept.original), ("output", kept.output)) if t)
    yield from ((f"retention.more.{i}", term.place) for i, term in enumerate(kept.more))
    yield from ((n, line.place) for n, line in (("breach", profile.breach), ("adapted", profile.adapted)) if line)
