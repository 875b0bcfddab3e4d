"""The one door of a notebook: checked parameters, protected tables, and the top of the page."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.core import reference
from analysis.core.dataset import Dataset, Edition, load_dataset
from analysis.core.errors import DataError
from analysis.core.files import read_table
from analysis.core.numbers import french, french_date
from analysis.core.params import load_params
from analysis.core.paths import protected_dir
from analysis.core.sirene import SIREN_DIGITS
from analysis.core.texts import together
from analysis.publishing.content import Elsewhere, Header


def table_path(dataset: str, notebook: str, table: str) -> Path:
    """Where the protected `table` of a notebook's deliverable is, or that of another, `livrable/table`."""
    folder = protected_dir(dataset)
    return folder / f"{table}.parquet" if "/" in table else folder / notebook / f"{table}.parquet"


def rows_where(frame: pd.DataFrame, where: Mapping[str, Any]) -> pd.DataFrame:
    """The rows of `frame` whose columns have the value, or one of the list of values, that `where` gives."""
    kept = pd.Series(True, index=frame.index)
    for column, value in where.items():
        kept &= frame[column].isin(value if isinstance(value, list) else [value])
    return frame[kept] if where else frame


def digest_of(frame: pd.DataFrame) -> str:
    """A digest of the rows of `frame`, their order, names and types."""
    found = hashlib.sha256(repr([(name, str(kind)) for name, kind in frame.dtypes.items()]).encode())
    found.update(pd.util.hash_pandas_object(frame, index=False).to_numpy().tobytes())
    return found.hexdigest()


def deliverables() -> pd.DataFrame:
    """The published deliverables in their order: livrable (index), titre, phrase; and what one page of it is about:
    sujet, and parametre, the name that its notebook gives it."""
    return reference.table("publication/livrables").set_index("livrable")


def deliverable(notebook: str) -> pd.Series:
    """The row of `deliverables` of a notebook; DataError, one French sentence, where there is none."""
    known = deliverables()
    if notebook not in known.index:
        raise DataError(f"livrable « {notebook} » inconnu ; attendu : {', '.join(known.index)}.")
    return known.loc[notebook]


def page_parameters(notebook: str) -> list[str]:
    """The parameters that say which page of a notebook it is: those of `Page`, in its order."""
    return ["dataset", "edition", str(deliverable(notebook)["parametre"])]


SHEET = "territory"  # the notebook of the sheets: of departments and intercommunalités, all deliverables together
PLACE, SEGMENT = "territoire", "segment"  # what the pages of a notebook are about
# Notebooks whose pages are of planned purchases: the table that says of which, their key and their name.
PLANNED = {"buyer": ("achats", "achat_id", "objet"), "programme": ("programmes", "programme", "acheteur_nom")}
READS = "reads.jsonl"  # in the working folder of a notebook, where what it reads is noted if the file is there


class Page:
    """One page: a notebook run for a dataset, an edition (data year) and what it is about.

    `key` is the code of the dataset's region or of one of its departments; of a sheet, that of a department or of an
    EPCI; of the guide, that of a segment. Raises DataError, one French sentence saying what is expected, when any of
    the four is not known.
    """

    def __init__(self, notebook: str, dataset: str, edition: int, key: str) -> None:
        about = deliverable(notebook)["sujet"]
        self.notebook = notebook
        self.dataset: Dataset = load_dataset(dataset)
        self.edition: Edition = self.dataset.edition(edition)
        self.key = key
        known_keys = self.subjects()
        if key not in known_keys:
            expected = ", ".join([code for code in known_keys if len(code) < SIREN_DIGITS] or known_keys) or "aucun"
            more = " ou le SIREN d'une intercommunalité" if notebook == SHEET else ""
            raise DataError(
                f"{about} « {key} » inconnu de l'édition {edition} du jeu de données "
                f"« {dataset} » ; attendu : {expected}{more}."
            )
        self.name = known_keys[key]

    def subjects(self) -> dict[str, str]:
        """What a page of this notebook may be about, with names."""
        return subjects(self.notebook, self.dataset, self.edition)

    @property
    def of_territory(self) -> bool:
        """Whether the page is that of a territory, not of a purchase, a programme or a segment of the region."""
        return str(deliverable(self.notebook)["sujet"]) == PLACE

    @property
    def territory(self) -> str:
        """The code of the territory that the page is of."""
        return self.key if self.of_territory else self.dataset.region

    @property
    def territory_name(self) -> str:
        return self.name if self.of_territory else self.edition.territory_name

    @property
    def year(self) -> int:
        return self.edition.annee

    @property
    def latest(self) -> int:
        """The latest edition of the dataset."""
        return self.dataset.latest.annee

    @property
    def regional(self) -> bool:
        """Whether the page shows the whole region, not one of its departments."""
        return self.territory == self.dataset.region

    @property
    def is_department(self) -> bool:
        """Whether the page shows one department."""
        return self.territory in self.edition.departements

    @property
    def department(self) -> str | None:
        """The department shown, that of most inhabitants of an EPCI; None for the region."""
        if self.regional or self.is_department:
            return None if self.regional else self.territory
        return str(reference.epci().set_index("epci_siren").loc[self.territory, "departement"])

    @property
    def departments(self) -> list[str]:
        """The departments whose intercommunalités the page shows: its own, else all of its edition."""
        return self.edition.departements if self.department is None else [self.department]

    @property
    def across(self) -> str:
        """Of the intercommunalités that the page shows, those over several departments, with that in which each counts
        first, as a sentence; empty where there is none."""
        rows = reference.across(self.departments)
        if not (self.regional or self.is_department):
            rows = rows[rows["epci_siren"] == self.territory]
        if rows.empty:
            return ""
        names = reference.department_names()
        told = []
        for row in rows.itertuples():
            others = [names[code] for code in row.departements.split("|") if code != row.departement]
            told.append(f"{row.nom} ({names[row.departement]}, en partie {together(others)})")
        their = "ses habitants" if len(told) == 1 else "leurs habitants"
        counted = "Comptée" if len(told) == 1 else "Comptées"
        return f"{counted} une fois, dans le département de la plupart de {their} : {' ; '.join(told)}."

    @property
    def place(self) -> str:
        """The code that the tables of this edition give the territory: that of the old region before the merger."""
        return self.edition.territoire if self.regional else self.territory

    def read(self, table: str, **where: Any) -> pd.DataFrame:
        """The protected table of that name of this deliverable; DataError names those there are.

        A sheet names the deliverable too: `consolidation/indicateurs`.
        `where` gives, by column, the value or the list of values of the rows wanted: a page that asks for its own
        rows alone is not made again when others change.
        """
        path = table_path(self.dataset.nom, self.notebook, table)
        if not path.is_file():
            known = ", ".join(sorted(found.stem for found in path.parent.glob("*.parquet")))
            known = known or "des résultats, dont aucun n'est là ; lancez d'abord « dvc repro »"
            raise DataError(
                f"table protégée « {table} » absente du livrable « {self.notebook} » "
                f"(jeu de données « {self.dataset.nom} ») ; attendu : {known}."
            )
        rows = rows_where(read_table(path), where)
        note = Path.cwd() / READS
        if note.is_file():  # whoever runs the notebook wants to know
            line = json.dumps({"table": table, "where": where, "digest": digest_of(rows)}, ensure_ascii=False)
            with note.open("a", encoding="utf-8") as file:
                file.write(line + "\n")
        return rows

    def csv(self, table: str) -> str:
        """The name under which `table` is published as CSV, for `DataTable(csv=...)`; empty where it is not."""
        return table.replace("/", "_") if "/" in table else f"{self.notebook}_{table}"

    @property
    def title(self) -> str:
        own = self.notebook == SHEET or not self.of_territory
        return self.name if own else str(deliverable(self.notebook)["titre"])

    @property
    def scope(self) -> str:
        """Perimeter, edition, legal scope and date of observation in one line."""
        return self._scope(self.edition.base_legale)

    def _scope(self, law: str) -> str:
        observed = french_date(self.edition.date_observation)
        name = self.name if self.title != self.name else deliverable(self.notebook)["titre"]
        if deliverable(self.notebook)["sujet"] == SEGMENT:
            name = f"{name}, {self.territory_name}"
        return " ; ".join(filter(None, (f"{name}, édition {self.year}", law, f"données observées au {observed}.")))

    @property
    def facts(self) -> dict[str, str]:
        """The parameters of the page and the vintages behind it, as printed."""
        across = {"Intercommunalités sur plusieurs départements": self.across} if self.of_territory else {}
        return {
            "Jeu de données": self.dataset.titre,
            "Édition (année des données)": str(self.year),
            str(deliverable(self.notebook)["sujet"]).capitalize(): f"{self.name} ({self.key})",
            "Données observées au": french_date(self.edition.date_observation),
            "Clauses retenues": self.edition.clauses,
            "Communes et intercommunalités": f"code officiel géographique {self.edition.cog_millesime}",
            **{name: told for name, told in across.items() if told},
            "Quartiers prioritaires": f"liste de {self.edition.qpv_millesime}",
            "Heures par ETP d'insertion": ", ".join(french(divisor) for divisor in self.edition.diviseurs_etp),
        }

    def header(self) -> Header:
        """The top of the page; its title is the page's only heading of level 1. A sheet has no room for facts."""
        law, facts = (self.edition.clauses, {}) if self.notebook == SHEET else ("", self.facts)
        return Header(self.title, self._scope(law), facts, self.dataset.synthetique)


