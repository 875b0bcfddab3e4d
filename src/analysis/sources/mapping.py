"""Mapping files: how one supplier's files become the canonical tables, written in YAML, never in code.

nom: tableur
encodage: cp1252            # of the CSV files
separateur: ";"
decimale: ","
format_date: "%d/%m/%Y"
archive: export_{annee}.zip # when the files arrive in one: `fichier` is then a name inside it
toutes_annees: true         # each send holds all the years: see `years`
tables:
  operations:
    fichier: suivi_{annee}.xlsx   # in the structure's folder; without {annee}, in its folder of the year
    feuille: Opérations     # for a workbook
    ligne_entete: 3         # the line of the headings, when titles stand above; 1 when it is not said
    colonnes: {op_id: "N° opération", libelle: Intitulé}
    valeurs: {mecanisme: {"Art. 38": EXEC}}
  heures:
    fichier: heures.csv
    disposition: large      # a column per month instead of a row per month
    colonnes: {ctr_id: Contrat}
    mois: {Janv.: 1, Févr.: 2}     # or {"{annee}-01-01": 1} where titles hold the year

{annee} stands for the year, {an} for its last two digits, in the names of files, sheets and columns.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from analysis.core import reference
from analysis.core.errors import DataError
from analysis.core.params import Block, load_settings
from analysis.core.texts import one_line
from analysis.schemas.canonical import EXPORTS, Table

YEAR, SHORT_YEAR = "{annee}", "{an}"


class TableMapping(Block):
    """Where one canonical table is and what its columns and values are called there."""

    fichier: str
    feuille: str | None = None
    ligne_entete: int = Field(default=1, ge=1)
    disposition: Literal["longue", "large"] = "longue"
    colonnes: dict[str, str]
    valeurs: dict[str, dict[str, str]] = Field(default_factory=dict)
    mois: dict[str, Annotated[int, Field(ge=1, le=12)]] = Field(default_factory=dict)

    @field_validator("feuille")
    @classmethod
    def _shown(cls, title: str | None) -> str | None:
        return None if title is None else one_line(title)

    @field_validator("colonnes", "mois")
    @classmethod
    def _headings_shown(cls, names: dict) -> dict:
        """Headings without the blanks that nobody sees, as files are read."""
        return {one_line(name): one_line(said) if isinstance(said, str) else said for name, said in names.items()}

    @model_validator(mode="after")
    def _wide_needs_months(self) -> TableMapping:
        if (self.disposition == "large") != bool(self.mois):
            raise ValueError("la disposition « large » demande la clé « mois », et elle seule")
        if len(set(self.mois.values())) < len(self.mois):
            raise ValueError("une seule colonne par mois : deux titres de « mois » ont le même numéro")
        if self.mois and (left := sorted(set(range(1, 13)) - set(self.mois.values()))):  # whose hours would be lost
            told = ", ".join(map(str, left))
            raise ValueError(
                f"les douze mois de l'année dans « mois » ; il y manque : {told} (une colonne que le fichier n'a pas "
                "encore s'y ajoute, vide)"
            )
        return self


class Mapping(Block):
    """The layout of the files of one supplier, or of all who use the same software."""

    nom: str
    encodage: str = "utf-8"
    separateur: Annotated[str, Field(min_length=1, max_length=1)] = ";"
    decimale: Literal[",", "."] = ","
    format_date: str = "%Y-%m-%d"
    archive: str | None = None
    toutes_annees: bool = False
    tables: dict[str, TableMapping]

    @field_validator("format_date")
    @classmethod
    def _whole_day(cls, form: str) -> str:
        if sorted(re.findall(r"%(.)", form)) not in (["Y", "d", "m"], ["d", "m", "y"]):
            raise ValueError("un jour %d, un mois %m et une année %Y (ou %y), par exemple %d/%m/%Y")
        return form

    def table(self, name: str, year: int | str) -> TableMapping:
        """What `tables` says of a table, in the words of `year`: its sheet and its headings may hold the year."""
        place = self.tables[name]
        named = {
            "feuille": place.feuille and of_year(place.feuille, year),
            "colonnes": {column: of_year(heading, year) for column, heading in place.colonnes.items()},
            "mois": {of_year(heading, year): month for heading, month in place.mois.items()},
        }
        return place.model_copy(update=named)

    def path(self, table: str, year: int | str) -> str:
        """Where the rows of `table` for `year` are, from the structure's folder; an archive counts as a folder."""
        name = self.tables[table].fichier
        return of_year(_dated(f"{self.archive}/{name}" if self.archive else name), year)

    def archive_path(self, year: int | str) -> str | None:
        """Where the archive of `year` is, from the structure's folder; None when files arrive loose."""
        return of_year(_dated(self.archive), year) if self.archive else None

    def files(self, year: int | str) -> set[str]:
        """All the files of `year` that are read, from the structure's folder."""
        archive = self.archive_path(year)
        return {archive} if archive else {self.path(table, year) for table in self.tables}

    def year_of(self, path: str) -> str | None:
        """The year of which `path`, from the structure's folder, is a file; None when it is not one of these."""
        return next((year for name in self._received() if (year := said_year(name, path))), None)

    def place_of(self, name: str) -> str | None:
        """Where a file called `name` is read, from the structure's folder; None when nothing is read of it."""
        for path in self._received():
            folder, _, base = path.rpartition("/")
            if (year := said_year(base, name)) is not None:
                where = of_year(folder, year) if YEAR in base else folder.replace(YEAR, "<année>")
                return f"{where}/{name}".lstrip("/")
        return None

    def _received(self) -> list[str]:
        """The files that are read, from the structure's folder, with the place of the year."""
        names = [self.archive] if self.archive else [place.fichier for place in self.tables.values()]
        return [_dated(name) for name in names]


