"""The one fact that adds up, hours by employment contract and year, with all that qualifies it.

What two structures both entered is counted once: their operations are merged by decision, then
contracts of the same person, employer and dates within the merged operation are one contract,
whose hours of a month are those of the structure that is kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from analysis.consolidation.shares import operation_shares
from analysis.core import reference
from analysis.core.numbers import hundredths
from analysis.core.sirene import siren_of

CONTRACT = ["annee", "operation", "ben_id", "employeur_siret", "date_debut", "contrat_type"]


@dataclass(frozen=True)
class Facts:
    """Consolidated tables of all editions.

    operations: annee x operation; engagements: annee x operation x lot x company;
    contracts: annee x contract with its hours; places: annee x operation x EPCI with its part;
    removed: hours that were entered twice, by contract sent and whose they are: annee, structure_id, ctr_id, contrat
    (the one kept), operation, ben_id, employeur_siret, entreprise_siret, centiheures; entered: annee, contrat,
    structure_id of the contracts that several structures may have entered, all of these; shares: annee x operation x
    structure, of the operations that several structures share; totals: what was sent as totals instead of rows;
    outcomes: the clean table `sorties`, each answer under the contract kept, that of the structure kept last.
    """

    operations: pd.DataFrame
    engagements: pd.DataFrame
    contracts: pd.DataFrame
    places: pd.DataFrame
    removed: pd.DataFrame
    entered: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["annee", "contrat", "structure_id"]))
    shares: pd.DataFrame = field(default_factory=pd.DataFrame)
    totals: pd.DataFrame = field(default_factory=pd.DataFrame)
    outcomes: pd.DataFrame = field(default_factory=pd.DataFrame)


def numbered(clean: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """`clean` with whole numbers as identifiers of persons, contracts and commitments, alike in all tables.

    No result shows them, and numbers are sorted and joined much faster than texts. They are in the order of the
    texts, so that what comes first stays first.
    """
    out = dict(clean)
    for column in ("ben_id", "ctr_id", "eng_id"):
        held = {name: rows[column] for name, rows in out.items() if column in rows}
        numbers = pd.factorize(pd.concat(held.values(), ignore_index=True), sort=True)[0]
        ends = np.cumsum([len(values) for values in held.values()])
        for name, part in zip(held, np.split(numbers, ends), strict=False):
            out[name] = out[name].assign(**{column: part})
    return out


@dataclass(frozen=True)
class Once:
    """What the structures entered, each operation, contract and hour once.

    operations, territoires, engagements: the clean tables with `operation`, the one that stands for each row's, and
    `est_garde`, whether it is the row's own. contracts: annee, ctr_id, eng_id, operation, entreprise_siret,
    centiheures, those kept only. removed: the hours entered twice, row by row. standing: by ctr_id, the contract that
    stands for it. alike: annee, ctr_id, contrat (that one), est_garde of contracts that may be entered twice.
    """

    operations: pd.DataFrame
    territoires: pd.DataFrame
    engagements: pd.DataFrame
    contracts: pd.DataFrame
    removed: pd.DataFrame
    standing: pd.Series
    alike: pd.DataFrame


def entered_once(clean: dict[str, pd.DataFrame], kept: dict[str, str]) -> Once:
    """Merge the structures' clean tables; `kept` gives the operation that stands for each duplicate."""
    named = {name: under_operation(clean[name], kept) for name in ("operations", "territoires", "engagements")}
    sent = clean["contrats"].reset_index(drop=True)  # row for row as `contracts`
    contracts = sent[["annee", "ctr_id", "eng_id"]].merge(
        named["engagements"][["annee", "eng_id", "operation", "est_garde", "entreprise_siret"]],
        on=["annee", "eng_id"],
        how="left",
        validate="many_to_one",
    )
    # Only an operation that stands for several has contracts entered twice; the others are spared the search.
    shared = contracts["operation"].isin(set(kept.values()))
    alike = _same_contract(sent[shared].assign(**contracts.loc[shared, ["operation", "est_garde"]]))
    contracts["contrat"] = contracts["ctr_id"].mask(shared, alike)
    hours = clean["heures"].assign(centiheures=hundredths(clean["heures"]["heures"]).astype("int64"))
    of_shared = hours["ctr_id"].isin(contracts.loc[shared, "ctr_id"])
    once, twice = _once(
        hours[of_shared].merge(
            contracts[["annee", "ctr_id", "contrat", "est_garde"]], on=["annee", "ctr_id"], validate="many_to_one"
        )
    )
    hours = pd.concat([hours[~of_shared].rename(columns={"ctr_id": "contrat"}), once], join="inner")
    totals = hours.groupby(["annee", "contrat"], as_index=False, sort=False)["centiheures"].sum()
    totals = totals[totals["centiheures"] > 0]  # who did no hour is no beneficiary
    own = contracts[contracts["ctr_id"] == contracts["contrat"]].drop(columns=["contrat", "est_garde"])
    return Once(
        **named,
        contracts=own.merge(
            totals.rename(columns={"contrat": "ctr_id"}), on=["annee", "ctr_id"], validate="one_to_one"
        ),
        removed=twice,
        standing=contracts.drop_duplicates("ctr_id", keep="last").set_index("ctr_id")["contrat"],
        alike=contracts.loc[shared, ["annee", "ctr_id", "contrat", "est_garde"]],
    )


