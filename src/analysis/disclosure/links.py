"""What published numbers say of one another: which cells add up to which, and between which bounds each one is.

Which number is which cell is for `statements` to say. Which cells add up, and what a reader knows of their bounds, are
rows of `data/raw/reference/secret/`: `sommes.csv`, whose names in braces are pieces of the names of cells (see
`_patterns`), and `bornes.csv`, whose names in braces are columns of the tables.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pandas as pd

from analysis.core import reference
from analysis.core.dataset import Dataset
from analysis.disclosure.statements import Tables, bases, filled, kept, pieces, statements, variables

ROUNDING = 0.01  # each number of a sum was rounded by itself: how far that may take the sum, per number


@dataclass(frozen=True)
class Links:
    """Numbers as equations over cells.

    statements: the numbers that are or might be printed (see `statements`).
    cells: by name, valeur (missing where no number gives it), entier (whether it counts), bas and haut (between which
    it is whatever is hidden).
    terms: of each sum, cellule and signe (-1: the total, 1: a part); sums: by number, ecart (the total less its
    parts, beyond what rounding explains), sens (what a reader knows of it: its sign, 0 for a total that is its parts)
    and tolerance (what rounding does explain).
    """

    statements: pd.DataFrame
    cells: pd.DataFrame
    terms: pd.DataFrame
    sums: pd.DataFrame


def links(tables: Tables, dataset: Dataset) -> Links:
    """The numbers of `tables` and all that ties them together."""
    said = statements(tables, dataset)
    cells = _cells(said).join(_bounds(tables, dataset)).fillna({"bas": 0.0, "haut": np.inf})
    # Data may contradict what is said of them: no reader can know that, then.
    cells = cells.assign(bas=np.fmin(cells["bas"], cells["valeur"]), haut=np.fmax(cells["haut"], cells["valeur"]))
    terms = terms_of(cells.index[cells["valeur"].notna()], dataset)
    sums = sums_of(terms, cells["valeur"])
    return Links(said, added_up(cells, terms, sums), terms.drop(columns="sens"), sums)


def extended(known: Links, values: pd.Series, terms: pd.DataFrame) -> Links:
    """`known` with the cells of `values` (missing where no number gives it) and the sums of `terms` (as `terms_of`,
    numbered among themselves), which tie them to its own."""
    names = values.index
    cells = pd.DataFrame({"valeur": values, "entier": whole(names), "bas": 0.0, "haut": np.inf}, index=names)
    cells = pd.concat([known.cells, cells])
    terms = terms.assign(somme=terms["somme"] + (known.sums.index.max() + 1 if len(known.sums) else 0))
    sums = pd.concat([known.sums, sums_of(terms, cells["valeur"])])
    terms = pd.concat([known.terms, terms.drop(columns="sens")], ignore_index=True)
    return Links(known.statements, added_up(cells, terms, sums), terms, sums)


def given(said: pd.DataFrame) -> pd.Series:
    """The value of each cell that the numbers of `said` give: as printed, or from a ratio whose other part is known.

    What is printed rounded gives none (see `public`).
    """
    plain = said[(said["base"] == "") & said["demi"].eq(0)].dropna(subset="valeur")
    values = plain.drop_duplicates("cellule").set_index("cellule")["valeur"]
    ratios = said[(said["base"] != "") & said["demi"].eq(0)].dropna(subset="valeur")
    numbers = pd.to_numeric(ratios["base"], errors="coerce").astype("float64")
    for _ in range(2):  # a numerator may give a denominator, which gives another numerator
        base = numbers.fillna(looked_up(ratios["base"], values))
        top = looked_up(ratios["cellule"], values)
        found = pd.concat(
            [
                (ratios["valeur"] * base).set_axis(ratios["cellule"]),
                (top / ratios["valeur"].where(ratios["valeur"] > 0))[numbers.isna()].set_axis(
                    ratios.loc[numbers.isna(), "base"]
                ),
            ]
        ).dropna()
        found = found[~found.index.isin(values.index) & ~found.index.duplicated()]
        values = pd.concat([values, found.round(4)])
    return values


def public(known: Links, *told: pd.DataFrame) -> Links:
    """What a reader has who was told the numbers of `told` (statements of this release, of earlier ones): their values,
    and between which the rounded ones lie."""
    said = pd.concat(told, ignore_index=True)
    rough = said[(said["base"] == "") & said["demi"].gt(0)].dropna(subset="valeur")
    ends = rough.assign(bas=rough["valeur"] - rough["demi"], haut=rough["valeur"] + rough["demi"]).groupby("cellule")
    cells = known.cells.assign(valeur=given(said).reindex(known.cells.index))
    return replace(known, statements=said, cells=tighter(cells, ends["bas"].max(), ends["haut"].min()))


def following(links: Links, told: set[str]) -> set[str]:
    """`told`, and the cells that a sum gives from them, nothing else being unknown in it."""
    exact = links.terms[links.terms["somme"].map(links.sums["sens"]).eq(0)]
    known = set(told)
    while True:
        left = exact[~exact["cellule"].isin(known)]
        alone = left.loc[~left["somme"].duplicated(keep=False), "cellule"]
        if alone.empty:
            return known
        known |= set(alone)


def own(cells: pd.DataFrame, names: Iterable[str]) -> list[str]:
    """Those of `names` that a person may know to be his own: of what is more than one's, nobody knows the whole."""
    return sorted(cells.loc[list(names)].query("haut <= 1").index)


