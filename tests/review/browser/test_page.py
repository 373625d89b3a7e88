"""What the page does besides the way of a teacher: keys, languages, hostile names, splits, other windows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from avg_video.policy.document import load_policy
from tests.review.browser.conftest import Watched, offered
from tests.test_pipeline import two_people

Open = Callable[..., Any]

HOSTILE = "<img src=x onerror=alert(1)>{name}\u202e%s&amp;'\".mp4"


def choices(page: Any) -> dict[str, Any]:
    """What is chosen now, as the program has it."""
    found: dict[str, Any] = page.evaluate("fetch('/api/choices').then((answer) => answer.json())")
    return found


def until(page: Any, holds: str) -> None:
    """Wait until that is so; the page allows no `wait_for_function`, which evaluates text."""
    for _ in range(600):
        if page.evaluate(holds):
            return
        page.wait_for_timeout(50)
    raise AssertionError(holds)


def states(page: Any) -> dict[int, str]:
    return {person["number"]: person["state"] for person in choices(page)["people"]}


def test_names_are_text_and_nothing_else(open_page: Open) -> None:
    page = open_page(HOSTILE)
    assert page.inner_text("h1") == HOSTILE
    assert page.locator("img[src=x]").count() == 0
    assert HOSTILE in page.title()
    page.click("[role=tab][data-view=make]")
    assert page.locator("#panel-make .big").inner_text().endswith(HOSTILE.removesuffix(".mp4") + ".avg.mp4")


def test_what_a_policy_says_is_text_and_nothing_else(open_page: Open, tmp_path: Path) -> None:
    (tmp_path / "les.avg.toml").write_text(
        'audio = "keep"\ncontroller = "<b onclick=alert(1)>School</b>"\n'
        '[[cover]]\nbox = [0.1, 0.1, 0.2, 0.2]\nwhat = "constructor"\n'
        '[[show]]\nwho = "proto"\nat = { t = 0, x = 0.9, y = 0.1 }\n'
    )
    page = open_page("les.mp4")
    page.click("[role=tab][data-view=hand]")
    assert "constructor" in page.inner_text("#panel-hand .line")
    assert page.locator("[onclick]").count() == 0


def test_scripts_from_elsewhere_are_refused(chromium: Any, film: Path, own_data: None) -> None:
    with offered(film) as review:
        watched = Watched(chromium)
        page = watched.open(review.server.address)
        refused = page.evaluate(
            """() => {
                const script = document.createElement('script');
                const tries = [() => { document.body.innerHTML = '<b>x</b>'; }, () => document.write('<b>x</b>'),
                    () => { script.text = 'document.title = "in"'; },
                    () => { script.src = 'https://example.org/x.js'; },
                    () => { document.body.setAttribute('onclick', 'document.title = "in"'); }];
                return tries.map((one) => { try { one(); return false; } catch { return true; } });
            }"""
        )
        assert refused == [True] * 5
        assert page.evaluate("fetch('https://example.org/').then(() => 'sent', () => 'refused')") == "refused"
        assert all("example.org" in fault or "Trusted" in fault for fault in watched.faults)
        watched.context.close()


def test_everything_by_keyboard(open_page: Open, tmp_path: Path) -> None:
    page = open_page("les.mp4")
    keys = page.keyboard
    keys.press("j")
    first = int(page.get_attribute(".card.selected", "data-number"))
    keys.press("x")
    page.wait_for_selector(".card.selected[data-state=objected]")
    keys.press("j")
    second = int(page.get_attribute(".card.selected", "data-number"))
    keys.press("s")
    page.wait_for_selector(".card.selected[data-state=shown]")
    assert (states(page)[first], states(page)[second]) == ("objected", "shown")
    keys.press("Control+z")
    page.wait_for_selector(".card.selected[data-state=covered]")
    keys.press("Control+Shift+z")
    page.wait_for_selector(".card.selected[data-state=shown]")

    keys.press("ArrowRight")
    page.wait_for_selector(".frame[data-picture='1']")
    keys.press("Shift+ArrowRight")
    page.wait_for_selector(".frame[data-picture='26']")
    keys.press("o")
    page.wait_for_selector(".frame[data-view=result]")
    keys.press("o")

    keys.press("2")
    page.focus("#panel-room button >> nth=1")
    keys.press("Enter")
    page.wait_for_selector("#panel-room .line")
    page.focus(".knob >> nth=0")
    before = choices(page)["policy"]["consent_region"][0]["polygon"][0]
    for _ in range(3):
        keys.press("Shift+ArrowLeft")
    until(page, "document.querySelector('.knob').getAttribute('aria-label').includes('13 %')")
    page.wait_for_timeout(900)
    after = choices(page)["policy"]["consent_region"][0]["polygon"][0]
    assert (round(before[0] - after[0], 3), after[1]) == (0.12, before[1])

    keys.press("3")
    page.focus("#panel-hand button >> nth=1")
    keys.press("Enter")
    page.wait_for_selector("#panel-hand .line")
    page.focus("#panel-hand .clock >> nth=1")
    keys.type("0:00.8")
    keys.press("Enter")
    until(page, "document.querySelector('#panel-hand .line-name').innerText.includes('0:00.8')")
    assert choices(page)["policy"]["cover"][0]["to"] == pytest.approx(0.8)
    page.locator("#panel-hand input[type=radio] >> nth=0").focus()
    keys.press("ArrowDown")
    page.wait_for_selector("#panel-hand .wave")
    page.focus("#panel-hand button:has-text('Silent from here')")
    keys.press("Enter")
    page.focus(".scrub")
    for _ in range(5):
        keys.press("ArrowLeft")
    page.focus("#panel-hand button:has-text('to here')")
    keys.press("Enter")
    until(page, "document.querySelectorAll('#panel-hand .lines .line').length === 2")

    keys.press("Control+s")
    until(page, "document.querySelector('.saved').innerText.includes('les.avg.toml')")
    policy = load_policy(tmp_path / "les.avg.toml")
    assert policy.audio == "keep"
    assert len(policy.mute) == len(policy.cover) == len(policy.consent_region) == 1
    assert policy.mute[0].end_s - policy.mute[0].start_s == pytest.approx(0.2, abs=0.01)

    keys.press("6")
    page.focus("#panel-make .big")
    keys.press("Enter")
    page.wait_for_selector(".made")
    assert (tmp_path / "les.avg.mp4").exists()


def test_every_focus_can_be_reached_and_has_a_name(open_page: Open) -> None:
    page = open_page()
    seen = []
    for _ in range(60):
        page.keyboard.press("Tab")
        seen.append(
            page.evaluate(
                """() => {
                    const e = document.activeElement;
                    const name = e.getAttribute('aria-label') || e.innerText || (e.labels?.[0]?.innerText) || '';
                    const box = e.getBoundingClientRect();
                    return [e.tagName, name.trim(), box.width > 0 && box.height > 0];
                }"""
            )
        )
        if seen[-1][0] == "BODY":
            break
    inside = [entry for entry in seen if entry[0] != "BODY"]
    assert len(inside) > 15
    assert all(name and visible for _, name, visible in inside), inside
    names = [name for _, name, _ in inside]
    assert names.index("Place in the film") < names.index("Play") < names.index("People")


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
    page = open_page("les.mp4")
    page.click("text=Make the copy")
    page.click("#panel-make .big")
    page.click("#panel-make >> text=Cancel")
    page.wait_for_selector("#panel-make .note:not([hidden]), .made")
    if page.locator(".made").count() == 0:
        assert sorted(path.name for path in tmp_path.glob("*")) == ["data", "les.avg.toml", "les.mp4"]


def test_sound_is_heard_and_a_stretch_listened_to(open_page: Open) -> None:
    page = open_page()
    asked = []
    page.on("response", lambda answer: asked.append((answer.status, answer.url.partition("/api/")[2])))
    page.click("[aria-label='Sound while playing']")
    page.click("[aria-label=Play]")
    for _ in range(100):
        if any(path.startswith("sound/clip.wav") for _, path in asked):
            break
        page.wait_for_timeout(50)
    assert (200, "sound/clip.wav?from=0.000&seconds=10.000") in asked


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


def test_faces_are_seen_while_it_is_looked_at(chromium: Any, tmp_path: Path, own_data: None) -> None:
    with offered(two_people(tmp_path / "lang.mp4", seconds=6)) as review:
        watched = Watched(chromium)
        page = watched.page
        page.goto(review.server.address)
        page.wait_for_selector(".looking progress")
        page.wait_for_selector(".early img")
        assert page.locator(".early img").count() >= 1
        watched.stands()
        assert page.locator(".card").count() >= 2
        watched.close()


def test_a_recording_that_cant_be_read_is_told_in_words(chromium: Any, tmp_path: Path, own_data: None) -> None:
    path = two_people(tmp_path / "half.mp4", seconds=6)
    data = bytearray(path.read_bytes())
    end = data.rindex(b"moov") - 4
    data[end - 900 : end] = bytes(900)
    path.write_bytes(data)
    with offered(path) as review:
        watched = Watched(chromium)
        page = watched.page
        page.goto(review.server.address)
        page.wait_for_selector(".over")
        assert page.inner_text("h1") == "This recording can't be reviewed"
        assert page.inner_text(".over p >> nth=0").startswith("Can't be decoded")
        assert review.error is not None
        watched.close()


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


def test_the_other_language(open_page: Open) -> None:
    from avg_video.language import use

    page = open_page()
    try:
        page.click(".card >> nth=0 >> .mark-objected")
        page.wait_for_selector(".card[data-state=objected]")
        page.click("text=Nederlands")
        page.wait_for_selector("html[lang=nl]", state="attached")
        page.wait_for_selector(".card[data-state=objected]")
        assert page.inner_text("[role=tab][data-view=people]") == "Mensen"
        assert "afgedekt" in page.inner_text(".summary")
        assert page.inner_text(".card[data-state=objected] .badge") == "bezwaar"
        page.click("text=English")
        page.wait_for_selector("html[lang=en]", state="attached")
    finally:
        use("en")


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


def test_the_film_plays_in_time(open_page: Open) -> None:
    page = open_page()
    page.click("[aria-label=Play]")
    until(page, "Number(document.querySelector('.frame').dataset.picture) > 5")
    page.wait_for_selector("[aria-label=Play]")
    assert int(page.get_attribute(".frame", "data-picture")) == 39, "it stands at the end"


def test_closing_it_ends_the_review_in_words(open_page: Open) -> None:
    page = open_page()
    page.evaluate("fetch('/api/end', {method: 'POST', headers: {'Content-Type': 'application/json'}, body: '{}'})")
    page.wait_for_selector(".over")
    assert "ended" in page.inner_text("h1")
