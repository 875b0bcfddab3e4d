from __future__ import annotations

import pytest

from analysis.printed import check, published, verdict
from analysis.quality.views import _printed


def test_the_audit_of_the_slides_is_reproduced() -> None:
    found = check().groupby("ligne")["diagnostic"].agg(set).to_dict()
    assert found == {
        1: {"chiffre perdu"},
        2: {"tronqué"},
        3: {"tronqué", "conforme"},
        4: {"mal étiqueté"},
        5: {"conforme"},
        6: {"conforme"},
        7: {"conforme"},
        8: {"réponses multiples"},
    }


def test_lines_1_2_3_4_and_8_are_flagged_and_no_other() -> None:
    rows = check()
    assert set(rows.loc[rows["ligne_signalee"], "ligne"]) == {1, 2, 3, 4, 8}


@pytest.mark.parametrize(
    ("printed", "exact", "digits", "expected"),
    [
        (716, 715.69, 0, "arrondi"),
        (810, 810.55, 0, "tronqué"),
        (0.366, 0.36363, 3, "chiffre perdu"),
        (0.474, 0.47498, 3, "tronqué"),
        (0.5, 0.36363, 3, "écart"),
        (377, 377.22, 0, "arrondi"),
        (401, 400.1, 0, "écart"),
        (13_025, 130_250, 0, "chiffre perdu"),
        (1_300, 13_000, 0, "chiffre perdu"),
    ],
)
def test_verdicts(printed: float, exact: float, digits: int, expected: str) -> None:
    assert verdict(printed, exact, digits) == expected


def test_a_published_share_is_printed_in_per_cent() -> None:
    assert [_printed(*figure) for figure in ((0.15, 2, "part"), (0.128, 3, "part"), (12.0, 0, "heure"))] == [
        "15\xa0%", "12,8\xa0%", "12\xa0heures",
    ]  # fmt: skip


def test_every_published_figure_has_a_source_and_a_number_of_its_own() -> None:
    rows = published()
    assert rows["source"].notna().all() and rows.index.is_unique
    slides = rows[rows["serie"] == "orcp_2016"].set_index(["indicateur", "modalite"])["valeur"]
    assert slides["heures_realisees", "ensemble"] == 1302553
    assert slides["heures_realisees", "ALTERNANCE"] == 163156.2
