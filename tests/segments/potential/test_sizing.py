from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtr

from analysis.core import reference
from analysis.core.params import load_params
from analysis.segments.amounts import Belief, by_need
from analysis.segments.potential import sizing
from analysis.segments.potential.backtest import foreseen, known_operations, scores
from analysis.segments.potential.sizing import (
    RULE,
    Learnt,
    chances,
    drivers,
    eligible,
    hours,
    law,
    learnt,
    per_euro,
    quantile,
    segment_draws,
    shared,
)

SETTINGS = load_params().segments.potential


def of_law(kind: str, *values: float) -> pd.Series:
    return pd.Series({"loi": kind, **dict(zip(("p1", "p2", "p3"), [*values, np.nan, np.nan], strict=False))})


def test_laws_at_known_points() -> None:
    u = np.array([0.0, 0.125, 0.5, 0.875, 1.0])
    # Symmetric from 0 to 4: a quarter of 0.5 is below 1.
    assert quantile(of_law("triangulaire", 0, 2, 4), u) == pytest.approx([0, 1, 2, 3, 4])
    assert quantile(of_law("uniforme", 10, 20), u) == pytest.approx([10, 11.25, 15, 18.75, 20])
    assert quantile(of_law("constante", 7), u).tolist() == [7] * 5
    assert quantile(of_law("lognormale", 2, 0.5), np.array([0.5, ndtr(1)])) == pytest.approx([2, 2 * np.exp(0.5)])


def test_every_segment_has_its_factors_within_their_bounds() -> None:
    table = reference.table("potentiel/facteurs")
    assert not table.duplicated(["segment", "facteur"]).any() and table["source"].notna().all()
    parts = table[table["unite"] == "part"]
    assert parts[["p1", "p2", "p3"]].fillna(0).stack().between(0, 1).all()
    bent = table[table["loi"] == "triangulaire"]
    assert (bent["p1"] <= bent["p2"]).all() and (bent["p2"] <= bent["p3"]).all()
    for segment in reference.table("nomenclatures/segments")["code"]:
        assert law(segment, "main_oeuvre")["segment"] == segment


def test_the_rule_is_the_field_s() -> None:
    """With all factors at their middle, amount x spend x labour x rate x (1 - taken over) / cost."""
    middle = {factor: np.zeros(1) for factor in RULE}
    value = {factor: float(quantile(law("PROPRETE", factor), np.array([0.5]))[0]) for factor in RULE}
    expected = value["depense"] * value["main_oeuvre"] * value["insertion"] * (1 - value["reprise"])
    assert per_euro("PROPRETE", middle) == pytest.approx([expected / value["cout_horaire"]])


def operations(ratio: float, count: int, segment: str = "PROPRETE", spread: float = 0.5) -> pd.DataFrame:
    rng = np.random.default_rng(4)
    amounts = np.exp(rng.normal(12, 1, count))
    return pd.DataFrame(
        {"segment": segment, "montant": amounts, "heures": amounts * ratio * np.exp(rng.normal(0, spread, count))}
    )


def test_what_was_observed_moves_the_hours_and_narrows_them() -> None:
    known = learnt(operations(0.02, 200), 20)
    assert np.exp(known.segments.loc["PROPRETE", "centre"]) == pytest.approx(0.02, rel=0.1)
    assert known.spread == pytest.approx(0.5, rel=0.15) and abs(known.slope) < 0.1
    amount = np.array([np.exp(12.0)])
    told = {}
    for name, seen in (("before", Learnt()), ("after", known)):
        drawn = segment_draws(["PROPRETE", "SECURITE"], seen, draws=4000, seed=1, weight=20)
        told[name] = {s: hours(drawn[s], amount, np.random.default_rng(2))[:, 0] for s in drawn}
    assert np.median(told["after"]["PROPRETE"]) == pytest.approx(0.02 * amount[0], rel=0.1)
    wide = {name: np.log(np.divide(*np.quantile(value["PROPRETE"], [0.9, 0.1]))) for name, value in told.items()}
    assert wide["after"] < wide["before"]
    # What the rule misses on one segment is a hint for one that nobody observed, not a certainty.
    before, after = (np.median(told[name]["SECURITE"]) for name in ("before", "after"))
    own = np.median(told["after"]["PROPRETE"]) / np.median(told["before"]["PROPRETE"])
    assert 1 < after / before < own


