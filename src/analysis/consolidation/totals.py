"""Structures that sent totals of their year instead of rows: what their figures add to those counted from rows.

    sums (hours)            add up
    distinct counts         lie between the largest part and the sum of the parts; exact with one part only
    ratios                  follow from the two above; between two bounds when they do

How a figure combines is said by the codelist `agregats` (`cumul`). A structure that says nothing of an audience has
hours of unknown status for it: they leave the base of that audience's share, as unknown statuses of rows do.

Disclosure: whoever knows what the rows give finds the rest by difference. So what comes from totals must itself
pass the rules of its cell, with the persons, employers and companies that its senders state; what they do not state
hides the cell. Figures that are public already hide nothing. Those that their sender keeps to itself (`RESERVE`) show
only within the sum of three structures or more.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from math import inf, isfinite, nan

import numpy as np
import pandas as pd

from analysis.consolidation.cells import MEASURES
from analysis.core import reference
from analysis.core.dataset import Dataset, Edition
from analysis.core.numbers import hundredths
from analysis.core.reference import WHOLE

HOURS, PERSONS = "heures_realisees", "beneficiaires"
UNKNOWN_SHARE, UNKNOWN_PERSONS = "part_heures_statut_inconnu", "part_beneficiaires_statut_inconnu"
HOURS_KIND = "heures"  # of disclosure control
PUBLIC, CLOSED = "PUBLIC", "RESERVE"  # of the codelist `diffusions`
OPEN, KEPT = "ouvert", "totaux_reserves"  # kinds of cells of `secret/regles.csv`
ENOUGH = 3  # structures of which no one finds another's figure in their sum
BOUNDS = ["valeur_min", "valeur_max"]
STATED = {"personnes": PERSONS, "employeurs": "employeurs", "entreprises": "entreprises"}  # counts of a cell
ETP = "etp_"
Figure = tuple[str, str]  # indicator, modality


@dataclass(frozen=True)
class Span:
    """What is known of a figure: it lies between two values, which are equal when it is exact."""

    low: float
    high: float

    @property
    def exact(self) -> bool:
        return self.low == self.high

    def __truediv__(self, below: Span) -> Span:
        return Span(
            self.low / below.high if below.high else nan,
            self.high / below.low if below.low else inf,
        )


@dataclass(frozen=True)
class Part:
    """What one structure's totals, or all the rows, say of one territory and year."""

    said: dict[Figure, float]
    diffusion: dict[Figure, str]
    of_rows: bool = False

    def speaks(self, modality: str) -> bool:
        """Whether anything is known of the modality; of rows everything is."""
        figures = ((HOURS, modality), (PERSONS, modality))
        return self.of_rows or modality == WHOLE or any(figure in self.said for figure in figures)

    def count(self, name: str, modality: str) -> Span:
        """The figure as stated; what rows do not have is none, what totals do not say may be any."""
        value = self.said.get((name, modality), 0.0 if self.of_rows else None)
        return Span(0, inf) if value is None else Span(value, value)

    def base(self, modality: str) -> Span:
        """Hours whose status is known, which the share of `modality` is taken of."""
        total = self.said.get((HOURS, WHOLE), 0.0)
        if (unknown := self.said.get((UNKNOWN_SHARE, modality))) is not None:
            return Span(total * (1 - unknown), total * (1 - unknown))
        return Span(self.count(HOURS, modality).low if modality in _audiences() else total, total)

    def persons(self, modality: str) -> Span:
        """Persons whose status is known, which the share of `modality` in persons is taken of."""
        total = self.count(PERSONS, WHOLE)
        if (unknown := self.said.get((UNKNOWN_PERSONS, modality))) is not None:
            return Span(round(total.low * (1 - unknown)), total.high * (1 - unknown))
        return Span(self.count(PERSONS, modality).low if modality in _audiences() else total.low, total.high)


@cache
def _kinds() -> pd.DataFrame:
    """cumul, numerateur, denominateur, denominateur_modalite by indicator that a structure may send."""
    return reference.table("nomenclatures/agregats").set_index("code")


@cache
def _audiences() -> frozenset[str]:
    """The modalities that a person may have unknown: of the others, all hours are the base."""
    return frozenset(reference.labels("publics"))


