"""What goes back to each structure: a workbook that lists what to correct and what to check.

    data/processed/<dataset>/retours/<structure_id>.xlsx

Not for publication: it quotes what a structure itself sent, and nothing that another did. What is personal is masked
in the quality tables already. Text of the first sheet: `data/raw/reference/retour.csv`.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import xlsxwriter

from analysis.core import reference
from analysis.core.dataset import load_dataset
from analysis.core.files import finished_folder, read_table
from analysis.core.paths import clean_dir, feedback_dir, quality_dir, raw_dir, results_dir
from analysis.core.quality_log import rules
from analysis.core.texts import others
from analysis.schemas.canonical import EXPORTS
from analysis.sources.listing import listed
from analysis.sources.mapping import Mapping
from analysis.sources.senders import Layouts, layouts_by_structure
from analysis.sources.spreadsheet import MERGED, MERGED_RULE

SHEETS = {"erreur": "À corriger", "avertissement": "À vérifier"}
COLUMNS = {
    "fichier": ("Fichier", 34),
    "feuille": ("Feuille", 16),
    "ligne": ("Ligne", 8),
    "colonne": ("Colonne", 24),
    "valeur": ("Valeur reçue", 28),
    "libelle": ("Règle", 28),
    "attendu": ("Ce qui est attendu", 48),
    "correction": ("Votre correction", 28),
    "remarque": ("Votre remarque", 36),
}
PERSONS = "Personnes à comparer"
PAIR = {
    "contrats_a": ("Dernier contrat de la première fiche", 34),
    "annees_a": ("Ses années", 16),
    "contrats_b": ("Dernier contrat de la seconde", 34),
    "annees_b": ("Ses années", 16),
    "differences": ("En quoi elles diffèrent", 48),
    "correction": ("Une seule personne ? (oui, non)", 28),
    "remarque": ("Votre remarque", 36),
}
TO_FILL = ("correction", "remarque")
ORDER = ["annee", "fichier", "feuille", "ligne", "colonne", "regle", "valeur"]
CELL_LIMIT = 32767  # characters that a cell of a workbook holds


_BY_MONTH = ("mois", "heures")  # what columns of months say
NOT_SENT = "votre fichier n'a pas cette colonne, que l'observatoire demande à toutes les structures"


@dataclass(frozen=True)
class Received:
    """A file or sheet as a structure sends it: of which year, with which mapping, for which canonical tables."""

    annee: int
    mapping: Mapping
    tables: tuple[str, ...]

    def heading(self, column: str) -> str:
        """What the structure calls `column`, which is as it is where it is the one of a month, or of no table.

        A column that it does not send is said by its meaning.
        """
        table = self._table(column)
        if table is None:
            return column
        place = self.mapping.table(table, self.annee)
        return place.colonnes.get(column, EXPORTS[table].column(column).description)

    def value(self, column: str, value: str) -> str:
        """A value as the structure writes it: its decimal mark, its dates, its spellings of codes."""
        months = {heading for name in self.tables for heading in self.mapping.table(name, self.annee).mois}
        column = "heures" if column in months else column
        table = self._table(column)
        if table is None:
            return value
        known = EXPORTS[table].column(column)
        if known.numeric and re.fullmatch(r"-?\d+\.\d+", value):
            return value.removesuffix(".0").replace(".", self.mapping.decimale)
        if known.kind == "date" and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
            day = pd.to_datetime(value, format="%Y-%m-%d", errors="coerce")  # the 30th of February is none
            return value if pd.isna(day) else day.strftime(self.mapping.format_date)
        spellings = self.mapping.tables[table].valeurs.get(column, {})
        return " ou ".join(text for text, code in spellings.items() if code == value) or value

    def expected(self, column: str, message: str) -> str:
        """A message of ours, the codes of its list, if it ends with one, as the structure writes them."""
        table = self._table(column)
        codelist = EXPORTS[table].column(column).codelist if table else None
        if not codelist:
            return message
        codes = list(reference.labels(codelist))
        said = ", ".join(self.value(column, code) for code in codes)
        return message.replace(f"({', '.join(codes)})", f"({said})")

    def lacks(self, column: str) -> bool:
        """Whether `column`, of a canonical table, is one that the structure does not send."""
        table = self._table(column)
        if table is None:
            return False
        place = self.mapping.tables[table]
        return column not in place.colonnes and not (place.mois and column in _BY_MONTH)

    def _table(self, column: str) -> str | None:
        """The canonical table that `column` is of: tables may share a file, one that sends it comes first."""
        having = [table for table in self.tables if column in {known.name for known in EXPORTS[table].columns}]
        sending = [table for table in having if column in self.mapping.tables[table].colonnes]
        return next(iter([*sending, *having]), None)


def build(dataset: str) -> str:
    """Write the workbooks of `dataset`, none for a structure with nothing to correct; a sentence of what was done."""
    described = load_dataset(dataset)
    years = [edition.annee for edition in described.editions]
    layouts = layouts_by_structure(raw_dir(dataset))
    exports = _of_exports(dataset, _received(layouts, years))
    rows = pd.concat([exports[exports["demande"]], _of_inventory(dataset, max(years))], ignore_index=True)
    names = _names(dataset, layouts)
    mine, pairs = (table[table["structure_id"].isin(list(names))] for table in (rows, _persons(dataset)))
    nobodys, unasked = len(rows) - len(mine), int((~exports["demande"]).sum())
    # A line with a column per month is as many rows of ours: what is said of all of it is said once.
    mine = _merged_once(mine.drop_duplicates(["structure_id", *ORDER]))
    concerned = sorted({*mine["structure_id"], *pairs["structure_id"]})
    with finished_folder(feedback_dir(dataset)) as folder:
        for structure in concerned:
            found, same = (table[table["structure_id"] == structure] for table in (mine, pairs))
            write_workbook(folder / file_name(structure), found, same, names[structure], described.titre)
    return (
        f"data/processed/{dataset}/retours : classeurs à envoyer : {len(concerned)} ; remarques restées dans "
        f"data/processed/{dataset}/quality : {nobodys} qui ne sont d'aucune structure, {unasked} sur une colonne que "
        "le fichier de la structure n'a pas."
    )


def file_name(structure: str) -> str:
    """The workbook's name: the structure's identifier, other signs than letters, digits, - and _ as their code."""
    return re.sub(r"[^\w-]", lambda sign: f"%{ord(sign[0]):02x}", structure) + ".xlsx"


# --- whose rows they are -----------------------------------------------------------------------


def _of_exports(dataset: str, known: dict[str, Received]) -> pd.DataFrame:
    """The rows of `quality/exports.parquet` as their structure, of whose files `known` tells, knows them.

    Columns: structure_id (null when of no structure), annee, fichier, feuille, ligne, colonne, valeur, regle,
    gravite, message, demande (false where a column is in doubt that it does not send, and that nobody has to).
    """
    rows = _quality(dataset, "exports")
    rows["structure_id"] = rows["fichier"].str.extract(r"^exports/([^/]+)/", expand=False)
    places = [known.get(name, known.get(_book(name))) for name in rows["fichier"]]
    lacking = [place is not None and place.lacks(name) for place, name in zip(places, rows["colonne"], strict=True)]
    unsent = pd.Series(lacking, index=rows.index, dtype="bool")
    rows["demande"] = ~unsent | rows["colonne"].isin(_asked_of_all())
    rows["message"] = rows["message"].mask(unsent, rows["message"].str.removesuffix(".") + f" ; {NOT_SENT}.")
    told = [_told(place, row) for place, row in zip(places, rows.itertuples(), strict=True)]
    rows[_TOLD] = pd.DataFrame(told, columns=_TOLD)
    rows["fichier"] = rows["fichier"].str.replace(r"^exports/[^/]+/", "", regex=True)
    return _split(rows)


def _asked_of_all() -> list[str]:
    """The columns that the observatory asks of every structure, though a mapping may do without: audiences (W19)."""
    audiences = reference.table("nomenclatures/publics")
    asked = audiences["attendu"].eq("oui") & audiences["origine"].eq("déclaré")
    return audiences.loc[asked, "colonne"].tolist()


_TOLD = ["annee", "colonne", "valeur", "message"]
_AS_RECEIVED = ("nombre_ambigu", "nombre_invalide")  # of a text that was not made a number: its mark is the sender's


def _told(place: Received | None, row: Any) -> tuple[int, str, str, str]:
    """`_TOLD` of a row in the words of who sent it; as they are when its mapping has changed."""
    value = row.valeur.removeprefix(f"{row.structure_id}:")  # which made an identifier unique in the region
    if place is None:
        return 0, row.colonne, value, row.message
    heading = place.heading(row.colonne)
    said = value if row.regle in _AS_RECEIVED else place.value(row.colonne, value)
    return place.annee, heading, said, place.expected(row.colonne, row.message)


def _received(senders: dict[str, Layouts], years: list[int]) -> dict[str, Received]:
    """Each structure's files and sheets, by the name that quality tables call them."""
    found: dict[str, Received] = {}
    for structure, layouts in senders.items():
        for year in years:
            mapping = layouts.of(year)
            for table in mapping.tables:
                title = mapping.table(table, year).feuille
                sheet = f"[{title}]" if title else ""
                called = f"exports/{structure}/{mapping.path(table, year)}{sheet}"
                before = found[called].tables if called in found else ()
                found[called] = Received(year, mapping, (*before, table))
                # The year of the sheets that are not read, and of the files of an archive.
                archive = mapping.archive_path(year)
                for whole in filter(None, (sheet and _book(called), archive and f"exports/{structure}/{archive}")):
                    found.setdefault(whole, Received(year, mapping, ()))
    return found