def quantities(cells: pd.Index) -> pd.Index:
    """What each of `cells` is a quantity of: its name in `mesures.csv`."""
    return cells.str.split("[/:]", regex=True).str[0]


def whole(cells: pd.Index) -> np.ndarray:
    """Which of `cells` count something."""
    kinds = reference.table("secret/mesures").set_index("mesure")["entier"].eq("oui")
    return kinds.reindex(quantities(cells)).to_numpy(dtype="bool")


def looked_up(names: pd.Series, values: pd.Series) -> pd.Series:
    """The value of each name, as numbers even where there is no name."""
    return pd.Series(values.reindex(names).to_numpy(dtype="float64"), index=names.index)


def _cells(said: pd.DataFrame) -> pd.DataFrame:
    """Every cell that a number is, or is a part of, with its value, precision and kind."""
    names = pd.Index(pd.concat([said["cellule"], bases(said)]).unique(), dtype="str", name="cellule").sort_values()
    cells = pd.DataFrame({"valeur": given(said).reindex(names).astype("float64")}, index=names)
    return cells.assign(entier=whole(names))


def _bounds(tables: Tables, dataset: Dataset) -> pd.DataFrame:
    """bas and haut of the cells of which a row that exists says something, even where its value is hidden."""
    parts = [pd.DataFrame({"cellule": [], "bas": [], "haut": []}).astype({"cellule": "str", "bas": "float64"})]
    for rule in reference.table("secret/bornes").astype("object").fillna("").itertuples():
        frame = tables.get(rule.table)
        if frame is None or frame.empty:
            continue
        rows = kept(variables(frame.reset_index(drop=True), dataset), rule.filtre)
        low = rows.eval(str(rule.bas)) if rule.bas != "" else 0.0
        high = rows.eval(str(rule.haut)) if rule.haut != "" else np.inf
        parts.append(pd.DataFrame({"cellule": filled(rule.cellule, rows), "bas": low, "haut": high}, index=rows.index))
    said = pd.concat(parts, ignore_index=True).astype({"bas": "float64", "haut": "float64"})
    return said.groupby("cellule").agg({"bas": "max", "haut": "min"})


def added_up(cells: pd.DataFrame, terms: pd.DataFrame, sums: pd.DataFrame) -> pd.DataFrame:
    """`cells` of which a total is bounded by its parts: two rows of one person at least make two."""
    heads = terms[terms["signe"] == -1].set_index("somme")["cellule"]
    parts = terms[terms["signe"] == 1]
    # A total without other part is that part.
    only = parts[~parts["somme"].duplicated(keep=False) & parts["somme"].map(sums["sens"]).eq(0)]
    out, before = cells, None
    while not out.equals(before):  # from places to departments to the region, and across audiences
        before = out
        added = parts.assign(**{side: looked_up(parts["cellule"], out[side]) for side in ("bas", "haut")})
        added = added.groupby("somme")[["bas", "haut"]].sum().assign(cellule=heads)
        least = (added["bas"] - sums["tolerance"]).where(sums["sens"] >= 0).groupby(added["cellule"]).max()
        most = (added["haut"] + sums["tolerance"]).where(sums["sens"] <= 0).groupby(added["cellule"]).min()
        out = tighter(out, least, most)
        whole = out.loc[heads[only["somme"]], ["bas", "haut"]].set_axis(only["cellule"]).groupby(level=0)
        out = tighter(out, whole["bas"].max(), whole["haut"].min())
    return out


def tighter(cells: pd.DataFrame, least: pd.Series, most: pd.Series) -> pd.DataFrame:
    """`cells` with the narrower of their bounds and of these."""
    low, high = least.reindex(cells.index), most.reindex(cells.index)
    return cells.assign(bas=np.fmax(cells["bas"], low), haut=np.fmin(cells["haut"], high))


