"""Hours by ways in: each axis cuts the same hours into categories that exclude one another, and adds up.

Axes (employer, contract, buyer, segment, legal mechanism) are rows of `publication/axes.csv`. Audiences are no
axis: they overlap (see `profiles`, which cuts them into disjoint combinations).
"""

from __future__ import annotations

import pandas as pd

from analysis.consolidation.cells import MEASURES, NEEDED, cells, measured, weakest
from analysis.core import reference
from analysis.core.dataset import Dataset, Edition

UNKNOWN = "INCONNU"
NONE = "AUCUN"  # of the audiences crossed
WOMEN, MEN = "F", "M"


def axes() -> pd.DataFrame:
    """The axes in their order: axe (index), libelle, colonne of the contracts, nomenclature."""
    return reference.table("publication/axes").set_index("axe")


def breakdown(contracts: pd.DataFrame, edition: Edition) -> pd.DataFrame:
    """edition, territoire, axe, modalite, champ, heures, part_heures, beneficiaires, contrats, and measures.

    `contracts` are those of all legal mechanisms by territory (see `indicators.local_contracts`); the mechanism
    axis shows them all, the others the edition's scope only. `champ` says whether a category is in the scope.
    """
    inside = contracts["mecanisme"].isin(edition.mecanismes)
    parts = []
    for axis, row in axes().iterrows():
        rows = contracts if axis == "mecanisme" else contracts[inside]
        rows = rows.assign(modalite=rows[row["colonne"]].fillna(UNKNOWN))
        found = cells(rows, ["territoire", "modalite"]).assign(axe=axis, champ=True)
        if axis == "mecanisme":
            found["champ"] = found["modalite"].isin(edition.mecanismes)
        parts.append(found)
    table = pd.concat(parts, ignore_index=True)
    table["part_heures"] = table["heures"] / table.groupby(["territoire", "axe"])["heures"].transform("sum")
    table = measured(table).rename(columns={"personnes": "beneficiaires"})
    return table.assign(edition=edition.annee, _sensible=table["territoire"].ne(edition.territoire))


def women(contracts: pd.DataFrame, edition: Edition) -> pd.DataFrame:
    """Women's share of hours and of persons by category of each axis, in the edition's territory.

    edition, axe, modalite, heures, part_heures_femmes, part_femmes, and the measures of the weaker of the two
    sexes. Persons whose sex is unknown are left out of the base.
    """
    rows = contracts[contracts["mecanisme"].isin(edition.mecanismes) & contracts["sexe"].isin([WOMEN, MEN])]
    rows = rows[rows["territoire"] == edition.territoire]
    parts = []
    for axis, row in axes().drop(index=["mecanisme", "texte"]).iterrows():
        named = rows.assign(modalite=rows[row["colonne"]].fillna(UNKNOWN))
        sexes = cells(named, ["modalite", "sexe"]).set_index(["modalite", "sexe"])
        if sexes.empty:
            continue
        names = sexes.index.get_level_values(0).unique()
        sides = (pd.MultiIndex.from_product([names, [sex]]) for sex in (WOMEN, MEN))
        her, him = (sexes.reindex(side, fill_value=0).droplevel(1) for side in sides)
        hours = her["heures"] + him["heures"]
        table = pd.DataFrame(
            {
                "heures": hours,
                "heures_femmes": her["heures"],
                "part_heures_femmes": her["heures"] / hours,
                "part_femmes": her["personnes"] / (her["personnes"] + him["personnes"]),
            }
        ).join(weakest(her, him))
        parts.append(
            table.rename_axis("modalite").reset_index().assign(axe=axis, edition=edition.annee, _sensible=False)
        )
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def women_gap(table: pd.DataFrame, dataset: Dataset) -> pd.DataFrame:
    """Change of women's share of hours since the first edition of the region, in two parts that add up.

        structure   sum over categories of (change of its share of hours) x (mean women's share)
        hiring      sum over categories of (change of women's share in it) x (mean share of hours)

    (Kitagawa's decomposition, 1955.) edition, edition_depart, axe, part_depart, part, ecart,
    effet_structure, effet_embauche, and measures of the whole. `table` is that of `women`.
    """
    place = {edition.annee: edition.territoire for edition in dataset.editions}
    first = min(year for year, code in place.items() if code == dataset.region)
    rows = []
    for (axis, year), now in table[table["edition"] > first].groupby(["axe", "edition"]):
        was = table[(table["axe"] == axis) & (table["edition"] == first)]
        if was.empty or place[year] != dataset.region:
            continue
        old, new = was.set_index("modalite"), now.set_index("modalite")
        both = old.index.union(new.index)
        weight = [part["heures"].reindex(both).fillna(0) / part["heures"].sum() for part in (old, new)]
        share = [part["part_heures_femmes"].reindex(both) for part in (old, new)]
        share = [share[0].fillna(share[1]), share[1].fillna(share[0])]  # absent one year: no hiring to compare
        rows.append(
            {
                "edition": year,
                "edition_depart": first,
                "axe": axis,
                "part_depart": (weight[0] * share[0]).sum(),
                "part": (weight[1] * share[1]).sum(),
                "ecart": (weight[1] * share[1]).sum() - (weight[0] * share[0]).sum(),
                "effet_structure": ((weight[1] - weight[0]) * (share[0] + share[1]) / 2).sum(),
                "effet_embauche": ((share[1] - share[0]) * (weight[0] + weight[1]) / 2).sum(),
                "_sensible": False,
                **_together(old, new),
            }
        )
    return pd.DataFrame(rows)


