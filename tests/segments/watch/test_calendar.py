from __future__ import annotations

import datetime as dt
from itertools import product

import numpy as np
import pandas as pd
import pytest

from analysis.segments.watch import calendar, skills
from analysis.segments.watch.needs import hypothesis, stem

LIMITS = calendar.quarters(dt.date(2025, 12, 31), 18)


def need(name: str, chances: list[float], **changes: object) -> dict:
    """An expected need; chances: of each quarter."""
    cumulated = np.concatenate([[0.0], np.cumsum(chances)])
    row = {
        "besoin_id": name, "origine": "renouvellement", "uid": name, "projet_id": None, "objet": "Nettoyage des locaux",
        "acheteur_siren": "215903501", "acheteur_nom": "Lille", "segment": "PROPRETE", "departement": "59",
        "epci_siren": "200093201", "montant": 100.0, "montant_cru": 100.0, "lots": 1, "accord_cadre": False,
        "fin": pd.Timestamp("2026-05-01"), "fins_diverses": False, "probabilite": float(cumulated[-1]),
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


def told(
    needs: list[dict], hours: tuple[float, float, float], draws: int = 4000, by_segment: bool = True
) -> pd.DataFrame:
    """The calendar of needs that all have the same `hours` (P10, P50, P90) if they come."""
    expected = pd.DataFrame(needs)
    each = expected[["besoin_id"]].assign(**dict(zip(calendar.HOURS, hours, strict=True)))
    drawn = calendar.futures(expected, LIMITS, each, draws=draws, seed=1)
    return calendar.calendar(expected, LIMITS, "32", drawn, by_segment)


def test_hours_of_a_cell_are_nought_where_nothing_is_likely_to_come() -> None:
    first = told([need("a", [0.3])], (100, 300, 900)).iloc[0]
    assert (first["attendus_bas"], first["attendus_haut"]) == (0, 1)
    # Nothing seven times in ten; the last tenth is the upper third of the need's hours.
    assert (first["heures_p10"], first["heures_p50"]) == (0, 0)
    third = 300 * 3 ** (0.430727 / 1.281552)  # of a log-normal law: 0.4307 is the 2/3 point of the normal one
    assert first["heures_p90"] == pytest.approx(third, rel=0.08)
    sure = told([need("a", [1.0])], (100, 300, 900)).iloc[0]
    assert sure[list(calendar.HOURS)].tolist() == pytest.approx([100, 300, 900], rel=0.08)
    sigma = np.log(3) / 1.281552  # a whole log-normal law: its mean is known
    assert first["heures_attendues"] == pytest.approx(0.3 * 300 * np.exp(sigma**2 / 2))


def test_hours_follow_the_number_of_needs_that_come() -> None:
    p = np.array([0.5, 0.5, 0.5, 0.9])
    rows = told([need(f"n{k}", [chance]) for k, chance in enumerate(p)], (100, 100, 100))
    law = np.cumsum(calendar.poisson_binomial(p))
    counts = [int(np.searchsorted(law, q)) for q in calendar.HOURS.values()]
    assert rows[list(calendar.HOURS)].iloc[0].tolist() == pytest.approx([100.0 * n for n in counts])
    again = told([need(f"n{k}", [chance]) for k, chance in enumerate(p)], (100, 100, 100))
    pd.testing.assert_frame_equal(rows, again)


def test_expected_hours_are_held_to_the_part_of_each_year_that_the_horizon_covers() -> None:
    needs = [need("a", [1.0]), need("b", [0.0, 1.0]), need("c", [0, 0, 0, 0, 1.0]), need("d", [0.2])]
    allowed = pd.DataFrame(
        [(place, segment, 1.0, most, people)
         for place in ("32", "59", "200093201")
         for segment, most, people in (("PROPRETE", 100.0, np.nan), ("ensemble", 1e9, 1e9))],
        columns=["territoire", "segment", "fournisseurs", "plafond_offre", "plafond_public"],
    ).set_index(["territoire", "segment"])  # fmt: skip
    expected = pd.DataFrame(needs)
    each = expected[["besoin_id"]].assign(heures_p10=300.0, heures_p50=300.0, heures_p90=300.0)
    drawn = calendar.futures(expected, LIMITS, each, draws=500, seed=1)
    for split in (True, False):
        rows = calendar.calendar(expected, LIMITS, "32", drawn, split, allowed=allowed)
        told = rows[rows["territoire_type"] == "epci"].set_index("trimestre")
        # 2026: two needs, or three, of 300 hours share 100; 2027: half a year, so 50.
        assert told["heures_p10"].tolist() == pytest.approx([300, 300, 300])
        assert told["heures_p50_plafonne"].tolist() == pytest.approx([50, 50, 100 * 181 / 365])
        assert told.loc["2026-T1", "heures_p90_plafonne"] == pytest.approx(100 * 2 / 3)
        assert told["plafond_offre"].tolist() == [100.0 if split else 1e9] * 3
        roomy = calendar.calendar(expected, LIMITS, "32", drawn, split, allowed=1e6 * allowed)
        assert [roomy[f"{name}_plafonne"].tolist() for name in calendar.HOURS] == [
            roomy[name].tolist() for name in calendar.HOURS
        ]


def test_a_need_that_no_clause_could_be_asked_of_brings_no_hours() -> None:
    sigma = np.log(3) / 1.281552
    expected = pd.DataFrame([need("a", [0.9]), need("b", [0.9]), need("c", [0.0, 1.0], segment="AUTRE")])
    each = expected[["besoin_id"]].assign(heures_p10=100.0, heures_p50=300.0, heures_p90=900.0)
    able = pd.DataFrame({"PROPRETE": [0.2, 0.4]})
    drawn = calendar.futures(expected, LIMITS, each, eligible=able, draws=4000, seed=1)
    for split in (True, False):
        rows = calendar.calendar(expected, LIMITS, "32", drawn, split)
        first, other = (rows[rows["territoire_type"] == "region"].iloc[k] for k in (0, 1))
        assert first["attendus"] == pytest.approx(1.8)
        assert first["heures_attendues"] == pytest.approx(1.8 * 0.3 * 300 * np.exp(sigma**2 / 2))
        # Nothing comes of both with the mean of 0.82 ** 2 and 0.64 ** 2, 0.541; the third is of another segment.
        assert first["heures_p50"] == 0 < first["heures_p90"]
        assert other["heures_p50"] == pytest.approx(300, rel=0.1)
    cells = calendar.futures(expected, LIMITS, each, eligible=0.0 * able, draws=500, seed=1)
    assert calendar.calendar(expected, LIMITS, "32", cells)["heures_p90"].iloc[0] == 0
    # Of each future, the draw that its hours have: where a clause is unlikely, it is so for both needs.
    both = calendar.futures(expected, LIMITS, each, eligible=pd.DataFrame({"PROPRETE": [0.0, 1.0]}), draws=4000, seed=1)
    comes = (both.quarter[:2] == 0).any(axis=0)
    assert not comes[::2].any() and comes[1::2].mean() == pytest.approx(0.99, abs=0.01)


def test_hours_of_needs_have_in_common_what_their_segments_share() -> None:
    sigma = np.log(3) / 1.281552
    expected = pd.DataFrame([need(f"n{k:02d}", [1.0]) for k in range(100)])
    each = expected[["besoin_id"]].assign(heures_p10=100.0, heures_p50=300.0, heures_p90=900.0)
    z = np.random.default_rng(5).standard_normal(500)

    def bounds(shared: pd.DataFrame | None) -> pd.Series:
        drawn = calendar.futures(expected, LIMITS, each, shared, draws=4000, seed=1)
        # Whatever is shared, the hours of one need are the same.
        assert np.quantile(drawn.hours[0], [0.1, 0.5, 0.9]).tolist() == pytest.approx([100, 300, 900], rel=0.1)
        return calendar.calendar(expected, LIMITS, "32", drawn, by_segment=False).iloc[0][list(calendar.HOURS)]

    alone = bounds(None)
    assert alone["heures_p90"] / alone["heures_p10"] < 1.35
    whole = bounds(pd.DataFrame({"PROPRETE": sigma * z, "TRANSPORT": -z}))
    assert whole.tolist() == pytest.approx([10_000, 30_000, 90_000], rel=0.1)
    half = bounds(pd.DataFrame({"PROPRETE": sigma / 2 * z, "TRANSPORT": -z}))
    # All needs move together by half the spread: from P10 to P90 some 3 times, and a little more for each one's own.
    assert half["heures_p90"] / half["heures_p10"] == pytest.approx(3.0, rel=0.12)
    untold = bounds(pd.DataFrame({"TRANSPORT": z}))
    assert untold.tolist() == alone.tolist()


def test_hours_and_counts_of_any_cell_agree() -> None:
    rng = np.random.default_rng(4)
    needs = [
        need(f"n{k:03d}", list(0.16 * rng.random(6)), epci_siren=f"e{k % 40}", departement="59") for k in range(200)
    ]
    rows = told(needs, (50, 200, 2000), draws=1000)
    assert ((rows["heures_p10"] > 0) == (rows["attendus_bas"] > 0)).all()
    assert ((rows["heures_p90"] > 0) == (rows["attendus_haut"] > 0)).all()
    assert rows["heures_p10"].le(rows["heures_p50"]).all() and rows["heures_p50"].le(rows["heures_p90"]).all()
    assert rows["heures_p50"].eq(0).any() and rows["heures_p10"].gt(0).any()


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
    low = calendar.from_projects(project(montant=3.0, montant_cru=float("nan")), LIMITS)
    row = calendar.merged(due.assign(montant=9e5, montant_cru=9e5), low, stem).iloc[0]
    assert row["montant"] == 3.0 and np.isnan(row["montant_cru"]), "both of the same source"
    apart = calendar.merged(due, calendar.from_projects(project(acheteur_siren="215905122"), LIMITS), stem)
    assert apart["origine"].tolist() == ["renouvellement", "renouvellement", "projet"]
    late = calendar.merged(due, calendar.from_projects(project(date_prevue=pd.Timestamp("2027-06-01")), LIMITS), stem)
    assert sorted(late["origine"]) == ["projet", "renouvellement", "renouvellement"]


def test_a_column_whose_name_begins_as_those_of_probabilities_is_none_of_them() -> None:
    more = {"categorie": "COMMUNE", "c": "x", "date_prevue": pd.Timestamp("2026-01-01"), "c10bis": 1.0}
    due = pd.DataFrame([need("a", [0.5, 0.2], **more)])
    said = calendar.from_projects(project(), LIMITS).assign(categorie="ETAT", c="y", c10bis=2.0)
    row = calendar.merged(due, said, stem).iloc[0]
    assert row["origine"] == "les_deux" and row["c6"] == pytest.approx(0.8)
    assert (row["categorie"], row["c"], row["c10bis"]) == ("COMMUNE", "x", 1.0)
    long = pd.DataFrame([need("a", [0.5]) | {f"c{k}": k / 20 for k in range(13)}])
    assert calendar.listed(long.assign(c="x"))["p_horizon"].tolist() == [0.6]


@pytest.mark.parametrize(
    ("of_contract", "of_project", "told"),
    [
        (("62", None), ("59", "200093201"), ("59", "200093201")),
        (("59", "200093201"), ("59", None), ("59", "200093201")),
        (("62", None), ("59", None), ("59", None)),
        (("59", "200093201"), (None, None), ("59", "200093201")),
    ],
)
def test_an_announced_need_is_where_the_buyer_says_if_that_is_as_precise(
    of_contract: tuple, of_project: tuple, told: tuple
) -> None:
    place = ["departement", "epci_siren"]
    due = pd.DataFrame([need("a", [0.5]) | dict(zip(place, of_contract, strict=True))])
    said = calendar.from_projects(project(**dict(zip(place, of_project, strict=True))), LIMITS)
    row = calendar.merged(due, said, stem).iloc[0]
    assert row["origine"] == "les_deux"
    assert tuple(None if pd.isna(row[name]) else row[name] for name in place) == told


def test_an_announced_purchase_falls_in_its_triangle_and_what_is_past_is_over() -> None:
    row = calendar.from_projects(project(), LIMITS).iloc[0]
    # Notified from one to ten months after the notice, four being the likeliest.
    assert row["c0"] == 0 and row["c4"] == row["probabilite"] == pytest.approx(0.8)
    assert row["fenetre_debut"] < row["date_mediane"] < row["fenetre_fin"]
    late = calendar.from_projects(project(date_prevue=pd.Timestamp("2025-04-15")), LIMITS).iloc[0]
    assert LIMITS[0] <= late["fenetre_debut"] <= late["fenetre_fin"] and late["c0"] == 0
    # Eight months and a half have brought nothing: a 27th of such purchases come later.
    left = (10 - 261 / 30.4375) ** 2 / 54
    assert late["c6"] == late["probabilite"] == pytest.approx(0.8 * left / (0.8 * left + 0.2))
    assert calendar.from_projects(project(date_prevue=pd.Timestamp("2025-01-01")), LIMITS).empty


def test_the_buyer_is_called_in_time_to_write_the_clause_before_the_notice() -> None:
    row = calendar.from_projects(project(), LIMITS).iloc[0]
    months = hypothesis("preparation")
    assert months > 0 and row["fenetre_debut"] == row["date_alerte"] + pd.DateOffset(months=int(months))


def test_needs_are_listed_from_one_chance_in_a_hundred_on_the_likeliest_first() -> None:
    rows = pd.DataFrame([need("a", [0.2]), need("b", [0.0, 0.009]), need("c", [0.0, 0.01]), need("d", [0.3, 0.4])])
    told = calendar.listed(rows)
    assert told["besoin_id"].tolist() == ["d", "a", "c"]
    assert told["p_horizon"].tolist() == pytest.approx([0.7, 0.2, 0.01])


def test_trades_share_the_calendar_without_losing_any() -> None:
    # By far the most is expected of cleaning; half a need has no known trade.
    needs = [need("a", [1.0]), need("c", [1.0]), need("b", [0.5], segment="AUTRE")]
    expected = pd.DataFrame(needs)
    bare = [calendar.calendar(expected, LIMITS, "32", by_segment=split) for split in (True, False)]
    shared = skills.by_trade(*bare)
    region = shared[shared["territoire_type"] == "region"]
    assert region["besoins_attendus"].sum() == pytest.approx(2.5)
    assert region.set_index("rome").loc["AUTRES", "besoins_attendus"] == pytest.approx(0.5)
    assert region.loc[region["besoins_attendus"].idxmax(), "rome"] == "K2204"
    assert region["heures"].isna().all()
    weights = skills.weights().groupby("segment")["poids"].sum()
    assert weights.to_numpy() == pytest.approx(1.0)


def test_hours_of_trades_add_up_to_those_of_the_quarter() -> None:
    needs = [need("a", [1.0]), need("b", [0.4], segment="AUTRE")]
    parts = told(needs, (100, 300, 900))
    whole = told(needs, (100, 300, 900), by_segment=False)
    shared = skills.by_trade(parts, whole)
    region = shared[shared["territoire_type"] == "region"].set_index("rome")
    cell = whole[whole["territoire_type"] == "region"].iloc[0]
    for measure, column in (("heures_basses", "heures_p10"), ("heures", "heures_p50"), ("heures_hautes", "heures_p90")):
        assert region[measure].sum() == pytest.approx(cell[column])
    # Nothing comes of the second need six times in ten, but its trades have their part of the median all the same.
    assert region.loc["AUTRES", "heures"] == pytest.approx(cell["heures_p50"] * 0.4 / 1.4)


def test_the_hours_of_a_usual_operation_are_not_told_beside_an_amount_that_they_belie() -> None:
    rows = pd.DataFrame([need("a", [0.5]), need("b", [0.5], montant_cru=np.nan), need("c", [0.5], montant=np.nan)])
    rows.loc[2, "montant_cru"] = np.nan
    given = pd.DataFrame({"besoin_id": ["a", "b", "c"], "heures_p10": 1.0, "heures_p50": 2.0, "heures_p90": 3.0})
    told = calendar.listed(rows, given).set_index("besoin_id")[list(calendar.HOURS)]
    assert told.isna().all(axis=1).to_dict() == {"a": False, "b": True, "c": False}
