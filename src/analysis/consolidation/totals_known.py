"""What is known of figures that several parts make up: rows, and the totals that structures sent instead of rows.

    sums (hours)            add up
    distinct counts         lie between the largest part and the sum of the parts; exact with one part only
    ratios                  follow from the two above; between two bounds when they do

How a figure combines is said by the codelist `agregats` (`cumul`). A structure that says nothing of an audience has
hours of unknown status for it: they leave the base of that audience's share, as unknown statuses of rows do.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import inf, nan

import numpy as np
import pandas as pd

from analysis.core import reference
from analysis.core.dataset import Edition
from analysis.core.reference import HOURS, WHOLE

PERSONS = "beneficiaires"
UNKNOWN_SHARE, UNKNOWN_PERSONS = "part_heures_statut_inconnu", "part_beneficiaires_statut_inconnu"
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


def parts_of(rows: pd.DataFrame) -> list[Part]:
    """The totals of one territory and year (rows of the clean table `agregats`), structure by structure."""
    table = rows.assign(figure=list(zip(rows["indicateur"], rows["modalite"], strict=True)))
    return [
        Part(
            dict(zip(own["figure"], own["valeur"], strict=True)),
            dict(zip(own["figure"], own["diffusion"], strict=True)),
        )
        for _, own in table.groupby("structure_id")
    ]


def figures(parts: list[Part], edition: Edition) -> dict[Figure, Span]:
    """Every indicator of a territory by modality, from its parts (one at least), where anything is known of it."""
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


@cache
def kinds() -> pd.DataFrame:
    """cumul, numerateur, denominateur, denominateur_modalite by indicator that a structure may send."""
    return reference.table("nomenclatures/agregats").set_index("code")


@cache
def _audiences() -> frozenset[str]:
    """The modalities that a person may have unknown: of the others, all hours are the base."""
    return frozenset(reference.labels("publics"))


def _is_ratio(name: str) -> bool:
    return kinds()["cumul"].get(name) in ("part", "rapport") and not name.startswith(ETP)


def _sums(parts: list[Part], modality: str) -> dict[Figure, Span]:
    """Hours, distinct counts and hours per person of one modality."""
    speaking = [part for part in parts if part.speaks(modality)]
    if not speaking:
        return {}
    out = {(HOURS, modality): _added([part.count(HOURS, modality) for part in speaking])}
    counts = [PERSONS, "contrats_travail"] if modality != WHOLE else list(kinds().query("cumul == 'distinct'").index)
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