def _together(*parts: pd.DataFrame) -> dict[str, float]:
    """Measures of the sums of categories: counts add up to at least their largest, shares to at most theirs."""
    rows = pd.concat(parts)
    return {name: float(rows[name].min() if "part_max" in name else rows[name].max()) for name in MEASURES.values()}


def profiles(contracts: pd.DataFrame, edition: Edition, audiences: list[str]) -> pd.DataFrame:
    """Disjoint combinations of audiences: edition, profil (`DELD+RSA`, AUCUN or INCONNU), heures, part, persons.

    `audiences` are codes of `nomenclatures/publics`. A contract of which one status is unknown is INCONNU.
    """
    rows = contracts[contracts["mecanisme"].isin(edition.mecanismes) & contracts["territoire"].eq(edition.territoire)]
    table = cells(rows.assign(profil=_profile(rows, audiences)), ["profil"])
    table["part_heures"] = table["heures"] / table["heures"].sum()
    table = measured(table).rename(columns={"personnes": "beneficiaires"})
    return table.assign(edition=edition.annee, _sensible=~table["profil"].isin([NONE, UNKNOWN]))


def _profile(rows: pd.DataFrame, audiences: list[str]) -> pd.Series:
    """The audiences that each contract combines (`DELD+RSA`), NONE, or UNKNOWN when one status is."""
    columns = reference.table("nomenclatures/publics").set_index("code")["colonne"]
    flags = pd.DataFrame({code: rows[columns[code]].astype("boolean") for code in sorted(audiences)})
    text = pd.Series("", index=rows.index, dtype="str")
    for code in flags:
        text = text.mask(flags[code].fillna(False).astype("bool"), text + "+" + code)
    return text.str.removeprefix("+").replace("", NONE).mask(flags.isna().any(axis=1), UNKNOWN)


def diversity(contracts: pd.DataFrame, edition: Edition, audiences: list[str]) -> pd.DataFrame:
    """Effective numbers (inverse of the Herfindahl-Hirschman index of hours): how many equal ones would be as spread.

    edition, territoire, objet (segments, donneurs_ordre, employeurs, publics), nombre, nombre_effectif, and measures.
    Audiences overlap, so that what is counted are their disjoint profiles, those that are known.
    """
    rows = contracts[contracts["mecanisme"].isin(edition.mecanismes)]
    rows = rows.assign(profil=_profile(rows, audiences).replace(UNKNOWN, pd.NA))
    base = cells(rows[["territoire", *NEEDED]], ["territoire"]).set_index("territoire")
    objects = {
        "segments": "segment",
        "donneurs_ordre": "maitre_ouvrage_siret",
        "employeurs": "employeur_siret",
        "publics": "profil",
    }
    parts = []
    for name, column in objects.items():
        hours = rows.dropna(subset=column).groupby(["territoire", column])["centiheures"].sum()
        total = hours.groupby("territoire").sum()
        square = (hours**2).groupby("territoire").sum()
        table = pd.DataFrame({"nombre": hours.groupby("territoire").size(), "nombre_effectif": total**2 / square})
        parts.append(table.join(base).reset_index().assign(objet=name))
    return measured(pd.concat(parts, ignore_index=True)).assign(edition=edition.annee, _sensible=False)
