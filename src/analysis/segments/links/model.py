"""Which public contracts an operation is executed under: each pair has a probability (method: `fellegi_sunter`).

An operation has one contract or many (the lots); a contract belongs to one operation at most. The three classes of
pairs are a contract of the operation, one of the same need (a renewal), and two without any link.
Fields, levels and starting values: `data/raw/reference/liens/`. Neither the social field nor the amount is compared:
the first would make the two lists of `capture` depend on each other, the second would choose the pairs by the hours
per euro that are then measured on them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from rapidfuzz import fuzz

from analysis.consolidation.facts import first, under_operation
from analysis.core import reference
from analysis.core.numbers import MONTH
from analysis.core.params import LinkParams
from analysis.core.results import day_numbers
from analysis.core.sirene import SIREN_DIGITS, SIRET_DIGITS, siren_of
from analysis.core.texts import words
from analysis.fellegi_sunter import (
    BLOCK,
    Levels,
    Numbers,
    Whole,
    assumed,
    learnt,
    levelled,
    levels_of,
    other,
    probability,
    scored,
)
from analysis.segments.contracts import UNDER, says_under_another, under_another

SAME_SITE, SAME_BODY, ANOTHER = 0, 1, 2  # two SIRET, or two places


@dataclass(frozen=True)
class Followed:
    """Operations that facilitators follow, each once.

    operations: operation, structure_id, libelle, acheteur (SIRET), segment, debut, fin; one row each, sorted.
    companies, places: op (position of the operation), value (SIRET; EPCI), all that it ever had, whoever entered it.
    """

    operations: pd.DataFrame
    companies: pd.DataFrame
    places: pd.DataFrame


@dataclass(frozen=True)
class Contracts:
    """Contracts of the open data: `rows` with uid, objet, acheteur (SIRET), segment, jour, dureeMois, epci_siren,
    departement, sous_un_autre (`under_another`), sorted by uid; holders: contract (position), value (SIRET), all that
    it ever had."""

    rows: pd.DataFrame
    holders: pd.DataFrame


@dataclass(frozen=True)
class Compared:
    """Pairs: positions of operations and contracts, and the level of each field."""

    operation: Whole
    contract: Whole
    seen: dict[str, Whole]


def levels() -> Levels:
    """The levels of each field compared."""
    return levels_of("liens/niveaux")


def followed(clean: dict[str, pd.DataFrame], kept: dict[str, str]) -> Followed:
    """The operations of the exports' clean tables; `kept` gives the one that stands for each duplicate.

    Each is described by its latest edition, by the structure that is kept.
    """
    held = {name: under_operation(clean[name], kept) for name in ("operations", "engagements", "territoires")}
    rows = first(held["operations"], ["annee", "operation"]).sort_values(["operation", "annee"])
    rows = rows.rename(columns={"maitre_ouvrage_siret": "acheteur", "date_debut": "debut", "date_fin": "fin"})
    columns = ["structure_id", "libelle", "acheteur", "segment", "debut", "fin"]
    found = rows.groupby("operation")[columns].last()
    position = pd.Series(np.arange(len(found)), index=found.index)

    def ever(table: str, column: str) -> pd.DataFrame:
        values = held[table][["operation", column]].dropna().drop_duplicates()
        pairs = pd.DataFrame({"op": values["operation"].map(position), "value": values[column].astype("str")})
        return pairs.dropna().astype({"op": "int64"}).sort_values(["op", "value"], ignore_index=True)

    return Followed(found.reset_index(), ever("engagements", "entreprise_siret"), ever("territoires", "epci_siren"))


def published(contracts: pd.DataFrame, holders: pd.DataFrame) -> Contracts:
    """The contracts with their `segment`, and marches_titulaires; the day of publication stands in for a missing
    notification."""
    rows = contracts.sort_values("uid", ignore_index=True)
    day = rows["dateNotification"].fillna(rows["datePublicationDonnees"])
    names = ["uid", "objet", "segment", "dureeMois", "epci_siren", "departement"]
    rows = rows[names].assign(acheteur=rows["acheteur_id"], jour=pd.to_datetime(day), **{UNDER: under_another(rows)})
    position = pd.Series(np.arange(len(rows)), index=rows["uid"])
    held = pd.DataFrame({"contract": holders["uid"].map(position), "value": holders["titulaire_id"].astype("str")})
    held = held.dropna().astype({"contract": "int64"}).drop_duplicates()
    return Contracts(rows, held.sort_values(["contract", "value"], ignore_index=True))


def links(operations: Followed, contracts: Contracts, settings: LinkParams) -> pd.DataFrame:
    """operation, structure_id, uid, probabilite (above the threshold): one row per contract linked.

    Operations that claim the same contract exclude each other: with odds o_i = p_i / (1 - p_i) taken alone, the
    contract is of operation i with probability o_i / (1 + sum of the o_j). Two that cannot be told apart get none.
    """
    pairs = compared(operations, contracts, settings)
    columns = ["operation", "structure_id", "uid", "probabilite"]
    if not len(pairs.operation):
        return pd.DataFrame({name: pd.Series(dtype="float64" if name == "probabilite" else "str") for name in columns})
    start = assumed(levels(), settings.prior, blocks=2)
    model = learnt(pairs.seen, start, strength=settings.prior_pairs)
    likely = np.minimum(probability(model, pairs.seen), 1 - 1e-9)
    odds = likely / (1 - likely)
    claimed = np.bincount(pairs.contract, weights=odds, minlength=len(contracts.rows))
    likely = odds / (1 + claimed[pairs.contract])
    taken = likely > settings.threshold
    found = operations.operations.iloc[pairs.operation[taken]][["operation", "structure_id"]].reset_index(drop=True)
    found["uid"] = contracts.rows["uid"].to_numpy()[pairs.contract[taken]]
    found["probabilite"] = likely[taken].round(4)
    return found.sort_values(["operation", "uid"], ignore_index=True)


def compared(operations: Followed, contracts: Contracts, settings: LinkParams) -> Compared:
    """The pairs of one buyer (SIREN), or of a company and holder in common, notified around the start.

    A contract made under another one goes with an operation that says so too: otherwise the framework agreement is
    the operation's contract, and its amount would count twice.
    """
    rows, deals = operations.operations, contracts.rows
    body = pd.factorize(siren_of(pd.concat([rows["acheteur"], deals["acheteur"]], ignore_index=True)))[0]
    firm = pd.factorize(siren_of(pd.concat([operations.companies["value"], contracts.holders["value"]])))[0]
    start, day = day_numbers(rows["debut"]), day_numbers(deals["jour"])
    by_buyer = _around(
        (np.arange(len(rows)), body[: len(rows)]), (np.arange(len(deals)), body[len(rows) :]), start, day, settings
    )
    companies, holders = operations.companies["op"].to_numpy(), contracts.holders["contract"].to_numpy()
    by_firm = _around((companies, firm[: len(companies)]), (holders, firm[len(companies) :]), start, day, settings)
    size = max(len(deals), 1)
    keys = [left * size + right for left, right in (by_firm, by_buyer)]
    found, at = np.unique(np.concatenate(keys), return_index=True)
    left, right = np.divmod(found, size)
    own = ~deals[UNDER].to_numpy(bool)[right] | says_under_another(rows["libelle"])[left]
    left, right, at = left[own], right[own], at[own]
    block = (at >= len(keys[0])).astype("int8")  # the rarest agreement first
    return Compared(left, right, _levels(operations, contracts, left, right) | {BLOCK: block})


Keyed = tuple[Whole, Whole]  # positions, and the code that each holds (-1: unknown)


def _around(left: Keyed, right: Keyed, start: Numbers, day: Numbers, settings: LinkParams) -> tuple[Whole, Whole]:
    """Pairs that hold the same code, the day of the one within the window around the start of the other.

    Contracts are in order of code and day, so that the matches of an operation are one slice.
    """
    (ops, op_code), (deals, deal_code) = left, right
    known = (deal_code >= 0) & ~np.isnan(day[deals])
    deals, key = deals[known], deal_code[known] * 1e6 + day[deals[known]]
    order = np.argsort(key, kind="stable")
    deals, key = deals[order], key[order]
    known = (op_code >= 0) & ~np.isnan(start[ops])
    ops, at = ops[known], op_code[known] * 1e6 + start[ops[known]]
    low = np.searchsorted(key, at - settings.days_before, side="left")
    count = np.searchsorted(key, at + settings.days_after, side="right") - low
    within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    return np.repeat(ops, count), deals[np.repeat(low, count) + within]


def _levels(operations: Followed, contracts: Contracts, left: Whole, right: Whole) -> dict[str, Whole]:
    rows, deals = operations.operations, contracts.rows
    beyond = right + len(rows)  # where a contract is once put after the operations
    site = pd.concat([rows["acheteur"], deals["acheteur"]], ignore_index=True)
    text = pd.concat([rows["libelle"], deals["objet"]], ignore_index=True).fillna("")
    text = pd.Series([" ".join(words(label)) for label in text])
    months = pd.concat([_months(rows["debut"], rows["fin"]), deals["dureeMois"].astype("float64")], ignore_index=True)
    segment = pd.concat([rows["segment"], deals["segment"]], ignore_index=True)
    a, b = months.to_numpy()[left], months.to_numpy()[beyond]
    farthest = float(levels()["texte"]["ecart_max"].iloc[-2])
    gaps = {
        "acheteur": other(site, left, beyond) + other(siren_of(site), left, beyond),
        "titulaire": _shared(operations.companies, contracts.holders, left, right),
        "delai": day_numbers(rows["debut"])[left] - day_numbers(deals["jour"])[right],
        "duree": 100 * np.abs(a - b) / np.maximum(np.maximum(a, b), 1),
        "texte": 100 - scored(fuzz.token_set_ratio, text.where(text.ne("")), left, beyond, cutoff=100 - farthest),
        "lieu": _place(operations, deals, left, right),
        "segment": other(segment, left, beyond),
    }
    return {field: levelled(gaps[field], found) for field, found in levels().items()}


def _shared(companies: pd.DataFrame, holders: pd.DataFrame, left: Whole, right: Whole) -> Numbers:
    """The closest of a pair's companies and holders: the same SIRET, the same SIREN, or none."""
    best = np.full(len(left), float(ANOTHER))
    size = int(max(holders["contract"].max(), right.max(initial=0))) + 1 if len(holders) else 1
    key = left * size + right
    for digits, level in ((SIREN_DIGITS, SAME_BODY), (SIRET_DIGITS, SAME_SITE)):
        mine = companies.assign(value=companies["value"].str.slice(0, digits)).drop_duplicates()
        theirs = holders.assign(value=holders["value"].str.slice(0, digits)).drop_duplicates()
        # A company holds many contracts and follows many operations: only the pairs compared are looked up.
        both = mine.merge(theirs, on="value")
        best[np.isin(key, both["op"].to_numpy() * size + both["contract"].to_numpy())] = level
    unknown = ~np.isin(left, companies["op"]) | ~np.isin(right, holders["contract"])
    return np.where(unknown, np.nan, best)


