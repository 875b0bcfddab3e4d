"""Suppliers' CSV files and workbooks as tables of text, with the line each row stood on.

Whatever stops a file from being read is one French sentence about the file.
"""

from __future__ import annotations

import codecs
import datetime as dt
import io
from pathlib import Path

import pandas as pd
from python_calamine import CalamineError, CalamineWorkbook

from analysis.errors import DataError
from analysis.quality_log import fatal

OLE_CONTAINER = bytes.fromhex("d0cf11e0a1b11ae1")  # an encrypted workbook is no longer a zip file


def read_csv(path: Path, name: str, *, encoding: str, separator: str) -> pd.DataFrame:
    """The rows of a CSV file as text, with `ligne`; `name` is how messages call the file.

    Raises DataError when the file is absent or not in the encoding announced.
    """
    text = _decode(_bytes(path, name), encoding, name)
    try:
        frame = pd.read_csv(io.StringIO(text), sep=separator, dtype="str", keep_default_na=False, na_values=[""])
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise fatal("fichier_illisible", name, str(error).splitlines()[0].strip()) from None
    frame.columns = frame.columns.str.strip()
    return frame.assign(ligne=range(2, len(frame) + 2))


class Workbook:
    """An open workbook; raises DataError when it is absent, broken or locked by a password."""

    def __init__(self, path: Path, name: str) -> None:
        content = _bytes(path, name)
        if content.startswith(OLE_CONTAINER):
            raise fatal("classeur_protege", name)
        try:
            self._book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        except CalamineError as error:
            raise fatal("fichier_illisible", name, str(error)) from None
        self._name = name

    def sheet(self, title: str, *, decimal: str = ".") -> pd.DataFrame:
        """The rows of one sheet as text, numbers with `decimal`, dates as YYYY-MM-DD, with `ligne`."""
        if title not in self._book.sheet_names:
            have = ", ".join(self._book.sheet_names)
            raise fatal("feuille_absente", self._name, f"feuille « {title} » absente, présentes : {have}")
        rows = self._book.get_sheet_by_name(title).to_python(skip_empty_area=False)
        if not rows:
            return pd.DataFrame({"ligne": pd.Series(dtype="int64")})
        header = [str(cell).strip() for cell in rows[0]]
        text = [[_text(cell, decimal) for cell in row] for row in rows[1:]]
        frame = pd.DataFrame(text, columns=header, dtype="str").assign(ligne=range(2, len(rows) + 1))
        filled = frame.drop(columns="ligne").notna().any(axis=1)
        return frame[filled].reset_index(drop=True)


def _bytes(path: Path, name: str) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise fatal("fichier_absent", name) from None


def _decode(content: bytes, encoding: str, name: str) -> str:
    """Decode, telling apart UTF-8 from the single-byte encodings, which accept nearly anything."""
    is_utf8 = codecs.lookup(encoding).name == "utf-8"
    try:
        text = content.decode("utf-8-sig" if is_utf8 else encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise fatal("encodage", name, f"ligne {line}, caractère illisible en {encoding}") from None
    except LookupError:
        raise DataError(f"{name} : encodage « {encoding} » inconnu ; attendu : utf-8 ou cp1252.") from None
    if not is_utf8 and not content.isascii():
        try:
            content.decode("utf-8")
        except UnicodeDecodeError:
            return text
        raise fatal("encodage", name, f"le fichier est en utf-8, {encoding} annoncé")
    return text


def _text(cell: object, decimal: str) -> str | None:
    if cell is None or cell == "":
        return None
    if isinstance(cell, bool):
        return "Oui" if cell else "Non"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else repr(cell).replace(".", decimal)
    if isinstance(cell, dt.datetime):
        return cell.date().isoformat()
    if isinstance(cell, dt.date):
        return cell.isoformat()
    return str(cell).strip()