def with_totals(table: pd.DataFrame, totals: pd.DataFrame, dataset: Dataset) -> pd.DataFrame:
    """The indicators of rows (`indicators`) with what the clean table `agregats` adds to them.

    New columns: valeur_min and valeur_max, where `valeur` is not known and they are (either may be missing), and
    _controle, the kind of disclosure control where it is not that of the indicator. The rate of realisation and
    its parts stay those of rows.
    """
    table = table.assign(valeur_min=nan, valeur_max=nan, _controle=pd.Series(pd.NA, index=table.index, dtype="str"))
    found = [
        _cell(rows, table, edition, str(place))
        for edition in dataset.editions
        for place, rows in _of(totals, edition.annee).groupby("territoire")
    ]
    new = pd.DataFrame([row for cell in found for row in cell], columns=list(table.columns))
    if new.empty:
        return table
    new = new.astype(table.dtypes.to_dict())
    key = ["edition", "territoire", "indicateur", "modalite"]
    old = pd.MultiIndex.from_frame(table[key]).isin(pd.MultiIndex.from_frame(new[key]))
    return pd.concat([table[~old], new]).sort_values(key, ignore_index=True)


def by_structure(totals: pd.DataFrame, edition: Edition, *, local: bool) -> pd.DataFrame:
    """Hours of the edition that came as totals: territoire, structure_id, centiheures; without EPCI.

    `local` adds the departments to the edition's whole territory.
    """
    rows = _of(totals, edition.annee)
    places = [edition.territoire, *(edition.departements if local else [])]
    rows = rows[rows["territoire"].isin(places) & rows["indicateur"].eq(HOURS) & rows["modalite"].eq(WHOLE)]
    cents = hundredths(rows["valeur"]).astype("int64")
    return rows[["territoire", "structure_id"]].assign(centiheures=cents)


def guarded(table: pd.DataFrame, totals: pd.DataFrame, years: Iterable[str], *, alone: bool) -> pd.DataFrame:
    """`table` of hours with `_controle`, and the measures that the totals of its `years` (columns) leave it.

    One row per `edition` and `territoire`; its measures are those of rows. With `alone` each structure's hours may
    be found on their own, because the table parts structures.
    """
    if totals.empty:
        return table.assign(_controle=HOURS_KIND)
    rows = []
    for row in table.to_dict("records"):
        parts = [part for year in years for part in _parts(_at(totals, int(row[year]), row["territoire"]))]
        rows.append(_protected([row], parts, (HOURS, WHOLE), HOURS_KIND, alone=alone))
    measures = pd.DataFrame(rows, index=table.index, columns=["_controle", *MEASURES.values()])
    return table.drop(columns=list(MEASURES.values())).join(measures)


def provenance(table: pd.DataFrame, totals: pd.DataFrame, edition: Edition) -> pd.DataFrame:
    """Hours of an edition that came as totals: territoire, structures, heures, `_controle` and measures.

    `table` is that of `with_totals`.
    """
    rows = by_structure(totals, edition, local=True).groupby("territoire")["centiheures"].agg(["size", "sum"])
    whole = table[(table["edition"] == edition.annee) & table["indicateur"].eq(HOURS) & table["modalite"].eq(WHOLE)]
    # What is shown of the totals gives the rows away too: both are as safe as the whole cell.
    cell = whole.set_index("territoire").loc[rows.index, ["_controle", *MEASURES.values()]]
    return cell.assign(structures=rows["size"], heures=rows["sum"] / 100).reset_index()


def _of(totals: pd.DataFrame, year: int) -> pd.DataFrame:
    return totals[totals["annee"] == year] if len(totals) else pd.DataFrame(columns=_COLUMNS)


_COLUMNS = ["annee", "structure_id", "territoire", "indicateur", "modalite", "valeur", "diffusion"]


def _at(totals: pd.DataFrame, year: int, place: str) -> pd.DataFrame:
    rows = _of(totals, year)
    return rows[rows["territoire"] == place]


def _parts(rows: pd.DataFrame) -> list[Part]:
    """The totals of one territory and year, structure by structure."""
    figures = list(zip(rows["indicateur"], rows["modalite"], strict=True))
    table = rows.assign(figure=figures)
    return [
        Part(
            dict(zip(own["figure"], own["valeur"], strict=True)),
            dict(zip(own["figure"], own["diffusion"], strict=True)),
        )
        for _, own in table.groupby("structure_id")
    ]