def _place(operations: Followed, deals: pd.DataFrame, left: Whole, right: Whole) -> Numbers:
    """One of the operation's EPCI, its department, or elsewhere; unknown without any place, or the department alone."""
    home = reference.department_of_epci()
    places = operations.places.assign(departement=operations.places["value"].map(home))
    code, names = pd.factorize(pd.concat([places["value"], deals["epci_siren"]], ignore_index=True))
    area, areas = pd.factorize(pd.concat([places["departement"], deals["departement"]], ignore_index=True))
    op = places["op"].to_numpy()
    same = np.isin(left * (len(names) + 1) + code[len(op) :][right], op * (len(names) + 1) + code[: len(op)])
    near = np.isin(left * (len(areas) + 1) + area[len(op) :][right], op * (len(areas) + 1) + area[: len(op)])
    epci_known, area_known = code[len(op) :][right] >= 0, area[len(op) :][right] >= 0
    level = np.where(same & epci_known, SAME_SITE, np.where(near & area_known, SAME_BODY, ANOTHER)).astype("float64")
    silent = (~epci_known & (~area_known | near)) | ~np.isin(left, op)
    return np.where(silent, np.nan, level)


def _months(start: pd.Series, end: pd.Series) -> pd.Series:
    return ((end - start).dt.days / MONTH).round()
