from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.core.numbers import (
    about,
    as_printed,
    between,
    french,
    french_date,
    hundredths,
    likely,
    number_of,
    plural,
    round_half_up,
    shortest,
    significant,
    two_readings,
    typed_number,
    typed_numbers,
)


@pytest.mark.parametrize(
    ("value", "digits", "expected"),
    [
        (2.675, 2, "2.68"),
        (0.5, 0, "1"),
        (1.5, 0, "2"),
        (-0.5, 0, "-1"),
        (810.55, 0, "811"),
        (47.498, 1, "47.5"),
        (100 * 0.2885, 1, "28.9"),
        (100 * 0.145, 0, "15"),
    ],
)
def test_halves_go_up_from_the_decimal_a_reader_sees(value: float, digits: int, expected: str) -> None:
    assert round_half_up(value, digits) == Decimal(expected)


@pytest.mark.parametrize(
    ("value", "digits", "expected"),
    [(325_000, 2, 330_000), (-2.345, 3, -2.35), (9.96, 2, 10), (0, 6, 0), (float("inf"), 2, float("inf"))],
)
def test_significant_digits_are_rounded_by_the_same_rule(value: float, digits: int, expected: float) -> None:
    assert significant(value, digits) == expected
    assert math.isnan(significant(float("nan"), digits))


@pytest.mark.parametrize(
    ("value", "digits", "unit", "expected"),
    [
        (1302553, 0, "", "1\u202f302\u202f553"),
        (47.498, 1, "%", "47,5\u00a0%"),
        (-3.25, 1, "", "\u22123,3"),
        (-0.04, 1, "", "0,0"),
        (None, 0, "h", "n.d."),
        (float("nan"), 1, "", "n.d."),
    ],
)
def test_numbers_are_written_as_in_french(value: float | None, digits: int, unit: str, expected: str) -> None:
    assert french(value, digits, unit) == expected


@pytest.mark.parametrize(
    ("unit", "value", "expected"),
    [("heure", 46_900, "heures"), ("heure", 1.9, "heure"), ("heure par personne", 377, "heures par personne"),
     ("ETP", 716, "ETP"), ("%", 23, "%")],
)  # fmt: skip
def test_units_are_plural_from_two_on(unit: str, value: float, expected: str) -> None:
    assert plural(unit, value) == expected


@pytest.mark.parametrize(
    ("count", "said"), [(1, "1 structure"), (1.5, "2 structures"), (1200, "1\u202f200 structures")]
)
def test_what_is_counted_agrees_with_the_number_that_is_printed(count: float, said: str) -> None:
    assert number_of(count, "structure") == said


@pytest.mark.parametrize(
    ("value", "digits", "unit", "printed"),
    [
        (0.2885, 3, "part", "28,9\u00a0%"),
        (0.145, 2, "part", "15\u00a0%"),
        (0.145, 0, "part", "15\u00a0%"),
        (0.145, 2, "ETP", "0,15"),
    ],
)
def test_a_share_is_printed_in_per_cent_which_takes_two_of_its_decimals(
    value: float, digits: int, unit: str, printed: str
) -> None:
    assert as_printed(value, digits, unit) == printed


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        (0.2, "0,2"),
        (12.50, "12,5"),
        (1_200_000, "1\u202f200\u202f000"),
        (3.0, "3"),
        (0, "0"),
        (dt.date(2026, 1, 1), "2026-01-01"),
    ],
)
def test_a_setting_is_written_with_the_decimals_that_it_has(setting: object, said: str) -> None:
    assert shortest(setting) == said


@pytest.mark.parametrize(
    ("value", "unit", "said"), [(47.4, None, "47,4"), (47.4, float("nan"), "47,4"), (45, 5, "≈\u00a045")]
)
def test_a_number_that_was_rounded_to_hide_others_says_so(value: float, unit: float | None, said: str) -> None:
    assert about(value, unit, 1) == said


def test_dates_are_written_as_in_french() -> None:
    assert french_date(dt.date(2019, 2, 1)) == "1er février 2019"
    assert french_date(dt.date(2017, 12, 26)) == "26 décembre 2017"


def test_hours_are_whole_hundredths_and_halves_go_up() -> None:
    hours = pd.Series([0.005, 1.005, 2.675, 0.004, 0.0, 150.75])
    assert hundredths(hours).tolist() == [1, 101, 268, 0, 0, 15075]


@given(st.integers(-(10**9), 10**9), st.integers(0, 1))
def test_rounding_is_that_of_whole_hundredths(hundredths: int, digits: int) -> None:
    step = 10 ** (2 - digits)
    steps = (abs(hundredths) + step // 2) // step
    expected = Decimal(steps if hundredths >= 0 else -steps).scaleb(-digits)
    assert round_half_up(hundredths / 100, digits) == expected


@pytest.mark.parametrize(
    ("low", "high", "unit", "said"),
    [
        (1200, 2400.4, "", "entre 1 200 et 2 400"),
        (12, float("nan"), "h", "au moins 12 h"),
        (0, 15, "%", "au plus 15 %"),
        (float("nan"), 15, "", "au plus 15"),
        (11.9, 12.2, "h", "12 h"),
        (float("nan"), float("nan"), "", "n.d."),
    ],
)
def test_a_value_known_by_its_bounds_is_said_in_words(low: float, high: float, unit: str, said: str) -> None:
    assert between(low, high, 0, unit).replace("\u202f", " ").replace("\u00a0", " ") == said


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12500", "12500"),
        ("12 500,50", "12500.50"),
        ("1\u202f302\u00a0553", "1302553"),
        ("0,474", "0.474"),
        ("1234.567", "1234.567"),
        ("12,5", "12.5"),
        ("-3", "-3"),
        *((text, None) for text in ("", "à définir", "NaN", "inf", "1e3", "1_000", "1.302.553", "12 500 €", ",5")),
    ],
)
def test_a_number_as_people_type_it_is_read_or_is_none(text: str, expected: str | None) -> None:
    assert typed_number(text) == (None if expected is None else Decimal(expected))
    assert not two_readings(text)


@pytest.mark.parametrize("text", ["12.500", "12,500", "1.234", "-3,000", "12. 500"])
def test_a_number_of_two_readings_is_none_unless_its_three_decimals_are_announced(text: str) -> None:
    assert two_readings(text)
    assert typed_number(text) is None and typed_number(text, 1) is None
    assert typed_number(text, 3) == Decimal(text.replace(",", ".").replace(" ", ""))


def test_a_column_of_typed_numbers_keeps_its_gaps() -> None:
    read = typed_numbers(pd.Series(["12,5", None, "12.500", "7"], index=[3, 1, 4, 2], dtype="str"))
    assert read.dtype == "float64" and read.fillna(-1).to_dict() == {3: 12.5, 1: -1.0, 4: -1.0, 2: 7.0}


def test_a_probability_is_never_told_as_certain() -> None:
    assert [likely(p) for p in (0.999, 0.001, None)] == ["plus de 99\u00a0%", "moins de 1\u00a0%", "n.d."]
    assert [likely(p) for p in (0.99, 0.42, 0.01)] == ["99\u00a0%", "42\u00a0%", "1\u00a0%"]
