from __future__ import annotations

import datetime as dt
from itertools import product

import numpy as np
import pandas as pd
import pytest

from analysis.segments.watch import calendar, skills
from analysis.segments.watch.needs import stem

LIMITS = calendar.quarters(dt.date(2025, 12, 31))


def need(name: str, chances: list[float], **changes: object) -> dict:
    """An expected need; chances: of each quarter."""
    cumulated = np.concatenate([[0.0], np.cumsum(chances)])
    row = {
        "besoin_id": name, "origine": "renouvellement", "uid": name, "projet_id": None, "objet": "Nettoyage des locaux",
        "acheteur_siren": "215903501", "acheteur_nom": "Lille", "segment": "PROPRETE", "departement": "59",
        "epci_siren": "200093201", "montant": 100.0, "montant_cru": 100.0, "lots": 1, "accord_cadre": False,
        "fin": pd.Timestamp("2026-05-01"), "probabilite": float(cumulated[-1]),
        "date_alerte": pd.Timestamp("2025-09-01"), "fenetre_debut": pd.Timestamp("2026-03-01"),
        "date_mediane": pd.Timestamp("2026-05-01"), "fenetre_fin": pd.Timestamp("2026-07-01"),
        **{f"c{k}": cumulated[min(k, len(cumulated) - 1)] for k in range(len(LIMITS))},
    }  # fmt: skip
    return row | changes


def test_quarters_cover_the_horizon_whatever_the_day() -> None:
    assert [calendar.label(limit) for limit in LIMITS[:-1]] == [
        "2026-T1", "2026-T2", "2026-T3", "2026-T4", "2027-T1", "2027-T2",
    ]  # fmt: skip
    partial = calendar.quarters(dt.date(2026, 5, 20), 3)
    assert [str(limit.date()) for limit in partial] == ["2026-05-21", "2026-07-01", "2026-10-01"]


def test_the_poisson_binomial_is_the_sum_over_all_outcomes() -> None:
    p = np.array([0.1, 0.5, 0.9, 0.3])
    law = np.zeros(5)
    for outcome in product([0, 1], repeat=4):
        law[sum(outcome)] += np.prod(np.where(outcome, p, 1 - p))
    assert calendar.poisson_binomial(p) == pytest.approx(law)
    assert calendar.interval(np.array([0.5, 0.5])) == (0, 2)
    assert calendar.interval(np.array([1.0, 1.0, 0.0])) == (2, 2)


def test_the_calendar_counts_places_it_does_not_know_in_the_region_only() -> None:
    expected = pd.DataFrame([
        need("a", [0.5, 0.2]), need("b", [0.25, 0.0], departement=None, epci_siren=None, montant=None),
        need("c", [0.0, 1.0], segment="TRANSPORT", epci_siren=None, origine="projet"),
    ])  # fmt: skip
    told = calendar.calendar(expected, LIMITS, "32").set_index(["trimestre", "territoire_type", "segment"])
    region = told.loc[("2026-T1", "region", "PROPRETE")].to_dict()
    assert (region["besoins"], region["attendus"], region["montant_attendu"], region["sans_montant"]) == (
        2,
        0.75,
        50,
        0.25,
    )
    assert told.loc[("2026-T1", "departement", "PROPRETE"), "attendus"] == 0.5
    assert ("2026-T2", "epci", "TRANSPORT") not in told.index
    assert told.loc[("2026-T2", "region", "TRANSPORT"), "dont_projets"] == 1.0
    assert told["heures_p50"].isna().all()
    whole = calendar.calendar(expected, LIMITS, "32", by_segment=False).set_index(["trimestre", "territoire_type"])
    assert whole.loc[("2026-T2", "region"), "attendus"] == pytest.approx(1.2)


def test_hours_of_a_cell_follow_its_mean_and_variance() -> None:
    expected = pd.DataFrame([need("a", [0.5])])
    hours = pd.DataFrame({"besoin_id": ["a"], "heures_p10": [100.0], "heures_p50": [100.0], "heures_p90": [100.0]})
    told = calendar.calendar(expected, LIMITS, "32", hours).iloc[0]
    # Mean 50, variance 0.5 x 100² - 50² = 2500: an exponential law, whose median is 50 ln 2.
    assert told["heures_p50"] == pytest.approx(50 * np.log(2))
    assert told["heures_p10"] < told["heures_p50"] < told["heures_p90"]


def project(**changes: object) -> pd.DataFrame:
    row = {"projet_id": "P1", "acheteur_siren": "215903501", "acheteur_nom": "Lille", "codeCPV": "90910000",
           "objet": "Renouvellement : nettoyage des locaux", "montant": 500.0, "montant_cru": 500.0, "mois": 12.0,
           "date_prevue": pd.Timestamp("2026-01-01"), "departement": "59", "epci_siren": None,
           "segment": "PROPRETE"}  # fmt: skip
    return pd.DataFrame([row | changes])


def test_a_need_that_is_announced_and_due_is_counted_once() -> None:
    due = pd.DataFrame([need("a", [0.5, 0.2]), need("b", [0.5], objet="Tonte des pelouses")])
    both = calendar.merged(due, calendar.from_projects(project(), LIMITS), stem)
    assert both["origine"].tolist() == ["les_deux", "renouvellement"]
    row = both.iloc[0]
    assert (row["besoin_id"], row["projet_id"], row["montant"]) == ("a", "P1", 500.0)
    assert row["probabilite"] == pytest.approx(0.8) and row["c6"] == pytest.approx(0.8)
    apart = calendar.merged(due, calendar.from_projects(project(acheteur_siren="215905122"), LIMITS), stem)
    assert apart["origine"].tolist() == ["renouvellement", "renouvellement", "projet"]
    late = calendar.merged(due, calendar.from_projects(project(date_prevue=pd.Timestamp("2027-06-01")), LIMITS), stem)
    assert sorted(late["origine"]) == ["projet", "renouvellement", "renouvellement"]


def test_an_announced_purchase_falls_in_its_triangle_and_what_is_past_is_over() -> None:
    row = calendar.from_projects(project(), LIMITS).iloc[0]
    # Notified from one to ten months after the notice, four being the likeliest.
    assert row["c0"] == 0 and row["c4"] == pytest.approx(0.8)
    assert row["fenetre_debut"] < row["date_mediane"] < row["fenetre_fin"]
    assert calendar.from_projects(project(date_prevue=pd.Timestamp("2025-01-01")), LIMITS).empty


def test_trades_share_the_calendar_without_losing_any() -> None:
    expected = pd.DataFrame([need("a", [1.0, 0.0]), need("b", [1.0], segment="AUTRE")])
    told = calendar.calendar(expected, LIMITS, "32")
    shared = skills.by_trade(told)
    region = shared[shared["territoire_type"] == "region"]
    assert region["besoins_attendus"].sum() == pytest.approx(2.0)
    assert region.set_index("rome").loc["AUTRES", "besoins_attendus"] == pytest.approx(1.0)
    assert region.loc[region["besoins_attendus"].idxmax(), "rome"] in ("K2204", "AUTRES")
    assert region["heures"].isna().all()
    weights = skills.weights().groupby("segment")["poids"].sum()
    assert weights.to_numpy() == pytest.approx(1.0)
