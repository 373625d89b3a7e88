"""Options: the written-out choices are the real ones, numbers are read strictly, help and version work."""

from __future__ import annotations

import pytest

from avg_video import __version__
from avg_video.cli.options import DETECTORS, PRESETS, STYLES, NumberList
from avg_video.detect.detector import DETECTORS as KNOWN
from avg_video.media import encoders
from avg_video.pipeline import Settings
from avg_video.redact.paint import Style
from tests.cli.helpers import avg_blur


def test_choices_are_the_real_ones() -> None:
    assert set(STYLES) == {style.value for style in Style}
    assert set(DETECTORS) == {"auto", *KNOWN}
    assert PRESETS == encoders.PRESETS


def test_defaults_are_those_of_the_library() -> None:
    from avg_video.cli.options import settings_from
    from avg_video.cli.run import run

    context = run.make_context("avg-blur", ["x.mp4"])
    names = ("detector", "threads", "style", "audio", "encoder", "crf", "preset", "overwrite")
    assert settings_from(**{name: context.params[name] for name in names}) == Settings()
    assert context.params["no_second_look"] is not Settings().second_look


def test_numbers() -> None:
    read = NumberList()
    assert read.convert("3,7", None, None) == {3, 7}
    assert read.convert(" 3 , 3", None, None) == {3}


@pytest.mark.parametrize("text", ["0", "-1", "3,", ",", "a", "3;7", "1e3", "\u0663", "1.5", "9999999999"])
def test_what_is_not_a_number_of_a_person_is_refused(text: str) -> None:
    ran = avg_blur("x.mp4", "--object", text)
    assert ran.exit_code == 2
    assert ran.stderr == (
        f"avg-blur: invalid value for '--object': {text!r} is not a list of people's numbers such as 3,7; "
        "see avg-blur --help\n"
    )
    assert ran.stdout == ""


def test_no_arguments_show_the_help() -> None:
    ran, helped = avg_blur(), avg_blur("-h")
    assert ran.exit_code == 2
    assert helped.exit_code == 0
    assert ran.stderr == helped.stdout
    assert avg_blur("--help").stdout == helped.stdout


def test_help_lists_every_option_of_the_main_job() -> None:
    from avg_video.cli.run import run

    text = avg_blur("-h").stdout
    for option in run.params:
        if option.param_type_name == "option":
            assert option.opts[-1] in text
    for command in ("look", "bench", "models"):
        assert f"\n  {command} " in text


def test_version() -> None:
    ran = avg_blur("--version")
    assert (ran.exit_code, ran.stdout) == (0, f"avg-blur {__version__}\n")
