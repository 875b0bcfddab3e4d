"""Suppliers' CSV files and workbooks, loose or in an archive, as text, with the line each row stood on.

Whatever stops a file from being read is one French sentence about the file.
"""

from __future__ import annotations

import codecs
import csv
import datetime as dt
import difflib
import functools
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum

from analysis.core.errors import DataError
from analysis.core.numbers import number_of
from analysis.core.personal import looks_personal
from analysis.core.quality_log import explain, fatal
from analysis.core.texts import one_line, others, some, words
from analysis.sources.xls_trial import survived

DATE_DIGITS = 6  # 010203
NEIGHBOURS = 5  # files that a message names
QUOTED_SIGNS = 100  # of a value
ENCRYPTED = 0x1  # bit of the flags of an archive's entry
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)  # what « Texte Unicode » of a spreadsheet begins with
ZIP, OLE_CONTAINER = b"PK\x03\x04", bytes.fromhex("d0cf11e0a1b11ae1")  # what workbooks begin with, .xlsx and .xls
SEPARATORS = {";": "« ; »", ",": "« , »", "\t": "une tabulation", "|": "« | »"}
# Where .xlsx and .ods keep their cells, and what such a cell begins with when its formula ends in an error.
CELLS = re.compile(r"(.*/)?worksheets/[^/]+\.xml|content\.xml")
XLSX_ERROR = re.compile(rb"""(<(?:\w+:)?c\s[^>]*?\bt=)(?:"e"|'e')""")
ODS_ERROR = re.compile(rb"""(<table:table-cell)(\s[^>]*?\bcalcext:value-type="error"[^>]*>)""")
ODS_VALUE = re.compile(rb"""\soffice:(?:string-|boolean-)?value(?:-type)?="[^"]*\"""")
UNSEEN = re.compile("[\0\u00ad\u200b-\u200f\u2060\ufeff]")  # characters that no spreadsheet shows
TEXT_SIGN = "'"  # before a number or a date, in a spreadsheet: it is a text
ERROR_SIGNS = (b'"e"', b"'e'", b'"error"')  # without any of them there is none: to look for them is quick
# What is read, with the number of that line, of a cell that has no value of its own; the rule that it breaks.
MERGED, MERGED_RULE = "cellule fusionnée avec celle de la ligne ", "cellule_fusionnee"
# What a damaged archive is told by; some of its lengths lead before its beginning, or cut a number in two.
ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError, struct.error)
FILE_LIST, ENCRYPTED_FILE = "META-INF/manifest.xml", b"encryption-data"  # of an .ods
# The reader keeps all cells of a sheet up to its last one. Those in a column of three letters that hold something.
MOST_CELLS, FAR_CELL = 40_000_000, re.compile(rb'<c r="([A-Z]{3})([0-9]+)"[^>]*[^/]>')
SEPARATOR_SAID = b"sep="  # a first line by which a spreadsheet is told the separator of a CSV
UNREADABLE = "classeur illisible, abîmé ou protégé par un mot de passe"
ENCRYPTED_BOOK = "EncryptedPackage".encode("utf-16-le")  # what a workbook with a password is, in such a container


Row = tuple[int, list[str | None]]  # the line it stood on, its cells


@dataclass(frozen=True)
class Sheet:
    """A table as received: headings, rows of text cells (None when empty), and the line each stood on."""

    header: list[str]
    cells: list[list[str | None]]
    lines: list[int]

    def frame(self, name: str) -> pd.DataFrame:
        """The same as a table of text, with `ligne`; DataError, calling it `name`, when two headings are the same.

        Columns without a heading, which no code can ask for, are left out, and so is one of the file's own called
        `ligne`.
        """
        for heading in self.header:
            if heading and self.header.count(heading) > 1:
                reason = f"deux colonnes « {heading} »"
                raise DataError(f"{name} : fichier inutilisable ({reason}) ; attendu : une seule colonne de ce titre.")
        named = [heading not in {"", "ligne"} for heading in self.header]
        rows = pd.DataFrame(self.cells, columns=self.header, dtype="str")
        return rows.loc[:, named].assign(ligne=self.lines)


