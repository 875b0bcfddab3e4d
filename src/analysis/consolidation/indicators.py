"""The indicators of an edition and territory, in one long table, each with what disclosure control needs.

Formulas: docs/consolidation.md. Hours are summed in hundredths; persons, companies and buyers are
counted distinct within each cell and never summed.
"""

from __future__ import annotations

import pandas as pd

from analysis.consolidation.facts import Facts
from analysis.core import reference
from analysis.core.dataset import Dataset, Edition
from analysis.core.reference import WHOLE

CELL = ["edition", "territoire", "modalite"]


MEASURES = {
    "personnes": "_personnes",
    "employeurs": "_employeurs",
    "entreprises": "_entreprises",
    "part_max_personne": "_part_max_personne",
    "part_max_employeur": "_part_max_employeur",
    "part_max_entreprise": "_part_max_entreprise",
}  # of a cell, as disclosure control calls them
_NOTHING = pd.DataFrame(
    {name: pd.Series(dtype="str") for name in ("territoire", "indicateur", "modalite", "unite")}
    | {name: pd.Series(dtype="float64") for name in ("edition", "valeur", *MEASURES.values())}
).astype({"edition": "int64"})


def indicators(facts: Facts, dataset: Dataset) -> pd.DataFrame:
    """edition, territoire, indicateur, modalite, valeur, unite, and the `_` columns of disclosure control."""
    years = set(facts.operations["annee"])
    parts = [_edition(facts, edition) for edition in dataset.editions if edition.annee in years]
    table = pd.concat([_NOTHING, *parts], ignore_index=True) if parts else _NOTHING
    return table.sort_values(["edition", "territoire", "indicateur", "modalite"], ignore_index=True)


def _edition(facts: Facts, edition: Edition) -> pd.DataFrame:
    scope = facts.operations[
        (facts.operations["annee"] == edition.annee) & facts.operations["mecanisme"].isin(edition.mecanismes)
    ]
    places = _territories(scope, facts.places, edition)
    contracts = facts.contracts.merge(places, on=["annee", "operation"])
    cells = _cells(_memberships(contracts))
    operations = scope.merge(places, on=["annee", "operation"])
    engagements = facts.engagements.merge(places, on=["annee", "operation"])
    tables = [
        *(_from_hours(cells, edition) if len(cells) else []),
        _count(operations, "operation", "operations", "opération"),
        _count(operations, "maitre_ouvrage_siret", "donneurs_ordre", "donneur d'ordre"),
        _count(engagements, "entreprise_siret", "entreprises", "entreprise"),
    ]
    return pd.concat([table.assign(edition=edition.annee) for table in tables], ignore_index=True)


def _territories(scope: pd.DataFrame, places: pd.DataFrame, edition: Edition) -> pd.DataFrame:
    """annee, operation, territoire, part: the whole in the edition's territory, its share in each department.

    An operation whose place nobody declared counts in the whole only.
    """
    key = ["annee", "operation"]
    whole = scope[key].assign(territoire=edition.territoire, part=1.0)
    by_department = places[places["departement"].isin(edition.departements)].merge(scope[key], on=key)
    shares = by_department.groupby([*key, "departement"], as_index=False)["part"].sum()
    return pd.concat([whole, shares.rename(columns={"departement": "territoire"})], ignore_index=True)


def _memberships(contracts: pd.DataFrame) -> pd.DataFrame:
    """A row per contract, territory and modality it belongs to, with `centiheures` in the territory.

    Modalities overlap: a person may be in several audiences. `connu:RSA` holds the contracts whose
    RSA status is known, the base of its share.
    """
    contracts = contracts.assign(edition=contracts["annee"], centiheures=contracts["centiheures"] * contracts["part"])
    kept = ["edition", "territoire", "ben_id", "employeur_siret", "entreprise_siret", "contrat", "centiheures"]
    publics = reference.table("nomenclatures/publics")
    masks: dict[str, pd.Series] = {WHOLE: pd.Series(True, index=contracts.index)}
    for code, column in zip(publics["code"], publics["colonne"], strict=True):
        masks[code] = contracts[column].eq(True).fillna(False)
        masks[f"connu:{code}"] = contracts[column].notna()
    for sex in reference.labels("sexes"):
        masks[sex] = contracts["sexe"].eq(sex).fillna(False)
    masks |= {
        "IAE": contracts["est_iae"],
        "ALTERNANCE": contracts["est_alternance"],
        "ANRU": contracts["is_anru"].eq(True).fillna(False),
    }
    parts = [contracts.loc[mask.astype("bool"), kept].assign(modalite=name) for name, mask in masks.items()]
    return pd.concat(parts, ignore_index=True)


