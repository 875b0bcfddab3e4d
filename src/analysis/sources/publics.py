"""Who is far from employment in each EPCI: numbers that a dataset gives, else an assumption for job-seekers."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from analysis.core import reference
from analysis.core.numbers import ONE_READING, plural, shortest, two_readings, typed_numbers
from analysis.sources.spreadsheet import expect, read_csv

FILE = "publics_epci.csv"  # of a dataset
COLUMNS = ["epci_siren", "public", "personnes", "millesime", "source"]
JOBSEEKERS, MINIMUM = "DELD", "RSA"
KNOWN = {JOBSEEKERS: "demandeurs d'emploi de plus d'un an", MINIMUM: "allocataires du RSA"}


def load(path: Path) -> pd.DataFrame:
    """The file of a dataset (columns `COLUMNS`, headings alone when nothing is known), each number with its own vintage
    and source.

    DataError, in French, says the first fault: columns, unknown code, value, a row given twice.
    """
    rows = read_csv(path, path.name, COLUMNS).fillna("")
    persons = typed_numbers(rows["personnes"])
    doubtful = rows["personnes"].map(two_readings).astype(bool)
    for column, good, expected in (
        ("epci_siren", rows["epci_siren"].isin(reference.epci()["epci_siren"]), "le SIREN d'une intercommunalité"),
        ("public", rows["public"].isin(KNOWN), " ou ".join(KNOWN)),
        ("personnes", ~doubtful, ONE_READING),
        ("personnes", persons.ge(0), "un nombre de personnes"),
        ("millesime", rows["millesime"].str.fullmatch(r"\d{4}"), "une année"),
        ("source", rows["source"].str.strip().ne(""), "d'où vient le nombre"),
    ):
        expect(rows, path.name, column, good, expected)
    once = ~rows.duplicated(["epci_siren", "public"])
    expect(rows, path.name, "epci_siren", once, "une intercommunalité une seule fois par public")
    return rows.assign(personnes=persons)[COLUMNS]


def persons(given: pd.DataFrame, public: str) -> pd.Series:
    """Persons of a public by EPCI, as given; empty where the dataset gives none."""
    return given[given["public"] == public].set_index("epci_siren")["personnes"].astype("float64")


def by_epci(given: pd.DataFrame, departements: list[str] | None = None) -> pd.DataFrame:
    """Who is far from employment in every EPCI of `departements`, or of all (index epci_siren, in order): deld
    (long-term job-seekers, as `given`, else a part of its inhabitants in the region: `deld_par_habitant` of
    `potentiel/constantes`, assumed), rsa (as given, else missing)."""
    people = reference.epci(departements).sort_values("epci_siren").set_index("epci_siren")["population_region"]
    assumed = people * reference.constants("potentiel")["deld_par_habitant"]
    deld = persons(given, JOBSEEKERS).reindex(people.index).fillna(assumed)
    return pd.DataFrame({"deld": deld, "rsa": persons(given, MINIMUM).reindex(people.index)})


def sources(given: pd.DataFrame, departements: list[str] | None = None) -> pd.DataFrame:
    """public, libelle, millesime, source, epci: what each number by EPCI is, and for how many EPCI of `departements`,
    or of all, it is given.

    An assumption or nothing stands for what is not given; where some is, the source tells both.
    """
    places = reference.epci(departements)["epci_siren"]
    given, every = given[given["epci_siren"].isin(places)], len(places)
    fixed = reference.table("potentiel/constantes").set_index("nom").loc["deld_par_habitant"]
    share = f"{shortest(100 * float(fixed['valeur']))} % des habitants ({fixed['source']})"
    rows = []
    for public, label in KNOWN.items():
        own = given[given["public"] == public]
        told = " ; ".join(sorted(set(own["source"])))
        years = ", ".join(sorted(set(own["millesime"])))
        missing = share if public == JOBSEEKERS else "aucune source"
        some = f"{told} pour {len(own)} {plural('intercommunalité', len(own))} sur {every} ; ailleurs : {missing}"
        rows.append(
            {
                "public": public,
                "libelle": label,
                "millesime": years or None,
                "source": missing if own.empty else told if len(own) == every else some,
                "epci": len(own),
            }
        )
    return pd.DataFrame(rows)
