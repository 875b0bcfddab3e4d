"""One rounding rule (half up, from the unrounded value), French typography of numbers and dates, and its reading."""

from __future__ import annotations

import datetime as dt
import math
import re
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

NARROW_SPACE = "\N{NARROW NO-BREAK SPACE}"
NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"
MISSING = "n.d."
# Of a number that was rounded so that hidden ones are not found: its sign, and the column that says to what.
ABOUT = f"≈{NO_BREAK_SPACE}"
ROUNDED_SUFFIX = "_arrondi"

# Numbers as people type them.
BLANKS = r"[\s\u00a0\u202f]"  # between thousands
MOST_DIGITS = 15  # of the whole part: a float holds no more of them
THREE_DIGITS = r"-?[1-9][0-9]{0,2}[.,][0-9]{3}"  # decimals, or thousands
ONE_READING = "un nombre qui ne se lit que d'une façon, 12500 ou 12,5"

SIGNIFICANT = 6  # digits of what is modelled
MONTH = 30.4375  # days, on average
MONTHS = (
    "janvier", "février", "mars", "avril", "mai", "juin",
    "juillet", "août", "septembre", "octobre", "novembre", "décembre",
)  # fmt: skip
WEEKDAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")


def round_half_up(value: float | Decimal, digits: int = 0) -> Decimal:
    """`value` rounded half up (away from zero) to `digits` decimals.

    The decimal that the float stands for is rounded, not its binary expansion: 2.675 gives 2.68 and 100 * 0.2885
    gives 28.9, as a reader expects. Nothing is negative that rounds to zero.
    """
    # 15 digits are sure in a float; the next ones are noise, of a share times 100 for one.
    exact = Decimal(f"{value:.15g}")
    return exact.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP) + 0


def hundredths(hours: pd.Series) -> pd.Series:
    """Hours, none of them negative, as whole numbers of hundredths, half up."""
    return ((hours * 100).round(6) + 0.5) // 1  # what floats add to a half is no part of it


def significant(value: float, digits: int) -> float:
    """`value` at `digits` significant digits, half up: what is modelled, the same on all processors; NaN stays."""
    if not math.isfinite(value):
        return float(value)
    exact = Decimal(repr(float(value)))
    return float(round_half_up(exact, digits - 1 - exact.adjusted()))


def two_readings(text: str) -> bool:
    """Whether a number as typed may be one of two: `12.500` is 12.5 or 12 500 (what to ask for: `ONE_READING`)."""
    return bool(re.fullmatch(THREE_DIGITS, re.sub(BLANKS, "", text)))


def typed_number(text: str, decimals: int | None = None) -> Decimal | None:
    """A number as people type it, with either decimal mark, blanks between thousands; None where it is none.

    None too where it has `two_readings`, unless `decimals` announces the three that it would have.
    """
    compact = re.sub(BLANKS, "", text)
    if not re.fullmatch(rf"-?[0-9]{{1,{MOST_DIGITS}}}([.,][0-9]+)?", compact) or (
        two_readings(compact) and decimals != 3
    ):
        return None
    return Decimal(compact.replace(",", "."))


def typed_numbers(texts: pd.Series) -> pd.Series:
    """The `typed_number` of each text, as a float; NaN where there is none."""

    def read(text: str) -> float:
        number = typed_number(text)
        return math.nan if number is None else float(number)

    return texts.map(read, na_action="ignore").astype("float64")


def missing(value: Any) -> bool:
    """Whether it is not a number: NaN, None, or one of pandas' missing values."""
    try:
        return math.isnan(value)
    except TypeError:
        return True


def about(value: float | Decimal | None, unit: float | None, digits: int = 0) -> str:
    """`value` in French, with its sign where it was rounded to `unit` (whole): `≈ 47`."""
    return french(value, digits) if missing(unit) else f"{ABOUT}{french(value)}"


def french(value: float | Decimal | None, digits: int = 0, unit: str = "") -> str:
    """`value` as a French reader writes it: `1 302 553`, `47,5 %`; `n.d.` when missing."""
    if value is None or missing(value):
        return MISSING
    text = f"{round_half_up(value, digits):,f}".replace(",", NARROW_SPACE).replace(".", ",")
    text = text.replace("-", "\N{MINUS SIGN}")
    return f"{text}{NO_BREAK_SPACE}{unit}" if unit else text


def between(low: float | Decimal, high: float | Decimal, digits: int = 0, unit: str = "") -> str:
    """What is known of a value: `entre 12 et 15 %`, `au moins 12`, `au plus 15`; the value where both round to it."""
    if missing(high):
        return MISSING if missing(low) else f"au moins {french(low, digits, unit)}"
    if missing(low) or low == 0:
        return f"au plus {french(high, digits, unit)}"
    first, last = french(low, digits), french(high, digits)
    return french(high, digits, unit) if first == last else f"entre {first} et {french(high, digits, unit)}"


def as_printed(value: float, digits: int, unit: str) -> str:
    """`value`, printed with `digits` decimals; a share (`part`) in per cent, which takes two of them."""
    if unit == "part":
        return french(Decimal(repr(float(value))) * 100, max(digits - 2, 0), "%")
    return french(value, digits)


def shortest(value: object) -> str:
    """A setting as a French reader writes it: a number with the decimals it has (`0,2`, `1 000 000`), a day in full."""
    if isinstance(value, int | float):
        exact = Decimal(repr(float(value))).normalize()
        return french(exact, -int(exact.as_tuple().exponent))
    return str(value)


def plural(unit: str, value: float | Decimal) -> str:
    """A unit's name as `value` asks for it: plural from 2 on; signs and acronyms do not change."""
    first, *rest = unit.split(" ")
    return " ".join([f"{first}s", *rest]) if abs(float(value)) >= 2 and first.islower() and first.isalpha() else unit


def percent(share: float, digits: int = 1) -> str:
    """A share of 1 in per cent: `36,4 %`."""
    return french(100 * share, digits, "%")


def likely(p: float | None) -> str:
    """A probability as a reader is told it: never certain, for it rests on an assumption."""
    if p is not None and p > 0.99:
        return f"plus de {french(99, 0, '%')}"
    if p is not None and p < 0.01:
        return f"moins de {french(1, 0, '%')}"
    return french(None if p is None else 100 * p, 0, "%")


def number_of(count: float | Decimal, unit: str) -> str:
    """A whole number and the name of what it counts, as it asks for it: `1 structure`, `3 structures`."""
    return f"{french(count)} {plural(unit, round_half_up(count))}"


def french_date(day: dt.date) -> str:
    """`26 janvier 2017`, `1er février 2019`."""
    number = "1er" if day.day == 1 else str(day.day)
    return f"{number} {MONTHS[day.month - 1]} {day.year}"
