"""The market segment of each contract, from its object and its CPV code together.

The CPV is wrong for about a quarter of notices, so it is one witness of two:

    text    a classifier of the object (`text`), taught by the CPV of all the contracts received: errors that follow no
            pattern average out
    CPV     the segment of the longest known prefix

    p(s) ~ exp(a log p_text(s) + b [s is the CPV's segment])

`a` (how far the text is believed) and `b` (how far the CPV is) are learnt from contracts that analysts have read
(`audit`). Without any, b follows from the known rate w of wrong codes (`segments/hypotheses.csv`), and a is that under
which the codes received are likeliest, each being right or, in w of cases, any other. No contract is told by a model
that has learnt from its own buyer, whose wrong codes and wordings repeat.
Where no segment is likely enough the contract has none (AUTRE, source `abstention`).
Methods: temperature scaling, C. Guo et al., "On Calibration of Modern Neural Networks", ICML 2017; cross-fitting as in
C. Northcutt et al., "Confident Learning", JAIR 70 (2021).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import minimize, minimize_scalar
from scipy.special import log_softmax, softmax

from analysis.core import reference
from analysis.segments.contracts import OTHER
from analysis.segments.telling.text import hypothesis

Numbers = NDArray[np.float64]

POWERS = (0.05, 20.0)  # bounds of the text's
# Processors add in different orders: what is written is rounded well above that, and the same on all of them.
TRUST_DECIMALS, P_DECIMALS = 3, 4


@dataclass(frozen=True)
class Trust:
    """How far the text (`text`, a power) and the CPV (`cpv`, log of a ratio) are believed."""

    text: float
    cpv: float


def assumed(text: pd.DataFrame, cpv: pd.Series) -> Trust:
    """What is believed before anything was audited, from the rate of wrong CPV codes (`segments/hypotheses`).

    `text` is that of `told_by_others`, whose contracts did not teach what tells them, and `cpv` their CPV's segment.
    """
    wrong = hypothesis("part_cpv_faux")
    others = len(reference.labels("segments")) - 1
    trust = Trust(text=1.0, cpv=float(np.log((1 - wrong) / (wrong / others))))
    both = cpv.ne(OTHER) & text.notna().all(axis=1)
    if not both.any():
        return trust
    logs, codes = np.log(text[both].to_numpy()), cpv[both]
    column = text.columns.get_indexer(codes)
    share = codes.map(codes.value_counts(normalize=True)).to_numpy(dtype="float64")

    def loss(log_power: float) -> float:
        right = softmax(np.exp(log_power) * logs, axis=1)[np.arange(len(logs)), column]
        return -float(np.log((1 - wrong) * right + wrong * share).mean())

    # On the logarithm: above a few, powers all say the same, and the search would stay there.
    best = np.exp(minimize_scalar(loss, bounds=np.log(POWERS), method="bounded").x)
    return replace(trust, text=round(float(best), TRUST_DECIMALS))


def learnt(text: pd.DataFrame, cpv: pd.Series, truth: pd.Series, weight: pd.Series, start: Trust) -> Trust:
    """The trust under which the audited segments `truth` are likeliest, each counting for its `weight`.

    `text` is that of `told_by_others`, rows and index alike. What was assumed, `start`, counts beside the audited
    contracts, so that a small audit moves it little.
    """
    if truth.empty:
        return start
    logs, own = _witnesses(text, cpv)
    column = text.columns.get_indexer(truth)
    rows, mass = np.arange(len(truth)), weight.to_numpy(dtype="float64")
    mass = mass * len(mass) / mass.sum()
    counts = hypothesis("poids_hypothese")

    def loss(values: Numbers) -> float:
        likely = log_softmax(values[0] * logs + values[1] * own, axis=1)[rows, column]
        away = (values[0] - start.text) ** 2 + (values[1] - start.cpv) ** 2
        return -float(mass @ likely) + counts * away / 2

    best = minimize(loss, [start.text, start.cpv], method="L-BFGS-B", bounds=[POWERS, (0, 20)]).x
    return Trust(round(float(best[0]), TRUST_DECIMALS), round(float(best[1]), TRUST_DECIMALS))


def combined(text: pd.DataFrame, cpv: pd.Series, trust: Trust) -> pd.DataFrame:
    """The probability of each segment by both witnesses: contracts x segments, rows that sum to 1."""
    logs, own = _witnesses(text, cpv)
    return pd.DataFrame(softmax(trust.text * logs + trust.cpv * own, axis=1), text.index, text.columns)


def _witnesses(text: pd.DataFrame, cpv: pd.Series) -> tuple[Numbers, Numbers]:
    """log p of the text (flat where there is no object); 1 at the segment of the CPV, none where it is unknown."""
    logs = np.log(text.fillna(1 / text.shape[1]).to_numpy())
    own = (cpv.to_numpy(dtype=object)[:, None] == text.columns.to_numpy(dtype=object)) & cpv.ne(OTHER).to_numpy()[
        :, None
    ]
    return logs, own.astype("float64")


def decided(likely: pd.DataFrame, text: pd.DataFrame, cpv: pd.Series, least: float) -> pd.DataFrame:
    """segment, segment_p, segment_source of each row of `likely` (that of `combined`), and the likeliest of the other
    segments with its probability (segment_second, second_p).

    `least` is the probability under which the model abstains; it does so too where it has no witness at all.
    """
    names, chances = likely.columns.to_numpy(), likely.to_numpy()
    segment = pd.Series(names[chances.argmax(axis=1)], index=likely.index, dtype="str")
    p = likely.max(axis=1).round(P_DECIMALS)
    by_text = pd.Series(text.columns.to_numpy()[text.fillna(0).to_numpy().argmax(axis=1)], index=text.index)
    told, coded = text.notna().all(axis=1) & segment.eq(by_text), cpv.ne(OTHER) & segment.eq(cpv)
    source = pd.Series(np.where(told & coded, "accord", np.where(coded, "cpv", "objet")), index=likely.index)
    silent = p.lt(least) | ~(told | coded)
    segment = segment.mask(silent, OTHER)
    others = np.where(names == segment.to_numpy()[:, None], -1.0, chances)
    return pd.DataFrame(
        {
            "segment": segment,
            "segment_p": p,
            "segment_source": source.mask(silent, "abstention"),
            "segment_second": pd.Series(names[others.argmax(axis=1)], index=likely.index, dtype="str"),
            "second_p": others.max(axis=1).round(P_DECIMALS),
        }
    )