def test_the_operations_of_a_segment_tell_it_once() -> None:
    before = shared(segment_draws(["PROPRETE"], Learnt(), draws=20_000, seed=1, weight=20))["PROPRETE"]
    seen, doubt = before.mean() + 1, float(before.var())
    row = {"centre": seen, "variance": doubt, "montant": 1e5, "ecart_montant": 1.0, "operations": 1}
    known = Learnt(pd.DataFrame([row], index=["PROPRETE"]), spread=0.5, operations=1)
    after = shared(segment_draws(["PROPRETE"], known, draws=20_000, seed=1, weight=20))["PROPRETE"]
    # As unsure as what was assumed: half-way between the two, with half the variance of each.
    assert after.mean() == pytest.approx(seen - 0.5, abs=0.03)
    assert after.var() == pytest.approx(doubt / 2, rel=0.05)


def test_many_contracts_of_a_segment_do_not_average_out_what_they_share() -> None:
    drawn = segment_draws(["PROPRETE"], Learnt(), draws=2000, seed=1, weight=20)["PROPRETE"]
    one, many = (hours(drawn, np.full(size, 1e5), np.random.default_rng(3)).sum(axis=1) for size in (1, 200))
    spread = [float(np.log(total).std()) for total in (one, many)]
    shared = float((np.log(per_euro("PROPRETE", {
        factor: np.sqrt(law("PROPRETE", factor)["part_commune"]) * z for factor, z in drawn.normal.items()
    })) + drawn.missed).std())  # fmt: skip
    assert spread[1] < spread[0]
    assert spread[1] == pytest.approx(shared, rel=0.1)
    parts = drivers(drawn, many)
    assert sum(parts.values()) == pytest.approx(1) and parts["ecart_modele"] == max(parts.values())


def test_a_clause_could_be_asked_of_as_many_contracts_as_the_draw_says() -> None:
    drawn = segment_draws(["PROPRETE", "FOURNITURES"], Learnt(), draws=400, seed=1, weight=20)
    told = chances(drawn)
    for name, one in drawn.items():
        found = eligible(one, 2000, np.random.default_rng(3)).mean(axis=1)
        assert found == pytest.approx(told[name].to_numpy(), abs=0.05)


def test_the_same_seed_gives_the_same_draws() -> None:
    first, second = (segment_draws(["DECHETS"], Learnt(), draws=50, seed=9, weight=20)["DECHETS"] for _ in range(2))
    assert first.missed.tolist() == second.missed.tolist()