def csv_sheet(
    path: Path | zipfile.Path,
    name: str,
    *,
    encoding: str,
    separator: str,
    heading: int = 1,
    wanted: Collection[str] = (),
) -> Sheet:
    """The rows of a CSV file below its line `heading`; `name` is how messages call the file.

    Raises DataError when the file is absent, empty, not in the encoding announced, has its `wanted` headings elsewhere
    (see `_below`), a row with more cells than headings, or a quotation mark that is not closed: it would swallow the
    lines that follow.
    """
    content = _bytes(path, name)
    if content.startswith((ZIP, OLE_CONTAINER)):
        raise fatal("fichier_illisible", name, "un classeur, lu comme un CSV : « feuille » n'est pas dite")
    text = io.StringIO(UNSEEN.sub("", _decode(content, encoding, name)), newline="")
    reader = csv.reader(text, delimiter=separator, strict=True)
    try:
        rows = [(reader.line_num, _cells(row)) for row in reader]
    except csv.Error:
        raise fatal("fichier_illisible", name, f"ligne {reader.line_num}, guillemet mal fermé") from None
    return _below(rows, name, heading, wanted)


def _cells(row: list[str]) -> list[str | None]:
    """The cells of a line of a CSV file, with the blanks around them; None for one of nothing else."""
    return [(cell if cell[0] != TEXT_SIGN else _bare(cell)) if cell.strip() else None for cell in row]


def _below(rows: list[Row], name: str, heading: int, wanted: Collection[str]) -> Sheet:
    """The `rows` below the line `heading`, without the blank ones; cells beyond the last heading must be empty.

    Raises DataError, which says where the headings that are `wanted` are, when they are not there but can be found.
    """
    header, *below = [(line, row) for line, row in rows if line >= heading] or [(heading, [])]
    headings = _headings(header[1])
    if set(wanted) - set(headings) and (place := _place(rows, header[1], heading, wanted)):
        raise fatal("colonne_absente", name, place)
    if not any(headings):
        filled = any(any(row) for _, row in rows)
        raise fatal("fichier_illisible", name, f"ligne {heading} sans titre" if filled else "fichier vide")
    cells, lines = [], []
    for line, row in below:
        if any(row[len(headings) :]):
            raise DataError(
                f"{name} : fichier inutilisable (ligne {line}, {number_of(len(row), 'cellule')} pour "
                f"{number_of(len(headings), 'colonne')}) ; attendu : autant de cellules que de titres ; un texte qui "
                "contient le séparateur se met entre guillemets."
            )
        if any(row):
            cells.append(row[: len(headings)] + [None] * (len(headings) - len(row)))
            lines.append(line)
    return Sheet(headings, cells, lines)


def _headings(row: list[str | None]) -> list[str]:
    return [one_line(cell or "") for cell in row]


def _place(rows: list[Row], header: list[str | None], heading: int, wanted: Collection[str]) -> str:
    """Where the `wanted` headings are that `header`, the line `heading`, does not have; empty when on no one line."""
    for sign, said in SEPARATORS.items():
        if any(set(wanted) <= set(_headings([*cell.split(sign)])) for cell in header if cell):
            return f"ligne {heading}, tous les titres dans une cellule, séparés par {said}"
    for line, row in rows:
        found = set(_headings(row))
        if found >= set(wanted):
            told = "à dire par « ligne_entete » dans le fichier de correspondance"
            return f"titres attendus à la ligne {line}, lus à la ligne {heading} : {told}"
        if found >= set(wanted) - set(_headings(header)):
            return f"titres sur deux lignes, {heading} et {line}, au lieu d'une"
    return ""


def read_csv(path: Path, name: str, columns: Iterable[str]) -> pd.DataFrame:
    """The rows of a CSV file that analysts keep (see `csv_sheet`), as text without outer blanks, with `ligne`.

    French spreadsheets save with semicolons in Windows-1252, other programs with commas in UTF-8: both are read.
    Raises DataError when one of `columns` is absent.
    """
    content = _bytes(path, name)
    heading = content.removeprefix(codecs.BOM_UTF8).split(b"\n", 1)[0]
    for told, wrong, asked in (
        (content.startswith((ZIP, OLE_CONTAINER)), "un classeur", "un CSV : enregistrer sous « CSV UTF-8 »"),
        (content.startswith(UTF_16), "enregistré en UTF-16", "un CSV en UTF-8"),
        (heading.lower().startswith(SEPARATOR_SAID), "ligne 1, « sep= » avant les titres", "les titres à la ligne 1"),
        (
            b"\t" in heading and not set(b",;") & set(heading),
            "colonnes séparées par une tabulation",
            "des points-virgules ou des virgules",
        ),
    ):
        if told:
            raise DataError(f"{name} : fichier inutilisable ({wrong}) ; attendu : {asked}.")
    separator = ";" if heading.count(b";") > heading.count(b",") else ","
    sheet = csv_sheet(path, name, encoding=_encoding(content), separator=separator)
    _require(sheet.header, name, list(columns))
    rows = sheet.frame(name)
    return rows.assign(**{heading: rows[heading].str.strip() for heading in rows.columns[:-1]})


