"""Releases: what readers already have, kept beside the data so that each new publication is attacked with it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.core.dataset import Dataset
from analysis.core.errors import DataError
from analysis.core.files import digests_under, file_digest, read_table
from analysis.core.paths import releases_dir
from analysis.core.texts import some
from analysis.disclosure.attack import Sought, intervals
from analysis.disclosure.links import Links, given, looked_up, public, tighter
from analysis.disclosure.statements import bases, statements

MANIFEST = "manifeste.json"
RESTORE = "Reprenez-le de git ou d'une sauvegarde."
NAMED = 8  # files, in an error
CELLS = "cases.parquet"  # the numbers that its tables told, by cell: columns may be renamed since, cells are not


def release_folders(dataset: str) -> list[Path]:
    """The releases of `dataset`, the oldest first; one that was being written when it was interrupted is none.

    Raises DataError where one is not what was frozen: the attack would not know what readers have.
    """
    found = [path for path in releases_dir(dataset).glob("[!.]*") if path.is_dir()]
    for folder in found:
        _refuse_changed(folder)
    folders = sorted(found, key=lambda folder: manifest(folder)["date"])
    for before, folder in zip([None, *folders], folders, strict=False):
        if manifest(folder)["precedente"] != (called(before) if before else None):
            raise DataError(
                f"data/releases/{dataset}/{folder.name}/{MANIFEST} : la diffusion d'avant n'est pas celle qu'il nomme, "
                f"ou son manifeste a changé ; attendu : toutes les diffusions telles que gelées. {RESTORE}"
            )
    return folders


def called(folder: Path) -> dict[str, str]:
    """How the next release names that of `folder`: nom, and manifeste, the digest of its manifest."""
    return {"nom": folder.name, "manifeste": file_digest(folder / MANIFEST)}


def contents(folder: Path) -> dict[str, str]:
    """The digest of each file of a release but its manifest, which holds them."""
    return {name: digest for name, digest in digests_under(folder).items() if name != MANIFEST}


def _refuse_changed(folder: Path) -> None:
    path = f"data/releases/{folder.parent.name}/{folder.name}"
    if not (folder / MANIFEST).is_file():
        raise DataError(f"{path}/{MANIFEST} : fichier absent ; attendu : celui qui a été gelé. {RESTORE}")
    kept, found = manifest(folder).get("fichiers", {}), contents(folder)
    if changed := sorted({name for name, _ in kept.items() ^ found.items()}):
        raise DataError(
            f"{path} : fichiers changés, retirés ou ajoutés depuis que la diffusion est gelée : "
            f"{some(changed, NAMED)} ; attendu : le dossier tel que gelé. {RESTORE}"
        )


def manifest(folder: Path) -> dict[str, Any]:
    """What a release was made from (see `analysis.release`)."""
    return json.loads((folder / MANIFEST).read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def published_before(dataset: Dataset) -> dict[str, pd.DataFrame]:
    """The numbers that every release told (see `statements`), by its name, the oldest release first."""
    return {folder.name: told(folder, dataset) for folder in release_folders(dataset.nom)}


def still_true(known: Links, earlier: Mapping[str, pd.DataFrame]) -> tuple[frozenset[str], pd.DataFrame]:
    """The cells that an earlier release printed with the value that they still have, and those of the numbers of
    `earlier` (by release) that are still true of a cell, rounded ones too: a revised number says nothing of today's.
    Column diffusion names the release; their rows are none of today's tables."""
    held = {name: _still_true(known, said) for name, said in earlier.items()}
    none = known.statements.iloc[:0].assign(diffusion="")
    old = pd.concat([none, *(said.assign(diffusion=name, table="", ligne=-1) for name, (_, said) in held.items())])
    return frozenset().union(*(exact for exact, _ in held.values())), old


def as_bounded(known: Links, old: pd.DataFrame) -> Links:
    """`known` whose cells lie where rounded numbers of `old` leave them: what is decided today may count on no more."""
    return replace(known, cells=known.cells.assign(**public(known, old).cells[["bas", "haut"]]))


def as_left_before(known: Links, old: pd.DataFrame, past: pd.Index) -> Links:
    """`known` whose cells `past`, of which no row of today speaks, lie where the numbers of `old` leave them: no
    protection goes beyond."""
    value = known.cells["valeur"].reindex(past)
    ends = intervals(public(known, old), Sought(past))
    return replace(known, cells=tighter(known.cells, ends["bas"].clip(upper=value), ends["haut"].clip(lower=value)))


def _still_true(known: Links, said: pd.DataFrame) -> tuple[frozenset[str], pd.DataFrame]:
    old = given(said)
    same = np.isclose(old, known.cells["valeur"].reindex(old.index), rtol=1e-9, atol=0)
    exact = frozenset(old.index[same])
    near = (looked_up(said["cellule"], known.cells["valeur"]) - said["valeur"]).abs().le(said["demi"])
    rough = said["base"].eq("") & said["demi"].gt(0) & near
    lost = bases(said)[lambda names: ~names.isin(known.cells.index)].index  # divided by what has changed since
    return exact, said[(said["cellule"].isin(exact) & said["demi"].eq(0) & ~said.index.isin(lost)) | rough]


def told(folder: Path, dataset: Dataset) -> pd.DataFrame:
    """The numbers that the tables of one release told, as it kept them, or read anew where it did not."""
    kept = folder / CELLS
    return read_table(kept) if kept.is_file() else statements(tables(folder), dataset)


def tables(folder: Path) -> dict[str, pd.DataFrame]:
    """The tables of one release (or of the protected layer), by `livrable.table`."""
    return {f"{path.parent.name}.{path.stem}": read_table(path) for path in sorted(folder.glob("*/*.parquet"))}
