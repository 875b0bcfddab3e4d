"""Hours by ways in: each axis cuts the same hours into categories that exclude one another, and adds up.

Axes (employer, contract, buyer, segment, legal mechanism) are rows of `publication/axes.csv`. Audiences are no
axis: they overlap (see `profiles`, which cuts them into disjoint combinations).
"""

from __future__ import annotations

from itertools import compress, product

import numpy as np
import pandas as pd

from analysis.consolidation.cells import MEASURES, NEEDED, cells, measured, weakest, with_zeros
from analysis.consolidation.decomposition import women_effects
from analysis.core import reference
from analysis.core.dataset import Dataset, Edition

UNKNOWN = "INCONNU"
NONE = "AUCUN"  # of the audiences crossed
WOMEN, MEN = "F", "M"
PARITY = 0.5


def axes() -> pd.DataFrame:
    """The axes in their order: axe (index), libelle, colonne of the contracts, nomenclature."""
    return reference.table("publication/axes").set_index("axe")


def breakdown(contracts: pd.DataFrame, edition: Edition) -> pd.DataFrame:
    """edition, territoire, axe, modalite, champ, heures, part_heures, beneficiaires, contrats, and measures.

    `contracts` are those of all legal mechanisms by territory (see `indicators.local_contracts`); the mechanism
    axis shows them all, the others the edition's scope only. `champ` says whether a category is in the scope.
    A category that the whole territory has is a row of each department, of nobody if need be; one that the territory
    does not have either (a text that is not in force yet) is none.
    """
    inside = contracts["mecanisme"].isin(edition.mecanismes)
    parts = []
    for axis, row in axes().iterrows():
        rows = contracts[["territoire", *NEEDED]].assign(modalite=contracts[row["colonne"]].fillna(UNKNOWN))
        if axis != "mecanisme":
            rows = rows[inside]
        found = cells(rows, ["territoire", "modalite"]).assign(axe=axis, champ=True)
        if axis == "mecanisme":
            found["champ"] = found["modalite"].isin(edition.mecanismes)
        parts.append(with_zeros(found, _sensitive(found, edition)))
    table = pd.concat(parts, ignore_index=True)
    table["part_heures"] = table["heures"] / table.groupby(["territoire", "axe"])["heures"].transform("sum")
    table = measured(table).rename(columns={"personnes": "beneficiaires"})
    return table.assign(edition=edition.annee, _sensible=table["territoire"].ne(edition.territoire))


def _sensitive(found: pd.DataFrame, edition: Edition) -> pd.DataFrame:
    """territoire, axe, modalite, champ: the categories of the whole territory in each of its departments."""
    whole = found["territoire"].eq(edition.territoire)
    places = found.loc[~whole, ["territoire"]].drop_duplicates()
    return places.merge(found.loc[whole, ["axe", "modalite", "champ"]], how="cross")


def women(contracts: pd.DataFrame, edition: Edition) -> pd.DataFrame:
    """Women's share of hours and of persons by category of each axis, in the edition's territory.

    edition, axe, modalite, heures, heures_femmes, part_heures_femmes, part_femmes, part_heures (of the axis),
    ecart_parite (what the category adds to what women's share lacks to a half: its share of hours times what its own
    lacks, so that categories add up to the whole gap), and the measures of the weakest of the two sexes and of those
    of unknown sex. These are left out of the base: they are the hours of the category (`breakdown`) less it.
    """
    columns = axes().drop(index=["mecanisme", "texte"])["colonne"]
    inside = contracts["mecanisme"].isin(edition.mecanismes) & contracts["territoire"].eq(edition.territoire)
    rows = contracts.loc[inside, ["sexe", *NEEDED, *columns]]
    rows = rows.assign(sexe=rows["sexe"].where(rows["sexe"].isin([WOMEN, MEN]), UNKNOWN))
    parts = []
    for axis, column in columns.items():
        named = rows[["sexe", *NEEDED]].assign(modalite=rows[column].fillna(UNKNOWN))
        sexes = cells(named, ["modalite", "sexe"]).set_index(["modalite", "sexe"])
        names = sexes.query("sexe != @UNKNOWN").index.get_level_values(0).unique()
        if names.empty:
            continue
        sides = (pd.MultiIndex.from_product([names, [sex]]) for sex in (WOMEN, MEN, UNKNOWN))
        her, him, unsaid = (sexes.reindex(side, fill_value=0).droplevel(1) for side in sides)
        hours = her["heures"] + him["heures"]
        table = pd.DataFrame(
            {
                "heures": hours,
                "heures_femmes": her["heures"],
                "part_heures_femmes": her["heures"] / hours,
                "part_femmes": her["personnes"] / (her["personnes"] + him["personnes"]),
                "part_heures": hours / hours.sum(),
                "ecart_parite": (PARITY * hours - her["heures"]) / hours.sum(),
            }
        ).join(weakest(her, him, unsaid))
        parts.append(
            table.rename_axis("modalite").reset_index().assign(axe=axis, edition=edition.annee, _sensible=False)
        )
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def women_gap(table: pd.DataFrame, dataset: Dataset) -> pd.DataFrame:
    """Change of women's share of hours since the first edition of the region, by axis, split by `women_effects`.

    edition, edition_depart, axe, heures_depart, heures (of both sexes), part_depart, part, ecart, effet_structure,
    effet_embauche, and measures of the whole. `table` is that of `women`.
    """
    of_region = [edition.annee for edition in dataset.editions if edition.territoire == dataset.region]
    table = table[table["edition"].isin(of_region)]
    first = table["edition"].min()
    rows = []
    for (axis, year), now in table[table["edition"] > first].groupby(["axe", "edition"]):
        was = table[(table["axe"] == axis) & (table["edition"] == first)]
        if was.empty:
            continue
        old, new = (part["heures_femmes"].sum() / part["heures"].sum() for part in (was, now))
        rows.append(
            {
                "edition": year,
                "edition_depart": first,
                "axe": axis,
                "heures_depart": was["heures"].sum(),
                "heures": now["heures"].sum(),
                "part_depart": old,
                "part": new,
                "ecart": new - old,
                "_sensible": False,
                **_together(was, now),
            }
        )
    return women_effects(pd.DataFrame(rows), table) if rows else pd.DataFrame()


