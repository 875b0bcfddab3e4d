"""What buyers announce they will buy: `data/raw/<dataset>/projets_achat.csv`, in the manner of APProch.

The file is optional. A row without an identifier of its own, an object or a date is refused and kept apart; any other
value that is not read is emptied; both are rows of the quality table.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

import pandas as pd

from analysis.core import reference
from analysis.core.files import write_table
from analysis.core.numbers import typed_numbers
from analysis.core.paths import clean_dir, quality_dir, raw_dir
from analysis.core.quality_log import collect
from analysis.core.sirene import siren_of
from analysis.sources.spreadsheet import read_csv
from analysis.sources.typer import Typer, valid_siret

FILE = "projets_achat.csv"
SOURCE = "projets"
COLUMNS = [
    "projet_id", "acheteur_siret", "acheteur_nom", "objet", "cpv", "montant", "date_prevue", "lieu", "duree_mois",
]  # fmt: skip
TYPES = {
    "projet_id": "str", "acheteur_siren": "str", "acheteur_nom": "str", "objet": "str", "codeCPV": "str",
    "montant": "float64", "date_prevue": "datetime64[s]", "departement": "str", "epci_siren": "str",
    "mois": "float64",
}  # fmt: skip
DAYS = ("%Y-%m-%d", "%d/%m/%Y", "%Y-%m")  # a month alone is its first day


@dataclass(frozen=True)
class Bounds:
    """Between which years, up to how many months and up to what amount (euros excluding tax) an announced or planned
    purchase is believed: what is beyond is a slip of the hand. Those of contracts are settings of their own, which make
    no project stale."""

    annee_min: int
    annee_max: int
    mois_max: int
    montant_max: int


@cache
def bounds() -> Bounds:
    """`acheteur/bornes.csv`; DataError, one French sentence, for one that it lacks."""
    return Bounds(**{field.name: int(reference.value("acheteur/bornes", field.name)) for field in fields(Bounds)})


def build(dataset: str) -> None:
    """Read the projects of `dataset`; write `clean/projects/projets.parquet` and `quality/projets.parquet`."""
    projects, quality = load_projects(raw_dir(dataset) / FILE)
    write_table(projects, clean_dir(dataset, "projects") / "projets.parquet")
    write_table(quality, quality_dir(dataset) / "projets.parquet")


def load_projects(path: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The projects in order of projet_id (columns `TYPES`), and their quality rows; both empty without a file.

    Says on the terminal what became of the rows.

    date_prevue is when the notice is to be published; acheteur_siren is missing where the SIRET is wrong; lieu (code of
    a commune or department, or SIREN of an EPCI) becomes departement and epci_siren. Raises DataError, one French
    sentence, when the file cannot be read or lacks one of `COLUMNS`.
    """
    rows = read_csv(path, FILE, COLUMNS)[[*COLUMNS, "ligne"]] if path.is_file() else pd.DataFrame()
    if rows.empty:
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in TYPES.items()}), collect([])
    rows[COLUMNS] = rows[COLUMNS].astype("str").apply(lambda column: column.str.strip()).replace("", pd.NA)
    typer = Typer(SOURCE)
    lines = rows[COLUMNS].to_json(orient="records", lines=True, force_ascii=False).rstrip("\n").split("\n")
    received = rows = rows.assign(fichier=FILE, enregistrement=lines)
    date, most = dates(rows["date_prevue"]), bounds()
    rows = rows.assign(_date=date.where(date.dt.year.between(most.annee_min, most.annee_max)))
    for rule, column, broken in (
        ("projet_identifiant", "projet_id", lambda r: r["projet_id"].isna() | r["projet_id"].duplicated()),
        ("projet_objet", "objet", lambda r: r["objet"].isna()),
        ("projet_date", "date_prevue", lambda r: r["_date"].isna()),
    ):
        refused = broken(rows)
        typer.flag(rows[refused], rule, column, record="enregistrement")
        rows = rows[~refused]
    siret = rows["acheteur_siret"].str.replace(r"\s", "", regex=True)
    right = valid_siret(siret)
    typer.flag(rows[~right], "projet_siret", "acheteur_siret")
    department, epci = places(rows["lieu"])
    typer.flag(rows[rows["lieu"].notna() & department.isna() & epci.isna()], "projet_lieu", "lieu")
    cpv = rows["cpv"].str.extract(r"^(\d{8})(?:-\d)?$")[0]
    typer.flag(rows[rows["cpv"].notna() & cpv.isna()], "projet_cpv", "cpv")
    amount = typed_numbers(rows["montant"])
    amount = amount.where((amount > 0) & (amount <= most.montant_max))
    typer.flag(rows[rows["montant"].notna() & amount.isna()], "projet_montant", "montant")
    months = typed_numbers(rows["duree_mois"])
    months = months.where(months.between(1, most.mois_max))
    typer.flag(rows[rows["duree_mois"].notna() & months.isna()], "projet_duree", "duree_mois")
    read = pd.DataFrame(
        {
            "projet_id": rows["projet_id"],
            "acheteur_siren": siren_of(siret).where(right),
            "acheteur_nom": rows["acheteur_nom"],
            "objet": rows["objet"],
            "codeCPV": cpv,
            "montant": amount,
            "date_prevue": rows["_date"],
            "departement": department,
            "epci_siren": epci,
            "mois": months,
        }
    )
    typer.tell([received])
    return read.astype(TYPES).sort_values("projet_id", ignore_index=True), collect(typer.breaches)


def dates(text: pd.Series) -> pd.Series:
    """Days, from any of the forms of `DAYS`; missing where none fits."""
    out = pd.Series(pd.NaT, index=text.index, dtype="datetime64[s]")
    for form in DAYS:
        out = out.fillna(pd.to_datetime(text, format=form, errors="coerce").astype("datetime64[s]"))
    return out


def places(codes: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Department and EPCI of each code of place, missing where it is not known."""
    communes = reference.communes().set_index("code_insee")
    epci = reference.department_of_epci()
    departments = set(reference.departments()["code_departement"])
    code = current(codes)
    department = code.map(communes["departement"]).fillna(code.map(epci)).fillna(code.where(code.isin(departments)))
    return department, code.map(communes["epci_siren"]).fillna(code.where(code.isin(epci.index)))


def current(codes: pd.Series) -> pd.Series:
    """Each code of place, that of the commune of today where a commune has changed."""
    former = reference.table("territoire/anciens_codes").set_index("ancien_code")["code_insee"]
    return codes.map(former).fillna(codes)