def _cell(sent: pd.DataFrame, table: pd.DataFrame, edition: Edition, place: str) -> list[dict]:
    """The rows of `table` that change for one edition and territory, as records."""
    counted = table[(table["edition"] == edition.annee) & (table["territoire"] == place)]
    records = {(row["indicateur"], row["modalite"]): row for row in counted.to_dict("records")}
    parts = _parts(sent)
    everything = [Part({figure: row["valeur"] for figure, row in records.items()}, {}, True), *parts]
    if not records:
        everything = parts
    about = reference.table("publication/indicateurs").set_index("code")
    out = []
    for figure, span in _figures(everything, edition).items():
        kind, unit = about.loc[figure[0], ["controle", "unite"]]
        bounded = isfinite(span.high) and not (unit == "part" and span.high == 1)  # every share is at most 1
        if span.low == 0 and not span.exact and not bounded:
            continue  # nothing is known
        rows = [records[name] for name in _inputs(*figure) if name in records]
        out.append(
            {
                "edition": edition.annee,
                "territoire": place,
                "indicateur": figure[0],
                "modalite": figure[1],
                "unite": unit,
                "valeur": span.low if span.exact else nan,
                "valeur_min": nan if span.exact else span.low,
                "valeur_max": nan if span.exact or not bounded else span.high,
                **_protected(rows, parts, figure, str(kind), alone=False),
            }
        )
    return out


# --- what the parts give together --------------------------------------------------------------


def _figures(parts: list[Part], edition: Edition) -> dict[Figure, Span]:
    """Every indicator of a territory by modality, from its parts."""
    named = sorted({modality for part in parts for _, modality in part.said} - {WHOLE})
    known = {*reference.labels("modalites")}  # not those of the rate of realisation
    out: dict[Figure, Span] = {}
    for modality in [WHOLE, *(name for name in named if name in known)]:
        out |= _sums(parts, modality)
    hours = out[HOURS, WHOLE]
    for modality in [name for name in named if (HOURS, name) in out]:
        out |= {(name, modality): span for name, span in _shares(parts, modality, out[HOURS, modality], hours).items()}
    for name, below in (("heures_par_contrat", "contrats_travail"), ("heures_par_operation", "operations")):
        out[name, WHOLE] = hours / out[below, WHOLE]
    for divisor in edition.diviseurs_etp:
        out[f"{ETP}{divisor}", WHOLE] = Span(hours.low / divisor, hours.high / divisor)
    if len(parts) == 1:
        # What a structure sends and nothing else gives passes as it is.
        sent = {figure: Span(value, value) for figure, value in parts[0].said.items() if _is_ratio(figure[0])}
        out |= {figure: span for figure, span in sent.items() if figure not in out or not out[figure].exact}
    return {figure: span for figure, span in out.items() if not np.isnan(span.low)}


def _is_ratio(name: str) -> bool:
    return _kinds()["cumul"].get(name) in ("part", "rapport") and not name.startswith(ETP)


def _sums(parts: list[Part], modality: str) -> dict[Figure, Span]:
    """Hours, distinct counts and hours per person of one modality."""
    speaking = [part for part in parts if part.speaks(modality)]
    if not speaking:
        return {}
    out = {(HOURS, modality): _added([part.count(HOURS, modality) for part in speaking])}
    counts = [PERSONS, "contrats_travail"] if modality != WHOLE else list(_kinds().query("cumul == 'distinct'").index)
    for name in counts:
        out[name, modality] = _distinct([part.count(name, modality) for part in speaking])
    out["heures_par_beneficiaire", modality] = out[HOURS, modality] / out[PERSONS, modality]
    if modality == WHOLE:
        for name in ("heures_prevues_init", "heures_prevues"):  # what nobody planned is not counted in rows either
            stated = [part.count(name, WHOLE) for part in speaking if (name, WHOLE) in part.said]
            out |= {(name, WHOLE): _added(stated)} if stated else {}
    return out


