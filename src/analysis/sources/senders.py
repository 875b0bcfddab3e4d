"""Who sends: the structures of `structures.csv`, each with the mapping file of its software."""

from __future__ import annotations

from pathlib import Path

from analysis.sources.mapping import Mapping, load_mapping
from analysis.sources.spreadsheet import expect, read_csv


def mappings_by_structure(folder: Path) -> dict[str, Mapping]:
    """The mapping of each structure of the dataset in `folder`; none when it has no `structures.csv`.

    Raises DataError when a structure has no identifier, is listed twice or names a mapping that does not exist.
    """
    path = folder / "structures.csv"
    if not path.is_file():
        return {}
    listed = read_csv(path, path.name, ("structure_id", "mapping")).fillna("")
    listed = listed.assign(**{name: listed[name].str.strip() for name in ("structure_id", "mapping")})
    known = sorted(found.stem for found in (folder / "mappings").glob("*.yaml"))
    expect(listed, path.name, "structure_id", listed["structure_id"].ne(""), "un identifiant de structure")
    again = listed["structure_id"].duplicated()
    expect(listed, path.name, "structure_id", ~again, "une seule ligne par structure")
    expected = f"le nom d'un fichier de mappings/ ({', '.join(known)})"
    expect(listed, path.name, "mapping", listed["mapping"].isin(known), expected)
    loaded = {name: load_mapping(folder / "mappings" / f"{name}.yaml") for name in sorted(set(listed["mapping"]))}
    return {structure: loaded[name] for structure, name in zip(listed["structure_id"], listed["mapping"], strict=True)}


def structure_names(folder: Path) -> dict[str, str]:
    """The name of each structure of `structures.csv` that gives one."""
    path = folder / "structures.csv"
    if not path.is_file():
        return {}
    listed = read_csv(path, path.name, ("structure_id", "nom")).dropna(subset=["structure_id", "nom"])
    return dict(zip(listed["structure_id"].str.strip(), listed["nom"], strict=True))
