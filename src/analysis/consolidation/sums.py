"""Why a total is not the sum of the structures' own totals, edition by edition, over the whole territory.

sum over structures - distinct = entered by two structures (counted once) + dealt with by several structures
"""

from __future__ import annotations

import pandas as pd

from analysis.consolidation.cells import cells, weakest
from analysis.consolidation.cells import measured as measured_cells
from analysis.consolidation.control import CONTROL, weaker
from analysis.consolidation.facts import Facts, kept_key, with_units
from analysis.consolidation.indicators import named, of_edition
from analysis.consolidation.totals_shown import HOURS_KIND, OPEN
from analysis.core.dataset import Dataset
from analysis.core.numbers import hundredths
from analysis.core.reference import HOURS, WHOLE

COUNTED = {
    "operations": ("operations", ["operation"]),
    "lots": ("engagements", ["operation", "lot"]),
    "donneurs_ordre": ("operations", ["maitre_ouvrage_siret"]),
    "entreprises": ("engagements", ["entreprise_siret"]),
    "contrats_travail": ("contrats", ["contrat"]),
    "beneficiaires": ("contrats", ["ben_id"]),
}  # indicator -> the table and columns whose distinct values it counts
COLUMNS = ["edition", "indicateur", "somme_structures", "distinct", "ecart", "doubles", "plusieurs"]


def sums(
    clean: dict[str, pd.DataFrame], kept: dict[str, str], facts: Facts, measured: pd.DataFrame, dataset: Dataset
) -> pd.DataFrame:
    """The columns of `COLUMNS` and those of disclosure control, a row per edition and indicator that it has.

    `kept` gives the operation that stands for each duplicate. somme_structures adds up what each structure counts of
    its own send, in scope; distinct is the edition's figure. Their difference, ecart, is doubles (what a second
    structure entered too) plus plusieurs (what several structures count although nobody entered it twice: a person in
    two of them, a buyer or company they share). An edition that some structure sent totals of has no row: what others
    count would give these totals away.
    """
    whole = measured[measured["modalite"] == WHOLE].set_index(["edition", "territoire", "indicateur"])
    sent, distinct = _sent(clean, kept, facts, dataset), _kept(facts, dataset)
    behind = _behind(sent["contrats"], distinct["contrats"])
    with_totals = set() if facts.totals.empty else set(facts.totals["annee"])
    rows = []
    for indicator in (HOURS, *COUNTED):
        each, once = _by_year(sent, indicator), _by_year(distinct, indicator)
        for edition in dataset.editions:
            key = (edition.annee, edition.territoire, indicator)
            if key not in whole.index or edition.annee in with_totals:
                continue
            now = whole.loc[key].to_dict()
            total, alone = each.get(edition.annee, 0.0), once.get(edition.annee, 0.0)
            several = alone - now["valeur"]
            people = {"_personnes": several} if indicator == "beneficiaires" and several > 0 else {}
            rows.append(
                {
                    "edition": edition.annee,
                    "indicateur": indicator,
                    "somme_structures": total,
                    "distinct": now["valeur"],
                    "ecart": total - now["valeur"],
                    "doubles": total - alone,
                    "plusieurs": several,
                    **weaker(now, behind.get(edition.annee, {}), people),
                }
            )
    return pd.DataFrame(rows, columns=[*COLUMNS, *CONTROL])


def removed(facts: Facts, operations: pd.DataFrame, queue: pd.DataFrame, dataset: Dataset) -> pd.DataFrame:
    """Per edition: operations merged into another, hours entered twice, pairs nobody has decided, and measures.

    Hours are those of all mechanisms: less those of the edition's scope, which `sums` gives, they are the others',
    which must pass the rules too.
    """
    merged = operations.groupby("annee").size() - facts.operations.groupby("annee").size()
    rows = with_units(facts.removed).merge(facts.operations[["annee", "operation", "mecanisme"]], how="left")
    inside = pd.concat([of_edition(rows, edition) for edition in dataset.editions]).index
    whole, outside = (cells(part, ["annee"]).set_index("annee") for part in (rows, rows.drop(index=inside)))
    hours = whole["heures"]
    waiting = queue.groupby("annee").size()
    years = [edition.annee for edition in dataset.editions]
    measures = weakest(whole, outside.reindex(whole.index)).reindex(years).reset_index(drop=True)
    table = pd.DataFrame(
        {
            "edition": years,
            "operations": merged.reindex(years, fill_value=0).astype("int64").to_numpy(),
            "heures": hours.reindex(years, fill_value=0.0).to_numpy(),
            "a_revoir": waiting.reindex(years, fill_value=0).astype("int64").to_numpy(),
        }
    )
    nothing = table["heures"].eq(0)  # what nobody entered twice is nobody's
    return table.join(measures).assign(_controle=nothing.map({True: OPEN, False: HOURS_KIND}), _sensible=False)