def consolidate(clean: dict[str, pd.DataFrame], kept: dict[str, str]) -> Facts:
    """The facts of the structures' clean tables; `kept` gives the operation that stands for each duplicate."""
    once = entered_once(clean, kept)
    entered = once.operations.assign(texte=text_in_force(once.operations["date_debut"]))
    operations = first(entered, ["annee", "operation"])
    described = (
        once.contracts.sort_values(["annee", "ctr_id"])
        .drop(columns="eng_id")
        .merge(_told(clean["contrats"], once.alike).drop(columns="eng_id"), on=["annee", "ctr_id"])
        .rename(columns={"ctr_id": "contrat"})
        .merge(clean["beneficiaires"][["annee", "ben_id", "sexe"]], on=["annee", "ben_id"], validate="many_to_one")
        .merge(operations[_OPERATION], on=["annee", "operation"])
    )
    return Facts(
        operations=operations,
        engagements=first(once.engagements, ["annee", "operation", "lot", "entreprise_siret"]),
        contracts=_qualified(described),
        places=_places(once.territoires),
        removed=entered_twice(once, clean["contrats"]),
        entered=once.alike.merge(clean["contrats"][["annee", "ctr_id", "structure_id"]], on=["annee", "ctr_id"])[
            ["annee", "contrat", "structure_id"]
        ].drop_duplicates(ignore_index=True),
        shares=operation_shares(once.operations, clean["accompagnements"]),
        totals=clean["agregats"],
        outcomes=_outcomes(clean["sorties"], once.standing),
    )


_OPERATION = [
    "annee",
    "operation",
    "mecanisme",
    "texte",
    "segment",
    "is_anru",
    "maitre_ouvrage_siret",
    "maitre_ouvrage_categorie",
]


def text_in_force(days: pd.Series) -> pd.Series:
    """The code of the legal text in force on each day (`nomenclatures/textes`); missing before the first one."""
    texts = reference.table("nomenclatures/textes")
    starts = pd.to_datetime(texts["debut"]).to_numpy()
    rank = np.searchsorted(starts, days.to_numpy(dtype="datetime64[ns]"), side="right") - 1
    codes = pd.Series(texts["code"].to_numpy()[rank], index=days.index, dtype="str")
    return codes.mask(days.isna() | (rank < 0))


def _told(contracts: pd.DataFrame, alike: pd.DataFrame) -> pd.DataFrame:
    """`contracts` whose unknown statuses are those that another structure tells of the same contract."""
    statuses = [*reference.table("nomenclatures/publics")["colonne"], "qpv_millesime"]
    statuses = [name for name in statuses if name in contracts]
    twice = alike[alike.duplicated(["annee", "contrat"], keep=False)]
    rows = twice.sort_values(["est_garde", "ctr_id"], ascending=[False, True]).merge(contracts, on=["annee", "ctr_id"])
    known = rows.groupby(["annee", "contrat"])[statuses].first().rename_axis(["annee", "ctr_id"])
    other = known.reindex(pd.MultiIndex.from_frame(contracts[["annee", "ctr_id"]])).set_axis(contracts.index)
    return contracts.assign(**{name: contracts[name].fillna(other[name]) for name in statuses})


def _outcomes(rows: pd.DataFrame, standing: pd.Series) -> pd.DataFrame:
    """The answers under the contract that stands for theirs, its own ones last."""
    kept = rows["ctr_id"].map(standing)
    own = kept.eq(rows["ctr_id"])
    rows = rows.assign(ctr_id=kept)
    return pd.concat([rows[~own], rows[own]], ignore_index=True)