def _of_inventory(dataset: str, year: int) -> pd.DataFrame:
    """The rows of `quality/inventaire.parquet`, same columns as `_of_exports`; those of the survey have no structure.

    A row's structure is the one that its line was kept or refused with, else the only one of its workbook.
    """
    rows = _quality(dataset, "inventaire")
    tables = [read_table(clean_dir(dataset, "inventory") / f"{name}.parquet") for name in _INVENTORY]
    lines = pd.concat([table[["fichier", "ligne", "structure_id"]] for table in tables], ignore_index=True)
    kept = lines.drop_duplicates(["fichier", "ligne"]).set_index(["fichier", "ligne"])["structure_id"]
    owners = lines.groupby(lines["fichier"].map(_book))["structure_id"].agg(["first", "nunique"])
    alone = owners.loc[owners["nunique"] == 1, "first"]
    refused = [_field(text, "structure_id") for text in rows["enregistrement"]]
    places = pd.MultiIndex.from_frame(rows[["fichier", "ligne"]])
    by_line = pd.Series(kept.reindex(places).array, index=rows.index, dtype="str")
    by_book = rows["fichier"].map(_book).map(alone).astype("str")
    rows["structure_id"] = pd.Series(refused, index=rows.index, dtype="str").fillna(by_line)
    # What else was wrong with a refused line is told apart, without the line.
    same_line = rows.groupby(["fichier", "ligne"])["structure_id"].transform("first")
    rows["structure_id"] = rows["structure_id"].fillna(same_line).fillna(by_book)
    rows["annee"] = year
    return _split(rows.assign(demande=True))


