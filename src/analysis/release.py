"""A release freezes a publication; the next one says what it revises, and why.

A release is a folder of `data/releases/<dataset>/`: the protected tables as they were (their column `secret` is the
pattern of what was hidden), `manifeste.json` (what it was made from) and `revisions.csv` (what differs from the release
before it). It is written whole or not at all, and never over another.
"""

from __future__ import annotations

import datetime as dt
import json
import platform
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.core.dataset import load_dataset
from analysis.core.errors import DataError
from analysis.core.files import file_digest, finished_folder, read_yaml, write_table, write_text
from analysis.core.paths import project_root, protected_dir, raw_dir, releases_dir, reports_dir
from analysis.disclosure.releases import MANIFEST, release_folders, tables
from analysis.disclosure.releases import manifest as manifest_of
from analysis.publishing.templating import program_version
from analysis.schemas.registry import published

REVISIONS = "revisions.csv"
NOT_SOURCES = ("secret.txt", "verite")  # of a dataset's folder: never told, not even as a digest; the demo's truth
NAMED = 8  # files named in a cause
COLUMNS = ["table", "cle", "colonne", "etat", "avant", "apres"]


def release(dataset: str, name: str, day: dt.date, note: str = "") -> Path:
    """Freeze the finished site of `dataset` as the release `name` of `day`; returns its folder.

    `note` says in a sentence why figures were revised, where the sources do not. Raises DataError when the site is not
    finished, the name is taken, or a release of a later day exists.
    """
    described = load_dataset(dataset)
    last = next(reversed(release_folders(dataset)), None)
    was = manifest_of(last) if last else None
    target = releases_dir(dataset) / name
    if target.exists():
        raise DataError(f"diffusion « {name} » de « {dataset} » : elle existe déjà ; attendu : un autre nom.")
    if not (reports_dir(dataset) / "index.html").is_file():
        raise DataError(f"diffusion de « {dataset} » : site inachevé ; lancez d'abord « dvc repro ».")
    if was and was["date"] > day.isoformat():
        raise DataError(
            f"diffusion « {name} » : {day.isoformat()} ; attendu : une date qui suit celle de « {was['nom']} », "
            f"{was['date']}."
        )
    now = tables(protected_dir(dataset))
    manifest = {
        "nom": name,
        "date": day.isoformat(),
        "titre": described.titre,
        "note": note,
        **_made_from(dataset),
        "tables": {key: file_digest(protected_dir(dataset) / f"{key.replace('.', '/')}.parquet") for key in now},
        "pages": _digests(reports_dir(dataset)),
    }
    revised = revisions(tables(last) if last else {}, now)
    manifest["precedente"] = was["nom"] if was else None
    manifest["causes"] = causes(was, manifest) if was else []
    with finished_folder(target) as folder:
        for key, frame in now.items():
            deliverable, table = key.split(".")
            (folder / deliverable).mkdir(exist_ok=True)
            write_table(frame, folder / deliverable / f"{table}.parquet")
        write_table(revised, folder / REVISIONS)
        write_text(json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True) + "\n", folder / MANIFEST)
    return target


def revisions(old: dict[str, pd.DataFrame], new: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """table, cle, colonne, etat (révisé, ajouté, retiré, caché, découvert), avant, apres: each value that differs.

    Rows are told apart by the key of their table's schema; a table that only one side has, or without key, is left out.
    """
    parts = [_revised(name, old[name], frame) for name, frame in new.items() if name in old]
    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=COLUMNS)


def _revised(name: str, old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    deliverable, table = name.split(".")
    schema = published(deliverable).get(table)
    key = schema.metadata["key"] if schema is not None else []
    if not key or not set(key) <= set(old.columns) & set(new.columns):
        return pd.DataFrame(columns=COLUMNS)
    was, now = old.set_index(key), new.set_index(key)
    parts = [
        _changes(was.index.difference(now.index), "", "retiré"),
        _changes(now.index.difference(was.index), "", "ajouté"),
    ]
    both = was.index.intersection(now.index)
    was, now = was.loc[both], now.loc[both]
    hidden, told = (rows["secret"].fillna("").ne("").to_numpy() if "secret" in rows else None for rows in (was, now))
    for column in [column for column in now if column in was and column != "secret"]:
        before, after = was[column].astype("object"), now[column].astype("object")
        other = ~(before.eq(after) | (before.isna() & after.isna())).to_numpy(dtype="bool")
        state = pd.Series("révisé", index=both)
        if hidden is not None and told is not None:
            state = state.mask(hidden & ~told, "découvert").mask(told & ~hidden, "caché")
        parts.append(_changes(both[other], column, state[other], before[other], after[other]))
    rows = pd.concat(parts, ignore_index=True).assign(table=name)
    return rows[COLUMNS].sort_values(["cle", "colonne"], ignore_index=True)


def _changes(index: pd.Index, column: str, state: Any, before: Any = None, after: Any = None) -> pd.DataFrame:
    """One row per place of `index`; its key in words: `2025/59/heures_realisees`."""
    names = ["/".join(map(str, place if isinstance(place, tuple) else (place,))) for place in index]
    rows = pd.DataFrame({"cle": names, "colonne": column})
    values = {"etat": state, "avant": before, "apres": after}
    return rows.assign(**{name: list(v) if isinstance(v, pd.Series) else v for name, v in values.items()})


def causes(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """Why figures may differ between two manifests, a French sentence each: sources, parameters, program, note."""
    was, now = old["sources"], new["sources"]
    other = sorted(path for path in {*was, *now} if was.get(path) != now.get(path))
    said = [f"Fichiers reçus qui ont changé : {_some(other)}."] if other else []
    settings = sorted(_different(old["parametres"], new["parametres"]))
    said += [f"Paramètres qui ont changé : {_some(settings)}."] if settings else []
    for part, label in (("programme", "Le programme"), ("verrou", "Une bibliothèque"), ("reference", "La référence")):
        said += [f"{label} a changé."] if old[part] != new[part] else []
    return said + ([new["note"]] if new["note"] else [])


def _some(names: list[str]) -> str:
    more = f" et {len(names) - NAMED} autres" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _different(old: Any, new: Any, name: str = "") -> list[str]:
    """The dotted names of the settings that differ."""
    if isinstance(old, dict) and isinstance(new, dict):
        keys = sorted({*old, *new})
        return [one for key in keys for one in _different(old.get(key), new.get(key), f"{name}.{key}".lstrip("."))]
    return [] if old == new else [name]


def _made_from(dataset: str) -> dict[str, Any]:
    """The program, its libraries, its settings and the files received, as names and digests."""
    root = project_root()
    received = _digests(raw_dir(dataset))
    return {
        "programme": program_version(),
        "python": platform.python_version(),
        "verrou": file_digest(root / "requirements.lock"),
        "reference": _digests(raw_dir("reference")),
        "parametres": json.loads(json.dumps(read_yaml(root / "params.yaml"), default=str)),  # as a manifest keeps them
        "sources": {path: digest for path, digest in received.items() if path.split("/")[0] not in NOT_SOURCES},
    }


def _digests(folder: Path) -> dict[str, str]:
    """The digest of each file under `folder`, by its path there."""
    return {
        path.relative_to(folder).as_posix(): file_digest(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }
