"""A published table as a workbook: its rows on a sheet, what its columns mean on another. Same table, same bytes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import xlsxwriter
from pandas.api import types
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

ROWS, ABOUT = "données", "description"
CREATED = dt.datetime(1900, 1, 1)  # the clock would change the bytes; nobody in the data was born so early
NARROWEST, WIDEST = 12, 60  # characters; the narrowest holds a date, and most numbers
ARROW = 3  # characters that the filter's arrow takes from a heading
KINDS = {
    "string": "texte",
    "number": "nombre",
    "integer": "nombre entier",
    "date": "date",
    "boolean": "vrai ou faux",
}
HEADINGS = {"Colonne": 30, "Type": 14, "Unité": 18, "Vide possible": 14, "Description": 60, "Codes": 60}  # and widths


def write_workbook(frame: pd.DataFrame, schema: Mapping[str, Any], about: Mapping[str, str], path: Path) -> None:
    """Write `frame` to `path` (.xlsx), then, on a second sheet, `about` and the fields of its TableSchema `schema`.

    Numbers, dates and booleans are real ones, texts are never formulas, what is missing is an empty cell.
    """
    book = xlsxwriter.Workbook(str(path))  # faster and smaller than with constant_memory
    book.set_properties({"title": schema["description"], "created": CREATED})
    bold, day = book.add_format({"bold": True}), book.add_format({"num_format": "dd/mm/yyyy"})
    _rows(book.add_worksheet(ROWS), frame, bold, day)
    _about(book.add_worksheet(ABOUT), schema["fields"], about, bold)
    book.close()


def codes(field: Mapping[str, Any]) -> str:
    """The codes of a field of a TableSchema with their labels, in one line."""
    return " ; ".join(f"{code['value']} = {code['label']}" for code in field.get("categories", []))


def _rows(sheet: Worksheet, frame: pd.DataFrame, bold: Format, day: Format) -> None:
    last = len(frame.columns) - 1
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, len(frame), last)
    # Codes are texts that look like numbers: that is no mistake to be marked in each cell.
    sheet.ignore_errors({"number_stored_as_text": xlsxwriter.utility.xl_range(0, 0, len(frame), last)})
    for at, (name, values) in enumerate(frame.items()):
        sheet.set_column(at, at, _width(values), day if types.is_datetime64_any_dtype(values) else None)
        sheet.write_string(0, at, str(name), bold)
    writers = [_writer(sheet, values) for _, values in frame.items()]
    columns = [values.astype(object).where(values.notna(), "").tolist() for _, values in frame.items()]
    for line, row in enumerate(zip(*columns, strict=True), start=1):
        for at, value in enumerate(row):
            if value != "":
                writers[at](line, at, value)


def _about(sheet: Worksheet, fields: Sequence[Mapping[str, Any]], about: Mapping[str, str], bold: Format) -> None:
    for at, width in enumerate(HEADINGS.values()):
        sheet.set_column(at, at, width)
    for line, (label, text) in enumerate(about.items()):
        sheet.write_string(line, 0, label, bold)
        sheet.write_string(line, 1, text)
    first = len(about) + 1
    for at, heading in enumerate(HEADINGS):
        sheet.write_string(first, at, heading, bold)
    for line, field in enumerate(fields, start=first + 1):
        empty = "non" if field.get("constraints", {}).get("required") else "oui"
        texts = [field["name"], KINDS[field["type"]], field.get("unit", ""), empty, field["description"], codes(field)]
        for at, text in enumerate(texts):
            sheet.write_string(line, at, text)


def _writer(sheet: Worksheet, values: pd.Series) -> Callable[[int, int, Any], Any]:
    if types.is_bool_dtype(values):
        return sheet.write_boolean
    if types.is_numeric_dtype(values):
        return sheet.write_number
    return sheet.write_datetime if types.is_datetime64_any_dtype(values) else sheet.write_string


def _width(values: pd.Series) -> float:
    """Characters that the heading and the longest text take, within limits."""
    text = types.is_string_dtype(values.dtype)
    longest = values.str.len().max() if text and values.notna().any() else 0
    return min(max(len(str(values.name)) + ARROW, int(longest), NARROWEST), WIDEST)
