"""What may be shown of figures that rows and totals make up together.

Whoever knows what the rows give finds the rest by difference. So what comes from totals must itself pass the rules of
its cell, with the persons, employers and companies that its senders state; what they do not state hides the cell.
Figures that are public already hide nothing. Those that their sender keeps to itself (`RESERVE`) show only within the
sum of as many structures as `secret/constantes.csv` says.
"""

from __future__ import annotations

from functools import cache
from math import nan

import pandas as pd

from analysis.consolidation.cells import MEASURES
from analysis.consolidation.totals_known import PERSONS, Figure, Part, kinds
from analysis.core import reference
from analysis.core.reference import HOURS, WHOLE

HOURS_KIND = "heures"  # of disclosure control
PUBLIC, CLOSED = "PUBLIC", "RESERVE"  # of the codelist `diffusions`
OPEN, KEPT = "ouvert", "totaux_reserves"  # kinds of cells of `secret/regles.csv`
STATED = {"personnes": PERSONS, "employeurs": "employeurs", "entreprises": "entreprises"}  # counts of a cell
# Shares whose base leaves out those who say nothing of the audience, and the whole that it is a part of.
SHARES = {"part_heures": HOURS, "part_beneficiaires": PERSONS}


@cache
def _enough() -> float:
    """How many structures there are in a sum in which no one of them finds another's figure."""
    return float(reference.constants("secret")["structures_totaux_reserves"])


def inputs(name: str, modality: str) -> list[Figure]:
    """The figures that `name` gives away, itself first."""
    about = kinds().loc[name]
    below = WHOLE if about["denominateur_modalite"] == WHOLE else modality
    out = [(name, modality), (about["numerateur"], modality), (about["denominateur"], below)]
    out += [(whole, WHOLE) for share, whole in SHARES.items() if name.startswith(share)]
    return list(dict.fromkeys(figure for figure in out if isinstance(figure[0], str)))


def protected(rows: list[dict], parts: list[Part], figure: Figure, kind: str, *, alone: bool) -> dict:
    """`_controle` and the measures of a figure: those of `rows` (records with measures) and of what came as totals.

    `kind` is the kind of control of its indicator. With `alone` what each of `parts` says may be found by itself.
    """
    used, modality = inputs(*figure), figure[1]
    if figure[0] in SHARES:
        parts = [part for part in parts if part.speaks(modality)]
    told = [{part.diffusion[name] for name in used if name in part.diffusion} for part in parts]
    hidden = [part for part, how in zip(parts, told, strict=True) if how - {PUBLIC}]
    closed = any(CLOSED in how for how in told)
    measured = [row for row in rows if any(pd.notna(row[name]) for name in MEASURES.values())]
    measured = [row for row in measured if row["_personnes"] != 0]  # of nobody, a row gives nothing away
    found = [{name: row[name] for name in MEASURES.values()} for row in measured]
    if not hidden and not measured and any(told):
        kind = OPEN
    elif closed and (alone or len(hidden) < _enough()):
        kind = KEPT
    elif alone:
        found += [_measures([part], modality) for part in hidden]
    elif hidden:
        found.append(_measures(hidden, modality))
    return {"_controle": kind, **_weakest(found)}


def _measures(parts: list[Part], modality: str) -> dict[str, float]:
    """What is sure of the sum of `parts`: at least their largest count, at most their mean share; nan when unsaid."""
    hours = [part.said.get((HOURS, modality), 0.0) for part in parts]
    out = {}
    for column, name in MEASURES.items():
        figure = (STATED.get(column, column), modality)
        known = [part.said[figure] for part in parts if figure in part.said]
        if column in STATED:
            out[name] = max(known, default=nan)
        elif known and sum(hours):
            shares = [part.said.get(figure, 1.0) for part in parts]
            out[name] = sum(h * share for h, share in zip(hours, shares, strict=True)) / sum(hours)
        else:
            out[name] = nan
    return out


def _weakest(found: list[dict[str, float]]) -> dict[str, float]:
    """The smallest counts and the largest shares; what one of them does not say is not known of the whole."""
    if not found:
        return dict.fromkeys(MEASURES.values(), nan)
    table = pd.DataFrame(found, columns=list(MEASURES.values()), dtype="float64")
    return {name: (table[name].max if "part_max" in name else table[name].min)(skipna=False) for name in table}
