"""A policy that is written is read again as the very same one, whatever it holds."""

from __future__ import annotations

import json
import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from avg_video.policy.document import Policy, parse_policy, policy_of
from avg_video.policy.writing import policy_table, policy_text
from tests.policy.worlds import quick

HASH = "0123456789abcdef" * 4

fractions = st.floats(0, 1, allow_subnormal=False) | st.sampled_from([0.0, 0.1, 1 / 3, 1.0])
times = st.floats(0, 300_000, allow_subnormal=False) | st.integers(0, 9_999_999).map(lambda ms: ms / 1000)
slugs = st.sampled_from(["teacher", "board", "teacher-training", "a1"])
tokens = st.sampled_from(["L07", "A1", "ABC1234"])
numbers = st.integers(1, 999_999)
triangles = st.sampled_from([[[0, 0], [1, 0], [1, 1]], [[0.1, 0.2], [0.35, 0.2], [0.3, 0.7], [0.1, 0.5]]])


def optional(**keys: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=keys)


@st.composite
def spans(draw: st.DrawFn) -> dict[str, float]:
    low, high = sorted((draw(times), draw(times)))
    ends = {"from": low, "to": high} if low < high else {"from": low}
    return {key: ends[key] for key in draw(st.sets(st.sampled_from(sorted(ends))))}


@st.composite
def boxes(draw: st.DrawFn) -> list[float]:
    x, y = draw(st.floats(0, 0.9)), draw(st.floats(0, 0.9))
    return [x, y, draw(st.floats(x + 0.001, 1)), draw(st.floats(y + 0.001, 1))]


moments = st.fixed_dictionaries({"t": times, "x": fractions, "y": fractions})
covers = st.builds(
    lambda span, box, more: {**span, "box": box, **more},
    spans(),
    boxes(),
    optional(follow=st.sampled_from(["fixed", "camera", "content"]), what=slugs),
)
regions = st.builds(
    lambda span, more: {**span, **more}, spans(), st.fixed_dictionaries({"polygon": triangles}, optional={})
)
objected = st.one_of(
    st.fixed_dictionaries({"at": moments}, optional={"pupil": tokens, "number": numbers}),
    st.builds(lambda span, seat: {**span, "seat": seat}, spans(), triangles),
    st.fixed_dictionaries({"number": numbers}, optional={"pupil": tokens}),
)
shows = st.one_of(
    st.fixed_dictionaries({"who": slugs, "at": moments}, optional={"pupil": tokens}),
    st.fixed_dictionaries({"who": slugs, "number": numbers}),
)
tables = st.fixed_dictionaries(
    {"numbers": st.just({"recording": HASH, "people": HASH[::-1]})},
    optional={
        "profile": slugs,
        "purpose": slugs,
        "audio": st.sampled_from(["drop", "keep"]),
        "controller": st.sampled_from(['Hogeschool "Zuid"', "École \\ 5", "学校", "tab\u00a0less"]),
        "confirm": st.lists(slugs, unique=True, max_size=3),
        "reviewed": st.just("all") | st.lists(spans(), max_size=2),
        "mute": st.lists(spans().filter(lambda s: len(s) == 2), max_size=2),
        "consent_region": st.lists(regions, max_size=2),
        "objected": st.lists(objected, max_size=3),
        "show": st.lists(shows, max_size=3),
        "cover": st.lists(covers, max_size=3),
        "same": st.lists(st.sets(numbers, min_size=2, max_size=4).map(lambda n: {"numbers": list(n)}), max_size=2),
        "split": st.lists(st.fixed_dictionaries({"number": numbers, "at": times, "then": numbers}), max_size=2),
    },
)


@quick
@given(tables)
def test_what_is_written_is_what_is_read(table: dict[str, Any]) -> None:
    policy = policy_of(table)
    text = policy_text(policy, head="two lines\nof a comment")
    assert parse_policy(text) == policy
    assert tomllib.loads(text).keys() == policy_table(policy).keys()
    assert policy_of(json.loads(json.dumps(policy_table(policy)))) == policy
    assert policy_text(parse_policy(text), head="two lines\nof a comment") == text


def test_the_default_is_an_empty_file() -> None:
    assert policy_text(Policy()) == "\n"
    assert policy_table(Policy()) == {}


def test_times_are_written_as_people_write_them_where_that_loses_nothing() -> None:
    policy = policy_of(
        {"mute": [{"from": 3.25, "to": 1 / 3 + 4}], "show": [{"who": "a", "at": {"t": 1, "x": 0, "y": 1}}]}
    )
    text = policy_text(policy)
    assert 'from = "00:00:03.250"' in text
    assert f"to = {1 / 3 + 4!r}" in text
    assert 'at = { t = "00:00:01.000", x = 0.0, y = 1.0 }' in text


def test_characters_that_toml_escapes_come_back() -> None:
    policy = Policy.model_construct(controller='a"b\\c\u0085\ud7ff\t')
    assert tomllib.loads(policy_text(policy))["controller"] == 'a"b\\c\u0085\ud7ff\t'
