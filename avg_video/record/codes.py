"""Short codes that a person can write down: control numbers of a log, and fingerprints of keys.

The digits are those of Crockford's base 32 (https://www.crockford.com/base32.html): no letter that looks like a digit,
and what is read wrongly all the same (O for 0, I or L for 1, small letters) is understood.
"""

from __future__ import annotations

import re

__all__ = ["control_number", "fingerprint_code", "read_control_number"]

DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
BASE = len(DIGITS)
CODE_DIGITS = 15
"""75 bits. Whoever holds the key could look for another log with the same number by trying: at ten thousand million
signatures a second that takes longer than a hundred thousand years. Somebody without the key can only cut lines off.
"""
FINGERPRINT_DIGITS = 20
"""100 bits: another key with the same fingerprint can't be found by trying."""
GROUP = 4
MAX_LINE = 999_999_999

_FORM = re.compile(rf"([1-9][0-9]{{0,8}})-([{DIGITS}]{{{CODE_DIGITS + 1}}})")
_MISREAD = str.maketrans("OIL", "011")


def control_number(line: int, sha256: str) -> str:
    """What stands for a log up to and including `line`, whose hash is `sha256`: such as 12-7K4Q-F9T2-MX3H-V0AP.

    It is the number of the line, 75 bits of its hash, and one digit that tells slips of the pen.
    """
    code = _code(sha256, CODE_DIGITS)
    return f"{line}-{_grouped(code + _check_digit(line, code))}"


def read_control_number(text: str) -> tuple[int, str] | None:
    """The number of the line, and the control number in the one way it is written; None when it can't be one.

    Spaces, hyphens, small letters and digits that look alike don't matter.
    """
    first, _, rest = text.strip().upper().translate(_MISREAD).replace(" ", "-").partition("-")
    form = _FORM.fullmatch(f"{first}-{rest.replace('-', '')}")
    if form is None:
        return None
    line, code = int(form[1]), form[2]
    if code[-1] != _check_digit(line, code[:-1]):
        return None
    return line, f"{line}-{_grouped(code)}"


def fingerprint_code(sha256: str) -> str:
    """100 bits of a hash, in five groups, to compare two keys by eye."""
    return _grouped(_code(sha256, FINGERPRINT_DIGITS))


def _code(sha256: str, digits: int) -> str:
    """The first `5 * digits` bits of a hash."""
    value = int(sha256, 16) >> (4 * len(sha256) - 5 * digits)
    return "".join(DIGITS[value >> (5 * place) & 31] for place in reversed(range(digits)))


def _grouped(code: str) -> str:
    return "-".join(code[at : at + GROUP] for at in range(0, len(code), GROUP))


def _check_digit(line: int, code: str) -> str:
    """Luhn's digit, in base 32 (https://en.wikipedia.org/wiki/Luhn_mod_N_algorithm): any one digit that is wrong is
    told, and nearly every pair that changed places."""
    total = 0
    for place, digit in enumerate(reversed(f"{line}{code}")):
        value = DIGITS.index(digit) * (1 if place % 2 else 2)
        total += value // BASE + value % BASE
    return DIGITS[-total % BASE]