def _shares(parts: list[Part], modality: str, own: Span, hours: Span) -> dict[str, Span]:
    """Shares of a modality in hours and in persons, among those who say something of it."""
    speaking = [part for part in parts if part.speaks(modality)]
    base = _added([part.base(modality) for part in speaking])
    persons = _distinct([part.count(PERSONS, modality) for part in speaking])
    known = _distinct([part.persons(modality) for part in speaking])
    everybody = _distinct([part.count(PERSONS, WHOLE) for part in parts])
    told = known / everybody
    shares = {
        "part_heures": own / base,
        "part_heures_totales": own / hours,
        UNKNOWN_SHARE: Span(1 - base.high / hours.low, 1 - base.low / hours.low) if hours.low else Span(nan, nan),
        "part_beneficiaires": persons / known,
        "part_beneficiaires_totales": persons / everybody,
        UNKNOWN_PERSONS: Span(1 - told.high, 1 - told.low),
    }
    return {name: Span(*np.clip([span.low, span.high], 0.0, 1.0).tolist()) for name, span in shares.items()}


def _added(spans: list[Span]) -> Span:
    # Hours are in hundredths: their sum is too.
    return Span(round(sum(s.low for s in spans), 2), round(sum(s.high for s in spans), 2))


def _distinct(spans: list[Span]) -> Span:
    """How many different ones: at least those of the largest part, at most all of all parts."""
    return Span(max(s.low for s in spans), sum(s.high for s in spans))


# --- what may be shown of it -------------------------------------------------------------------


def _inputs(name: str, modality: str) -> list[Figure]:
    """The figures that `name` gives away, itself first."""
    about = _kinds().loc[name]
    below = WHOLE if about["denominateur_modalite"] == WHOLE else modality
    out = [(name, modality), (about["numerateur"], modality), (about["denominateur"], below)]
    for share, whole in (("part_heures", HOURS), ("part_beneficiaires", PERSONS)):
        out += [(whole, WHOLE)] if name.startswith(share) else []
    return list(dict.fromkeys(figure for figure in out if isinstance(figure[0], str)))


def _protected(rows: list[dict], parts: list[Part], figure: Figure, kind: str, *, alone: bool) -> dict:
    """`_controle` and the measures of a figure: those of `rows` (records with measures) and of what came as totals."""
    used = _inputs(*figure)
    if figure[0] in (
        "part_heures",
        "part_beneficiaires",
    ):  # whose base leaves out those who say nothing of the audience
        parts = [part for part in parts if part.speaks(figure[1])]
    told = [{part.diffusion[name] for name in used if name in part.diffusion} for part in parts]
    hidden = [(part, how) for part, how in zip(parts, told, strict=True) if how - {PUBLIC}]
    measured = [row for row in rows if any(pd.notna(row[name]) for name in MEASURES.values())]
    measured = [row for row in measured if row["_personnes"] != 0]  # of nobody, a row gives nothing away
    found = [{name: row[name] for name in MEASURES.values()} for row in measured]
    if not hidden and not measured and any(told):
        kind = OPEN
    elif any(CLOSED in how for _, how in hidden) and (alone or len(hidden) < ENOUGH):
        kind = KEPT
    elif hidden and alone:
        found += [_measures([part], figure[1]) for part, _ in hidden]
    elif hidden:
        found.append(_measures([part for part, _ in hidden], figure[1]))
    return {"_controle": kind, **_weakest(found)}


def _measures(parts: list[Part], modality: str) -> dict[str, float]:
    """What is sure of the sum of `parts`: at least their largest count, at most their mean share; nan when unsaid."""
    hours = [part.said.get((HOURS, modality), 0.0) for part in parts]
    out = {}
    for column, name in MEASURES.items():
        figure = (STATED.get(column, column), modality)
        known = [part.said[figure] for part in parts if figure in part.said]
        if column in STATED or not known or not sum(hours):
            out[name] = max(known, default=nan) if column in STATED else nan
        else:
            shares = [part.said.get(figure, 1.0) for part in parts]
            out[name] = sum(h * share for h, share in zip(hours, shares, strict=True)) / sum(hours)
    return out


def _weakest(found: list[dict[str, float]]) -> dict[str, float]:
    """The smallest counts and the largest shares; what one of them does not say is not known of the whole."""
    table = pd.DataFrame(found, columns=list(MEASURES.values()), dtype="float64")
    worst = {name: (table[name].max if "part_max" in name else table[name].min)(skipna=False) for name in table}
    return worst if len(table) else dict.fromkeys(MEASURES.values(), nan)
