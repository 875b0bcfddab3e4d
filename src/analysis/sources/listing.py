"""The structures of `structures.csv`, the list of those whose exports are expected."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from analysis.sources.spreadsheet import read_csv

LIST = "structures.csv"


def listed(folder: Path) -> dict[str, str]:
    """The structures of the list of the dataset in `folder`, each with its name, empty where the list gives none."""
    rows = texts(folder, LIST, ["structure_id", "nom"])
    return {key: name for key, name in zip(rows["structure_id"], rows["nom"], strict=True) if key}


def texts(folder: Path, name: str, columns: list[str]) -> pd.DataFrame:
    """`columns` of each line of a file of the dataset, without blanks around the texts, with `ligne`.

    No line when there is no such file.
    """
    if not (folder / name).is_file():
        return pd.DataFrame({column: pd.Series(dtype="str") for column in [*columns, "ligne"]})
    rows = read_csv(folder / name, name, columns)
    return rows[["ligne"]].join(rows[columns].fillna("").apply(lambda column: column.str.strip()))