def require(rows: pd.DataFrame, name: str, columns: Iterable[str]) -> None:
    """DataError, one French sentence, for the first of `columns` that `rows` (see `read_csv`) do not have."""
    _require([str(found) for found in rows.columns[:-1]], name, list(columns))


def _require(headings: list[str], name: str, columns: list[str]) -> None:
    for column in columns:
        if column not in headings:
            reason = f"colonne « {column} » absente, {told_headings(headings, columns)}"
            asked = f"{'les colonnes' if len(columns) > 1 else 'la colonne'} {', '.join(columns)}"
            raise DataError(f"{name} : fichier inutilisable ({reason}) ; attendu : {asked}.")


def told_headings(headings: list[str], wanted: Collection[str], known: Collection[str] = ()) -> str:
    """What a message says of a file's `headings` where some that are `wanted` lack: its first line may be a person.

    Those that are `wanted` or otherwise `known` are said. So are the others where at least half of the `wanted` are
    there, for this is then no line of data, but for those that look like a date, a number or an e-mail.
    """
    filled = [heading for heading in headings if heading]
    said = {tuple(words(name)) for name in (*wanted, *known)}
    sure = 2 * len(set(wanted) & set(filled)) >= len(set(wanted))
    shown = [
        heading
        for heading in filled
        if tuple(words(heading)) in said
        or (sure and "@" not in heading and len(re.findall(r"\d", heading)) < DATE_DIGITS)
    ]
    if not shown:
        return "et aucune de celles attendues n'est présente"
    left = len(filled) - len(shown)
    return f"présentes : {', '.join(shown)}" + (f" {others(left)}" if left else "")


def expect(rows: pd.DataFrame, name: str, column: str, good: pd.Series, expected: str) -> None:
    """DataError, one French sentence, for the first of `rows` (see `read_csv`) whose `column` is not `good`."""
    for line, value in rows.loc[~good, ["ligne", column]].itertuples(index=False):
        raise DataError(explain(name, line, column, _shown(value, column), expected))


def _shown(value: str | None, column: str) -> str | None:
    """A value as one sentence can quote it: on one line, without what no screen shows, its beginning if it is long.

    What looks personal is left whole, to be recognised by what masks it.
    """
    if pd.isna(value) or not value or looks_personal(value, column):
        return value
    text = value if len(value) <= QUOTED_SIGNS else f"{value[:QUOTED_SIGNS]}…"
    return one_line("".join(sign if sign.isprintable() else " " for sign in text)) or "signe invisible"


def _encoding(content: bytes) -> str:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