def followed(count: int, start: str, end: str, ratio: float, prefix: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    made = operations(ratio, count).assign(operation=[f"{prefix}{n}" for n in range(count)])
    ops = made[["operation", "segment", "heures"]].assign(
        debut=pd.Timestamp(start), fin=pd.Timestamp(end), est_close=pd.Timestamp(end) < pd.Timestamp("2025-12-31"),
        est_complete=True,
    )  # fmt: skip
    deals = made[["operation", "segment", "montant"]].assign(uid=made["operation"], probabilite=1.0)
    return ops, sized(deals)


def sized(deals: pd.DataFrame, floor: float = 0.0) -> pd.DataFrame:
    """The contracts with what their hours are drawn from, a need for each operation; believed up to five millions."""
    needs = pd.Series(deals["operation"].factorize()[0], index=deals["uid"])
    return by_need(deals, needs, Belief(floor, pd.Series(np.log(5e6), index=deals["segment"].unique())))


def test_an_operation_is_foreseen_alike_however_many_contracts_it_was_cut_into() -> None:
    past, future = (
        followed(300, "2021-01-01", "2022-06-01", 0.02, "A"),
        followed(40, "2024-02-01", "2025-02-01", 0.02, "B"),
    )
    past[0]["heures"] *= past[1]["montant"] ** -0.4  # the larger, the fewer hours per euro
    ops, deals = (pd.concat(pair, ignore_index=True) for pair in zip(past, future, strict=True))
    new = deals["operation"].str.startswith("B")
    lots = [deals[new].assign(uid=deals["uid"] + f"-{lot}", montant=deals["montant"] / 4) for lot in range(4)]
    cut = sized(pd.concat([deals[~new], *lots], ignore_index=True))
    whole, apart = (foreseen(ops, rows, today=dt.date(2025, 12, 31), settings=SETTINGS) for rows in (deals, cut))
    assert apart["marches"].tolist() == [4] * 40
    for name in ("modele", "modele_bas", "modele_haut"):
        assert apart[name].to_numpy() == pytest.approx(whole[name].to_numpy())


def test_held_out_operations_are_foreseen_from_those_that_ended_before() -> None:
    past, future = (
        followed(300, "2021-01-01", "2022-06-01", 0.02, "A"),
        followed(200, "2024-02-01", "2025-02-01", 0.02, "B"),
    )
    ops, deals = (pd.concat(pair, ignore_index=True) for pair in zip(past, future, strict=True))
    found = foreseen(ops, deals, today=dt.date(2025, 12, 31), settings=SETTINGS)
    assert len(found) == 200
    table = scores(found).set_index("methode")
    assert 0.7 <= table.loc["modele", "couverture"] <= 0.9
    assert table.loc["modele", "erreur_absolue"] < table.loc[["manuel", "fournisseurs"], "erreur_absolue"].min()
    # Hours of the future teach nothing.
    other = ops.assign(heures=ops["heures"].where(ops["operation"].str.startswith("A"), 1.0))
    again = foreseen(other, deals, today=dt.date(2025, 12, 31), settings=SETTINGS)
    assert again["modele"].tolist() == found["modele"].tolist()


def test_an_operation_without_end_is_not_held_out() -> None:
    ops, deals = followed(40, "2024-02-01", "2025-02-01", 0.02, "B")
    ops.loc[0, "fin"] = pd.NaT
    found = foreseen(ops, deals, today=dt.date(2025, 12, 31), settings=SETTINGS)
    assert len(found) == 39 and found[["modele", "manuel", "fournisseurs"]].notna().all(axis=None)


@pytest.mark.parametrize(
    "amounts", [(150_000, 152_000, 90_000), (150_000, 150_000, 90_000), (150_000, 150_000, 150_000)]
)
def test_a_few_operations_do_not_teach_an_absurd_slope(amounts: tuple[float, ...]) -> None:
    few = pd.DataFrame(
        {"segment": ["PROPRETE", "PROPRETE", "ESPACES_VERTS"], "montant": amounts, "heures": [900.0, 1200, 400]}
    )
    known = learnt(few, 20)
    assert -1 <= known.slope <= 0
    drawn = segment_draws(["PROPRETE", "INFORMATIQUE"], known, draws=2000, seed=1, weight=20)
    for segment in drawn.values():
        told = np.median(hours(segment, np.array([6e4, 1e6]), np.random.default_rng(2)), axis=0)
        assert np.isfinite(told).all() and 1 < told[0] < told[1] < 1e5


def test_equal_ratios_of_a_few_are_no_certainty() -> None:
    same = pd.DataFrame({"segment": "PROPRETE", "montant": [1e5, 2e5, 3e5, 4e5], "heures": [1e3, 2e3, 3e3, 4e3]})
    assert learnt(same, 20).segments.loc["PROPRETE", "variance"] > 0.05


def test_an_operation_without_segment_teaches_nothing_and_stops_nothing() -> None:
    seen = operations(0.02, 50)
    more = pd.concat([seen, operations(0.5, 3).assign(segment=pd.NA)], ignore_index=True)
    pd.testing.assert_frame_equal(learnt(seen, 20).segments, learnt(more, 20).segments, check_names=False)


def test_amounts_of_a_segment_of_one_operation_differ_as_those_of_the_others_do() -> None:
    known = learnt(pd.concat([operations(0.02, 100), operations(0.02, 1, "DECHETS")], ignore_index=True), 20)
    spreads = known.segments["ecart_montant"]
    assert spreads["PROPRETE"] == pytest.approx(1, rel=0.2) and spreads["DECHETS"] == pytest.approx(1, rel=0.2)
    drawn = segment_draws(["DECHETS"], known, draws=2000, seed=1, weight=20)["DECHETS"]
    told, untold = (hours(drawn, np.array([amount]), np.random.default_rng(2))[:, 0] for amount in (1e5, np.nan))
    assert np.log(untold).std() > 1.5 * np.log(told).std()


def test_the_textbook_rule_and_what_is_over() -> None:
    ops, deals = followed(1, "2025-01-01", "2026-12-31", 0.02, "A")
    found = foreseen(ops, sized(deals.assign(montant=1e6)), today=dt.date(2025, 12, 31), settings=SETTINGS)
    assert found["part_ecoulee"].iloc[0] == pytest.approx(0.5, abs=0.001)
    assert found["manuel"].iloc[0] == pytest.approx(833.33 / 2, rel=0.002)


def test_an_amount_too_low_to_be_published_or_too_high_for_its_segment_is_not_believed() -> None:
    ops, deals = followed(4, "2021-01-01", "2022-06-01", 0.02, "A")
    deals = sized(deals.assign(montant=[39_999.0, 40_000.0, 4_999_999.0, 5_000_001.0]), 40_000)
    assert known_operations(ops, deals)["operation"].tolist() == ["A1", "A2"]


def test_a_law_that_nobody_knows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = reference.table("potentiel/facteurs").assign(loi="normale")
    monkeypatch.setattr(sizing.reference, "table", lambda name: wrong)
    sizing._laws.cache_clear()
    with pytest.raises(Exception, match="colonne « loi » : « normale » ; attendu : constante"):
        law("PROPRETE", "depense")
    monkeypatch.undo()
    sizing._laws.cache_clear()