def _together(*parts: pd.DataFrame) -> dict[str, float]:
    """Measures of the sums of categories: counts add up to at least their largest, shares to at most theirs."""
    rows = pd.concat(parts)
    return {name: float(rows[name].min() if "part_max" in name else rows[name].max()) for name in MEASURES.values()}


def profiles(contracts: pd.DataFrame, edition: Edition, audiences: list[str]) -> pd.DataFrame:
    """Disjoint combinations of audiences: edition, profil (`DELD+RSA`, AUCUN or INCONNU), heures, part, persons.

    `audiences` are codes of `nomenclatures/publics`. A contract of which one status is unknown is INCONNU. A
    combination of audiences that somebody may be in is a row, of nobody if need be.
    """
    inside = contracts["mecanisme"].isin(edition.mecanismes) & contracts["territoire"].eq(edition.territoire)
    rows = contracts.loc[inside, NEEDED].assign(profil=_profile(contracts[inside], audiences))
    if rows.empty:
        return pd.DataFrame()
    table = with_zeros(cells(rows, ["profil"]), pd.DataFrame({"profil": _possible(audiences)}))
    table["part_heures"] = table["heures"] / table["heures"].sum()
    table = measured(table).rename(columns={"personnes": "beneficiaires"})
    return table.assign(edition=edition.annee, _sensible=~table["profil"].isin([NONE, UNKNOWN]))


def _possible(audiences: list[str]) -> list[str]:
    """The combinations of audiences that a person may be in: nobody is of two ages."""
    ages = reference.table("nomenclatures/publics").set_index("code").loc[sorted(audiences)]
    low, high = ages["age_min"].fillna(-np.inf), ages["age_max_exclu"].fillna(np.inf)
    found = []
    for bits in product((0, 1), repeat=len(ages)):
        held = [code for code, bit in zip(ages.index, bits, strict=True) if bit]
        if held and low[held].max() < high[held].min():
            found.append("+".join(held))
    return found


def _profile(rows: pd.DataFrame, audiences: list[str]) -> pd.Series:
    """The audiences that each contract combines (`DELD+RSA`), NONE, or UNKNOWN when one status is."""
    columns = reference.table("nomenclatures/publics").set_index("code")["colonne"][sorted(audiences)]
    flags = pd.DataFrame({code: rows[column].astype("boolean") for code, column in columns.items()})
    # A number for each combination, named once: texts put together contract by contract take twenty times as long.
    number = flags.fillna(False).astype("int64") @ (2 ** np.arange(flags.shape[1]))
    names = ["+".join(compress(flags, bits[::-1])) or NONE for bits in product((0, 1), repeat=flags.shape[1])]
    return pd.Series(np.array(names)[number], rows.index, dtype="str").mask(flags.isna().any(axis=1), UNKNOWN)


def diversity(contracts: pd.DataFrame, edition: Edition, audiences: list[str]) -> pd.DataFrame:
    """Effective numbers (inverse of the Herfindahl-Hirschman index of hours): how many equal ones would be as spread.

    edition, territoire, objet (segments, donneurs_ordre, employeurs, publics), nombre, nombre_effectif, and measures.
    Audiences overlap, so that what is counted are their disjoint profiles, those that are known.
    """
    objects = {
        "segments": "segment",
        "donneurs_ordre": "maitre_ouvrage_siret",
        "employeurs": "employeur_siret",
        "publics": "profil",
    }
    rows = contracts.assign(profil=_profile(contracts, audiences).replace(UNKNOWN, pd.NA))
    rows = rows.loc[rows["mecanisme"].isin(edition.mecanismes), ["territoire", *NEEDED, *objects.values()]]
    base = cells(rows, ["territoire"]).set_index("territoire")
    parts = []
    for name, column in objects.items():
        hours = rows.groupby(["territoire", column])["centiheures"].sum()
        total = hours.groupby("territoire").sum()
        square = (hours**2).groupby("territoire").sum()
        table = pd.DataFrame({"nombre": hours.groupby("territoire").size(), "nombre_effectif": total**2 / square})
        parts.append(table.join(base).reset_index().assign(objet=name))
    return measured(pd.concat(parts, ignore_index=True)).assign(edition=edition.annee, _sensible=False)
