"""What is chosen on the page: people, rules, copies, in one window and in two."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.review.browser.asking import choices, states, until
from tests.review.server.browser import held_at_making
from tests.support.waiting import PATIENCE_S

Open = Callable[..., Any]


def test_people_are_joined_and_split(open_page: Open) -> None:
    page = open_page()
    numbers = list(states(page))
    page.click(".card >> nth=0 >> summary")
    page.click(".card >> nth=0 >> text=Join")
    page.wait_for_selector(".card .same:not([hidden])")
    assert choices(page)["people"][0]["same"] == numbers[:2]
    page.click(".card >> nth=0 >> .mark-objected")
    until(page, "document.querySelectorAll('.card[data-state=objected]').length === 2")
    page.click(".card >> nth=0 >> text=after all")
    until(page, "document.querySelectorAll('.card[data-state=objected]').length === 1")

    page.locator(".scrub").fill("20")
    page.wait_for_selector(".frame[data-picture='20']")
    page.click(".card >> nth=0 >> text=Another person from")
    until(page, f"document.querySelectorAll('.card').length === {len(numbers) + 1}")
    split = choices(page)["policy"]["split"]
    assert [(line["at"], line["then"]) for line in split] == [(pytest.approx(0.8), max(numbers) + 1)]
    page.click("[aria-label=Undo]")
    until(page, f"document.querySelectorAll('.card').length === {len(numbers)}")


def test_a_token_that_is_a_name_is_refused_in_words(open_page: Open) -> None:
    page = open_page()
    page.click(".card >> nth=0 >> .mark-objected")
    page.locator(".card >> nth=0 >> .token").fill("anna")
    page.keyboard.press("Tab")
    page.wait_for_selector(".toast:not([hidden])")
    assert "pupil" not in choices(page)["policy"]["objected"][0]
    page.locator(".card >> nth=0 >> .token").fill("l07")
    page.keyboard.press("Tab")
    until(page, "fetch('/api/choices').then((a) => a.json()).then((c) => c.policy.objected[0].pupil === 'L07')")


def test_a_click_in_a_card_meets_what_was_under_the_pointer(open_page: Open) -> None:
    page = open_page(viewport={"width": 1366, "height": 420})
    page.click(".card >> nth=0 >> .mark-objected")
    page.wait_for_selector(".card[data-state=objected]")
    show = page.locator(".card >> nth=1 >> .mark-shown")
    show.scroll_into_view_if_needed()
    box = show.bounding_box()
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    page.mouse.down()
    page.wait_for_timeout(150)
    page.mouse.up()
    page.wait_for_selector(".card[data-state=shown]")


def test_where_consent_is_asked_nobody_is_taken_for_the_teacher(open_page: Open) -> None:
    page = open_page()
    page.click("[role=tab][data-view=rules]")
    page.locator("#panel-rules select").select_option("cvo")
    page.wait_for_selector(".checks input")
    page.click("[role=tab][data-view=people]")
    page.click(".card >> nth=0 >> .mark-shown")
    who = page.locator(".card >> nth=0 >> .mark-details select")
    who.wait_for()
    assert choices(page)["policy"]["show"][0]["who"] == "pupil"
    assert page.get_attribute(".card >> nth=0", "data-state") == "covered", "no consent is known"
    who.select_option("teacher")
    page.wait_for_selector(".card[data-state=shown]")


def test_making_is_cancelled_and_nothing_is_left(open_page: Open, tmp_path: Path) -> None:
    with held_at_making() as hold:
        page = open_page("les.mp4")
        page.click("text=Make the copy")
        page.click("#panel-make .big")
        page.wait_for_selector("#panel-make progress")
        assert hold.reached.wait(PATIENCE_S)
        with page.expect_response("**/api/make/cancel") as asked:
            page.click("#panel-make >> text=Cancel")
        assert asked.value.status == 202
        hold.go_on.set()
        until(page, "fetch('/api/state').then((a) => a.json()).then((s) => s.make.stage === 'cancelled')")
        page.wait_for_selector("#panel-make .note:not([hidden])")
        assert page.locator(".made").count() == 0
        assert sorted(path.name for path in tmp_path.glob("*")) == ["data", "les.avg.toml", "les.mp4"]


def test_choices_that_make_no_policy_are_taken_back_on_the_page(open_page: Open) -> None:
    page = open_page()
    page.click("[role=tab][data-view=hand]")
    page.click("#panel-hand >> text=Put one in the middle")
    page.wait_for_selector("#panel-hand .line")
    page.locator("#panel-hand .clock >> nth=0").fill("0:01")
    page.keyboard.press("Enter")
    until(page, "document.querySelector('#panel-hand .line-name').innerText.includes('0:01.0')")
    page.locator("#panel-hand .clock >> nth=1").fill("0:00.5")
    page.keyboard.press("Enter")
    page.wait_for_selector(".toast:not([hidden])")
    until(page, "document.querySelectorAll('#panel-hand .clock')[1].value === ''")
    assert "to" not in choices(page)["policy"]["cover"][0]


def test_two_windows_show_the_same(open_page: Open) -> None:
    page = open_page()
    other = page.context.new_page()
    other.goto(page.url)
    other.wait_for_selector("html[data-ready]", state="attached")
    page.click(".card >> nth=0 >> .mark-objected")
    other.wait_for_selector(".card[data-state=objected]")
    other.click(".card >> nth=1 >> .mark-shown")
    page.wait_for_selector(".card[data-state=shown]")
    other.close()


def test_a_profile_is_chosen_and_its_checklist_confirmed(open_page: Open) -> None:
    page = open_page()
    page.click("[role=tab][data-view=rules]")
    page.locator("#panel-rules select").select_option("iclon")
    page.wait_for_selector(".checks input")
    page.click(".checks label >> nth=0")
    until(page, "fetch('/api/choices').then((a) => a.json()).then((c) => c.policy.confirm?.length === 1)")
    assert choices(page)["policy"]["profile"] == "iclon"
    page.click("[role=tab][data-view=make]")
    page.click("#panel-make >> text=Go to the")
    assert page.get_attribute("[role=tab][data-view=rules]", "aria-selected") == "true"


def test_a_copy_that_is_there_is_replaced_only_when_asked(open_page: Open, tmp_path: Path) -> None:
    (tmp_path / "les.avg.mp4").write_bytes(b"mine")
    page = open_page("les.mp4")
    page.click("text=Make the copy")
    page.click("#panel-make .big")
    page.click("dialog >> text=No, go back")
    assert (tmp_path / "les.avg.mp4").read_bytes() == b"mine"
    page.click("#panel-make .big")
    page.click("dialog >> text=Yes, replace it")
    page.wait_for_selector(".made")
    assert (tmp_path / "les.avg.mp4").stat().st_size > 1000