class Workbook:
    """An open workbook; raises DataError when it is absent, broken or locked by a password.

    A cell whose formula ends in an error is read as the text of that error (#REF!), unless `tells_errors` is false: in
    the older formats, .xls and .xlsb, it is read as an empty one.

    Of cells merged over several lines the first alone has a value. Those below it are read as a text that says so
    (`MERGED`), and not as that value: whoever merged them may have meant it once. Formats whose merged cells the reader
    does not know, .ods and .xlsb, give empty cells.
    """

    def __init__(self, path: Path | zipfile.Path, name: str) -> None:
        content = _bytes(path, name)
        if content.startswith(OLE_CONTAINER) and ENCRYPTED_BOOK in content:
            raise fatal("fichier_protege", name)
        if not content.startswith((ZIP, OLE_CONTAINER)):
            raise fatal("fichier_illisible", name, "pas un classeur, malgré son nom : à enregistrer en .xlsx")
        if _locked(content):
            raise fatal("fichier_protege", name)
        if content.startswith(OLE_CONTAINER) and not survived(content):
            raise fatal("fichier_illisible", name, UNREADABLE)
        self.tells_errors, content = _errors_as_texts(content, name)
        with _readable(name, UNREADABLE):
            self._book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        self._name = name
        names = self._book.sheet_names
        self._sheets = {one_line(title): title for title in names}
        if len(self._sheets) < len(names):
            self._sheets = {title: title for title in names}

    @property
    def titles(self) -> list[str]:
        """The names of its sheets, without the blanks that nobody sees."""
        return list(self._sheets)

    def filled(self, title: str) -> int:
        """How many rows of a sheet hold something; none of a chart."""
        rows = self._sheet(title).to_python()
        return sum(any(cell != "" for cell in row) for row in rows)

    def sheet(self, title: str, *, decimal: str = ".", heading: int = 1, wanted: Collection[str] = ()) -> Sheet:
        """The rows of one sheet below its line `heading` as text, numbers with `decimal`, dates as YYYY-MM-DD.

        Blank rows are left out. Raises DataError as `csv_sheet` does.
        """
        found = self._found(title)
        rows = _with_merged(_rows(found, decimal), found.merged_cell_ranges or [], heading)
        return _below(rows, f"{self._name}[{title}]", heading, wanted)

    def headings(self, title: str) -> list[list[str]]:
        """Each line of one sheet as headings are read; DataError as `sheet` where there is no such sheet."""
        return [_headings(row) for _, row in _rows(self._found(title), ".")]

    def _found(self, title: str) -> CalamineSheet:
        """The sheet of that name; DataError, which says which sheets there are, when it is not there."""
        if title not in self.titles:
            have = ", ".join(self.titles)
            raise fatal("feuille_absente", self._name, f"feuille « {title} » absente, présentes : {have}")
        kinds = {sheet.name: sheet.typ for sheet in self._book.sheets_metadata}
        if kinds[self._sheets[title]] == SheetTypeEnum.ChartSheet:
            raise fatal("feuille_absente", self._name, f"feuille « {title} » : un graphique, sans aucune cellule")
        return self._sheet(title)

    def _sheet(self, title: str) -> CalamineSheet:
        with _readable(f"{self._name}[{title}]", "feuille illisible"):
            return self._book.get_sheet_by_name(self._sheets[title])


@contextmanager
def _readable(name: str, reason: str) -> Iterator[None]:
    """What a workbook is read in: DataError in the place of what its reader says, in English, of a damaged part."""
    try:
        yield
    except CalamineError:
        raise fatal("fichier_illisible", name, reason) from None


def _rows(sheet: CalamineSheet, decimal: str) -> list[Row]:
    """All the rows of a sheet as text, numbers with `decimal`."""
    rows = sheet.to_python(skip_empty_area=False)
    return [(line, [_text(cell, decimal) for cell in row]) for line, row in enumerate(rows, start=1)]


def _with_merged(rows: list[Row], ranges: list[tuple[tuple[int, int], tuple[int, int]]], heading: int) -> list[Row]:
    """`rows` whose empty cells say with which line they are merged: of the `ranges` of merged cells (first and last,
    counted from 0), those that begin under the line `heading` with a value, in their first column.

    A line that holds nothing of its own stays blank: a comment over ten lines is no ten rows.
    """
    said: dict[tuple[int, int], str] = {}
    for (top, left), (bottom, _) in ranges:
        if heading <= top < len(rows) and any(rows[top][1][left : left + 1]):
            said |= {(line, left): f"{MERGED}{top + 1}" for line in range(top + 2, min(bottom + 1, len(rows)) + 1)}
    if not said:
        return rows
    return [
        (line, [cell or said.get((line, place)) for place, cell in enumerate(row)] if any(row) else row)
        for line, row in rows
    ]


def merged(texts: pd.Series) -> pd.Series:
    """What each text says of cells that are merged, from `MERGED` on; missing where it says nothing of them."""
    some_are = texts.str.contains(MERGED, regex=False).any()  # most often none is, which is quick to see
    return texts.str.extract(f"({MERGED}[0-9]+)$", expand=False) if some_are else pd.Series(pd.NA, texts.index, "str")


