"""What an edition would count if likely duplicates, which nobody decided, were merged from some probability on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.consolidation.cells import MEASURES, cells, measured
from analysis.consolidation.control import FLAGS, weaker
from analysis.consolidation.duplicates import PAIR, accepted, kept_operation
from analysis.consolidation.facts import Facts, entered_once, entered_twice, first, with_units
from analysis.consolidation.indicators import contracts_in_scope, of_edition
from analysis.consolidation.persons import Decided
from analysis.consolidation.persons import accepted as accepted_persons
from analysis.core.dataset import Dataset
from analysis.core.reference import HOURS, WHOLE

COLUMNS = ["edition", "seuil", "operations", "operations_en_moins", "heures", "heures_en_moins"]
CONTROLLED = [*FLAGS, *MEASURES.values()]
UNKNOWN = dict.fromkeys(MEASURES.values(), 0.0)  # of hours whose measures are not known: no rule lets them show
PERSONS = ["edition", "seuil", "beneficiaires", "beneficiaires_en_moins"]


def sensitivity(
    clean: dict[str, pd.DataFrame],
    known: pd.DataFrame,
    pairs: pd.DataFrame,
    decisions: pd.DataFrame,
    *,
    thresholds: list[float],
    dataset: Dataset,
) -> pd.DataFrame:
    """The columns of `COLUMNS`, in scope and in the edition's whole territory, and the `_` columns.

    `known` holds the indicators as `decisions` give them; each row says what is left of them once all the
    undecided `pairs` (those of `duplicates.estimated`) as likely as `seuil` are merged too. An edition without
    any hours has no row. Pairs are published by name, so that hours taken away, by one threshold or between two, must
    pass the rules too.
    """
    whole = known[known["modalite"] == WHOLE].set_index(["edition", "territoire", "indicateur"])
    extra = {threshold: accepted(pairs, decisions, threshold) for threshold in sorted(thresholds)}
    # What a threshold merges, a lower one merges too.
    small = _touched(clean, decisions, next(iter(extra.values()), pairs.iloc[:0]))
    before = _merged(small, kept_operation(decisions), dataset)
    after = {threshold: _merged(small, _kept(decisions, merged), dataset) for threshold, merged in extra.items()}
    rows = []
    for threshold, merged in after.items():
        others = [before, *(merged_less for higher, merged_less in after.items() if higher > threshold)]
        apart = [_between(merged, other) for other in others]
        for edition in dataset.editions:
            key = (edition.annee, edition.territoire)
            if (*key, HOURS) not in whole.index:
                continue
            now = whole.loc[(*key, HOURS)]
            counted, left = before.counted[edition.annee], merged.counted[edition.annee]
            operations, hundredths = (b - a for b, a in zip(counted, left, strict=True))
            rows.append(
                {
                    "edition": edition.annee,
                    "seuil": threshold,
                    "operations": int(whole.loc[(*key, "operations"), "valeur"]) - operations,
                    "operations_en_moins": operations,
                    "heures": (round(now["valeur"] * 100) - hundredths) / 100,
                    "heures_en_moins": hundredths / 100,
                    **weaker(now, *(part[edition.annee] for part in apart if edition.annee in part)),
                }
            )
    table = pd.DataFrame(rows, columns=[*COLUMNS, *CONTROLLED])
    return table.sort_values(["edition", "seuil"], ignore_index=True)


def _touched(clean: dict[str, pd.DataFrame], decisions: pd.DataFrame, extra: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The clean tables of the operations that `extra` merges with others: those that do not change are left out."""
    kept = _kept(decisions, extra)
    concerned = {kept[op] for side in PAIR for op in extra[side]}
    touched = [op for op, standing in kept.items() if standing in concerned]
    small = {
        name: clean[name][clean[name]["op_id"].isin(touched)] for name in ("operations", "territoires", "engagements")
    }
    for name, parent, key in (("contrats", "engagements", "eng_id"), ("heures", "contrats", "ctr_id")):
        small[name] = clean[name][clean[name][key].isin(small[parent][key])]
    return small


def _kept(decisions: pd.DataFrame, extra: pd.DataFrame) -> dict[str, str]:
    return kept_operation(pd.concat([decisions, extra], ignore_index=True))


