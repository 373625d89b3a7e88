"""What the page shows of a choice is what the next copy would make of it."""

from __future__ import annotations

from pathlib import Path

from avg_video.papers.office import Office
from avg_video.policy.document import parse_policy
from avg_video.policy.plan import Plan
from avg_video.register.consents import withdraw
from avg_video.register.database import open_register
from avg_video.register.runs import add_run
from avg_video.review.server.court import Court, Following
from tests.register.rows import run_row
from tests.review.server.browser import FAST

WHOLE = parse_policy("[[consent_region]]\npolygon = [[0, 0], [1, 0], [1, 1], [0, 1]]")


def test_who_said_no_since_an_earlier_copy_is_not_shown_by_a_region_that_names_nobody(
    film: Path, plan: Plan, tmp_path: Path
) -> None:
    register = tmp_path / "register.sqlite"
    with open_register(register) as opened:
        add_run(opened, run_row(tmp_path, recording_sha256=plan.source_sha256, shown=("L05",)))

    def court() -> Court:
        return Court(plan, FAST, Office(register=register), Following(film, plan.timeline, FAST, lambda: None))

    assert [each.verdict for each in court().judge(WHOLE).verdicts.decisions] == ["show", "show"]
    with open_register(register) as opened:
        withdraw(opened, "L05")
    assert [each.verdict for each in court().judge(WHOLE).verdicts.decisions] == ["cover", "cover"]
