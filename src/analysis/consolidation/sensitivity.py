"""What an edition would count if likely duplicates, which nobody decided, were merged from some probability on."""

from __future__ import annotations

import pandas as pd

from analysis.consolidation.cells import MEASURES
from analysis.consolidation.control import FLAGS
from analysis.consolidation.duplicates import PAIR, accepted, kept_operation
from analysis.consolidation.facts import Facts, Once, entered_once, first
from analysis.consolidation.indicators import contracts_in_scope, of_edition
from analysis.consolidation.persons import Decided
from analysis.consolidation.persons import accepted as accepted_persons
from analysis.core.dataset import Dataset
from analysis.core.reference import WHOLE

COLUMNS = ["edition", "seuil", "operations", "operations_en_moins", "heures", "heures_en_moins"]
PERSONS = ["edition", "seuil", "beneficiaires", "beneficiaires_en_moins"]


def sensitivity(
    clean: dict[str, pd.DataFrame],
    measured: pd.DataFrame,
    pairs: pd.DataFrame,
    decisions: pd.DataFrame,
    *,
    thresholds: list[float],
    dataset: Dataset,
) -> pd.DataFrame:
    """The columns of `COLUMNS`, in scope and in the edition's whole territory, and the `_` columns.

    `measured` holds the indicators as `decisions` give them; each row says what is left of them once all the
    undecided `pairs` (those of `duplicates.estimated`) as likely as `seuil` are merged too. An edition without
    any hours has no row.
    """
    whole = measured[measured["modalite"] == WHOLE].set_index(["edition", "territoire", "indicateur"])
    extra = {threshold: accepted(pairs, decisions, threshold) for threshold in sorted(thresholds)}
    # What a threshold merges, a lower one merges too.
    small = _touched(clean, decisions, next(iter(extra.values()), pairs.iloc[:0]))
    before = _counted(entered_once(small, kept_operation(decisions)), dataset)
    rows = []
    for threshold, merged in extra.items():
        after = _counted(entered_once(small, _kept(decisions, merged)), dataset)
        for edition in dataset.editions:
            key = (edition.annee, edition.territoire)
            if (*key, "heures_realisees") not in whole.index:
                continue
            now = whole.loc[(*key, "heures_realisees")]
            operations, hundredths = (b - a for b, a in zip(before[edition.annee], after[edition.annee], strict=True))
            rows.append(
                {
                    "edition": edition.annee,
                    "seuil": threshold,
                    "operations": int(whole.loc[(*key, "operations"), "valeur"]) - operations,
                    "operations_en_moins": operations,
                    "heures": (round(now["valeur"] * 100) - hundredths) / 100,
                    "heures_en_moins": hundredths / 100,
                    # Merging takes hours entered twice away; the persons and companies behind them stay.
                    **{name: now[name] for name in (*FLAGS, *MEASURES.values())},
                }
            )
    table = pd.DataFrame(rows, columns=[*COLUMNS, *FLAGS, *MEASURES.values()])
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


def _counted(once: Once, dataset: Dataset) -> dict[int, tuple[int, int]]:
    """Operations of each edition's scope, and their hours in hundredths."""
    key = ["annee", "operation"]
    operations = first(once.operations, key)[[*key, "mecanisme"]]
    hours = operations.merge(once.contracts[[*key, "centiheures"]], on=key)
    return {
        edition.annee: (len(of_edition(operations, edition)), int(of_edition(hours, edition)["centiheures"].sum()))
        for edition in dataset.editions
    }


def persons_sensitivity(
    facts: Facts,
    measured: pd.DataFrame,
    found: Decided,
    numbers: pd.Series,
    *,
    thresholds: list[float],
    dataset: Dataset,
) -> pd.DataFrame:
    """The columns of `PERSONS`, in scope and in the edition's whole territory, and the `_` columns.

    `measured` holds the indicators as decided; each row says how many beneficiaries are left once all the pairs that
    nobody decided, as likely as `seuil`, are one person too. `numbers` are `person_numbers` of the tables that `facts`
    were made from. No row for an edition without any hours, nor for one of which some structure sent totals: what the
    others count would give it away.
    """
    whole = measured[measured["modalite"] == WHOLE].set_index(["edition", "territoire", "indicateur"])
    contracts = contracts_in_scope(facts, dataset)
    in_totals = set(facts.totals["annee"]) if len(facts.totals) else set()
    rows = []
    for threshold in thresholds:
        kept = accepted_persons(found, threshold)
        moved = {numbers[key]: numbers[to] for key, to in kept.items() if key in numbers}
        after = contracts["ben_id"].map(moved).fillna(contracts["ben_id"])
        fewer = contracts.groupby("annee")["ben_id"].nunique() - after.groupby(contracts["annee"]).nunique()
        for edition in dataset.editions:
            key = (edition.annee, edition.territoire, "beneficiaires")
            if key not in whole.index or edition.annee in in_totals:
                continue
            cell, less = whole.loc[key], int(fewer.get(edition.annee, 0))
            rows.append(
                {
                    "edition": edition.annee,
                    "seuil": threshold,
                    "beneficiaires": int(cell["valeur"]) - less,
                    "beneficiaires_en_moins": less,
                    **{name: cell[name] for name in (*FLAGS, *MEASURES.values())},
                }
            )
    table = pd.DataFrame(rows, columns=[*PERSONS, *FLAGS, *MEASURES.values()])
    return table.sort_values(["edition", "seuil"], ignore_index=True)