_INVENTORY = ("structures", "facilitateurs", "zones")


def _persons(dataset: str) -> pd.DataFrame:
    """The pairs of records that are probably one person and both of one structure, the likeliest first: `structure_id`
    and the columns of the queue, contracts as the structure numbers them. No other structure is told of."""
    queue = read_table(results_dir(dataset) / "consolidation" / "personnes_a_revoir.parquet")
    alone = queue["structures_a"].eq(queue["structures_b"]) & ~queue["structures_a"].str.contains("|", regex=False)
    own = queue[alone].sort_values(["probabilite", "ben_id_a", "ben_id_b"], ascending=[False, True, True])
    own = own.assign(structure_id=own["structures_a"])
    for name in ("contrats_a", "contrats_b"):
        own[name] = [
            None if pd.isna(number) else number.removeprefix(f"{structure}:")
            for number, structure in zip(own[name], own["structure_id"], strict=True)
        ]
    return own


def _merged_once(rows: pd.DataFrame) -> pd.DataFrame:
    """`rows`, of which the cells of a column that are merged are told once: at the first line, with how many others."""
    told = rows[rows["regle"].eq(MERGED_RULE)].sort_values("ligne", kind="stable")
    column = ["structure_id", "annee", "fichier", "feuille", "colonne"]
    first = told.drop_duplicates(column)
    left = told.groupby(column)["ligne"].transform("size")[first.index] - 1
    said = [
        f"{text}, {others(count)} de même" if count else text for text, count in zip(first["valeur"], left, strict=True)
    ]
    return pd.concat([rows[rows["regle"].ne(MERGED_RULE)], first.assign(valeur=said)], ignore_index=True)


def _book(name: str) -> str:
    return name.split("[", maxsplit=1)[0]


def _field(record: str, name: str) -> str | None:
    """A field of a refused row; none where the row was not refused, or the cell was merged with another."""
    value = json.loads(record).get(name) if record else None
    return value.strip() if value and not value.startswith(MERGED) else None


def _names(dataset: str, layouts: dict[str, Layouts]) -> dict[str, str]:
    """The structures that may be written to, with their name: nobody else gets a workbook.

    One whose own line of the inventory is refused is told why, too.
    """
    rows = _quality(dataset, "inventaire")
    lines = rows.loc[rows["fichier"].str.endswith("[structures]"), "enregistrement"]
    refused = {_field(line, "structure_id"): _field(line, "nom") for line in lines}
    unread = {structure: name or structure for structure, name in refused.items() if structure}
    hosts = read_table(clean_dir(dataset, "inventory") / "structures.parquet")
    inventory = dict(zip(hosts["structure_id"], hosts["nom"].fillna(hosts["structure_id"]), strict=True))
    senders = {structure: structure for structure in layouts}
    named = {structure: name for structure, name in listed(raw_dir(dataset)).items() if name}
    return senders | unread | inventory | named