def _locked(content: bytes) -> bool:
    """Whether a workbook of LibreOffice has a password: its list of files says so."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            return ENCRYPTED_FILE in book.read(FILE_LIST) if FILE_LIST in book.namelist() else False
    except ZIP_ERRORS:
        return False


def _far_cell(cells: bytes) -> str:
    """The first filled cell so far from the others that all those before it, empty, would fill the memory; else ""."""
    for cell in FAR_CELL.finditer(cells):
        column = functools.reduce(lambda number, letter: 26 * number + letter - ord("A") + 1, cell[1], 0)
        if column * int(cell[2]) > MOST_CELLS:
            return (cell[1] + cell[2]).decode()
    return ""


def _errors_as_texts(content: bytes, name: str) -> tuple[bool, bytes]:
    """Whether errors of formulas can be told in a workbook, and the workbook with texts in their place.

    The reader gives an empty cell for them (python-calamine, issue 105). DataError where a sheet cannot be held.
    """
    changed: dict[str, bytes] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            names = [part for part in book.namelist() if CELLS.fullmatch(part)]
            for part in names:
                cells = book.read(part)
                if far := _far_cell(cells):
                    reason = f"cellule {far} remplie, loin de toutes les autres : à effacer, avec sa colonne"
                    raise fatal("fichier_illisible", name, reason)
                if not any(sign in cells for sign in ERROR_SIGNS):
                    continue
                shown = ODS_ERROR.sub(_ods_text, XLSX_ERROR.sub(rb'\1"str"', cells))
                if shown != cells:
                    changed[part] = shown
            if not changed:
                return bool(names), content
            out = io.BytesIO()
            with zipfile.ZipFile(out, "w") as copy:
                for part in dict.fromkeys(book.namelist()):
                    copy.writestr(part, changed.get(part) or book.read(part))
    except ZIP_ERRORS:
        return False, content  # an older format, or broken
    return True, out.getvalue()


def _ods_text(cell: re.Match[bytes]) -> bytes:
    """The beginning of a cell of text: what is shown in it is all that it holds."""
    return cell[1] + b' office:value-type="string"' + ODS_VALUE.sub(b"", cell[2])


def open_archive(path: Path, name: str) -> zipfile.Path:
    """The files of a zip archive; raises DataError when it is absent, broken or locked by a password."""
    content = _bytes(path, name)
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except ZIP_ERRORS:
        raise fatal("fichier_illisible", name, "archive zip illisible") from None
    if any(entry.flag_bits & ENCRYPTED for entry in archive.infolist()):
        raise fatal("fichier_protege", name)
    return zipfile.Path(archive)


def _bytes(path: Path | zipfile.Path, name: str) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise fatal("fichier_absent", name, f"absent, présents : {_neighbours(path) or 'aucun'}") from None
    except ZIP_ERRORS:
        raise fatal("fichier_illisible", name, "fichier abîmé dans l'archive") from None


def _neighbours(path: Path | zipfile.Path) -> str:
    """The files that stand where `path` should, in order; of many, those of the most similar names."""
    folder = path.parent
    if not isinstance(folder, Path | zipfile.Path) or not folder.is_dir():
        return ""
    names = sorted(found.name for found in folder.iterdir() if found.is_file())
    near = sorted(difflib.get_close_matches(path.name, names, n=NEIGHBOURS, cutoff=0.0))
    return some([*near, *(name for name in names if name not in near)], len(near))


def _decode(content: bytes, encoding: str, name: str) -> str:
    """Decode, telling apart UTF-8 and UTF-16 from the single-byte encodings, which accept nearly anything."""
    try:
        is_utf8 = codecs.lookup(encoding).name.startswith("utf-8")
        if content.startswith(UTF_16) and not codecs.lookup(encoding).name.startswith("utf-16"):
            raise fatal("encodage", name, f"le fichier est en utf-16, {encoding} annoncé")
        text = content.decode("utf-8-sig" if is_utf8 else encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise fatal("encodage", name, f"ligne {line}, caractère illisible en {encoding}") from None
    except (LookupError, UnicodeError):  # some encodings of the language are none of texts
        raise DataError(
            f"{name} : encodage « {encoding} » inconnu, dit par le fichier de correspondance ; attendu : utf-8 ou "
            "cp1252."
        ) from None
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
    if isinstance(cell, dt.time):
        cell = dt.datetime.combine(dt.date.min, cell) - dt.datetime.min
    if isinstance(cell, dt.timedelta):  # a duration, as it is shown: 100:30:00
        minutes, seconds = divmod(round(cell.total_seconds()), 60)
        return f"{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}"
    if isinstance(cell, dt.date):
        return cell.isoformat()[:10]  # without its time, if any
    shown = UNSEEN.sub("", str(cell)).strip()
    return _bare(shown) if shown.startswith(TEXT_SIGN) else shown or None


def _bare(cell: str) -> str | None:
    """A cell without the sign that it begins with, where that is the only one: 'École' is quoted."""
    return cell if cell.count(TEXT_SIGN) > 1 else cell[1:].strip() or None