def on_region_page(page: Page, what: str, edition: int | None = None) -> Elsewhere:
    """What is of the whole region only, in place of which the page of a department leads to the region's.

    `edition` is that of the page it is on, where that is not this one's.
    """
    name = "la page de la région" + ("" if edition in (None, page.year) else f", édition {edition}")
    return Elsewhere(what, name, f"{edition or page.year}-{page.dataset.region}.html")


def subjects(notebook: str, dataset: Dataset, edition: Edition) -> dict[str, str]:
    """What the pages of a notebook may be about in an edition, with names: the widest first."""
    if deliverable(notebook)["sujet"] == SEGMENT:
        return _guided(dataset)
    if notebook in PLANNED:
        return _planned(dataset, *PLANNED[notebook])
    departments = {code: name for code, name in _departments(dataset.region).items() if code in edition.departements}
    if notebook != SHEET:
        return {dataset.region: edition.territory_name, **departments}
    return departments | dict(sorted(reference.epci_of(edition.departements).items()))


def pages_of(notebook: str, dataset: Dataset) -> dict[str, dict[str, Any]]:
    """The parameters of each page of `notebook` for `dataset`, by the name of the page.

    A year that the dataset does not have becomes its latest, once.
    """
    asked, years = load_params().publishing.pages, [edition.annee for edition in dataset.editions]
    if notebook not in asked:
        raise DataError(f"params.yaml : aucune page pour « {notebook} » ; attendu : {', '.join(asked)}.")
    names, pages = page_parameters(notebook), {}
    for year, which in asked[notebook].items():
        edition = dataset.edition(year if year in years else max(years))
        keys = list(subjects(notebook, dataset, edition))
        for key in keys if which == "all" else [dataset.region]:
            values = (dataset.nom, edition.annee, key)
            pages[f"{edition.annee}-{key}"] = dict(zip(names, values, strict=True))
    return pages


def _planned(dataset: Dataset, table: str, key: str, name: str) -> dict[str, str]:
    """The purchases, or the programmes of them, that the latest edition has sheets of."""
    path = protected_dir(dataset.nom) / "buyer" / f"{table}.parquet"
    rows = read_table(path) if path.is_file() else pd.DataFrame({key: [], name: []})
    return dict(zip(rows[key], rows[name].fillna("Achats saisis"), strict=True))


def _guided(dataset: Dataset) -> dict[str, str]:
    """The segments that the guide has something to say of: none where no contract was received."""
    path = protected_dir(dataset.nom) / "buyer" / "guide_tailles.parquet"
    known = set(read_table(path)["segment"]) if path.is_file() else set(reference.labels("segments"))
    return {code: name for code, name in reference.labels("segments").items() if code in known}


@cache
def _departments(region: str) -> dict[str, str]:
    return reference.department_names(region).to_dict()
