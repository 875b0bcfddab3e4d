"""Hours of each structure, those of a shared operation in its part: they sum to the hours of the edition.

Not published: what one structure may show is for its own agreement to say.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.consolidation import totals
from analysis.consolidation.facts import Facts
from analysis.consolidation.indicators import in_scope
from analysis.consolidation.shares import DEFAULT
from analysis.core.dataset import Dataset, Edition


def by_structure(facts: Facts, dataset: Dataset) -> pd.DataFrame:
    """edition, structure_id, operations, heures, heures_defaut, heures_totaux: of each structure, in each edition.

    `heures` sum over structures to the hours of the edition, to the hundredth; `heures_defaut` are those of it
    shared by default, `heures_totaux` those sent as totals.
    """
    parts = [_edition(facts, edition) for edition in dataset.editions]
    return pd.concat(parts, ignore_index=True)


def _edition(facts: Facts, edition: Edition) -> pd.DataFrame:
    key = ["annee", "operation"]
    scope = in_scope(facts, edition)[[*key, "structure_id"]]
    contracts = facts.contracts[facts.contracts["annee"] == edition.annee]
    hours = contracts.groupby(key)["centiheures"].sum()
    shared = facts.shares.merge(scope[key], on=key)
    alone = scope[~pd.MultiIndex.from_frame(scope[key]).isin(pd.MultiIndex.from_frame(shared[key]))]
    rows = pd.concat([alone.assign(part=1.0, part_methode=""), shared], ignore_index=True)
    whole = hours.reindex(pd.MultiIndex.from_frame(rows[key])).fillna(0).to_numpy(dtype="int64")
    rows["centiheures"] = _whole_hundredths(rows, whole)
    rows["defaut"] = rows["centiheures"].where(rows["part_methode"].eq(DEFAULT), 0)
    rows = rows.assign(operations=1, totaux=0)
    sent = totals.by_structure(facts.totals, edition, local=False)
    sent = sent.assign(operations=0, defaut=0, totaux=sent["centiheures"])
    numbers = ["operations", "centiheures", "defaut", "totaux"]
    table = pd.concat([rows, sent])[["structure_id", *numbers]].astype(dict.fromkeys(numbers, "int64"))
    table = table.groupby("structure_id", as_index=False).sum()
    return pd.DataFrame(
        {
            "edition": edition.annee,
            "structure_id": table["structure_id"],
            "operations": table["operations"],
            "heures": table["centiheures"] / 100,
            "heures_defaut": table["defaut"] / 100,
            "heures_totaux": table["totaux"] / 100,
        }
    )


def _whole_hundredths(rows: pd.DataFrame, whole: np.ndarray) -> np.ndarray:
    """`whole` (hundredths of hours of each row's operation) times `part`, in whole numbers that sum to it.

    Largest remainder: each gets its part rounded down, what is left goes to the largest remainders, then by
    structure.
    """
    exact = rows["part"] * whole
    low = np.floor(exact + 1e-9).astype("int64")
    order = pd.DataFrame(
        {"operation": rows["operation"], "reste": low - exact, "structure_id": rows["structure_id"]}
    ).sort_values(["operation", "reste", "structure_id"], kind="stable")
    rank = order.groupby("operation").cumcount().sort_index()
    left = whole - low.groupby(rows["operation"]).transform("sum")
    return (low + (rank < left)).to_numpy()
