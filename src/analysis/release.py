"""A release freezes a publication; the next one says what it revises, and why.

A release is a folder of `data/releases/<dataset>/`: the protected tables as they were (their column `secret` is the
pattern of what was hidden), `cases.parquet` (the numbers that they tell, by cell, for the attack on the next ones),
`manifeste.json` (what it was made from), `revisions.csv` (what differs from the release before it) and `revisions.md`
(how much of each table, and what changed of all that it is made from). It is written whole or not at all, and never
over another.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import hashlib
import json
import os
import platform
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.core import reference
from analysis.core.dataset import Dataset, load_dataset
from analysis.core.errors import DataError
from analysis.core.files import (
    digests_under,
    file_digest,
    files_under,
    finished_folder,
    read_yaml,
    rows_of,
    write_table,
    write_text,
)
from analysis.core.paths import clean_dir, project_root, protected_dir, raw_dir, releases_dir, reports_dir
from analysis.core.texts import some
from analysis.disclosure.links import ROUNDING, given, looked_up, quantities
from analysis.disclosure.primary import rules
from analysis.disclosure.releases import CELLS, MANIFEST, called, contents, release_folders, tables, told
from analysis.disclosure.releases import manifest as manifest_of
from analysis.disclosure.statements import statements
from analysis.publishing.stages import stages
from analysis.publishing.templating import program_version
from analysis.release_note import causes
from analysis.release_note import note as note_of
from analysis.repro import outdated
from analysis.schemas.registry import published
from analysis.sources.projects import FILE as PROJECTS

REVISIONS, NOTE = "revisions.csv", "revisions.md"
RECEIVED = ("decp", "exports", "inventaire", "besoins")  # folders of a dataset, empty where it is made
SOURCES = ("decp", "exports", "inventory", "projects")  # of clean tables
NOT_SOURCES = ("secret.txt", "verite")  # of a dataset's folder: never told, not even as a digest; the demo's truth
NAMED = 8  # files, tables or cells named in a sentence
NAMES = r"[A-Za-z0-9][A-Za-z0-9._-]*"
COLUMNS = ["table", "cle", "colonne", "etat", "avant", "apres"]
WHOLE = pd.Index([""])  # the place of what is no row: a table, a column of it


def release(dataset: str, name: str, day: dt.date, note: str = "") -> Path:
    """Freeze the finished site of `dataset` as the release `name` of `day`; returns its folder.

    `note` says in a sentence why figures were revised, where the sources do not. Raises DataError when nothing was
    received, the site is not what DVC would make of today's data, settings and code, the name is odd or taken, or a
    release of that day or later exists or is being made.
    """
    if not re.fullmatch(NAMES, name):  # elsewhere than in the dataset's folder it would never be attacked again
        raise DataError(
            f"nom de diffusion « {name} » ; attendu : des lettres sans accent, des chiffres, des tirets et des points, "
            "une lettre ou un chiffre d'abord."
        )
    described = load_dataset(dataset)
    with _alone(dataset):
        return _release(described, name, day, note)


@contextmanager
def _alone(dataset: str) -> Iterator[None]:
    """No other release of `dataset` at the same time; whatever an interrupted one left is taken away."""
    place = os.open(raw_dir(dataset), os.O_RDONLY)
    try:
        if not _locked(place):
            raise DataError(
                f"diffusion de « {dataset} » : une autre est en train d'être gelée ; attendu : une à la fois. Relancez "
                "quand elle est finie."
            )
        for part in releases_dir(dataset).glob(".*.part"):
            shutil.rmtree(part)
        yield
    finally:
        os.close(place)


def _locked(place: int) -> bool:
    """Whether the folder `place` could be locked; the lock goes with its process, however that ends."""
    try:
        fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _release(described: Dataset, name: str, day: dt.date, note: str) -> Path:
    dataset = described.nom
    last = next(reversed(release_folders(dataset)), None)
    was = manifest_of(last) if last else None
    _refuse(dataset, name, day, was)
    target = releases_dir(dataset) / name
    now = tables(protected_dir(dataset))
    manifest = {
        "nom": name,
        "date": day.isoformat(),
        "titre": described.titre,
        "note": note,
        **_made_from(dataset),
        "pages": digests_under(reports_dir(dataset)),
    }
    revised = revisions(tables(last) if last else {}, now)
    manifest["precedente"] = called(last) if last else None
    manifest["causes"] = causes(was, manifest) if was else []
    numbers = statements(now, described)
    manifest["ecarts_de_peu"] = moved_by_few(told(last, described), numbers) if last else []
    with finished_folder(target) as folder:
        for key, frame in now.items():
            deliverable, table = key.split(".")
            (folder / deliverable).mkdir(exist_ok=True)
            write_table(frame, folder / deliverable / f"{table}.parquet")
        write_table(numbers, folder / CELLS)
        write_table(revised, folder / REVISIONS)
        if was:
            found = stages(project_root() / "dvc.yaml", dataset)
            write_text(note_of(revised, was, manifest, found, dataset), folder / NOTE)
        manifest["fichiers"] = contents(folder)
        write_text(json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True) + "\n", folder / MANIFEST)
    if was and manifest["ecarts_de_peu"]:
        print(
            f"attention : nombres qui diffèrent de « {was['nom']} » par peu de personnes ou d'entreprises, ou par on "
            f"ne sait combien : {some(manifest['ecarts_de_peu'], NAMED)} ; qui compare les deux diffusions lit ce qui "
            f"est à elles. Tous sont dans {target.relative_to(project_root())}/{MANIFEST}, sous ecarts_de_peu.",
            file=sys.stderr,
        )
    return target


def _refuse(dataset: str, name: str, day: dt.date, was: dict[str, Any] | None) -> None:
    """DataError where the release `name` of `day`, after that of the manifest `was`, would not be one."""
    if (releases_dir(dataset) / name).exists():
        raise DataError(f"diffusion « {name} » de « {dataset} » : elle existe déjà ; attendu : un autre nom.")
    tables_read = (path for source in SOURCES for path in clean_dir(dataset, source).glob("*.parquet"))
    if not any(map(rows_of, tables_read)):  # it would tell of reference tables alone
        raise DataError(
            f"diffusion de « {dataset} » : rien à geler, ce jeu n'a reçu aucune ligne ; attendu : un fichier au moins, "
            f"rempli, dans {', '.join(f'{name}/' for name in RECEIVED)}, ou une ligne dans {PROJECTS}, puis « dvc "
            "repro »."
        )
    if was and was["date"] >= day.isoformat():
        raise DataError(
            f"diffusion « {name} » : {day.isoformat()} ; attendu : une date qui suit celle de « {was['nom']} », "
            f"{was['date']}."
        )
    if other := [*outdated(dataset), *_strays(dataset)]:
        raise DataError(
            f"diffusion de « {dataset} » : le site n'est pas ce que donnent aujourd'hui les données, les réglages et "
            f"le programme : {some(other, NAMED)} ; attendu : un site à jour, sans fichier ajouté. Lancez d'abord "
            "« dvc repro »."
        )


def moved_by_few(old: pd.DataFrame, new: pd.DataFrame) -> list[str]:
    """The cells that both releases tell, with another number, where whom they count moved by fewer than a rule lets
    anyone speak of, or is not told by both: the difference may be one person's, or one company's.

    Which cell counts whom, under which rule, are rows of `secret/ecarts.csv`; what it does not name, nobody counts.
    Nothing can be hidden that was told: it is only said.
    """
    was, now = given(old), given(new)
    both = was.index.intersection(now.index)
    cells = both[~np.isclose(was[both], now[both], rtol=1e-9, atol=ROUNDING / 2)]
    known = reference.table("secret/ecarts").set_index("mesure")
    about = known.reindex(quantities(cells))
    counts = about["compte"].fillna("") + cells.str.replace("^[^/]+", "", regex=True)
    moved = (looked_up(counts, now) - looked_up(counts, was)).abs().to_numpy()
    least = about["regle"].map(rules()["seuil"]).to_numpy(dtype="float64")
    public = quantities(cells).isin(known.index[known["regle"].isna()])
    return sorted(cells[~(moved >= least) & ~public])


def revisions(old: dict[str, pd.DataFrame], new: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """table, cle, colonne, etat, avant, apres: each value that differs (etat révisé, caché, découvert), each row,
    column or table that only one side has (ajouté, retiré; no cle for a column, no colonne for a row, neither for a
    table).

    What is told no more is not told here: an address that its owner took back, a number that secrecy hides.
    Rows are told apart by the key of their table's schema; a table that it told apart otherwise is one row (recomposé).
    """
    parts = [_revised(name, old[name], frame) for name, frame in new.items() if name in old]
    for names, state in ((old.keys() - new.keys(), "retiré"), (new.keys() - old.keys() if old else (), "ajouté")):
        parts += [_changes(WHOLE, "", state).assign(table=name)[COLUMNS] for name in sorted(names)]
    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=COLUMNS)


def _revised(name: str, old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    deliverable, table = name.split(".")
    key = published(deliverable)[table].metadata["key"]
    if not set(key) <= set(old) or old.duplicated(key).any():
        return _changes(WHOLE, "", "recomposé").assign(table=name)[COLUMNS]
    parts = [_changes(WHOLE, column, "retiré") for column in old.columns.difference(new.columns)]
    parts += [_changes(WHOLE, column, "ajouté") for column in new.columns.difference(old.columns)]
    was, now = old.set_index(key), new.set_index(key)
    parts.append(_changes(was.index.difference(now.index), "", "retiré"))
    parts.append(_changes(now.index.difference(was.index), "", "ajouté"))
    both = was.index.intersection(now.index)
    was, now = was.loc[both], now.loc[both]
    hidden, told = (rows["secret"].fillna("").ne("").to_numpy() if "secret" in rows else None for rows in (was, now))
    for column in [column for column in now if column in was and column != "secret"]:
        # What is missing as None: the NA of some types equals nothing, and is no answer either.
        before, after = (rows[column].astype("object").where(rows[column].notna(), None) for rows in (was, now))
        other = ~(before.eq(after) | (before.isna() & after.isna())).to_numpy(dtype="bool")
        state = pd.Series("révisé", index=both)
        if hidden is not None and told is not None:
            state = state.mask(hidden & ~told, "découvert").mask(told & ~hidden, "caché")
        still = before.mask(after.isna(), None)
        parts.append(_changes(both[other], column, state[other], still[other], after[other]))
    rows = pd.concat(parts, ignore_index=True).assign(table=name)
    return rows[COLUMNS].sort_values(["cle", "colonne"], ignore_index=True)


def _changes(index: pd.Index, column: str, state: Any, before: Any = None, after: Any = None) -> pd.DataFrame:
    """One row per place of `index`; its key in words: `2025/59/heures_realisees`."""
    names = ["/".join(map(_written, place if isinstance(place, tuple) else (place,))) for place in index]
    rows = pd.DataFrame({"cle": names, "colonne": column, "etat": state if isinstance(state, str) else list(state)})
    values = {"avant": before, "apres": after}
    return rows.assign(**{name: None if v is None else list(map(_plain, v)) for name, v in values.items()})


def _plain(value: object) -> object:
    """A count that a column of numbers holds is written as one: 2, not 2.0."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _written(value: object) -> str:
    return f"{value:%Y-%m-%d}" if isinstance(value, dt.date) else str(value)


def _strays(dataset: str) -> list[str]:
    """What lies in the folder of the site and no stage made."""
    made = stages(project_root() / "dvc.yaml", dataset).values()
    outs = {project_root() / name for stage in made for out in stage["outs"] for name in out}
    return [path.name for path in sorted(reports_dir(dataset).glob("[!.]*")) if path not in outs]


def _made_from(dataset: str) -> dict[str, Any]:
    """The program, its libraries, its settings and the files received, as names and digests."""
    root = project_root()
    received = digests_under(raw_dir(dataset))
    code = "".join(file_digest(path) for path in files_under(Path(__file__).parent))
    return {
        "programme": {"version": program_version(), "code": hashlib.sha256(code.encode()).hexdigest()},
        "python": platform.python_version(),
        "verrou": file_digest(root / "requirements.lock"),
        "reference": digests_under(raw_dir("reference")),
        "parametres": json.loads(json.dumps(read_yaml(root / "params.yaml"), default=str)),  # as a manifest keeps them
        "sources": {path: digest for path, digest in received.items() if path.split("/")[0] not in NOT_SOURCES},
    }
