"""Canonical tables into each structure's own files: headings, spellings, decimal marks, dates, wide hours.

The mapping files that the importer reads are the only description: they are read backwards here.
"""

from __future__ import annotations

import csv
import io
import zipfile
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.demo.dirt_exports import ExportDirt
from analysis.demo.exports import Exports
from analysis.demo.knowledge import MONTH_CAP, Ints, mappings
from analysis.demo.sheets import DATE, NUMBER, TEXT, write_workbook
from analysis.schemas.canonical import EXPORTS, Column
from analysis.sources.mapping import Mapping, TableMapping

ERAS = (2016, 2019)  # the orders in which spellings by article follow the three laws
FIRST_DAY, LAST_DAY = np.datetime64("1935-01-01"), np.datetime64("2036-12-31")
EXCEL_DAY_0 = np.datetime64("1899-12-30")
MARKED = ("tableur_utf8",)  # CSV files that begin with a byte order mark, as spreadsheets write them
REAL_DATES = ("classeur_large",)  # workbooks whose dates are cells of type date, not text


@dataclass
class Sheet:
    """A table as it will be written for one layout: rows of all its sends, and where each send's rows are."""

    place: TableMapping
    columns: list[np.ndarray]
    kinds: list[str]
    headings: list[str]
    sends: dict[tuple[str, int], slice]
    source_rows: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))


def write_exports(
    folder: Path, exports: Exports, dirt: ExportDirt, pool: Executor
) -> tuple[list[Future], pd.DataFrame]:
    """Write every send under `folder`.

    Returns the workbooks that `pool` is still writing (the slow part) and the errors of `dirt` with the
    file, sheet and line they are at.
    """
    located = []
    pending: list[Future] = []
    errors = dirt.errors
    for mapping in mappings().values():
        sheets = {table: _sheet(mapping, table, exports, dirt) for table in mapping.tables}
        for send in sorted({send for sheet in sheets.values() for send in sheet.sends}):
            pending += _write_send(folder / send[0], mapping, sheets, send, pool)
        located.append(_located(errors, mapping, sheets))
    removed = pd.DataFrame(dirt.removed, columns=["genre", "structure_id", "annee", "mapping", "cle"])
    removed["fichier"] = [
        f"exports/{r.structure_id}/{mappings()[r.mapping].path('territoires', r.annee)}" for r in removed.itertuples()
    ]
    removed = removed.assign(table="territoires")[["genre", "fichier", "table", "cle"]]
    found = pd.concat([*located, removed], ignore_index=True)
    return pending, found.sort_values(["fichier", "feuille", "ligne", "genre", "cle"], ignore_index=True)


def _sheet(mapping: Mapping, name: str, exports: Exports, dirt: ExportDirt) -> Sheet:
    """One canonical table in the words of one layout."""
    place = mapping.tables[name]
    whole = exports.tables[name]
    rows = np.flatnonzero((whole["mapping"] == mapping.nom).to_numpy())
    mine = whole.iloc[rows]
    workbook = place.feuille is not None
    if place.disposition == "large":
        return _wide(mapping, mine, rows, dirt)
    columns, kinds = [], []
    for column in place.colonnes:
        cells, kind = _cells(mapping, name, EXPORTS[name].column(column), mine, workbook)
        for row, text in dirt.cells.get((name, column), {}).items():
            at = int(np.searchsorted(rows, row))
            if at < len(rows) and rows[at] == row:
                cells[at] = text
        columns.append(cells)
        kinds.append(kind)
    return Sheet(place, columns, kinds, list(place.colonnes.values()), _sends(mine), rows)


