"""What a release revises and why, in words: beside each deliverable's revisions, what changed of all that it is made
from.

Which file, reference table or setting reaches which deliverable is what the stages of `dvc.yaml` declare.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from analysis.core import reference
from analysis.core.numbers import french
from analysis.core.texts import QUOTED, some

NAMED = 8  # files or settings named in a sentence
# Each state of a revision, by what is counted: values, rows, or columns; one and several.
WORDS = {
    "révisé": ("valeur révisée", "valeurs révisées"),
    "ajouté": ("ligne ajoutée", "lignes ajoutées"),
    "retiré": ("ligne retirée", "lignes retirées"),
    "caché": ("ligne cachée", "lignes cachées"),
    "découvert": ("ligne découverte", "lignes découvertes"),
}
COLUMN_WORDS = {
    "ajouté": ("colonne ajoutée", "colonnes ajoutées"),
    "retiré": ("colonne retirée", "colonnes retirées"),
}
WHOLE_TABLE = {
    "ajouté": "table nouvelle",
    "retiré": "table retirée",
    "recomposé": "table recomposée : ses lignes ne se comparent pas une à une",
}
ELSEWHERE = (
    "Rien de ce dont ces tables sont faites n'a changé : ce qui en est caché, arrondi ou découvert suit d'autres "
    "tables, ou une diffusion passée, par le secret statistique."
)
LABELS = {"sources": "Fichiers reçus", "reference": "Tables de référence", "parametres": "Paramètres"}
Reads = Callable[[str, str], bool]  # whether a part of a manifest (sources, reference, parametres), by its name, counts


def causes(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """Why figures may differ between two manifests, a French sentence each: sources, parameters, program, note."""
    return inputs(old, new, lambda *_: True) + everywhere(old, new)


def inputs(old: dict[str, Any], new: dict[str, Any], reads: Reads) -> list[str]:
    """What changed of what was received, of reference tables and of settings, where it counts."""
    files = {kind: _other_files(old[kind], new[kind]) for kind in ("sources", "reference")}
    changed = files | {"parametres": sorted(_different(old["parametres"], new["parametres"]))}
    named = {kind: [name for name in names if reads(kind, name)] for kind, names in changed.items()}
    return [f"{LABELS[kind]} qui ont changé : {some(names, NAMED)}." for kind, names in named.items() if names]


def everywhere(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """What may change any figure: the program, its libraries, and what the analyst says of this release."""
    parts = (("programme", "Le programme"), ("verrou", "Une bibliothèque"))
    said = [f"{label} a changé." for part, label in parts if old[part] != new[part]]
    return said + ([new["note"]] if new["note"] else [])


def note(
    revised: pd.DataFrame, old: dict[str, Any], new: dict[str, Any], found: Mapping[str, dict[str, Any]], dataset: str
) -> str:
    """The text of `revisions.md`: table by table how much of `revised` (see `release.revisions`), and why.

    `old` and `new` are the manifests of both releases, `found` the stages of `dataset`.
    """
    titles = reference.table("publication/livrables").set_index("livrable")["titre"]
    parts = [f"# « {new['nom']} » : ce qui change depuis {QUOTED(old['nom'])}", *everywhere(old, new)]
    names = revised["table"].str.split(".").str[0]
    for deliverable, rows in revised.groupby(names, sort=True):
        why = inputs(old, new, reader(found, str(deliverable), dataset))
        parts += [f"## {titles.get(deliverable, deliverable)}", *(why or ([] if everywhere(old, new) else [ELSEWHERE]))]
        parts.append("\n".join(f"- `{table}` : {_counted(own)}" for table, own in rows.groupby("table", sort=True)))
    if revised.empty:
        parts.append("Aucune table ne diffère.")
    return "\n\n".join(parts) + "\n"


def reader(found: Mapping[str, dict[str, Any]], deliverable: str, dataset: str) -> Reads:
    """Which inputs the result tables of `deliverable` are made from, through all stages of `found` before them."""
    files, settings = _upstream(found, f"data/processed/{dataset}/results/{deliverable}")
    folders = {"sources": f"data/raw/{dataset}/", "reference": "data/raw/reference/"}

    def reads(kind: str, name: str) -> bool:
        if kind in folders:
            return any(_overlap(path, folders[kind] + name, "/") for path in files)
        return any(_overlap(setting, name, ".") for setting in settings)

    return reads


def _upstream(found: Mapping[str, dict[str, Any]], target: str) -> tuple[set[str], set[str]]:
    """The dependencies and the settings of the stage that makes `target`, and of those before it."""
    files, settings = {target}, set()
    before: set[str] = set()
    while files != before:
        before = set(files)
        for stage in found.values():
            outs = [name for out in stage["outs"] for name in ([out] if isinstance(out, str) else out)]
            if any(_overlap(out, file, "/") for out in outs for file in before):
                files |= set(stage["deps"])
                settings |= set(stage.get("params", []))
    return files, settings


def _overlap(one: str, other: str, mark: str) -> bool:
    """Whether one of two paths (or names of settings) is the other, or holds it."""
    return f"{one}{mark}".startswith(f"{other}{mark}") or f"{other}{mark}".startswith(f"{one}{mark}")


def _counted(rows: pd.DataFrame) -> str:
    """`3 valeurs révisées, 1 ligne ajoutée, 1 colonne ajoutée`."""
    of_columns = rows["cle"].eq("")
    if (of_columns & rows["colonne"].eq("")).any():
        return WHOLE_TABLE[rows["etat"].iloc[0]]
    places = rows["cle"] + rows["colonne"].where(rows["etat"].eq("révisé"), "")
    said = _by_state(places[~of_columns], rows["etat"], WORDS)
    return ", ".join(said + _by_state(rows["colonne"][of_columns], rows["etat"], COLUMN_WORDS))


def _by_state(places: pd.Series, states: pd.Series, words: dict[str, tuple[str, str]]) -> list[str]:
    counts = places.groupby(states).nunique().to_dict()
    return [f"{french(counts[state])} {said[counts[state] >= 2]}" for state, said in words.items() if state in counts]


def _other_files(old: dict[str, str], new: dict[str, str]) -> list[str]:
    """The files of which only one side has that digest."""
    return sorted({path for path, _ in old.items() ^ new.items()})


def _different(old: Any, new: Any, name: str = "") -> list[str]:
    """The dotted names of the settings that differ."""
    if isinstance(old, dict) and isinstance(new, dict):
        keys = sorted({*old, *new})
        return [one for key in keys for one in _different(old.get(key), new.get(key), f"{name}.{key}".lstrip("."))]
    return [] if old == new else [name]
