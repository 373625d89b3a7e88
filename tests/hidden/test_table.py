"""Every needle of the table: it is in the input, the record names its kind, and it is nowhere in the output."""

from __future__ import annotations

import pytest

from avg_video.media import readback, writer
from avg_video.media.reader import VideoReader
from tests.hidden import find
from tests.hidden.campaign import ALLOWED_NALS, Finding, campaign
from tests.hidden.kit import Kit
from tests.hidden.places import PLACES, Place
from tests.hidden.table import markdown

QUICK = {".mp4", ".mkv"}


def _rows() -> list[object]:
    """The containers of most recordings at once; all others are the same check, and take their time."""
    return [pytest.param(p, id=p.id, marks=[] if p.container in QUICK else [pytest.mark.slow]) for p in PLACES]


@pytest.fixture(scope="module")
def findings(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Finding]:
    asked = {item.callspec.params["place"].id for item in request.session.items if _is_row(item)}
    return campaign([p for p in PLACES if p.id in asked], tmp_path_factory.mktemp("hidden"))


def _is_row(item: pytest.Item) -> bool:
    spec = getattr(item, "callspec", None)
    return spec is not None and isinstance(spec.params.get("place"), Place)


@pytest.mark.parametrize("place", _rows())
def test_planted_named_and_gone(place: Place, findings: dict[str, Finding]) -> None:
    finding = findings[place.id]
    assert not finding.trouble, finding.trouble
    assert finding.exit_code == 0
    assert finding.found_by, "the needle is not in the input: nothing is proven"
    assert finding.leaked_by == []
    assert finding.nals
    assert finding.nals <= ALLOWED_NALS
    assert place.category in finding.hidden


def test_no_two_places_share_a_needle() -> None:
    assert len({p.id for p in PLACES}) == len(PLACES)
    assert len({p.letters for p in PLACES}) == len(PLACES)


PLAIN = [(".mp4", "h264"), (".mp4", "hevc"), (".mp4", "av1"), (".mov", "h264"), (".3gp", "h264"), (".mkv", "h264")]
PLAIN += [(".webm", "vp9"), (".avi", "mpeg4"), (".ts", "h264"), (".flv", "h264"), (".wmv", "wmv2")]


ALWAYS = {".mkv": {"tags", "encoder-notes"}, ".webm": {"tags", "encoder-notes"}, ".ts": {"tags"}}
"""What ffmpeg puts into every file: durations and its own name, or a name of the service."""


@pytest.mark.parametrize(("suffix", "codec"), PLAIN)
def test_a_plain_clip_hides_nothing_but_what_its_writer_puts_in(
    suffix: str, codec: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """No other category is there, so that one which is named above is named for the needle."""
    with VideoReader(Kit(tmp_path_factory.mktemp("plain")).film(suffix, codec)) as reader:
        list(reader)
        assert set(reader.hidden) == ALWAYS.get(suffix, set())


def test_the_search_finds_what_it_should(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The eye and the ear: the needle's own clips are found, the plain one is not."""
    kit = Kit(tmp_path_factory.mktemp("search"))
    plain = kit.film(".mp4")
    assert (find.looks(kit.needle_film), find.looks(plain)) == (True, False)
    assert (find.sounds(kit.second_sound), find.sounds(plain)) == (True, False)


def test_the_table_shows_what_comes_through(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one step of cleaning and the program's own inspection switched off, the needle is seen in the output."""
    monkeypatch.setattr(writer, "_NAL_FILTER", "null")
    monkeypatch.setattr(readback, "inspect_file", lambda path: ())
    place = next(p for p in PLACES if p.id == "encoder settings in SEI, x264.mp4")
    finding = campaign([place], tmp_path_factory.mktemp("through"))[place.id]
    assert not finding.trouble, finding.trouble
    assert finding.leaked_by == ["bytes"]
    assert 6 in finding.nals
    assert "/ **bytes** |" in markdown({place.id: finding})
