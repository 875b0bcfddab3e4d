"""Rules of the clean tables of the exports, all of their structures and years together: they flag and change nothing.

Most hold rows, tables or years against each other; a few (E10) look at the dates of one row.

Source of the rules: domain rules E2, E3, E7, E10, W16, W17 and W19; thresholds in the `exports` block of
`params.yaml`. Nothing is refused here: most often a whole is in doubt and no single row of it. A month of 240 hours
over two contracts does not say which of the two is wrong.
"""

from __future__ import annotations

from itertools import pairwise

import pandas as pd

from analysis.core import reference
from analysis.core.dataset import Dataset
from analysis.core.params import ExportParams
from analysis.schemas.canonical import TOTALS
from analysis.sources.typer import Typer

DATES = {
    "operations": ("date_debut", "date_fin"),
    "contrats": ("date_debut", "date_fin"),
    "sorties": ("date_sortie", "date_enquete"),
}
CENT = 0.005  # hours are kept in hundredths: two sums closer than half of one are equal


def check(
    tables: dict[str, pd.DataFrame], typer: Typer, limits: ExportParams, dataset: Dataset, received: pd.Series
) -> None:
    """Flag what the clean `tables` of all structures and years say against each other.

    `received` are the contracts that hours were received for, refused hours included.
    """
    _improbable_dates(tables, typer, pd.Timestamp(limits.first_date))
    _ends_before_starts(tables, typer)
    _contracts_outside_operations(tables, typer, pd.Timedelta(days=limits.contract_margin_days))
    _contracts_of_two_persons(tables["contrats"], typer)
    _month_of_a_person(tables, typer, limits.warn_month_hours)
    hours = _hours_of_operations(tables)
    _more_than_since_origin(tables["operations"], hours, typer)
    refused = set(_operations_of(tables, received)) - set(hours["op_id"])
    today = pd.Timestamp(dataset.date_observation)
    _realisation(tables["operations"], hours, typer, limits, today=today, refused=refused)
    _unknown_status(tables["contrats"], typer, limits)
    sends = pd.concat([tables[name][["annee", "structure_id"]] for name in ("operations", TOTALS)])
    _other_structures(sends, typer, [edition.annee for edition in dataset.editions])


def _improbable_dates(tables: dict[str, pd.DataFrame], typer: Typer, first: pd.Timestamp) -> None:
    """E10: dates before `first`, and beginnings after the year of the send."""
    for name, columns in DATES.items():
        rows = tables[name]
        for column in columns:
            late = rows[column].dt.year.gt(rows["annee"]) if column == "date_debut" else False
            _flag_dates(rows[(rows[column] < first) | late], typer, "date_improbable", column)


def _ends_before_starts(tables: dict[str, pd.DataFrame], typer: Typer) -> None:
    """E10: operations and contracts that end before they start."""
    for name in ("operations", "contrats"):
        rows = tables[name]
        _flag_dates(rows[rows["date_fin"] < rows["date_debut"]], typer, "dates_inversees", "date_fin")


def _contracts_outside_operations(tables: dict[str, pd.DataFrame], typer: Typer, margin: pd.Timedelta) -> None:
    """E3: contracts that start or end more than `margin` outside their operation."""
    engagements = tables["engagements"][["annee", "eng_id", "op_id"]]
    span = tables["operations"][["annee", "op_id", "date_debut", "date_fin"]]
    span = span.rename(columns={"date_debut": "op_debut", "date_fin": "op_fin"})
    rows = tables["contrats"].merge(engagements, on=["annee", "eng_id"]).merge(span, on=["annee", "op_id"])
    for column in ("date_debut", "date_fin"):
        outside = (rows[column] < rows["op_debut"] - margin) | (rows[column] > rows["op_fin"] + margin)
        _flag_dates(rows[outside], typer, "contrat_hors_operation", column)


def _flag_dates(rows: pd.DataFrame, typer: Typer, rule: str, column: str) -> None:
    typer.flag(rows.assign(**{column: rows[column].dt.strftime("%Y-%m-%d")}), rule, column)


def _month_of_a_person(tables: dict[str, pd.DataFrame], typer: Typer, most: float) -> None:
    """E2: the hours of a person in a month, over the contracts of one structure; the first line is named.

    Not over structures: what two of them both entered would count twice, and a structure is not told of
    the contracts that a person has elsewhere.
    """
    people = tables["contrats"][["annee", "ctr_id", "ben_id"]]
    rows = tables["heures"].merge(people, on=["annee", "ctr_id"], validate="many_to_one")
    month = ["annee", "structure_id", "ben_id", "mois"]
    rows = rows.sort_values([*month, "fichier", "ligne"], kind="stable", ignore_index=True)
    sums = rows.groupby(month)["heures"].agg(total="sum", lines="size").round(2).reset_index()
    high = sums[(sums["total"] > most) & (sums["lines"] > 1)]
    first = rows.drop_duplicates(month).merge(high, on=month)
    typer.flag(first.assign(heures=first["total"].astype("str")), "heures_personne", "heures")