def of_year(name: str, year: int | str) -> str:
    """`name` with the year in the place of what stands for it."""
    return name.replace(YEAR, str(year)).replace(SHORT_YEAR, str(year)[-2:])


def said_year(name: str, found: str) -> str | None:
    """The year of which `found` is `name`, by two digits if it says no more, empty where `name` has no place for one;
    None where it is of no year, or of two at once."""
    pattern = re.escape(name).replace(re.escape(YEAR), "([0-9]{4})").replace(re.escape(SHORT_YEAR), "([0-9]{2})")
    match = re.fullmatch(pattern, found)
    if match is None:
        return None
    year = max(match.groups(), key=len, default="")
    return year if of_year(name, year) == found else None


def _dated(name: str) -> str:
    return name if YEAR in name else f"{YEAR}/{name}"


def load_mapping(path: Path) -> Mapping:
    """Read a mapping file.

    Raises DataError when it has the name of another file, a canonical table or column is unknown or a required one is
    missing.
    """
    mapping = load_settings(path, Mapping)
    if mapping.nom != path.stem:  # a copy that kept the name of its model would be read as the model says
        raise DataError(f"{path.name}, clé « nom » : « {mapping.nom} » ; attendu : {path.stem}, le nom du fichier.")
    for name, found in mapping.tables.items():
        if name not in EXPORTS:
            raise DataError(f"{path.name} : table « {name} » inconnue ; attendu : {', '.join(EXPORTS)}.")
        known = [column.name for column in EXPORTS[name].columns]
        for column in found.colonnes:
            if column not in known:
                raise DataError(
                    f"{path.name}, table « {name} » : colonne « {column} » inconnue ; attendu : {', '.join(known)}."
                )
        for column, spellings in found.valeurs.items():
            _check_codes(f"{path.name}, table « {name} »", column, spellings, found, EXPORTS[name])
        given = {"mois", "heures"} if found.disposition == "large" else set()
        missing = [column for column in EXPORTS[name].required if column not in {*found.colonnes, *given}]
        if missing:
            raise DataError(
                f"{path.name}, table « {name} » : colonne obligatoire « {missing[0]} » sans correspondance ; "
                f"attendu : une ligne « {missing[0]}: <nom de la colonne dans le fichier> »."
            )
    return mapping


def _check_codes(where: str, column: str, spellings: dict[str, str], found: TableMapping, table: Table) -> None:
    """DataError when `valeurs` translate a column that is not read, or into a code that its list does not have."""
    if column not in found.colonnes:
        raise DataError(
            f"{where} : « valeurs » d'une colonne non lue, « {column} » ; attendu : {', '.join(found.colonnes)}."
        )
    codelist = table.column(column).codelist
    known = list(reference.labels(codelist)) if codelist else []
    spelt = {"", *(code.upper() for code in known)}  # a label may be translated into nothing
    for label, code in spellings.items():
        if codelist and code.strip().upper() not in spelt:
            raise DataError(
                f"{where}, valeurs de « {column} » : « {label} » traduit par « {code} », code inconnu ; "
                f"attendu : {', '.join(known)}."
            )
