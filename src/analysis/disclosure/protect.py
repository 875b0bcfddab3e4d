"""The stage between results and notebooks: each table is protected by the policy of its schema.

A table without a schema, with a person's key or with a measure left over is an error of ours, not data.
"""

from __future__ import annotations

import pandas as pd

from analysis.core.files import finished_folder, read_table, write_table
from analysis.core.paths import protected_dir, results_dir
from analysis.disclosure.primary import OPEN, protect_cells
from analysis.schemas.build import conform
from analysis.schemas.registry import DELIVERABLES, published

PERSONAL = {"ben_id", "fac_ref", "nom_personne", "date_naissance", "nir"}


def build(dataset: str) -> None:
    """Protect the result tables of every deliverable of `dataset`."""
    for deliverable in DELIVERABLES:
        protect(dataset, deliverable)


def protect(dataset: str, deliverable: str) -> None:
    """Protect every result table of `deliverable`; its protected folder is replaced as a whole."""
    schemas = published(deliverable)
    with finished_folder(protected_dir(dataset) / deliverable) as folder:
        for name, schema in schemas.items():
            frame = read_table(results_dir(dataset) / deliverable / f"{name}.parquet")
            if leak := PERSONAL & set(frame.columns):
                raise ValueError(f"{deliverable}/{name}: personal columns {sorted(leak)} in a result table")
            write_table(conform(schema, _protected(frame, schema.metadata)), folder / f"{name}.parquet")


def _protected(frame: pd.DataFrame, metadata: dict) -> pd.DataFrame:
    if metadata["controle"] == OPEN or frame.empty:
        return frame
    control = frame["_controle"] if metadata["controle"] == "indicateur" else metadata["controle"]
    return protect_cells(
        frame, control if isinstance(control, pd.Series) else pd.Series(control, index=frame.index), metadata["values"]
    )
