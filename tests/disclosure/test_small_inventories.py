"""Small inventories, protected and then attacked by another program than ours, written from the tables alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog

from analysis.disclosure import protect as stage
from analysis.disclosure.primary import rules
from consolidation.world import dataset

HOSTS = "facilitators.structures"
# Each total, and what it is summed over.
TOTALS = {
    "facilitators.departements": ["departement"],
    "facilitators.porteurs": ["nature_porteuse"],
    "facilitators.evolution": [],
}
ASKED = rules().loc["porteur_unique", "protection"] * 0.9  # the gate's own tolerance, and a little for rounding


def inventory(seed: int) -> dict[str, pd.DataFrame]:
    """Structures of one to three persons; some of those who are alone did not agree to be told."""
    draw = np.random.default_rng(seed)
    number = int(draw.integers(4, 12))
    persons = draw.choice([1, 1, 1, 2, 3], number)
    times = [sum(draw.choice([0.2, 0.3, 0.5, 0.8, 1, 1, 1], count)) for count in persons]
    hosts = pd.DataFrame(
        {
            "jour": pd.Timestamp(2025, 12, 31),
            "structure_id": [f"S{n:02}" for n in range(number)],
            "nom": "x",
            "departement": draw.choice(["59", "62", "80"], number),
            "nature_porteuse": draw.choice(["PLIE", "MDE", "EPCI"], number),
            "personnes": persons,
            "etp": np.round(times, 2),
            "_personnes_sans_accord": ((persons == 1) & (draw.random(number) < 0.6)).astype("int64"),
        }
    )
    hosts["_controle"] = hosts["_personnes_sans_accord"].map({1: "porteurs", 0: "ouvert"})
    counted = {"structures": ("etp", "size"), "personnes": ("personnes", "sum"), "etp": ("etp", "sum")}
    sums = {name: hosts.groupby(["jour", *by], as_index=False).agg(**counted) for name, by in TOTALS.items()}
    return {HOSTS: hosts} | {
        name: rows.round({"etp": 2}).assign(_personnes_sans_accord=0) for name, rows in sums.items()
    }


def limits(out: dict[str, pd.DataFrame]) -> tuple[np.ndarray, np.ndarray]:
    """What totals say of the structures' times: matrix @ times <= most."""
    rows, most = [], []
    hosts = out[HOSTS]
    for name, by in TOTALS.items():
        for total in out[name].dropna(subset="etp").to_dict("records"):
            own = np.all([hosts[key] == total[key] for key in by], axis=0) * np.ones(len(hosts))
            half = total.get("etp_arrondi", 0) / 2
            slack = half if half > 0 else 0.01 * (own.sum() + 1)
            rows += [own, -own]
            most += [total["etp"] + slack, slack - total["etp"]]
    return np.reshape(rows, (-1, len(hosts))), np.array(most)


@pytest.mark.parametrize("seed", range(16))
def test_nobody_finds_the_time_of_a_person_alone_not_even_another_one(seed: int) -> None:
    tables = inventory(seed)
    out = stage.protect(tables, dataset(2025), {})
    true, hosts = tables[HOSTS]["etp"].to_numpy(), out[HOSTS]
    matrix, most = limits(out)
    told, persons = hosts["etp"].to_numpy(), hosts["personnes"].to_numpy(dtype="float64")
    known = [(0.0, n) if np.isnan(time) else (time, time) for n, time in zip(persons, told, strict=True)]
    hidden = np.flatnonzero(np.isnan(told))
    alone = [n for n in hidden if persons[n] == 1]
    for cell in hidden:
        for knower in [None, *(n for n in alone if n != cell)]:
            bounds = [(true[n], true[n]) if n == knower else pair for n, pair in enumerate(known)]
            ends = [
                sign * linprog(sign * (np.arange(len(true)) == cell), matrix, most, bounds=bounds).fun
                for sign in (1, -1)
            ]
            asked = ASKED * true[cell]
            assert ends[0] <= true[cell] - asked + 1e-6
            assert ends[1] >= true[cell] + min(asked, persons[cell] - true[cell]) - 1e-6
