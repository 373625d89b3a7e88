"""What the page does besides the way of a teacher: keys, languages, hostile names, sound, and how it ends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from avg_video.policy.document import load_policy
from tests.review.browser.asking import choices, states, until
from tests.review.browser.conftest import Watched, looked_at, offered
from tests.test_pipeline import two_people

Open = Callable[..., Any]

HOSTILE = "<img src=x onerror=alert(1)>{name}\u202e%s&amp;'\".mp4"


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
    corner = "(c) => c.policy.consent_region[0].polygon[0][0]"
    until(page, f"fetch('/api/choices').then((a) => a.json()).then({corner}).then((x) => x < {before[0]} - 0.1)")
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


def test_sound_is_heard_and_a_stretch_listened_to(open_page: Open) -> None:
    page = open_page()
    page.click("[aria-label='Sound while playing']")
    with page.expect_response("**/api/sound/clip.wav*") as heard:
        page.click("[aria-label=Play]")
    assert heard.value.status == 200
    assert heard.value.url.endswith("sound/clip.wav?from=0.000&seconds=10.000")


def test_faces_are_seen_while_it_is_looked_at(chromium: Any, tmp_path: Path, own_data: None) -> None:
    with looked_at(chromium, tmp_path) as (watched, hold):
        page = watched.page
        page.wait_for_selector(".looking progress")
        until(page, "document.querySelectorAll('.early img').length === 2")
        until(page, "[...document.querySelectorAll('.early img')].every((face) => face.naturalWidth > 10)")
        until(page, "document.querySelector('.looking h2').innerText === '2 faces so far'")
        assert page.locator(".card").count() == 0
        hold.go_on.set()
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
        assert review.ended() is None
        assert review.error is not None
        watched.close()


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
