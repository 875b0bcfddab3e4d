"""Workbooks that are the same bytes every time."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import xlsxwriter

TEXT, NUMBER, DATE = "texte", "nombre", "date"
CREATED = dt.datetime(2026, 1, 5)  # a constant: the clock would change the bytes

Columns = list[list]


def write_workbook(path: Path, sheets: list[tuple[str, list[str], list[str], Columns]]) -> None:
    """Write sheets of (title, headings, kinds, columns). A text in a column of numbers stays a text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    book = xlsxwriter.Workbook(str(path), {"strings_to_numbers": False})
    book.set_properties({"title": "Données de synthèse", "author": "demo", "created": CREATED})
    head, day = book.add_format({"bold": True}), book.add_format({"num_format": "dd/mm/yyyy"})
    for title, headings, kinds, columns in sheets:
        sheet = book.add_worksheet(title)
        sheet.freeze_panes(1, 0)
        for at, (heading, kind, column) in enumerate(zip(headings, kinds, columns, strict=True)):
            sheet.write_string(0, at, heading, head)
            for row, cell in enumerate(column, start=1):
                if cell is None or cell == "":
                    continue
                if kind == TEXT or isinstance(cell, str):
                    sheet.write_string(row, at, cell)
                elif kind == DATE:
                    sheet.write_number(row, at, cell, day)
                else:
                    sheet.write_number(row, at, cell)
    book.close()