def _hours_of_operations(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Hours of each operation and year: annee, op_id, realisees."""
    contracts = tables["contrats"][["annee", "ctr_id", "eng_id"]]
    rows = tables["heures"].merge(contracts, on=["annee", "ctr_id"], validate="many_to_one")
    rows = rows.merge(tables["engagements"][["annee", "eng_id", "op_id"]], on=["annee", "eng_id"])
    sums = rows.groupby(["annee", "op_id"])["heures"].sum().round(2)
    return sums.rename("realisees").reset_index()


def _operations_of(tables: dict[str, pd.DataFrame], contracts: pd.Series) -> pd.Series:
    """The operations of these contracts."""
    engagements = tables["contrats"].loc[tables["contrats"]["ctr_id"].isin(contracts), "eng_id"]
    return tables["engagements"].loc[tables["engagements"]["eng_id"].isin(engagements), "op_id"]


def _more_than_since_origin(operations: pd.DataFrame, hours: pd.DataFrame, typer: Typer) -> None:
    """E7: operations whose hours of the year exceed those they are said to have since their origin."""
    rows = operations.merge(hours, on=["annee", "op_id"])
    over = rows[rows["realisees"] > rows["heures_realisees_origine"] + CENT]
    said = [
        f"{_plain(r.heures_realisees_origine)} h depuis l'origine, {_plain(r.realisees)} h dans l'année"
        for r in over.itertuples()
    ]
    typer.flag(over.assign(heures_realisees_origine=said), "heures_origine", "heures_realisees_origine")


def _realisation(
    operations: pd.DataFrame,
    hours: pd.DataFrame,
    typer: Typer,
    limits: ExportParams,
    *,
    today: pd.Timestamp,
    refused: set[str],
) -> None:
    """W16: realised against planned hours of an operation as last sent, too high, or too low once closed.

    Realised hours are those since the origin where a structure sends them, else the sum of the sends; a low
    sum is judged only when the structure sent every year of the operation, and not all its hours were `refused`.
    """
    last = operations.sort_values(["annee", "op_id"]).drop_duplicates("op_id", keep="last")
    summed = last["op_id"].map(hours.groupby("op_id")["realisees"].sum()).fillna(0.0)
    origin = last["heures_realisees_origine"]
    rows = last.assign(realisees=origin.fillna(summed))
    rows = rows[rows["heures_prevues"] > 0]
    rate = rows["realisees"] / rows["heures_prevues"]
    summable = _sent_throughout(rows, operations) & ~rows["op_id"].isin(refused)
    whole = rows["heures_realisees_origine"].notna() | summable
    closed = rows["date_fin"] <= today
    said = [f"{_plain(r.realisees)} h réalisées, {_plain(r.heures_prevues)} h prévues" for r in rows.itertuples()]
    rows = rows.assign(heures_prevues=said)
    typer.flag(rows[rate > limits.max_realisation], "realisation_elevee", "heures_prevues")
    typer.flag(rows[(rate < limits.min_realisation) & closed & whole], "realisation_faible", "heures_prevues")


def _sent_throughout(rows: pd.DataFrame, operations: pd.DataFrame) -> pd.Series:
    """Whether the structure of each operation sent something for every year from its start to its end."""
    sent = {structure: set(years) for structure, years in operations.groupby("structure_id")["annee"]}
    spans = zip(rows["structure_id"], rows["date_debut"].dt.year, rows["date_fin"].dt.year, strict=True)
    known = [
        pd.notna(start) and pd.notna(end) and set(range(int(start), int(end) + 1)) <= sent[structure]
        for structure, start, end in spans
    ]
    return pd.Series(known, index=rows.index, dtype="bool")


def _contracts_of_two_persons(contracts: pd.DataFrame, typer: Typer) -> None:
    """Identifiers of contracts that name several persons: what is answered of one would be taken for the other."""
    persons = contracts.groupby("ctr_id")["ben_id"].nunique()
    typer.flag(contracts[contracts["ctr_id"].isin(persons.index[persons > 1])], "contrat_deux_personnes", "ctr_id")


def _unknown_status(contracts: pd.DataFrame, typer: Typer, limits: ExportParams) -> None:
    """W19: sends where the declared status of too many contracts is unknown, by status."""
    audiences = reference.table("nomenclatures/publics")
    send = ["structure_id", "annee"]
    declared = audiences[audiences["origine"] == "déclaré"].set_index("colonne")["attendu"].eq("oui")
    for column, expected in declared.items():
        unknown = contracts.assign(inconnu=contracts[column].isna()).groupby(send, as_index=False)
        counts = unknown.agg(inconnus=("inconnu", "sum"), contrats=("inconnu", "size"), fichier=("fichier", "min"))
        enough = counts["contrats"] >= limits.min_status_contracts
        if not expected:  # whoever does not follow that audience lacks nothing
            enough &= counts["inconnus"] < counts["contrats"]
        rows = counts[enough & (counts["inconnus"] / counts["contrats"] > limits.max_unknown_status)]
        said = [f"inconnue pour {r.inconnus} contrats sur {r.contrats}" for r in rows.itertuples()]
        typer.flag(rows.assign(ligne=pd.NA, **{column: said}), "statut_inconnu_export", column)


def _other_structures(sends: pd.DataFrame, typer: Typer, years: list[int]) -> None:
    """W17: editions that not the same structures sent for as the edition before; of no structure in particular."""
    sent = {year: set(structures) for year, structures in sends.groupby("annee")["structure_id"]}
    received = [year for year in sorted(years) if year in sent]
    said = [
        f"structures en {year} : {len(sent[year])}, en {before} : {len(sent[before])} "
        f"(nouvelles : {len(sent[year] - sent[before])}, absentes : {len(sent[before] - sent[year])})"
        for before, year in pairwise(received)
        if sent[year] != sent[before]
    ]
    rows = pd.DataFrame({"fichier": "exports", "ligne": pd.NA, "annee": said})
    typer.flag(rows, "structures_panel", "annee")


def _plain(hours: float) -> str:
    """Hours as structures write them: a comma, no useless zeros."""
    return f"{hours:.2f}".rstrip("0").rstrip(".").replace(".", ",")
