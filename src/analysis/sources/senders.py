"""Who sends: the structures of `structures.csv`, each with the mapping file of its software."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from analysis.sources.mapping import Mapping, load_mapping
from analysis.sources.spreadsheet import expect, read_csv

LIST = "structures.csv"


def mappings_by_structure(folder: Path) -> dict[str, Mapping]:
    """The mapping of each structure of the dataset in `folder`; none when it has no `structures.csv`.

    Raises DataError when a structure has no identifier, is listed twice or names a mapping that does not exist.
    """
    listed = _listed(folder, "mapping")
    known = sorted(found.stem for found in (folder / "mappings").glob("*.yaml"))
    expect(listed, LIST, "structure_id", listed["structure_id"].ne(""), "un identifiant de structure")
    again = listed["structure_id"].duplicated()
    expect(listed, LIST, "structure_id", ~again, "une seule ligne par structure")
    expected = f"le nom d'un fichier de mappings/ ({', '.join(known)})"
    expect(listed, LIST, "mapping", listed["mapping"].isin(known), expected)
    loaded = {name: load_mapping(folder / "mappings" / f"{name}.yaml") for name in sorted(set(listed["mapping"]))}
    return {structure: loaded[name] for structure, name in zip(listed["structure_id"], listed["mapping"], strict=True)}


def structure_names(folder: Path) -> dict[str, str]:
    """The name of each structure of `structures.csv` that gives one."""
    listed = _listed(folder, "nom")
    return {key: name for key, name in zip(listed["structure_id"], listed["nom"], strict=True) if key and name}


def _listed(folder: Path, column: str) -> pd.DataFrame:
    """structure_id and `column` of each line of `structures.csv`, without blanks around them, with `ligne`.

    No line when there is no such file.
    """
    columns = ["structure_id", column]
    if not (folder / LIST).is_file():
        return pd.DataFrame({name: pd.Series(dtype="str") for name in [*columns, "ligne"]})
    listed = read_csv(folder / LIST, LIST, columns)
    return listed[["ligne"]].join(listed[columns].fillna("").apply(lambda texts: texts.str.strip()))
