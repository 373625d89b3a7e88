"""Control numbers: short, read back however they were written down, and a slip of the pen is told."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from avg_video.record.codes import DIGITS, control_number, fingerprint_code, read_control_number

SHA256 = hashlib.sha256(b"a line").hexdigest()
NUMBER = control_number(12, SHA256)


def test_it_is_the_line_and_the_beginning_of_its_hash() -> None:
    line, *groups = NUMBER.split("-")
    assert (line, [len(group) for group in groups]) == ("12", [4, 4, 4, 4])
    value = 0
    for digit in "".join(groups)[:15]:
        value = value << 5 | DIGITS.index(digit)
    assert value == int(SHA256, 16) >> (256 - 75)


def test_the_last_bit_that_it_holds_changes_it_and_the_next_does_not() -> None:
    def flipped(bit: int) -> str:
        return f"{int(SHA256, 16) ^ 1 << (255 - bit):064x}"

    assert control_number(12, flipped(74)) != NUMBER
    assert control_number(12, flipped(75)) == NUMBER
    assert control_number(13, SHA256) != NUMBER


@pytest.mark.parametrize(
    "written",
    [
        NUMBER.lower(),
        NUMBER.replace("-", " "),
        f"  {NUMBER} ",
        "12-" + NUMBER[3:].replace("-", ""),
        NUMBER.replace("0", "O").replace("1", "l"),
    ],
)
def test_it_is_understood_however_it_was_written_down(written: str) -> None:
    assert read_control_number(written) == (12, NUMBER)


@pytest.mark.parametrize(
    "text", ["", "12", NUMBER[:-1], f"{NUMBER}0", f"0{NUMBER}", NUMBER[3:], f"x{NUMBER}", "12-éééé-0000-0000-0000"]
)
def test_what_is_none_is_told(text: str) -> None:
    assert read_control_number(text) is None


@settings(deadline=None)
@given(some.binary(min_size=32, max_size=32), some.integers(1, 999_999_999), some.data())
def test_one_wrong_digit_is_told(hashed: bytes, line: int, data: some.DataObject) -> None:
    number = control_number(line, hashed.hex())
    assert read_control_number(number) == (line, number)
    places = [at for at, digit in enumerate(number) if digit != "-"]
    at = data.draw(some.sampled_from(places))
    in_line = at < number.index("-")
    other = data.draw(some.sampled_from([d for d in ("0123456789" if in_line else DIGITS) if d != number[at]]))
    assert read_control_number(number[:at] + other + number[at + 1 :]) is None


def test_fingerprints_are_a_hundred_bits_in_five_groups() -> None:
    code = fingerprint_code(SHA256)
    assert [len(group) for group in code.split("-")] == [4] * 5
    assert code.replace("-", "")[:15] == NUMBER[3:].replace("-", "")[:15]
