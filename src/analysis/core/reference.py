"""The small committed reference tables of `data/raw/reference/`, each with its source there."""

from __future__ import annotations

from functools import cache

import pandas as pd

from analysis.core.errors import DataError
from analysis.core.paths import reference_dir

WHOLE = "ensemble"  # the modality of an indicator that holds for everybody
UNKNOWN_HOST = "INCONNU"  # the nature of a structure that does not say it
HOURS = "heures_realisees"  # the indicator that most others are held against

CODES = (  # columns that are texts whatever they look like, in any of the tables
    "ancien_siren", "code_insee", "departement", "departements", "epci_siren", "siren", "code_postal", "ancien_code",
    "code_departement", "code_region", "voisin_siren", "code_qpv", "prefixe_cpv", "prefixe_siren", "prefixe_naf",
    "code", "territoire",
)  # fmt: skip


@cache
def _read(name: str) -> pd.DataFrame:
    """A table as pandas types it, but for `CODES`; an empty cell alone is missing, and a code such as NA is not."""
    kinds = dict.fromkeys(CODES, "str")
    return pd.read_csv(reference_dir() / name, dtype=kinds, comment="#", keep_default_na=False, na_values=[""])


def table(name: str) -> pd.DataFrame:
    """A copy of `data/raw/reference/<name>.csv`, codes read as text."""
    return _read(f"{name}.csv").copy()


def communes() -> pd.DataFrame:
    """The communes of the region: code_insee, nom, departement, epci_siren, siren, population, lon, lat."""
    return table("territoire/communes")


def seats() -> pd.DataFrame:
    """The most populous commune of each EPCI, in the order of `epci_siren`."""
    ranked = communes().sort_values(["epci_siren", "population", "code_insee"])
    return ranked.drop_duplicates("epci_siren", keep="last", ignore_index=True)


def epci(departements: list[str] | None = None) -> pd.DataFrame:
    """The intercommunalités that touch the region, or those of these departments: each in that of most inhabitants."""
    found = table("territoire/epci")
    return found if departements is None else found[found["departement"].isin(departements)].reset_index(drop=True)


def epci_of(departements: list[str]) -> dict[str, str]:
    """`epci_siren -> nom` of the intercommunalités of these departments."""
    inside = epci(departements)
    return dict(zip(inside["epci_siren"], inside["nom"], strict=True))


def across(departements: list[str]) -> pd.DataFrame:
    """The intercommunalités over several departments (`departements`, `|` between them), one of these at least."""
    known = epci()
    codes = known["departements"].str.split("|")
    touching = [len(own) > 1 and not set(own).isdisjoint(departements) for own in codes]
    return known[touching].sort_values("nom", ignore_index=True)


def department_of_epci() -> pd.Series:
    """The department with most inhabitants of each EPCI, by `epci_siren`."""
    return epci().set_index("epci_siren")["departement"]


def priority_districts() -> pd.Series:
    """How many priority districts (QPV) each EPCI has in its communes of the region, by `epci_siren`; 0 for none."""
    home = communes().set_index("code_insee")["epci_siren"]
    counts = table("territoire/qpv")["code_insee"].map(home).value_counts()
    return counts.reindex(epci()["epci_siren"], fill_value=0)


def departments(region: str | None = None) -> pd.DataFrame:
    """Departments of the country, or of one region."""
    found = table("territoire/departements")
    return found if region is None else found[found["code_region"] == region].reset_index(drop=True)


def department_names(region: str | None = None) -> pd.Series:
    """The names of the departments of the country, or of one region, by code."""
    return departments(region).set_index("code_departement")["nom"]


def constants(domain: str) -> pd.Series:
    """The values of `<domain>/constantes.csv`, by name."""
    return table(f"{domain}/constantes").set_index("nom")["valeur"].astype("float64")


def codes_with(codelist: str, column: str) -> list[str]:
    """The codes of a codelist of `nomenclatures/` that says yes (`oui`) of them in `column`, in its order."""
    codes = table(f"nomenclatures/{codelist}")
    return list(codes.loc[codes[column].eq("oui"), "code"])


def social_states(column: str) -> list[str]:
    """The states of the social field for which `nomenclatures/statuts_sociaux` says yes in `column`: `est_renseigne`
    (they say something clear), `porte_clause` (they say that there is a clause)."""
    return codes_with("statuts_sociaux", column)


def spellings(codelist: str) -> dict[str, str]:
    """The code of each label and code of a codelist, in small letters (`casefold`)."""
    return {spelt.casefold(): code for code, label in labels(codelist).items() for spelt in (label, code)}


def labels(codelist: str) -> dict[str, str]:
    """`code -> libelle` of a codelist of `nomenclatures/`, in its order."""
    codes = table(f"nomenclatures/{codelist}")
    return dict(zip(codes["code"], codes["libelle"], strict=True))


def value(name: str, parameter: str) -> str:
    """The `valeur` of a `parametre` of the table `name`, as text.

    Raises DataError, one French sentence, for a parameter that the table does not have.
    """
    known = table(name).set_index("parametre")["valeur"].astype("str")
    if parameter not in known.index:
        raise DataError(f"{name}.csv, colonne « parametre » : « {parameter} » manque ; attendu : une ligne de ce nom.")
    return str(known[parameter])