def _quality(dataset: str, source: str) -> pd.DataFrame:
    rows = read_table(quality_dir(dataset) / f"{source}.parquet")
    text = ["fichier", "colonne", "valeur", "enregistrement"]
    return rows.assign(**{name: rows[name].astype("str").fillna("") for name in text})


def _split(rows: pd.DataFrame) -> pd.DataFrame:
    """`file[sheet]` in two columns."""
    parts = rows["fichier"].str.extract(r"^(?P<fichier>.*?)(?:\[(?P<feuille>.*)\])?$")
    rows = rows.assign(fichier=parts["fichier"], feuille=parts["feuille"].fillna(""))
    return rows[["structure_id", "gravite", "message", "demande", *ORDER]]


# --- the workbook ------------------------------------------------------------------------------


def write_workbook(path: Path, rows: pd.DataFrame, pairs: pd.DataFrame, structure: str, sender: str) -> None:
    """A workbook for one structure, the latest edition first; same rows, same bytes.

    Every row is written, however many break one rule; values are always text, so that none is a formula. `pairs` have
    a sheet where there are some.
    """
    known = rules()
    said = rows["message"].str.split(" ; attendu : ").str[-1].str.removesuffix(".")  # with the codes of a list
    rows = rows.assign(libelle=rows["regle"].map(known["libelle"]), attendu=said)
    rows = rows.sort_values(ORDER, ascending=[False, *[True] * (len(ORDER) - 1)], kind="stable")
    book = xlsxwriter.Workbook(str(path))
    book.set_properties({"created": dt.datetime(2000, 1, 1)})
    _read_me(book, rows, len(pairs), structure, sender)
    for gravity, title in SHEETS.items():
        _rows(book, title, rows[rows["gravite"] == gravity], COLUMNS)
    if len(pairs):
        _rows(book, PERSONS, pairs, PAIR)
    book.close()


def _read_me(book: xlsxwriter.Workbook, rows: pd.DataFrame, pairs: int, structure: str, sender: str) -> None:
    """The first sheet: for whom, how much, how to answer, and how often each rule was broken."""
    styles = {
        "titre": book.add_format({"bold": True, "font_size": 13, "text_wrap": True}),
        "texte": book.add_format({"text_wrap": True, "valign": "top"}),
    }
    counts = rows["gravite"].value_counts()
    values = {
        "structure": structure,
        "observatoire": sender,
        "envois": _sends(rows),
        "erreurs": counts.get("erreur", 0),
        "avertissements": counts.get("avertissement", 0),
        "personnes": pairs,
    }
    sheet = book.add_worksheet("À lire")
    sheet.set_column(0, 0, 100)
    sheet.set_column(1, 1, 10)
    text = reference.table("retour").sort_values("ordre")
    text = text[text["si"].isna() | bool(pairs)]  # what is only said of pairs
    for number, line in enumerate(text.itertuples()):
        sheet.write_string(number, 0, line.texte.format(**values), styles[line.style])
    broken = rows.groupby(["gravite", "libelle"]).size().sort_index(ascending=[False, True])
    for number, ((gravity, name), count) in enumerate(broken.items(), start=len(text)):
        sheet.write_string(number, 0, f"{SHEETS[gravity]} : {name}", styles["texte"])
        sheet.write_number(number, 1, count, styles["texte"])


def _sends(rows: pd.DataFrame) -> str:
    years = sorted({int(year) for year in rows["annee"] if year})
    return ", ".join(map(str, years)) if years else "voir les fichiers"


def _rows(book: xlsxwriter.Workbook, title: str, rows: pd.DataFrame, columns: dict[str, tuple[str, int]]) -> None:
    head = {"bold": True, "border": 1, "text_wrap": True, "valign": "top"}
    given, asked = book.add_format({**head, "bg_color": "#dfe7ef"}), book.add_format({**head, "bg_color": "#f6dfc9"})
    cell = book.add_format({"text_wrap": True, "valign": "top"})
    free = book.add_format({"text_wrap": True, "valign": "top", "bg_color": "#fdf6ef", "border": 1})
    sheet = book.add_worksheet(title)
    sheet.freeze_panes(1, 0)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    for number, (name, (heading, width)) in enumerate(columns.items()):
        sheet.set_column(number, number, width)
        sheet.write_string(0, number, heading, asked if name in TO_FILL else given)
    for line, row in enumerate(rows.to_dict("records"), start=1):
        for number, name in enumerate(columns):
            _write(sheet, line, number, row.get(name, ""), free if name in TO_FILL else cell)
    sheet.autofilter(0, 0, len(rows), len(columns) - 1)


def _write(sheet: Any, line: int, number: int, value: object, style: object) -> None:
    if value is None or pd.isna(value) or value == "":
        sheet.write_blank(line, number, None, style)
    elif isinstance(value, int):
        sheet.write_number(line, number, value, style)
    else:
        sheet.write_string(line, number, str(value)[:CELL_LIMIT], style)
