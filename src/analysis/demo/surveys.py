"""The inventory of facilitators and the survey of the State's buyers, as workbooks with canonical headings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from analysis.demo.knowledge import LAST_YEAR, Draw, table
from analysis.demo.layouts import EXCEL_DAY_0
from analysis.demo.sheets import DATE, NUMBER, TEXT, write_workbook
from analysis.demo.world import World
from analysis.schemas.canonical import INVENTORY, NEEDS, Table


def write_inventory(path: Path, seed: int, world: World) -> None:
    """inventaire.xlsx: structures, facilitateurs, zones."""
    tables = {
        "structures": _structures(seed, world),
        "facilitateurs": world.structures.staff,
        "zones": world.structures.zones.drop(columns="poids"),
    }
    write_workbook(path, [_sheet(INVENTORY[name], rows) for name, rows in tables.items()])


def write_needs(path: Path, seed: int, world: World) -> None:
    """besoins.xlsx: one sheet."""
    write_workbook(path, [_sheet(NEEDS["besoins"], needs(seed, world))])


def _structures(seed: int, world: World) -> pd.DataFrame:
    """Answers to the questionnaire; some structures do not agree that their staff be published."""
    draw = Draw(seed, "questionnaire")
    rows = world.structures.structures
    staff = world.structures.staff.groupby("structure_id")["fac_ref"].nunique()
    alone = rows["structure_id"].map(staff).fillna(0).le(1).to_numpy()
    agrees = draw.chance(np.where(alone, 0.5, 0.85), len(rows))
    day = pd.Timestamp(2025, 9, 1) + pd.to_timedelta(draw.rng.integers(0, 110, len(rows)), unit="D")
    operations = world.operations.operations
    followed = operations[operations["fin_annee"] >= LAST_YEAR].groupby("structure_id")
    return pd.DataFrame(
        {
            "structure_id": rows["structure_id"],
            "nom": rows["nom"],
            "siret": rows["siret"],
            "type_acteur": rows["type_acteur"],
            "nature_porteuse": rows["nature"],
            "commune_insee": rows["code_insee"],
            "accord_publication": np.where(agrees, "oui", "non"),
            "contact_public": [f"clauses-{s.lower()}@exemple.invalid" for s in rows["structure_id"]],
            "date_reponse": day,
            "operations_suivies": rows["structure_id"].map(followed.size()),
            "acheteurs_suivis": rows["structure_id"].map(followed["siret"].nunique()),
        }
    )


def needs(seed: int, world: World) -> pd.DataFrame:
    """What the State's buyers asked for, where, and what they got: worse where no facilitator works."""
    draw = Draw(seed, "besoins")
    forms = table("besoins")
    of = dict(list(forms.groupby("champ")))
    counts = of["nombre"]
    years = np.repeat(counts["valeur"].astype(int).to_numpy(), counts["poids"].astype(int))
    size = len(years)
    state = world.buyers[world.buyers["categorie"] == "ETAT"].reset_index(drop=True)
    buyer = draw.choose(state.index, state["poids"], size)
    epci = world.land.epci
    covered = epci["epci_siren"].isin(world.structures.zones["epci_siren"]).to_numpy()
    blank = draw.chance(float(of["blanc"]["poids"].iloc[0]), size)
    people = epci["population"].to_numpy(dtype=float)
    place = np.where(
        blank,
        draw.choose(epci["epci_siren"], people * ~covered, size),
        draw.choose(epci["epci_siren"], people**0.8 * covered, size),
    )
    answers = [
        draw.choose(rows["valeur"], rows["poids"], size) for rows in (of["reponse_couvert"], of["reponse_blanc"])
    ]
    answer = np.where(blank, answers[1], answers[0])
    delay = np.where(answer == "TARDIF", draw.rng.integers(35, 120, size), draw.rng.integers(2, 40, size)).astype(float)
    delay[answer == "SANS_REPONSE"] = np.nan
    spot = draw.rng.random(size)
    reasons = {
        name.removeprefix("motif_"): rows["valeur"].tolist() for name, rows in of.items() if name.startswith("motif_")
    }
    reason = [reasons[a][int(u * len(reasons[a]))] if a in reasons else "" for a, u in zip(answer, spot, strict=True)]
    return pd.DataFrame(
        {
            "besoin_id": [
                f"B{y}-{n:03d}" for y, n in zip(years, pd.Series(years).groupby(years).cumcount() + 1, strict=True)
            ],
            "acheteur_siret": state["siret"].to_numpy()[buyer],
            "acheteur_nom": state["nom"].to_numpy()[buyer],
            "annee": years,
            "epci_siren": place,
            "type": draw.choose(of["type"]["valeur"], of["type"]["poids"], size),
            "reponse": answer,
            "delai_j": delay,
            "motif": reason,
        }
    )


def publics(seed: int, world: World) -> pd.DataFrame:
    """The rows of `publics_epci.csv`: persons far from employment by EPCI, log-normal around a part of inhabitants."""
    draw = Draw(seed, "publics")
    people = world.land.epci.sort_values("epci_siren", ignore_index=True)
    parts = []
    for form in table("publics_epci").itertuples():
        rate = float(form.taux) * np.exp(draw.rng.normal(0, float(form.ecart), len(people)))
        rows = pd.DataFrame({"epci_siren": people["epci_siren"], "public": form.public})
        persons = np.rint(people["population"].to_numpy() * rate).astype("int64")
        parts.append(rows.assign(personnes=persons, millesime=form.millesime, source="nombres synthétiques"))
    return pd.concat(parts, ignore_index=True)


def _sheet(described: Table, rows: pd.DataFrame) -> tuple[str, list[str], list[str], list[list]]:
    """A sheet whose headings are the canonical names; dates are cells of type date."""
    columns: list[list] = []
    kinds = []
    for column in described.columns:
        values = rows[column.name]
        if column.kind == "date":
            days = pd.to_datetime(values).to_numpy().astype("datetime64[D]")
            cells: list = [None if np.isnat(d) else float((d - EXCEL_DAY_0).astype(int)) for d in days]
            kinds.append(DATE)
        elif column.numeric:
            cells = [None if pd.isna(v) else float(v) for v in values]
            kinds.append(NUMBER)
        else:
            cells = [None if pd.isna(v) else str(v) for v in values]
            kinds.append(TEXT)
        columns.append(cells)
    return described.name, [column.name for column in described.columns], kinds, columns