@dataclass(frozen=True)
class _Merged:
    """What is left once operations are merged. counted: by year, operations of the edition's scope and their hours in
    hundredths; removed: the hours of that scope that were entered twice (`facts.entered_twice`)."""

    counted: dict[int, tuple[int, int]]
    removed: pd.DataFrame


def _merged(clean: dict[str, pd.DataFrame], kept: dict[str, str], dataset: Dataset) -> _Merged:
    once, key = entered_once(clean, kept), ["annee", "operation"]
    operations = first(once.operations, key)[[*key, "mecanisme"]]
    hours = operations.merge(once.contracts[[*key, "centiheures"]], on=key)
    removed = operations.merge(entered_twice(once, clean["contrats"]), on=key)
    counted = {
        edition.annee: (len(of_edition(operations, edition)), int(of_edition(hours, edition)["centiheures"].sum()))
        for edition in dataset.editions
    }
    return _Merged(counted, pd.concat([of_edition(removed, edition) for edition in dataset.editions]))


def _between(more: _Merged, fewer: _Merged) -> dict[int, dict[str, Any]]:
    """By year, the measures of the hours that `more` removes and `fewer` does not, where there are any."""
    key, who = ["annee", "ctr_id"], ["ben_id", "employeur_siret", "entreprise_siret"]
    back = fewer.removed.assign(centiheures=-fewer.removed["centiheures"])
    rows = pd.concat([more.removed, back])[[*key, *who, "centiheures"]]
    rows = rows.groupby(key, as_index=False).agg({**dict.fromkeys(who, "first"), "centiheures": "sum"})
    rows = rows[rows["centiheures"] != 0]
    measures = measured(cells(with_units(rows), ["annee"])).set_index("annee").to_dict("index")
    found = rows.groupby("annee")["centiheures"].sum()
    gone = {year: fewer.counted[year][1] - hundredths for year, (_, hundredths) in more.counted.items()}
    # An operation that leaves the scope with the other's mechanism takes hours with it that nobody entered twice.
    return {
        year: measures[year] if year in measures and found[year] == hundredths else UNKNOWN
        for year, hundredths in gone.items()
        if hundredths or year in measures
    }


def persons_sensitivity(
    facts: Facts,
    known: pd.DataFrame,
    found: Decided,
    numbers: pd.Series,
    *,
    thresholds: list[float],
    dataset: Dataset,
) -> pd.DataFrame:
    """The columns of `PERSONS`, in scope and in the edition's whole territory, and the `_` columns.

    `known` holds the indicators as decided; each row says how many beneficiaries are left once all the pairs that
    nobody decided, as likely as `seuil`, are one person too. `numbers` are `person_numbers` of the tables that `facts`
    were made from. No row for an edition without any hours, nor for one of which some structure sent totals: what the
    others count would give it away.
    """
    whole = known[known["modalite"] == WHOLE].set_index(["edition", "territoire", "indicateur"])
    contracts = contracts_in_scope(facts, dataset)
    in_totals = set(facts.totals["annee"]) if len(facts.totals) else set()
    rows: list[dict[str, Any]] = []
    gone: dict[int, list[int]] = {}  # by year, how many fewer the higher thresholds leave
    for threshold in sorted(thresholds, reverse=True):
        kept = accepted_persons(found, threshold)
        moved = {numbers[key]: numbers[to] for key, to in kept.items() if key in numbers}
        after = contracts["ben_id"].map(moved).fillna(contracts["ben_id"])
        fewer = contracts.groupby("annee")["ben_id"].nunique() - after.groupby(contracts["annee"]).nunique()
        for edition in dataset.editions:
            key = (edition.annee, edition.territoire, "beneficiaires")
            if key not in whole.index or edition.annee in in_totals:
                continue
            cell, less = whole.loc[key], int(fewer.get(edition.annee, 0))
            others = gone.setdefault(edition.annee, [0])
            few = [{"_personnes": less - other} for other in others if less != other]
            others.append(less)
            rows.append(
                {
                    "edition": edition.annee,
                    "seuil": threshold,
                    "beneficiaires": int(cell["valeur"]) - less,
                    "beneficiaires_en_moins": less,
                    **weaker(cell, *few),
                }
            )
    table = pd.DataFrame(rows, columns=[*PERSONS, *CONTROLLED])
    return table.sort_values(["edition", "seuil"], ignore_index=True)