def _sent(
    clean: dict[str, pd.DataFrame], kept: dict[str, str], facts: Facts, dataset: Dataset
) -> dict[str, pd.DataFrame]:
    """What each structure sent of each edition's scope, under its own identifiers.

    What two structures entered is in scope by what stands for both: they may not have given it the same mechanism.
    """
    operations = clean["operations"][["annee", "structure_id", "op_id", "maitre_ouvrage_siret"]]
    known = facts.operations[["annee", "operation", "mecanisme"]]
    operations = operations.assign(operation=kept_key(operations["op_id"], kept))
    operations = operations.merge(known, on=["annee", "operation"]).drop(columns="operation")
    operations = operations.merge(_scope(dataset), on=["annee", "mecanisme"])
    engagements = clean["engagements"][["annee", "structure_id", "eng_id", "op_id", "lot", "entreprise_siret"]]
    engagements = engagements.merge(operations[["annee", "op_id"]], on=["annee", "op_id"])
    contracts = clean["contrats"][["annee", "structure_id", "ctr_id", "eng_id", "ben_id", "employeur_siret"]]
    hours = clean["heures"].assign(centiheures=hundredths(clean["heures"]["heures"]).astype("int64"))
    contracts = contracts.merge(engagements[["annee", "eng_id", "entreprise_siret"]], on=["annee", "eng_id"]).merge(
        hours.groupby(["annee", "ctr_id"], as_index=False)["centiheures"].sum(), on=["annee", "ctr_id"]
    )
    contracts = contracts[contracts["centiheures"] > 0]
    return {
        "operations": operations.rename(columns={"op_id": "operation"}),
        "engagements": engagements.rename(columns={"op_id": "operation"}),
        "contrats": contracts.rename(columns={"ctr_id": "contrat"}),
    }


def _kept(facts: Facts, dataset: Dataset) -> dict[str, pd.DataFrame]:
    """The same once each operation, contract and hour that two structures entered is one structure's."""
    operations = facts.operations.merge(_scope(dataset), on=["annee", "mecanisme"])
    key = ["annee", "operation"]
    engagements = facts.engagements[[*key, "structure_id", "lot", "entreprise_siret"]].merge(operations[key], on=key)
    contracts = facts.contracts[[*key, "structure_id", "contrat", "ben_id", "centiheures"]]
    return {"operations": operations, "engagements": engagements, "contrats": contracts.merge(operations[key], on=key)}


def _scope(dataset: Dataset) -> pd.DataFrame:
    """annee, mecanisme: the legal mechanisms of each edition."""
    pairs = [(edition.annee, code) for edition in dataset.editions for code in edition.mecanismes]
    return pd.DataFrame(pairs, columns=["annee", "mecanisme"])


def _by_year(tables: dict[str, pd.DataFrame], indicator: str) -> pd.Series:
    """The structures' own counts, added up, by year."""
    if indicator == HOURS:
        return tables["contrats"].groupby("annee")["centiheures"].sum() / 100
    table, columns = COUNTED[indicator]
    rows = named(tables[table], columns).drop_duplicates(["annee", "structure_id", *columns])
    return rows.groupby("annee").size().astype("float64")


def _behind(sent: pd.DataFrame, kept: pd.DataFrame) -> dict[int, dict]:
    """By year, disclosure control of the contracts that a second structure entered too."""
    key = ["annee", "contrat"]
    removed = sent.merge(kept[key].drop_duplicates(), on=key, how="left", indicator="ou").query("ou == 'left_only'")
    if removed.empty:
        return {}
    return measured_cells(cells(with_units(removed), ["annee"])).set_index("annee").to_dict("index")