def _wide(mapping: Mapping, mine: pd.DataFrame, rows: Ints, dirt: ExportDirt) -> Sheet:
    """Hours with a column per month: one row per send, contract and nature of hours."""
    place = mapping.tables["heures"]
    workbook = place.feuille is not None
    key = ["structure_id", "annee", "ctr_id", "nature_heures"]
    line = mine.groupby(key, sort=False).ngroup().to_numpy()
    first = np.unique(line, return_index=True)[1]
    heads = mine.iloc[first]
    text = _hour_texts(mapping.decimale) if not workbook else None
    grid = np.full((len(first), 12), "" if text is not None else None, dtype=object)
    month = (mine["mois"] % 12).to_numpy()
    centi = mine["centi"].to_numpy()
    grid[line, month] = text[centi] if text is not None else centi / 100
    for row, written in dirt.cells.get(("heures", "heures"), {}).items():
        at = np.searchsorted(rows, row)
        if at < len(rows) and rows[at] == row:
            grid[line[at], month[at]] = written
    columns, kinds = [], []
    for column in place.colonnes:
        cells, kind = _cells(mapping, "heures", EXPORTS["heures"].column(column), heads, workbook)
        columns.append(cells)
        kinds.append(kind)
    headings = [*place.colonnes.values(), *place.mois]
    columns += [grid[:, number - 1] for number in place.mois.values()]
    kinds += [NUMBER] * 12
    lines = np.full(int(rows.max()) + 1 if len(rows) else 0, -1, dtype=np.int64)
    lines[rows] = line
    return Sheet(place, columns, kinds, headings, _sends(heads), lines)


def _sends(rows: pd.DataFrame) -> dict[tuple[str, int], slice]:
    """Where the rows of each send are; rows are sorted by send."""
    structure, year = rows["structure_id"].to_numpy(), rows["annee"].to_numpy()
    if not len(rows):
        return {}
    new = np.flatnonzero((structure[1:] != structure[:-1]) | (year[1:] != year[:-1])) + 1
    bounds = [0, *new.tolist(), len(rows)]
    return {(str(structure[a]), int(year[a])): slice(a, b) for a, b in pairwise(bounds)}


def _cells(mapping: Mapping, table: str, column: Column, rows: pd.DataFrame, workbook: bool) -> tuple[np.ndarray, str]:
    """The column as text, or as numbers in a workbook, and the kind of its cells."""
    if column.kind == "date":
        return _date_cells(mapping, rows[column.name].to_numpy().astype("datetime64[D]"), workbook)
    if column.kind == "mois":
        return np.array([f"{m // 12}-{m % 12 + 1:02d}" for m in rows["mois"].tolist()], dtype=object), TEXT
    if column.numeric:
        return _number_cells(mapping, rows["centi"] / 100 if column.name not in rows else rows[column.name], workbook)
    values = rows[column.name].to_numpy().astype(object)
    spellings = mapping.tables[table].valeurs.get(column.name)
    return values if spellings is None else _spelled(values, spellings, rows["annee"].to_numpy()), TEXT


def _date_cells(mapping: Mapping, days: np.ndarray, workbook: bool) -> tuple[np.ndarray, str]:
    if workbook and mapping.nom in REAL_DATES:
        serial = (days - EXCEL_DAY_0).astype(float).astype(object)
        serial[np.isnat(days)] = None
        return serial, DATE
    return _day_texts(mapping.format_date)[_day_numbers(days)], TEXT


def _number_cells(mapping: Mapping, values: pd.Series, workbook: bool) -> tuple[np.ndarray, str]:
    if workbook:
        return values.to_numpy().astype(float).astype(object), NUMBER
    known, at = np.unique(values.to_numpy().astype(float), return_inverse=True)
    return np.array([_number(v, mapping.decimale) for v in known.tolist()], dtype=object)[at], TEXT


def _number(value: float, mark: str) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".").replace(".", mark)


def _spelled(values: np.ndarray, spellings: dict[str, str], year: Ints) -> np.ndarray:
    """Codes in the layout's words; where a code has three, they are those of the three successive laws."""
    by_code: dict[str, list[str]] = {}
    for text, code in spellings.items():
        by_code.setdefault(code, []).append(text)
    codes, known = pd.factorize(values)
    words = np.array(
        [[found[min(e, len(found) - 1)] for e in range(3)] for found in (by_code.get(c, [c]) for c in known)],
        dtype=object,
    )
    return words[codes, np.searchsorted(ERAS, year, side="right")] if len(values) else values


def _day_texts(form: str) -> np.ndarray:
    """Every day of a century as text, and an empty text at the end."""
    if form not in _DAYS:
        days = pd.date_range(FIRST_DAY, LAST_DAY).strftime(form).to_numpy().astype(object)
        _DAYS[form] = np.append(days, "")
    return _DAYS[form]


