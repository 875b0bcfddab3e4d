"""The gate: what a reader may look for, what he would have found, and the refusal that keeps it unwritten.

The attack itself (`attack`) knows no rule; here its intervals are held against what `decide` asks.
"""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pandas as pd

from analysis.core import reference
from analysis.core.errors import DataError
from analysis.core.numbers import french, number_of, plural
from analysis.core.texts import QUOTED, some, together
from analysis.disclosure.attack import Sought, intervals, programs
from analysis.disclosure.decide import ROW, Secret
from analysis.disclosure.links import ROUNDING, Links, own, public, quantities, tighter
from analysis.disclosure.primary import SECONDARY
from analysis.disclosure.statements import at_home

NAMED = 5  # cells, in the error
WHERE_TO_READ = "docs/prise-en-main.md, 6, « Quand une diffusion arrête une correction »"


def sought(known: Links, now: pd.DataFrame, secret: Secret) -> Sought:
    """The cells to be attacked where the numbers `now` are published: those of `secret`, and all that is hidden."""
    hidden = _hidden_cells(known.statements, now).difference(list(secret.before | secret.free))
    personal = pd.Index(sorted(secret.personal))
    alike = hidden[quantities(hidden).isin(quantities(personal))]
    inside = known.cells.loc[own(known.cells, alike), "valeur"]
    return Sought(hidden.union(secret.protection.index), personal, inside)


def leaks(known: Links, secret: Secret, found: pd.DataFrame) -> pd.Series:
    """Which intervals of `found` (bas and haut, by cell) are narrower than their rule asks; those of cells without a
    rule must be no single number."""
    cells, asked = known.cells.loc[found.index], secret.protection.reindex(found.index)
    value = cells["valeur"]
    # Nobody can be left believing what is beyond a bound; equations hold up to the rounding of their numbers.
    low = value - np.minimum(asked, value - cells["bas"]) + 0.05 * asked
    high = value + np.minimum(asked, cells["haut"] - value) - 0.05 * asked
    single, share = _as_good_as_found()
    alone = found["haut"] - found["bas"] <= np.minimum(single, share * value)
    narrow = (found["bas"] > low + ROUNDING) | (found["haut"] < high - ROUNDING)
    return narrow | (alone & value.ne(0))


def narrower(found: pd.DataFrame, before: pd.DataFrame) -> pd.Series:
    """Which intervals of `found` are, beyond rounding, narrower than those of `before`."""
    _, share = _as_good_as_found()
    rounding = ROUNDING + share / 10 * before["haut"].replace(np.inf, 0.0)
    return (found["bas"] > before["bas"] + rounding) | (found["haut"] < before["haut"] - rounding)


def without_found_zeros(known: Links, told: Links, secret: Secret) -> Secret:
    """`secret` without the hidden zeros that follow from the rest, whatever is hidden: that a place of few persons has
    nobody of some kind can be all that its other cells leave. Nothing else may be found.

    `told` is what readers have; how many such zeros there are is said on stderr.
    """
    asked = secret.protection.index
    zeros = asked[known.cells["valeur"].reindex(asked).eq(0)]
    found = intervals(told, Sought(zeros))
    lost = found.index[leaks(known, secret, found)]
    if len(lost):
        _say(f"secret statistique : zéros cachés qui se déduisent : {french(len(lost))}.")
    return replace(secret, protection=secret.protection.drop(lost), free=secret.free | set(lost))


def refuse_leaks(known: Links, now: pd.DataFrame, old: pd.DataFrame, secret: Secret) -> None:
    """Attack what is published, and raise DataError unless each hidden cell stays as uncertain as its rule asks, and
    whatever else a row hides is found nowhere.

    `now` are the numbers of this release, `old` those of earlier ones that still hold. A cell of which these alone told
    as much cannot be protected any more: it is left out of the count, as one that they printed.
    """
    wanted = sought(known, now, secret)
    found = intervals(public(known, now, old), wanted)
    leaking = found[leaks(known, secret, found)]
    before = intervals(public(known, old), replace(wanted, cells=leaking.index)) if len(old) else leaking.iloc[:0]
    # No rule asks for more than earlier releases left, on the side where they left less.
    left = replace(known, cells=tighter(known.cells, before["bas"], before["haut"]))
    same = before.index[~narrower(leaking.loc[before.index], before)]
    known_before = same.union(leaking.index[~leaks(left, secret, leaking)])
    leaking = leaking.drop(known_before)
    if len(leaking):
        releases, numbers = _by_releases(known, old, secret, replace(wanted, cells=leaking.index))
        also = f" et de la diffusion {together([QUOTED(name) for name in releases])}" if releases else ""
        new = f", par des nombres qui n'y étaient pas dits ({some(numbers, NAMED)})" if numbers else ""
        advice = f" Que faire : {WHERE_TO_READ}." if releases else ""
        raise DataError(
            f"secret statistique : cases cachées qui se retrouvent à partir de ce qui serait publié{also}{new} : "
            f"{len(leaking)} ({some(list(leaking.index), NAMED)}) ; attendu : aucune. Rien n'a été écrit.{advice}"
        )
    attacked, hidden = len(found) - len(known_before), len(secret.rows)
    extra = int(secret.rows["regle"].eq(SECONDARY).sum())
    told = len(secret.before) + len(known_before)
    again = f" (hors du compte, dites par des diffusions passées : {french(told)})" if told else ""
    _say(
        f"secret statistique : {number_of(attacked, 'case')} {plural('attaquée', attacked)}, aucune retrouvée{again} ; "
        f"{number_of(hidden, 'ligne')} {plural('cachée', hidden)}, dont {french(extra)} pour en protéger d'autres."
    )


def _by_releases(known: Links, old: pd.DataFrame, secret: Secret, wanted: Sought) -> tuple[list[str], list[str]]:
    """The releases that give `wanted` cells with what is told today whatever is hidden, and the numbers of today with
    which they do: none where hiding more would have been enough."""
    values, fixed = known.cells["valeur"], known.cells.index.isin(list(secret.fixed))
    names, tied = [], set()
    for name, said in old.groupby("diffusion"):
        told = public(known, said)
        cells = told.cells.assign(valeur=told.cells["valeur"].fillna(values.where(fixed)))
        if leaks(known, secret, intervals(replace(told, cells=cells), wanted)).any():
            names.append(str(name))
            tied |= {cell for block in programs(told) if block.names.isin(wanted.cells).any() for cell in block.names}
    parts = known.terms[known.terms["signe"].eq(1)].groupby("cellule").size().index
    heads = known.terms.loc[known.terms["signe"].eq(-1), "cellule"]
    return names, sorted(tied & secret.fixed & set(parts.difference(heads)))


def _hidden_cells(before: pd.DataFrame, after: pd.DataFrame) -> pd.Index:
    """The cells whose number of `before`, where they are at home, is none of `after`, or not exactly."""
    plain = before[at_home(before)]
    left = after[after["demi"] == 0].dropna(subset="valeur")
    number = [*ROW, "cellule"]
    gone = ~pd.MultiIndex.from_frame(plain[number]).isin(pd.MultiIndex.from_frame(left[number]))
    return pd.Index(sorted(set(plain.loc[gone, "cellule"])), dtype="str")


def _as_good_as_found() -> tuple[float, float]:
    """What is known as closely as that, or to that part of it, is found: rounding leaves some."""
    known = reference.constants("secret")
    return known["precision_trouvee"], known["precision_trouvee_part"]


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)
