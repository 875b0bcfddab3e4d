"""Duplicates between structures, found without any decision: precision, recall, F1, seconds, beside splink untuned.

    python benchmarks/duplicates.py [--dataset demo] [--draws 5] [--accept 0.5]

Runs on the clean operations of all editions of the synthetic dataset, whose true duplicates are known: first as they
are, where a second entry differs by its wording only, then with the second entries spoilt anew (`SPOILT`). The
baseline is splink with its defaults, DuckDB backend; it is no dependency of the project: `pip install splink` first,
in an environment of your own, or that part is skipped.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import logging
import time
import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd

from analysis.consolidation import linkage
from analysis.consolidation.duplicates import estimated
from analysis.core.params import load_params
from analysis.core.paths import raw_dir
from analysis.demo.wording import Wording
from analysis.results import read_clean

GOAL = 0.95
# Part of the second entries spoilt in each way; assumptions, nobody measured them on real exports.
SPOILT = {
    "label_again": 0.40,  # typed anew once more, beyond the demo's own wording
    "label_short": 0.15,  # without the part of town and the year
    "start_days": 0.25,  # another start, up to a month away
    "start_months": 0.10,  # up to six months away
    "end_days": 0.25,
    "end_months": 0.10,
    "hours_near": 0.20,  # planned hours up to 10 % away
    "hours_far": 0.20,  # up to half or double
    "segment": 0.05,  # that of another operation
    "mechanism": 0.05,
    "buyer_missing": 0.05,
    "buyer_other": 0.08,  # that of another operation
    "buyer_digit": 0.05,  # one digit of the SIREN
    "companies_some": 0.20,  # one company of several not entered
    "companies_other": 0.10,  # none entered as the first structure did
    "places_other": 0.10,
}

Clean = dict[str, pd.DataFrame]
Pairs = set[frozenset[str]]


def truth(dataset: str) -> Pairs:
    """The pairs of operations that are one."""
    rows = pd.read_csv(raw_dir(dataset) / "verite" / "operations_doublons.csv", dtype=str)
    first, second = rows["structure_a"] + ":" + rows["op_id_a"], rows["structure_b"] + ":" + rows["op_id_b"]
    return {frozenset(pair) for pair in zip(first, second, strict=True)}


def spoilt(clean: Clean, true: Pairs, seed: int) -> Clean:
    """The same tables, the second entry of each true pair spoilt as `SPOILT` says, alike in all its editions."""
    rng, wording = np.random.default_rng(seed), Wording(seed, "doublons")
    operations = clean["operations"].copy()
    companies, places = clean["engagements"].copy(), clean["territoires"].copy()
    rows_of, firms_of, places_of = (frame.groupby("op_id").indices for frame in (operations, companies, places))

    def drawn(kind: str) -> bool:
        return bool(rng.random() < SPOILT[kind])

    for op in sorted(max(pair) for pair in true):
        rows = operations.index[rows_of[op]]
        label = operations.loc[rows[-1], "libelle"]
        if drawn("label_again"):
            label = wording.variant(label)
        if drawn("label_short"):
            label = label.rpartition(" - ")[0] or label
        operations.loc[rows, "libelle"] = label
        for column, kind in (("date_debut", "start"), ("date_fin", "end")):
            for unit, most in (("days", 31), ("months", 183)):
                if drawn(f"{kind}_{unit}"):
                    operations.loc[rows, column] += pd.Timedelta(days=int(rng.integers(-most, most + 1)))
        if drawn("hours_near"):
            operations.loc[rows, "heures_prevues"] *= round(rng.uniform(0.9, 1.1), 3)
        if drawn("hours_far"):
            operations.loc[rows, "heures_prevues"] *= round(rng.uniform(0.5, 2.0), 3)
        for kind, column in (("segment", "segment"), ("mechanism", "mecanisme"), ("buyer_other", "maitre_ouvrage_siret")):
            if drawn(kind):
                operations.loc[rows, column] = operations[column].iloc[int(rng.integers(len(operations)))]
        if drawn("buyer_digit"):
            siret, spot = operations.loc[rows[-1], "maitre_ouvrage_siret"], int(rng.integers(9))
            digit = (int(siret[spot]) + int(rng.integers(1, 10))) % 10
            operations.loc[rows, "maitre_ouvrage_siret"] = f"{siret[:spot]}{digit}{siret[spot + 1 :]}"
        if drawn("buyer_missing"):
            operations.loc[rows, "maitre_ouvrage_siret"] = None
        firms = companies.index[firms_of.get(op, [])]
        held = companies.loc[firms, "entreprise_siret"]
        if drawn("companies_some") and held.nunique() > 1:
            companies = companies.drop(held.index[held == held.iloc[0]])
            firms_of = companies.groupby("op_id").indices
        elif drawn("companies_other"):
            companies.loc[firms, "entreprise_siret"] = companies["entreprise_siret"].iloc[int(rng.integers(len(companies)))]
        if drawn("places_other"):
            where = places.index[places_of.get(op, [])]
            places.loc[where, "epci_siren"] = places["epci_siren"].iloc[int(rng.integers(len(places)))]
    return {**clean, "operations": operations, "engagements": companies, "territoires": places}