_DAYS: dict[str, np.ndarray] = {}
_HOURS: dict[str, np.ndarray] = {}


def _day_numbers(days: np.ndarray) -> Ints:
    numbers = (days - FIRST_DAY).astype("timedelta64[D]").astype(np.int64)
    return np.where(np.isnat(days), -1, numbers)


def _hour_texts(mark: str) -> np.ndarray:
    """Hundredths of hours, up to a full month, as text."""
    if mark not in _HOURS:
        _HOURS[mark] = np.array([_number(c / 100, mark) for c in range(MONTH_CAP + 1)], dtype=object)
    return _HOURS[mark]


# --- writing -----------------------------------------------------------------------------------


def _write_send(
    folder: Path, mapping: Mapping, sheets: dict[str, Sheet], send: tuple[str, int], pool: Executor
) -> list[Future]:
    """Write the files of one send; its workbooks are being written."""
    folder.mkdir(parents=True, exist_ok=True)
    empty = slice(0, 0)
    texts: dict[str, bytes] = {}
    books: dict[str, list[tuple[str, list[str], list[str], list[list]]]] = {}
    for table, sheet in sheets.items():
        rows = sheet.sends.get(send, empty)
        columns = [column[rows].tolist() for column in sheet.columns]
        name = mapping.path(table, send[1])
        if sheet.place.feuille is not None:
            books.setdefault(name, []).append((sheet.place.feuille, sheet.headings, sheet.kinds, columns))
        else:
            texts[name] = _csv(mapping, sheet.headings, columns)
    if archive := mapping.archive_path(send[1]):
        _write_archive(folder / archive, {name.removeprefix(f"{archive}/"): text for name, text in texts.items()})
    else:
        for name, text in texts.items():
            (folder / name).write_bytes(text)
    return [pool.submit(write_workbook, folder / name, content) for name, content in books.items()]


def _csv(mapping: Mapping, headings: list[str], columns: list[list]) -> bytes:
    file = io.StringIO(newline="")
    line = "\r\n" if mapping.encodage == "cp1252" else "\n"
    writer = csv.writer(file, delimiter=mapping.separateur, lineterminator=line)
    writer.writerow(headings)
    writer.writerows(zip(*columns, strict=True))
    return file.getvalue().encode("utf-8-sig" if mapping.nom in MARKED else mapping.encodage)


def _write_archive(path: Path, files: dict[str, bytes]) -> None:
    """The files in one zip archive; entries carry the format's first date, so that bytes repeat."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, compress_type=zipfile.ZIP_DEFLATED)


def _located(errors: pd.DataFrame, mapping: Mapping, sheets: dict[str, Sheet]) -> pd.DataFrame:
    """The errors of one layout with their file, sheet and line (the heading being line 1)."""
    parts = []
    for name, sheet in sheets.items():
        mine = errors[errors["table"] == name]
        wide = sheet.place.disposition == "large"
        row = mine["ligne_table"].to_numpy()
        if wide:
            inside = row < len(sheet.source_rows)
            mine, row = mine[inside], row[inside]
            at = sheet.source_rows[row]
            good = at >= 0
        else:
            at = np.searchsorted(sheet.source_rows, row)
            good = np.isin(row, sheet.source_rows)
        mine, at = mine[good], at[good]
        starts = np.array([s.start for s in sheet.sends.values()], dtype=np.int64)
        sends = list(sheet.sends)
        which = np.searchsorted(starts, at, side="right") - 1
        parts.append(
            pd.DataFrame(
                {
                    "genre": mine["genre"].to_numpy(),
                    "fichier": [f"exports/{sends[k][0]}/{mapping.path(name, sends[k][1])}" for k in which],
                    "feuille": sheet.place.feuille or "",
                    "ligne": at - starts[which] + 2 if len(which) else at,
                    "table": name,
                    "colonne": mine["colonne"].to_numpy(),
                    "valeur_vraie": mine["valeur_vraie"].to_numpy(),
                    "valeur_ecrite": mine["valeur_ecrite"].to_numpy(),
                    "cle": "",
                }
            )
        )
    return pd.concat(parts, ignore_index=True)
