"""The true world, coherent and complete: what the files are then written from, with their dirt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from faker import Faker

from analysis.demo.buyers import Companies, build_buyers, build_employers
from analysis.demo.calibration import calibrate, flags_of
from analysis.demo.employment import (
    Employment,
    add_statuses,
    assign_persons,
    build_contracts,
    build_outcomes,
    describe_persons,
)
from analysis.demo.knowledge import CALIBRATED, Bools, Draw
from analysis.demo.operations import Operations, build_operations, targets
from analysis.demo.people import name_persons
from analysis.demo.places import Territory, territory
from analysis.demo.structures import Structures, build_structures


@dataclass(frozen=True)
class World:
    """Everything that is true in the demo."""

    land: Territory
    structures: Structures
    buyers: pd.DataFrame
    companies: Companies
    operations: Operations
    employment: Employment
    outcomes: pd.DataFrame


def build_world(seed: int) -> World:
    """The facilitators' side of the world; contracts of the open data are built on it (`procurement`)."""
    names = Faker("fr_FR")
    names.seed_instance(seed)
    land = territory()
    structures = build_structures(seed, land, names)
    buyers = build_buyers(seed, land)
    companies = Companies(seed, names)
    operations = build_operations(seed, land, structures, buyers, companies)
    contracts, hours = build_contracts(seed, operations, build_employers(seed, land))
    published = targets()
    operations.operations["is_anru"] = _anru(operations.operations, contracts, hours, published, Draw(seed, "anru"))

    counted = _counted(operations.operations, contracts, hours)
    contracts["personne"] = assign_persons(seed, contracts, counted, int(published["beneficiaires"]))
    persons = describe_persons(seed, contracts, land, counted, int(published["femmes"]))
    contracts = add_statuses(seed, contracts, persons, land)
    anru = operations.operations["is_anru"].to_numpy()
    hours = calibrate(hours, counted, flags_of(contracts, anru), published)
    persons = name_persons(seed, persons, names)
    outcomes = build_outcomes(seed, contracts, persons)
    return World(land, structures, buyers, companies, operations, Employment(contracts, hours, persons), outcomes)


def _counted(ops: pd.DataFrame, contracts: pd.DataFrame, hours: pd.DataFrame) -> Bools:
    """Contracts of the calibrated year's scope: on a counted operation, with hours in that year."""
    seen = np.zeros(len(contracts), dtype=bool)
    seen[hours["ctr"].to_numpy()[hours["mois"].to_numpy() // 12 == CALIBRATED]] = True
    return seen & ops["comptee"].to_numpy()[contracts["op"].to_numpy()]


def _anru(
    ops: pd.DataFrame, contracts: pd.DataFrame, hours: pd.DataFrame, published: dict[str, float], draw: Draw
) -> np.ndarray:
    """ANRU operations of the calibrated year chosen so that their share of hours starts near the one published."""
    year = hours["mois"].to_numpy() // 12 == CALIBRATED
    op = contracts["op"].to_numpy()[hours["ctr"].to_numpy()[year]]
    by_op = np.bincount(op, weights=hours["centi"].to_numpy()[year], minlength=len(ops))
    counted = ops["comptee"].to_numpy()
    goal = published["heures_anru"] / published["heures"] * by_op[counted].sum()
    able = np.flatnonzero(counted & ops["finance_anru"].to_numpy() & (by_op > 0))
    chosen = np.where(counted, False, ops["is_anru"].to_numpy())
    total = 0.0
    for i in able[draw.subset(len(able), len(able))]:
        if total + by_op[i] <= goal * 1.01:
            chosen[i] = True
            total += by_op[i]
    return chosen
