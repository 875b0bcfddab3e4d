from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from analysis.segments.contracts import UNDER, latest_years, says_under_another, segment_of_cpv, under_another


@pytest.mark.parametrize(
    ("day", "most", "years"),
    [
        ("2025-12-31", 1, [2025]),
        ("2025-12-31", 2, [2023, 2025]),
        ("2026-06-30", 9, [2021, 2023, 2025]),
        ("2025-12-30", 1, [2023]),
        ("2021-06-30", 1, []),
    ],
)
def test_a_year_that_is_not_over_is_not_among_the_latest(day: str, most: int, years: list[int]) -> None:
    known = pd.Series([2026.0, 2021, 2025, 2023, None, 2025])
    assert latest_years(known, dt.date.fromisoformat(day), most) == years


@pytest.mark.parametrize(
    ("label", "under"),
    [
        ("Marché subséquent n° 2 : nettoyage", True),
        ("MARCHÉ SUBSÉQUENT 2", True),
        ("Nettoyage - marché\u00a0subsequent", True),
        ("March\ufffd subs\ufffdquent n\ufffd 2", True),
        ("MarchÃ© subsÃ©quent", True),
        ("Accord-cadre à marchés subséquents de nettoyage", False),
        ("Accord-cadre à march\ufffds subs\ufffdquents", False),
        ("Nettoyage", False),
        (None, False),
    ],
)
def test_the_singular_names_a_contract_and_the_plural_its_framework(label: str | None, under: bool) -> None:
    assert says_under_another(pd.Series([label], dtype="str")).tolist() == [under]


def test_the_nature_or_the_framework_s_identifier_says_it_too() -> None:
    rows = pd.DataFrame(
        {
            "nature": ["Marché", "Marché subséquent", "Accord-cadre", None, "Accord-cadre"],
            "idAccordCadre": [None, None, None, "2019-04", None],
            "objet": ["Nettoyage", "Nettoyage", "Accord-cadre à marchés subséquents", "Nettoyage", None],
        }
    )
    assert under_another(rows).tolist() == [False, True, False, True, False]


def test_what_was_told_once_is_not_read_again() -> None:
    rows = pd.DataFrame({"nature": ["Marché"], "idAccordCadre": [None], "objet": ["Marché subséquent"]})
    assert under_another(rows.assign(**{UNDER: False})).tolist() == [False]


@pytest.mark.parametrize(
    ("code", "segment"),
    [("30192700", "FOURNITURES"), ("30200000", "INFORMATIQUE"), ("90911200", "PROPRETE"), ("00000000", "AUTRE")],
)
def test_the_longest_known_prefix_tells_the_segment(code: str, segment: str) -> None:
    assert segment_of_cpv(pd.Series([code], dtype="str")).tolist() == [segment]