def kept_key(keys: pd.Series, kept: dict[str, str]) -> pd.Series:
    """The key that each of `keys` stands under: the one that `kept` says, else itself."""
    # Not Series.replace, whose time grows with the number of decisions too.
    return keys.map(kept).astype("str").fillna(keys)


def under_operation(rows: pd.DataFrame, kept: dict[str, str]) -> pd.DataFrame:
    """`rows` with `operation`, the one that stands for their own (see `kept_key`), and `est_garde`: it is their own."""
    operation = kept_key(rows["op_id"], kept)
    return rows.assign(operation=operation, est_garde=rows["op_id"] == operation)


def first(rows: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    """One row per key, that of the structure kept where there are several, with what only the others say."""
    ordered = rows.sort_values([*key, "est_garde", "op_id"], ascending=[*[True] * len(key), False, True])
    return ordered.groupby(key, as_index=False, sort=False, dropna=False).first()[list(rows)]


def _same_contract(contracts: pd.DataFrame) -> pd.Series:
    """The identifier of the contract kept for each row.

    Contracts alike within one structure stay apart: the nth of a structure matches the nth of another.
    """
    contracts = contracts.sort_values(
        ["annee", "operation", "est_garde", "ctr_id"], ascending=[True, True, False, True]
    )
    nth = contracts.groupby([*CONTRACT, "structure_id"], dropna=False).cumcount()
    return contracts.groupby([*(contracts[c] for c in CONTRACT), nth], dropna=False)["ctr_id"].transform("first")


def _once(hours: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Hours of each contract and month as one structure entered them, and those of the others.

    The choice is made by month, whatever the kind of hours: one structure may split off training that
    another counts as work.
    """
    month = ["annee", "contrat", "mois"]
    hours = hours.sort_values([*month, "est_garde", "ctr_id"], ascending=[True] * 3 + [False, True])
    own = hours["ctr_id"] == hours.groupby(month)["ctr_id"].transform("first")
    return hours[own], hours[~own]


def entered_twice(once: Once, contracts: pd.DataFrame) -> pd.DataFrame:
    """The hours entered twice by contract sent, with whose they are (see `Facts`)."""
    sent = contracts.loc[contracts["ctr_id"].isin(once.removed["ctr_id"])]
    whose = sent[["annee", "ctr_id", "eng_id", "ben_id", "employeur_siret"]].merge(
        once.engagements[["annee", "eng_id", "operation", "entreprise_siret"]], on=["annee", "eng_id"]
    )
    key = ["annee", "structure_id", "ctr_id", "contrat"]
    rows = once.removed.groupby(key, as_index=False)["centiheures"].sum()
    return rows.merge(whose.drop(columns="eng_id"), on=["annee", "ctr_id"])


def with_units(rows: pd.DataFrame) -> pd.DataFrame:
    """`rows` with whole numbers for personne, employeur, entreprise (-1: unknown), which count faster than texts.

    Establishments of one legal unit are one employer or company: each of them tells of the others.
    """
    ids = {"personne": rows["ben_id"], "employeur": siren_of(rows["employeur_siret"])}
    ids["entreprise"] = siren_of(rows["entreprise_siret"])
    return rows.assign(**{name: pd.factorize(values)[0] for name, values in ids.items()})


def _qualified(contracts: pd.DataFrame) -> pd.DataFrame:
    """Adds what kind of employer and of contract it is, est_iae, est_alternance (False when unknown), and the whole
    numbers of `with_units`.
    """
    return with_units(contracts).assign(
        est_iae=contracts["employeur_kind"].isin(reference.codes_with("employeurs", "est_iae")),
        est_alternance=contracts["contrat_type"].isin(reference.codes_with("contrats", "est_alternance")),
    )


def _places(rows: pd.DataFrame) -> pd.DataFrame:
    """Parts of each operation by EPCI and the EPCI's department; those of the structure kept."""
    best = rows.groupby(["annee", "operation"])["est_garde"].transform("max")
    own = rows[rows["est_garde"] == best]
    only = own["op_id"] == own.groupby(["annee", "operation"])["op_id"].transform("min")
    department = reference.department_of_epci()
    out = own[only][["annee", "operation", "epci_siren", "part", "part_methode"]]
    return out.assign(departement=out["epci_siren"].map(department)).reset_index(drop=True)
