"""Reads the demo's files through their mappings, with nothing of the generator: what an importer would see."""

from __future__ import annotations

import io
import unicodedata
import zipfile
from functools import cache
from pathlib import Path

import pandas as pd
import yaml
from python_calamine import CalamineWorkbook


def send(folder: Path, structure: str, year: int, mapping: dict) -> dict[str, pd.DataFrame]:
    """The canonical tables of one send, as text; hours one row per month."""
    where = folder / "exports" / structure
    tables = {}
    for name, place in mapping["tables"].items():
        inside = f"{mapping['archive']}/{place['fichier']}" if "archive" in mapping else place["fichier"]
        rows = _sheet(received(where / inside.replace("{annee}", str(year))), mapping, place)
        found = pd.DataFrame({k: rows[v] for k, v in place["colonnes"].items()})
        for column, spellings in place.get("valeurs", {}).items():
            found[column] = found[column].map(lambda v, s=spellings: s.get(v, v))
        if place.get("disposition") == "large":
            months = {h: f"{year}-{m:02d}" for h, m in place["mois"].items()}
            wide = found.join(rows[list(months)].rename(columns=months))
            found = wide.melt(id_vars=list(found.columns), var_name="mois", value_name="heures")
            found = found[found["heures"] != ""]
        if name == "heures":
            found["heures"] = found["heures"].str.replace(mapping.get("decimale", ","), ".", regex=False)
        for column in found.columns:
            if column.startswith("date_"):
                found[column] = _days(found[column], mapping.get("format_date", "%Y-%m-%d"))
        tables[name] = found.assign(structure_id=structure).reset_index(drop=True)
    return tables


def all_sends(folder: Path, year: int) -> dict[str, pd.DataFrame]:
    """The canonical tables of every structure that answered for `year`."""
    return {name: rows.copy() for name, rows in _all_sends(folder, year).items()}


@cache
def _all_sends(folder: Path, year: int) -> dict[str, pd.DataFrame]:
    listed = pd.read_csv(folder / "structures.csv", dtype=str)
    parts: dict[str, list[pd.DataFrame]] = {}
    for row in listed.itertuples():
        if not any((folder / "exports" / row.structure_id).glob(f"*{year}*")):
            continue
        mapping = yaml.safe_load((folder / "mappings" / f"{row.mapping}.yaml").read_text(encoding="utf-8"))
        for name, rows in send(folder, row.structure_id, year, mapping).items():
            parts.setdefault(name, []).append(rows)
    return {name: pd.concat(found, ignore_index=True) for name, found in parts.items()}


def simplified(name: str) -> str:
    """A name without case, accents, hyphens or blanks."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    return "".join(letter for letter in plain if letter.isalnum())


def received(path: Path) -> Path | zipfile.Path:
    """A file of a send, which may be in an archive."""
    return zipfile.Path(path.parent) / path.name if path.parent.suffix == ".zip" else path


def _sheet(path: Path | zipfile.Path, mapping: dict, place: dict) -> pd.DataFrame:
    if "feuille" not in place:
        return pd.read_csv(
            io.BytesIO(path.read_bytes()),
            sep=mapping["separateur"],
            encoding=mapping["encodage"],
            dtype=str,
            keep_default_na=False,
        )
    return sheet(path, place["feuille"])


def sheet(path: Path, title: str) -> pd.DataFrame:
    """One sheet of a workbook as text, dates as YYYY-MM-DD."""
    book = CalamineWorkbook.from_path(str(path))
    head, *rows = book.get_sheet_by_name(title).to_python(skip_empty_area=False)
    return pd.DataFrame([[_text(cell) for cell in row] for row in rows], columns=head, dtype=str)


def _text(cell: object) -> str:
    if isinstance(cell, float):
        return f"{cell:.2f}"
    return cell.isoformat()[:10] if hasattr(cell, "isoformat") else str(cell)


def _days(values: pd.Series, form: str) -> pd.Series:
    iso = pd.to_datetime(values, format="%Y-%m-%d", errors="coerce")
    return iso.fillna(pd.to_datetime(values, format=form, errors="coerce"))
