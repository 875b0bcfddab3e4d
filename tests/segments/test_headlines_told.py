"""What the segments' pages say: in the tense of the day, in the number of what they count, of enough contracts."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace

import pandas as pd
import pytest

from analysis.publishing.page import rows_where
from analysis.segments.contracts import OTHER
from analysis.segments.views import compliance, potential, state, watch

LILLE, LENS = "200093201", "246200364"


@pytest.mark.parametrize(
    ("needs", "words"),
    [
        (939.9, "environ 940 besoins devraient"),
        (1.2, "environ 1 besoin devrait"),
        (0.3, "moins d'un besoin devrait"),
    ],
)
def test_a_sum_of_probabilities_is_no_count_to_a_tenth(needs: float, words: str) -> None:
    assert watch._expected(needs) == words


def test_the_obligation_is_told_in_the_tense_of_the_day_observed() -> None:
    before, after = (
        SimpleNamespace(dataset=SimpleNamespace(date_observation=day))
        for day in (dt.date(2025, 12, 31), dt.date(2026, 9, 1))
    )
    assert compliance._since(before) == "n'entre en vigueur qu'en août 2026"
    assert compliance._since(after) == "est en vigueur depuis août 2026"


def test_a_cap_that_binds_nowhere_is_said_to() -> None:
    rows = pd.DataFrame({"p50": [10.2, 5.0], "p50_plafonne": [10.1, 5.0]})
    assert potential._unbound(rows)
    assert not potential._unbound(rows.assign(p50_plafonne=[9.0, 5.0]))


def cells(*rows: tuple[str, str, float, int, float]) -> SimpleNamespace:
    names = ["epci_siren", "segment", "part_lissee", "renseignes", "p_sous"]
    found = pd.DataFrame(rows, columns=names).assign(edition=2025, avec_clause=1, marches=1)
    places = pd.DataFrame({"epci_siren": [LILLE, LENS], "nom": ["Lille", "Lens"], "marches": [50, 40]}).assign(
        edition=2025, departement="59"
    )
    tables = {"segments_epci": found, "epci": places}
    return SimpleNamespace(
        year=2025,
        territory_name="Ici",
        department=None,
        dataset=SimpleNamespace(synthetique=True),
        read=lambda name, **where: rows_where(tables[name], where),
        csv=lambda name: name,
    )


def test_a_headline_leaves_out_what_is_no_segment_and_what_has_few_contracts() -> None:
    propre, espaces = state.labels()["PROPRETE"], state.labels()["ESPACES_VERTS"]
    figure = state.heat_map(
        cells((LILLE, OTHER, 0.9, 200, 0.5), (LILLE, "ESPACES_VERTS", 0.8, 3, 0.5), (LENS, "PROPRETE", 0.4, 100, 0.01))
    )
    assert f"« {propre} » (Lens)" in figure.alt
    assert espaces not in figure.alt and state.labels()[OTHER] not in figure.alt
    # Places that differ from the region nowhere are counted, not listed.
    assert [row[0].text for row in figure.table.rows] == ["Lens"] and "(1 sur 2)" in figure.table.note


def test_where_no_place_differs_from_the_region_a_sentence_says_so() -> None:
    figure = state.heat_map(cells((LILLE, "PROPRETE", 0.4, 3, 0.5)))
    assert figure.table is None
    assert "plus que le hasard" in figure.alt and "part la plus forte" not in figure.alt
    titles = figure.fig.axes[0].get_xticklabels()
    assert titles and all(title.get_rotation() == 90 for title in titles)