def terms_of(cells: pd.Index, dataset: Dataset) -> pd.DataFrame:
    """The sums that hold between `cells`: somme (a number), cellule, signe, sens (1 or -1 where the total is at least
    or at most its parts, whatever the numbers)."""
    patterns = _patterns(dataset.region, tuple(sorted({edition.territoire for edition in dataset.editions})))
    home = reference.department_of_epci()
    names = pd.Series(cells)
    parts, count = [], 0
    for rule in reference.table("secret/sommes").fillna("").itertuples():
        totals = _matched(names, rule.total, patterns)
        pieces = pd.concat([_matched(names, part, patterns) for part in rule.parties.split(" + ")])
        if totals.empty or pieces.empty:
            continue
        if "epci" in pieces and "departement" in totals:
            pieces["departement"] = pieces["epci"].map(home)
        shared = [name for name in totals if name in pieces and name != "cellule"]
        how = {"on": shared} if shared else {"how": "cross"}
        both = totals.merge(pieces, **how, suffixes=("_total", ""))
        both = both[both["cellule"] != both["cellule_total"]]
        both = both[_among(both, rule.parmi)]
        apart = [name for name in pieces if name not in {*totals, *rule.somme_sur.split()}]
        if both.empty:
            continue
        number = both.groupby(["cellule_total", *apart], sort=True).ngroup() + count
        count = int(number.max()) + 1
        heads = both.assign(somme=number).drop_duplicates("somme")
        law = {"au moins": 1, "au plus": -1}.get(rule.sens, 0)
        heads = heads[["somme", "cellule_total"]].rename(columns={"cellule_total": "cellule"})
        parts.append(heads.assign(signe=-1, sens=law))
        parts.append(pd.DataFrame({"somme": number, "cellule": both["cellule"], "signe": 1, "sens": law}))
    if not parts:
        kinds = {"somme": "int64", "cellule": "str", "signe": "int64", "sens": "int64"}
        return pd.DataFrame(columns=list(kinds)).astype(kinds)
    return pd.concat(parts).sort_values(["somme", "signe", "cellule"], ignore_index=True)


@cache
def _patterns(region: str, places: tuple[str, ...]) -> dict[str, str]:
    """What each name of `sommes.csv` may stand for; the others for a piece of a cell's name."""
    departments = reference.departments(region)["code_departement"]
    return {
        "region": "|".join(places),
        "departement": "|".join(departments),
        "epci": r"\d{9}",
        "public": "[A-Z_]+",
        "sexe": "|".join(code for code in reference.labels("sexes")),
        "quoi": ".+",
        "modalite": "[^/;=]+",
    }


def _matched(names: pd.Series, template: str, patterns: Mapping[str, str]) -> pd.DataFrame:
    """The cells of a template: cellule, and a column for each of its names."""
    expression = ""
    for n, piece in enumerate(pieces(template)):
        expression += f"(?P<{piece}>{patterns.get(piece, '[^/;=:]+')})" if n % 2 else re.escape(piece)
    return names.str.extract(f"^(?P<cellule>{expression})$").dropna()


def _among(rows: pd.DataFrame, condition: str) -> pd.Series:
    """Which parts count: those profiles that hold the total's audience, those codes whose codelist says `oui`."""
    if not condition:
        return pd.Series(True, index=rows.index)
    if condition == "profil":
        pairs = zip(rows["public"], rows["modalite"], strict=True)
        return pd.Series([public in profile.split("+") for public, profile in pairs], index=rows.index)
    codelist, column = condition.split(".")
    return rows["modalite"].isin(reference.codes_with(codelist, column))


def sums_of(terms: pd.DataFrame, values: pd.Series) -> pd.DataFrame:
    """ecart, sens and tolerance of each sum of `terms_of`."""
    known = terms.assign(valeur=-terms["signe"] * looked_up(terms["cellule"], values))
    grouped = known.groupby("somme")["valeur"]
    sums = pd.DataFrame({"ecart": grouped.sum(), "tolerance": ROUNDING * grouped.size()})
    whole = known["valeur"].abs().mod(1).eq(0).groupby(known["somme"]).all()
    rounded = sums["ecart"].abs() <= sums["tolerance"].mask(whole, 0.0)
    # A reader who sees that other sums are exact gives rounding no more than it takes.
    gap = sums["ecart"]
    law = terms.groupby("somme")["sens"].first()
    return pd.DataFrame(
        {
            "ecart": gap.mask(rounded, 0.0),
            "sens": np.sign(gap).mask(rounded, law),
            "tolerance": gap.abs().where(rounded, 0.0),
        }
    )
