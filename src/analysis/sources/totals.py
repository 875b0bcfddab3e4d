"""Totals that a structure sends for a year instead of rows: what can be said of them without its rows.

The codelist `agregats` says of each figure how several of them combine (`cumul`) and what a ratio follows from.
"""

from __future__ import annotations

import pandas as pd

from analysis.core import reference
from analysis.core.dataset import Dataset
from analysis.core.reference import HOURS, WHOLE
from analysis.sources.rows import SEND, with_key
from analysis.sources.typer import Typer

UNKNOWN_SHARE = "part_heures_statut_inconnu"
TO_THE_PERCENT = 0.005  # by which a share may have been rounded
CLOSED = "RESERVE"  # what may be shown of a figure when its sender did not say
_CELL = [*SEND, "territoire", "indicateur", "modalite"]


def checked(rows: pd.DataFrame, dataset: Dataset, typer: Typer) -> pd.DataFrame:
    """The typed rows of `agregats` that count, `diffusion` filled in; the others are refused, with their reason."""
    kinds = reference.table("nomenclatures/agregats").set_index("code")
    rows = with_key(with_key(rows, "indicateur", typer), "modalite", typer)
    typer.refuse(rows[rows["valeur"].isna()], "valeur")
    rows = rows[rows["valeur"].notna()]
    if rows.empty:
        return rows
    rows = _refused(rows, ~_known_place(rows, dataset), "agregat_territoire", "territoire", typer)
    local = rows["territoire"].isin(reference.epci()["epci_siren"]) & rows["modalite"].ne(WHOLE)
    rows = _refused(rows, local, "agregat_intercommunalite", "modalite", typer)
    rows = _refused(rows, rows["valeur"].lt(0), "agregat_negatif", "valeur", typer)
    share = rows["indicateur"].map(kinds["cumul"]).eq("part") | rows["indicateur"].str.startswith("part_max_")
    rows = _refused(rows, share & rows["valeur"].gt(1), "agregat_part", "valeur", typer)
    rows = _refused(rows, _above(rows, kinds, dataset) | _above_known(rows), "agregat_depasse", "valeur", typer)
    rows = _with_hours(rows, dataset, typer)
    rows = _refused(rows, _derivable(rows, kinds), "agregat_derive", "indicateur", typer)
    return rows.assign(diffusion=rows["diffusion"].fillna(CLOSED))


def _refused(rows: pd.DataFrame, wrong: pd.Series, rule: str, column: str, typer: Typer) -> pd.DataFrame:
    typer.flag(rows[wrong], rule, column, record="enregistrement")
    return rows[~wrong]


def _whole_place(rows: pd.DataFrame, dataset: Dataset) -> pd.Series:
    """The code of the whole territory of each row's edition."""
    return rows["annee"].map({edition.annee: edition.territoire for edition in dataset.editions}).astype("str")


def _known_place(rows: pd.DataFrame, dataset: Dataset) -> pd.Series:
    """Whether each row is of its edition's territory, of one of its departments, or of an EPCI in one of them."""
    by_department = reference.epci().groupby("departement")["epci_siren"].agg(set)
    known = {
        edition.annee: {edition.territoire, *edition.departements}.union(
            *(by_department.get(code, set()) for code in edition.departements)
        )
        for edition in dataset.editions
    }
    found = [place in known[year] for place, year in zip(rows["territoire"], rows["annee"], strict=True)]
    return pd.Series(found, index=rows.index, dtype="bool")


def _above(rows: pd.DataFrame, kinds: pd.DataFrame, dataset: Dataset) -> pd.Series:
    """Whether a figure that is part of another one is larger: of everybody, or of the whole territory."""
    values = rows.set_index(_CELL)["valeur"]
    above = pd.Series(False, index=rows.index)
    for column, whole in (("modalite", WHOLE), ("territoire", _whole_place(rows, dataset))):
        target = pd.MultiIndex.from_frame(rows[_CELL].assign(**{column: whole}))
        above |= rows["valeur"].gt(values.reindex(target).set_axis(rows.index))
    return above & rows["indicateur"].map(kinds["cumul"]).isin(["somme", "distinct"])


def _above_known(rows: pd.DataFrame) -> pd.Series:
    """Whether an audience has more hours than those whose status is known, as the same send says both."""
    values = rows.set_index(_CELL)["valeur"]

    def said(indicator: str, **changes: str) -> pd.Series:
        target = pd.MultiIndex.from_frame(rows[_CELL].assign(indicateur=indicator, **changes))
        return values.reindex(target).set_axis(rows.index)

    known = said(HOURS, modalite=WHOLE) * (1 - said(UNKNOWN_SHARE) + TO_THE_PERCENT)
    return rows["indicateur"].eq(HOURS) & rows["valeur"].gt(known)


def _with_hours(rows: pd.DataFrame, dataset: Dataset, typer: Typer) -> pd.DataFrame:
    """`rows` of a territory whose hours, and those of the whole territory, are in their send; of the others, refused,
    the territory whose line of hours is missing is told."""
    hours = rows[rows["indicateur"].eq(HOURS) & rows["modalite"].eq(WHOLE)]
    known = pd.MultiIndex.from_frame(hours[[*SEND, "territoire"]])
    for place in (_whole_place(rows, dataset), rows["territoire"]):
        asked = rows[SEND].assign(territoire=place.loc[rows.index])
        lacking = ~pd.Series(pd.MultiIndex.from_frame(asked).isin(known), index=rows.index)
        for code in sorted(asked.loc[lacking, "territoire"].unique()):
            mine = rows[lacking & asked["territoire"].eq(code)]
            typer.flag(mine, "agregat_sans_heures", "territoire", record="enregistrement", among=[code])
        rows = rows[~lacking]
    return rows


def _derivable(rows: pd.DataFrame, kinds: pd.DataFrame) -> pd.Series:
    """Whether a ratio follows from other figures of the same send, territory and modality."""
    sent = pd.MultiIndex.from_frame(rows[_CELL])
    about = kinds.reindex(rows["indicateur"]).set_axis(rows.index)
    below = rows["modalite"].mask(about["denominateur_modalite"].eq(WHOLE), WHOLE)
    derivable = about["numerateur"].notna()
    for column, modality in (("numerateur", rows["modalite"]), ("denominateur", below)):
        asked = rows.assign(indicateur=about[column], modalite=modality)
        derivable &= about[column].isna() | pd.MultiIndex.from_frame(asked[_CELL]).isin(sent)
    return derivable
