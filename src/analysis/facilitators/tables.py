"""The facilitators' stage: inventory at a date, hosts, departments, coverage of the EPCI, needs."""

from __future__ import annotations

import pandas as pd

from analysis.core import reference
from analysis.core.dataset import Dataset, load_dataset
from analysis.core.reference import WHOLE
from analysis.results import headlines, on_day, read_clean, write_results


def build(dataset: str) -> None:
    """Take the inventory at the end of each edition's year; write the result tables."""
    described = load_dataset(dataset)
    clean = read_clean(dataset, "inventory")
    parts = [inventory(clean, edition.annee) for edition in described.editions]
    tables = {name: pd.concat([part[name] for part in parts], ignore_index=True) for name in parts[0]}
    tables["besoins"] = needs(clean["besoins"])
    tables["headlines"] = strip(tables, described)
    write_results(dataset, "facilitators", tables)


def inventory(clean: dict[str, pd.DataFrame], year: int) -> dict[str, pd.DataFrame]:
    """The inventory on 31 December of `year`: porteurs, departements, evolution, structures, couverture."""
    day = pd.Timestamp(year, 12, 31)
    people = on_day(clean["facilitateurs"], day)
    zones = on_day(clean["zones"], day)
    hosts = clean["structures"][clean["structures"]["type_acteur"] == "FACILITATEUR"]
    staff = _staff(hosts, people)
    staff = staff[staff["personnes"] > 0]
    tables = {
        "porteurs": _grouped(staff, "nature_porteuse"),
        "departements": _grouped(staff, "departement"),
        "evolution": _grouped(staff.assign(ensemble=WHOLE), "ensemble"),
        "structures": staff.assign(_personnes_sans_accord=staff["_seule_sans_accord"]),
        "couverture": coverage(zones[zones["structure_id"].isin(staff["structure_id"])], staff),
    }
    return {name: frame.assign(edition=year) for name, frame in tables.items()}


def _staff(hosts: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """Per structure: persons (distinct), ETP, department of its seat, and whether it may be shown."""
    counts = people.groupby("structure_id").agg(personnes=("fac_ref", "nunique"), etp=("etp", "sum"))
    department = reference.communes().set_index("code_insee")["departement"]
    out = hosts[["structure_id", "nom", "nature_porteuse", "commune_insee", "accord_publication"]].merge(
        counts, on="structure_id", how="left"
    )
    out["personnes"] = out["personnes"].fillna(0).astype("int64")
    out["etp"] = out["etp"].fillna(0.0).round(2)
    alone = out["personnes"].eq(1) & ~out["accord_publication"].fillna(False).astype("bool")
    return out.assign(departement=out["commune_insee"].map(department), _seule_sans_accord=alone.astype("int64"))


def _grouped(staff: pd.DataFrame, column: str) -> pd.DataFrame:
    """Structures, persons and ETP by `column`; a group of one person without agreement is hidden."""
    out = staff.groupby(column, as_index=False).agg(
        structures=("structure_id", "nunique"),
        personnes=("personnes", "sum"),
        etp=("etp", "sum"),
        _seules=("_seule_sans_accord", "sum"),
    )
    alone = (out["personnes"] == 1) & (out["_seules"] > 0)
    return out.assign(etp=out["etp"].round(2), _personnes_sans_accord=alone.astype("int64"))


def coverage(zones: pd.DataFrame, staff: pd.DataFrame) -> pd.DataFrame:
    """Every EPCI of the region: structures that declare it; `sans_facilitateur` when there is none."""
    known = zones.groupby("epci_siren")["structure_id"].nunique()
    places = reference.epci()[["epci_siren", "nom", "departement", "population_region"]]
    if staff.empty:  # without an inventory nothing can be said of an EPCI, not even that it has nobody
        places = places[:0]
    structures = places["epci_siren"].map(known).fillna(0).astype("int64")
    return places.assign(structures=structures, sans_facilitateur=structures.eq(0))


def needs(rows: pd.DataFrame) -> pd.DataFrame:
    """Needs of the State's buyers by year, kind and answer: how many; an answer that nobody had is a zero."""
    if rows.empty:
        return pd.DataFrame(columns=["edition", "type", "reponse", "besoins"])
    counts = rows.groupby([rows["annee"].astype("int64"), "type", "reponse"]).size().unstack(fill_value=0)
    wide = counts.reindex(columns=list(reference.labels("reponses_besoin")), fill_value=0)
    return wide.stack().rename_axis(["edition", "type", "reponse"]).reset_index(name="besoins")


def strip(tables: dict[str, pd.DataFrame], dataset: Dataset) -> pd.DataFrame:
    """The headline figures of the latest edition with an inventory."""
    hosts, cover = tables["porteurs"], tables["couverture"]
    if hosts.empty:
        return headlines([])
    year = int(hosts["edition"].max())
    now, covered = hosts[hosts["edition"] == year], cover[cover["edition"] == year]
    common = {"edition": year, "perimetre": f"{dataset.region_nom}, inventaire au 31 décembre {year}"}
    return headlines(
        [
            {"libelle": "Structures facilitatrices", "valeur": float(now["structures"].sum()),
             "decimales": 0, "unite": "structures", **common},
            {"libelle": "Facilitateurs et autres appuis", "valeur": float(now["personnes"].sum()),
             "decimales": 0, "unite": "personnes", **common},
            {"libelle": "Temps consacré à la clause", "valeur": float(now["etp"].sum()),
             "decimales": 1, "unite": "ETP", **common},
            {"libelle": "Intercommunalités sans facilitateur déclaré",
             "valeur": float(covered["sans_facilitateur"].sum()), "decimales": 0, "unite": "EPCI", **common},
        ]
    )  # fmt: skip
