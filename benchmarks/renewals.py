"""Renewals: what the labels recover of the truth, the back-test beside its baselines, the calendar against what comes.

    python benchmarks/renewals.py [--dataset demo]

Runs on the clean contracts of a synthetic dataset, whose true renewals are known. Baselines, on the same needs and in
the same run: every need has the past rate of renewal; every need is renewed at its end date. Wilson intervals, 95 %.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import pandas as pd

from analysis.core.dataset import load_dataset
from analysis.core.params import load_params
from analysis.core.paths import classified_dir, clean_dir, raw_dir
from analysis.core.results import read_clean
from analysis.core.shares import wilson
from analysis.segments.amounts import belief_from, plausible
from analysis.segments.buyers import said_by, with_buyer_kind
from analysis.segments.contracts import open_contracts, with_told_segment
from analysis.segments.telling.stage import with_segment_told
from analysis.segments.watch import calendar as agenda
from analysis.segments.watch import renewals
from analysis.segments.watch.amounts import of_needs
from analysis.segments.watch.needs import lots as lots_of
from analysis.segments.watch.needs import needs as needs_of
from analysis.segments.watch.needs import stem
from analysis.sources.projects import FILE, load_projects

GOAL = 0.90  # of the labels' precision and recall


def told(right: int, total: int) -> str:
    low, high = wilson(right, total)
    return f"{right / total:.3f} [{low:.3f}, {high:.3f}] ({right} of {total})"


def labels(lots: pd.DataFrame, needs: pd.DataFrame, renewed: pd.DataFrame, truth: pd.DataFrame) -> None:
    """Precision and recall of the pairs of needs."""
    of = lots.set_index("uid")["besoin"]
    known = truth.assign(besoin=truth["uid"].map(of), suivant=truth["uid_suivant"].map(of)).dropna()
    true = set(known[["besoin", "suivant"]].astype(int).itertuples(index=False, name=None))
    found = set(renewed[["besoin", "suivant"]].itertuples(index=False, name=None))
    first, whole = {a for a, _ in true}, {a for a, _ in found}
    print(f"labels, pairs of needs ({len(needs)} needs of {len(lots)} lots)")
    print("  precision of pairs      ", told(len(true & found), len(found)))
    print("  recall of pairs         ", told(len(true & found), len(true)))
    print("  precision, was renewed  ", told(len(first & whole), len(whole)))
    print("  recall, was renewed     ", told(len(first & whole), len(first)))
    print("  goal, both              ", GOAL)


def since_the_end(
    needs: pd.DataFrame,
    pairs: pd.DataFrame,
    lots: pd.DataFrame,
    changes: pd.DataFrame,
    *,
    day: pd.Timestamp,
    least: int,
) -> None:
    """What is said of needs not renewed so far, on the eve of each quarter, by the time since their end, beside what
    came: the back-test of the needs whose end is past, of which `renewals.backtest` judges none."""
    followed = renewals.successors(pairs, needs).set_index("besoin")["suivant"]
    came = needs["notification"].reindex(followed).set_axis(followed.index)
    usable = day - pd.Timedelta(days=round(renewals.AFTER * renewals.MONTH))
    parts = []
    for first in pd.date_range("2020-01-01", usable, freq="QS"):
        eve = first - pd.Timedelta(days=1)
        known = renewals.known_on(eve, needs, pairs, lots, changes)
        model = renewals.learnt(known, least)
        if model is not None:
            said = renewals.predicted(model, known)[["fin", "passe", "probabilite"]]
            parts.append(said[said["fin"] <= usable].assign(renouvele=lambda t, eve=eve: came.reindex(t.index) > eve))
    told = pd.concat(parts)
    told["brier"] = (told["probabilite"] - told["renouvele"]) ** 2
    told["mois"] = pd.cut(told["passe"], [-np.inf, -6, -3, 0, 1, 2, 3, 6, 9], right=False)
    by = told.groupby("mois", observed=True)
    table = by.agg(besoins=("passe", "size"), attendus=("probabilite", "sum"), renouveles=("renouvele", "sum"),
                   brier=("brier", "mean"))  # fmt: skip
    print("needs not renewed so far, by months since their end, on the eve of each quarter")
    print(table.round({"attendus": 0, "brier": 5}).to_string())


def coming(
    expected: pd.DataFrame, limits: pd.DatetimeIndex, region: str, lots: pd.DataFrame, truth: pd.DataFrame
) -> None:
    """The calendar of the renewals against the true ones to come."""
    of = lots.set_index("uid")["besoin"]
    head = truth.assign(besoin=truth["uid"].map(of), day=pd.to_datetime(truth["date_suivante"])).dropna(subset="besoin")
    day = head.groupby("besoin")["day"].min()
    own = expected["uid"].map(of)
    when = own.map(day)
    names = [agenda.label(limit) for limit in limits[:-1]]
    spot = np.searchsorted(limits, when.to_numpy("datetime64[ns]"), side="right") - 1
    quarter = pd.Series([names[k] if 0 <= k < len(names) else None for k in spot], index=expected.index)
    told = agenda.calendar(expected, limits, region)
    truly = pd.concat(
        expected.assign(trimestre=quarter, territoire_type=kind, territoire=place)
        for kind, place in (
            ("region", region),
            ("departement", expected["departement"]),
            ("epci", expected["epci_siren"]),
        )
    ).dropna(subset=["trimestre", "territoire"])
    keys = ["trimestre", "territoire_type", "territoire", "segment"]
    told = told.merge(truly.groupby(keys).size().rename("vrais").reset_index(), on=keys, how="left").fillna(
        {"vrais": 0}
    )
    print("calendar of the next quarters: 80 % intervals (10 to 90 %) and true numbers")
    for kind, cells in told.groupby("territoire_type"):
        inside = (cells["vrais"] >= cells["attendus_bas"]) & (cells["vrais"] <= cells["attendus_haut"])
        print(
            f"  {kind:12s} {len(cells):6d} cells, covered {inside.mean():.3f}, "
            f"expected {cells['attendus'].sum():.0f}, true {cells['vrais'].sum():.0f}"
        )
    region_cells = told[told["territoire_type"] == "region"].groupby("trimestre")[["attendus", "vrais"]].sum()
    print(region_cells.round(0).to_string())


def projects(
    dataset: str, expected: pd.DataFrame, announced: pd.DataFrame, limits: pd.DatetimeIndex, lots: pd.DataFrame
) -> None:
    """Announced purchases brought to the contract that they renew."""
    truth = pd.read_csv(raw_dir(dataset) / "verite" / "projets_achat.csv", dtype=str, keep_default_na=False)
    sent = pd.read_csv(raw_dir(dataset) / FILE, dtype=str, keep_default_na=False)
    of = lots.set_index("uid")["besoin"]
    true = sent.assign(uid=truth["uid"].to_numpy()).drop_duplicates("projet_id")
    true = (
        true[(true["uid"] != "") & true["projet_id"].isin(announced["projet_id"])].set_index("projet_id")["uid"].map(of)
    )
    merged = agenda.merged(expected, announced, stem)
    both = merged[merged["origine"] == "les_deux"].set_index("projet_id")["uid"].map(of)
    right = int((both == true.reindex(both.index)).sum())
    print("announced purchases brought to their contract")
    print("  precision               ", told(right, len(both)))
    print("  recall                  ", told(right, len(true)))


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", default="demo", help="a synthetic dataset whose contracts are cleaned")
    dataset = parser.parse_args().dataset
    described, params = load_dataset(dataset), load_params().segments.watch
    folder = clean_dir(dataset, "decp")
    received, told = open_contracts(folder / "marches.parquet"), classified_dir(dataset) / "marches.parquet"
    received = with_buyer_kind(received, said_by(read_clean(dataset, "exports")["operations"]))
    contracts = with_told_segment(received, told).to_pandas()
    changes = pd.read_parquet(folder / "marches_modifications.parquet")
    truth = {
        name: pd.read_csv(raw_dir(dataset) / "verite" / f"{name}.csv", dtype=str)
        for name in ("renouvellements", "renouvellements_a_venir")
    }
    start = time.perf_counter()
    lots = lots_of(contracts)
    needs = needs_of(lots)
    pairs = renewals.alike(needs)
    labels(lots, needs, renewals.successors(pairs, needs), truth["renouvellements"])
    day = pd.Timestamp(described.date_observation)
    tested = renewals.backtest(needs, pairs, lots, changes, day=day, least=params.least_past_ends)
    print(f"back-test, predicted on the eve of each year, first {params.top} (year 0: all)")
    scores = renewals.scores(tested, params.top)
    print(scores.round(3).to_string(index=False))
    print("  date error, mean absolute (months): model "
          f"{tested['erreur'].abs().mean():.3f}, end date {tested['erreur_fin'].abs().mean():.3f}")  # fmt: skip
    print(renewals.calibration(tested).round(3).to_string(index=False))
    since_the_end(needs, pairs, lots, changes, day=day, least=params.least_past_ends)
    known = renewals.known_on(day, needs, pairs, lots, changes)
    limits = agenda.quarters(described.date_observation, params.horizon_months)
    belief = belief_from(lots, load_params().decp.low_amount, load_params().segments.amounts)
    expected = agenda.from_renewals(
        of_needs(needs, lots, belief),
        renewals.dated(renewals.predicted(renewals.learnt(known, params.least_past_ends), known)),
        limits,
    )
    coming(expected, limits, described.region, lots, truth["renouvellements_a_venir"])
    announced = with_segment_told(load_projects(raw_dir(dataset) / FILE)[0], pd.read_parquet(told))
    announced = announced.assign(montant=plausible(announced, belief))
    announced = agenda.from_projects(announced.assign(**{agenda.BELIEVED: announced["montant"]}), limits)
    projects(dataset, expected, announced, limits, lots)
    print(f"{time.perf_counter() - start:.1f} s")


if __name__ == "__main__":
    main()