def _cells(rows: pd.DataFrame) -> pd.DataFrame:
    """Hours, distinct counts and dominance of each (edition, territoire, modalite)."""
    cells = rows.groupby(CELL).agg(
        centiheures=("centiheures", "sum"),
        personnes=("ben_id", "nunique"),
        employeurs=("employeur_siret", "nunique"),
        entreprises=("entreprise_siret", "nunique"),
        contrats=("contrat", "nunique"),
    )
    for name, column in (("personne", "ben_id"), ("employeur", "employeur_siret"), ("entreprise", "entreprise_siret")):
        largest = rows.groupby([*CELL, column])["centiheures"].sum().groupby(CELL).max()
        cells[f"part_max_{name}"] = largest / cells["centiheures"]
    cells["heures"] = cells["centiheures"].round() / 100
    return cells.reset_index()


def _from_hours(cells: pd.DataFrame, edition: Edition) -> list[pd.DataFrame]:
    """Hours, ETP at each divisor, persons, employment contracts, hours per person, shares of audiences."""
    shown = cells[~cells["modalite"].str.startswith("connu:")]
    base = shown[["territoire", "modalite"]].assign(**{new: shown[old] for old, new in MEASURES.items()})

    def table(name: str, values: pd.Series, unit: str) -> pd.DataFrame:
        return base.assign(indicateur=name, valeur=values.astype("float64"), unite=unit)

    whole = base["modalite"] == WHOLE
    out = [
        table("heures_realisees", shown["heures"], "heure"),
        table("beneficiaires", shown["personnes"], "personne"),
        table("contrats_travail", shown["contrats"], "contrat"),
        table("heures_par_beneficiaire", shown["heures"] / shown["personnes"], "heure par personne"),
        *(table(f"etp_{d}", shown["heures"] / d, "ETP")[whole] for d in edition.diviseurs_etp),
    ]
    known = cells[cells["modalite"].str.startswith("connu:")].copy()
    known["modalite"] = known["modalite"].str.removeprefix("connu:")
    known = known.set_index(["territoire", "modalite"])["heures"]
    total = cells[cells["modalite"] == WHOLE].set_index("territoire")["heures"]
    rows = shown.set_index(["territoire", "modalite"], drop=False)
    over_all = rows["territoire"].map(total)
    denominator = known.reindex(rows.index).fillna(over_all)
    share = (rows["heures"] / denominator).set_axis(shown.index)
    unknown = (1 - denominator / over_all).set_axis(shown.index)
    not_whole = shown["modalite"] != WHOLE
    out.append(table("part_heures", share, "part")[not_whole])
    out.append(table("part_heures_totales", (rows["heures"] / over_all).set_axis(shown.index), "part")[not_whole])
    out.append(table("part_heures_statut_inconnu", unknown, "part")[not_whole])
    people = cells[cells["modalite"] == WHOLE].set_index("territoire")["personnes"]
    of_people = (rows["personnes"] / rows["territoire"].map(people)).set_axis(shown.index)
    out.append(table("part_beneficiaires", of_people, "part")[not_whole])
    return out


def _count(rows: pd.DataFrame, column: str, name: str, unit: str) -> pd.DataFrame:
    """Distinct values of a public column by territory: buyers, operations, companies with a commitment."""
    counts = rows.groupby("territoire")[column].nunique().reset_index(name="valeur")
    return counts.assign(indicateur=name, modalite=WHOLE, valeur=counts["valeur"].astype("float64"), unite=unit)
