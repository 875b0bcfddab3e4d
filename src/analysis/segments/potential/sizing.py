"""Hours of insertion that a contract can bear, as a distribution: Monte Carlo over the factors of the field's rule.

    hours = amount x spend ratio x labour share x insertion rate x (1 - staff taken over) / hourly cost

Each factor is a law of `potentiel/facteurs.csv`. What is not known of a segment's typical value is shared by all its
contracts (systematic: it does not average out in a total), what differs from one contract to the next is each one's
own. A factor's `part_commune` says how much of its (normal-scale) variance is shared: most for the labour share and the
hourly cost, which belong to a trade and are ill known; little for the spend ratio, which belongs to a contract. Of what
a segment's contracts share, all segments share a part too (`correlation_segments`): a total is not much surer than its
parts.

A last factor, `ecart_modele`, is what the rule itself misses. Hours observed on linked operations update all of them
(`learnt`, `segment_draws`). What differs from one contract to the next is the less, the larger they are
(`narrowing`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri
from scipy.stats import theilslopes

from analysis.core import reference
from analysis.core.errors import DataError
from analysis.segments.links.followed import between_variance
from analysis.segments.potential.narrowing import NONE, Narrowing, narrowing

Numbers = NDArray[np.float64]

DEFAULT = "ENSEMBLE"  # the segment whose factors hold where a segment has none of its own
RULE = ("depense", "main_oeuvre", "insertion", "reprise", "cout_horaire")
MISSED = "ecart_modele"
ELIGIBLE = "eligibilite"
# Streams of random numbers of one seed, one for each use (`stream`).
SHARED, ASKED, SIMULATED, CLAUSABLE, SINGLE, FORESEEN, COMPARED = range(7)
FEWEST = 5  # operations from which a segment tells how its amounts differ; below, all together tell it
WIDTH = 2 * ndtri(0.9)  # of the middle 80 % of a normal law, in standard deviations


def stream(seed: int, use: int) -> np.random.Generator:
    """The random numbers of `seed` for one `use` (`SHARED`, `ASKED`...).

    Those of one use alone would be those of another too: what contracts share would go with what is each one's own.
    """
    return np.random.default_rng([seed, use])


@cache
def _laws() -> dict[tuple[str, str], pd.Series]:
    table = reference.table("potentiel/facteurs")
    wrong = table[~table["loi"].isin(["constante", "uniforme", "triangulaire", "lognormale"])]
    for row in wrong.itertuples():
        raise DataError(
            f"potentiel/facteurs.csv, segment {row.segment}, facteur {row.facteur}, colonne « loi » : « {row.loi} » ; "
            "attendu : constante, uniforme, triangulaire ou lognormale."
        )
    return {(row["segment"], row["facteur"]): row for _, row in table.iterrows()}


def law(segment: str, factor: str) -> pd.Series:
    """The law of a factor: loi, p1, p2, p3, part_commune; that of all segments where it has none of its own."""
    laws = _laws()
    return laws[(segment, factor) if (segment, factor) in laws else (DEFAULT, factor)]


def quantile(found: pd.Series, u: Numbers) -> Numbers:
    """The value of a law under which it falls with probability `u`.

    constante: p1; uniforme: from p1 to p2; triangulaire: least p1, likeliest p2, most p3; lognormale: median p1, p2
    the standard deviation of the logarithm.
    """
    p1, p2, p3 = (float(found[name]) for name in ("p1", "p2", "p3"))
    if found["loi"] == "constante":
        return np.full(np.shape(u), p1)
    if found["loi"] == "uniforme":
        return p1 + (p2 - p1) * u
    if found["loi"] == "lognormale":
        return p1 * np.exp(p2 * ndtri(u))
    return triangular(u, p1, p2, p3)


def triangular(u: Numbers, least: float, likeliest: float, most: float) -> Numbers:
    """The value of a triangular law under which it falls with probability `u`."""
    # By hand: `scipy.stats.triang` is slower and its last digits are others.
    rising = least + np.sqrt(u * (most - least) * (likeliest - least))
    falling = most - np.sqrt((1 - u) * (most - least) * (most - likeliest))
    return np.where(u < (likeliest - least) / (most - least), rising, falling)


def per_euro(segment: str, normal: dict[str, Numbers]) -> Numbers:
    """Hours per euro of the rule, each factor at the quantile of its standard normal value."""
    value = {name: quantile(law(segment, name), ndtr(normal[name])) for name in RULE}
    return value["depense"] * value["main_oeuvre"] * value["insertion"] * (1 - value["reprise"]) / value["cout_horaire"]


def most_per_euro(segment: str) -> float:
    """The hours of all the labour that a euro pays, which no clause exceeds: median labour share over median cost."""
    share, cost = (quantile(law(segment, factor), np.array(0.5)) for factor in ("main_oeuvre", "cout_horaire"))
    return float(share / cost)


@dataclass(frozen=True)
class Learnt:
    """What linked operations say of hours per euro, on logarithms.

    segments: segment (index), centre (of log hours per euro, at the amount `montant`), variance (of that centre),
    montant (median), ecart_montant (standard deviation of the log amount), operations; spread: standard deviation
    between operations of one segment, of the `middle` amount of narrowing, which says how it follows the amount;
    operations: how many told it; slope: of log hours per euro on log amount.
    """

    segments: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame(columns=["centre", "variance", "montant", "ecart_montant", "operations"])
    )
    spread: float = 0.0
    operations: int = 0
    slope: float = 0.0
    narrowing: Narrowing = NONE


def learnt(whole: pd.DataFrame, weight: float) -> Learnt:
    """From operations with segment, montant (euros, reliable) and heures (all of them).

    Medians, because amounts have gross errors; the slope is that of H. Theil and P. K. Sen (amounts are often maxima,
    and the larger the less of them is spent), between proportional hours and hours that no amount moves, drawn towards
    the rule's, which are proportional; the spread is that of the middle 80 % of the operations, each brought to the
    spread of the middle amount (`narrowing`). What is assumed of all counts for `weight` operations: a few could say
    anything.
    """
    rows = whole[(whole["heures"] > 0) & (whole["montant"] > 0) & whole["segment"].notna()]
    if len(rows) < 3 or rows["segment"].nunique() == len(rows):
        return Learnt()
    size = np.log(rows["montant"])
    log = np.log(rows["heures"]) - size
    by = rows["segment"]
    away = size - size.groupby(by).transform("median")
    slope = _slope(log - log.groupby(by).transform("median"), away, by, weight)
    flat = log - slope * away
    centre = flat.groupby(by).median()
    rest = (flat - by.map(centre))[by.map(by.value_counts()) > 1]
    narrower = narrowing(rest, rows.loc[rest.index, "montant"], weight)
    low, high = np.quantile(rest / narrower.of(rows.loc[rest.index, "montant"]), [0.1, 0.9])
    count = by.value_counts().reindex(centre.index)
    spread = max(float(high - low) / WIDTH, 1e-3)
    scale = size.groupby(by).quantile([0.1, 0.9]).unstack()
    assumed = float(law(DEFAULT, MISSED)["p2"])
    doubt = (weight * assumed**2 + len(rest) * spread**2) / (weight + len(rest))
    together = float(np.diff(np.quantile(away[rest.index], [0.1, 0.9]))[0])
    width = (scale[0.9] - scale[0.1]).where(count >= FEWEST, together)
    segments = pd.DataFrame(
        {
            "centre": centre,
            "variance": np.pi / 2 * doubt / count,  # of a median
            "montant": np.exp(size.groupby(by).median()),
            "ecart_montant": width / WIDTH,
            "operations": count,
        }
    )
    return Learnt(segments, spread, len(rows), slope, narrower)


def _slope(log: pd.Series, size: pd.Series, by: pd.Series, weight: float) -> float:
    """The slope of `log` on `size`, both centred by segment (`by`), told by the segments of several amounts."""
    telling = size.groupby(by).transform("nunique") > 1
    if not telling.any():
        return 0.0
    found = float(theilslopes(log[telling], size[telling])[0])
    return float(np.clip(found * telling.sum() / (telling.sum() + weight), -1.0, 0.0))


@dataclass(frozen=True)
class Segment:
    """Draws of what the contracts of a segment share: normal (by factor), missed (log of `ecart_modele`), eligible
    (standard normal); and own: the standard deviation of what the factors' own parts leave unsaid, of contracts of the
    `middle` amount of narrowing."""

    name: str
    normal: dict[str, Numbers]
    missed: Numbers
    eligible: Numbers
    own: float
    slope: float
    narrowing: Narrowing
    montant: float
    ecart_montant: float


def segment_draws(names: list[str], known: Learnt, *, draws: int, seed: int, weight: float) -> dict[str, Segment]:
    """`draws` of each segment's shared part, updated by what is `known`; `weight` operations for the assumed spread.

    The update is J. Matheron's: a draw of everything, plus the regression of each part on the hours per euro, times
    what the observation (drawn with its error) differs by; exact for normal logarithms. Segments move by what
    the rule misses on the others, with the variance between segments, then by their own operations.
    """
    rng = stream(seed, SHARED)
    share = reference.constants("potentiel")["correlation_segments"]
    every = {factor: rng.standard_normal(draws) for factor in (*RULE, MISSED, ELIGIBLE)}

    def normal_of(factor: str) -> Numbers:
        return np.sqrt(share) * every[factor] + np.sqrt(1 - share) * rng.standard_normal(draws)

    drawn = {}
    for name in names:
        normal = {factor: normal_of(factor) for factor in RULE}
        shared = _shared(name, normal)
        sigma = float(law(name, MISSED)["p2"])
        drawn[name] = (normal, np.log(per_euro(name, shared)), sigma * normal_of(MISSED))
    out = {}
    for name, (first, rule, missed) in drawn.items():
        normal, total = first, rule + missed
        common = _common(drawn, known, name)
        for centre, variance in [(float(total.mean()) + common[0], common[1]), _seen(known, name)]:
            if not np.isfinite(variance):
                continue
            gap = centre + np.sqrt(variance) * rng.standard_normal(draws) - total
            whole = total.var() + variance
            normal = {f: z + np.cov(z, total)[0, 1] / whole * gap for f, z in normal.items()}
            total = total + total.var() / whole * gap
        shared = _shared(name, normal)
        row = known.segments.loc[name] if name in known.segments.index else None
        out[name] = Segment(
            name,
            normal,
            total - np.log(per_euro(name, shared)),
            normal_of(ELIGIBLE),
            _own(name, shared, known, weight, rng),
            known.slope,
            known.narrowing,
            float(row["montant"]) if row is not None else np.nan,
            float(row["ecart_montant"]) if row is not None else np.nan,
        )
    return out


def _common(drawn: dict[str, tuple], known: Learnt, without: str) -> tuple[float, float]:
    """What the rule misses on a segment that nobody observed: its mean and variance, from those observed.

    The segment `without` is left out: its own operations tell it next (`_seen`), and would count twice.
    """
    seen = [name for name in known.segments.index if name in drawn and name != without]
    if not seen:
        return 0.0, np.inf
    gap = pd.Series(
        {name: known.segments.loc[name, "centre"] - (drawn[name][1] + drawn[name][2]).mean() for name in seen}
    )
    noise = known.segments.loc[seen, "variance"].astype("float64")
    ignorance = float(np.mean([drawn[name][1].var() for name in seen]))
    between = max(between_variance(gap, noise), ignorance)
    precision = 1 / (noise + between)
    # A priori the rule misses nothing, within its own doubt.
    doubt = float(np.mean([drawn[name][2].var() for name in seen]))
    whole = float(precision.sum()) + 1 / doubt
    return float((precision * gap).sum() / whole), between + 1 / whole


def _seen(known: Learnt, name: str) -> tuple[float, float]:
    if name not in known.segments.index:
        return 0.0, np.inf
    row = known.segments.loc[name]
    return float(row["centre"]), float(row["variance"])


def _own(name: str, shared: dict[str, Numbers], known: Learnt, weight: float, rng: np.random.Generator) -> float:
    """What the factors' own parts leave of the spread seen between operations."""
    typical = per_euro(name, shared)
    assumed = float(np.log(per_euro(name, _with_own(name, shared, rng)) / typical).std())
    square = (weight * assumed**2 + known.operations * known.spread**2) / (weight + known.operations)
    return float(np.sqrt(max(square - assumed**2, 0.0)))


def _shared(name: str, normal: dict[str, Numbers]) -> dict[str, Numbers]:
    """The part of each factor that all contracts of a segment share."""
    return {factor: np.sqrt(law(name, factor)["part_commune"]) * z for factor, z in normal.items()}


def shared(drawn: dict[str, Segment]) -> pd.DataFrame:
    """The logarithm of hours per euro that all contracts of a segment (column) have in common, by draw (row)."""
    return pd.DataFrame(
        {name: np.log(per_euro(name, _shared(name, one.normal))) + one.missed for name, one in drawn.items()}
    )


def _with_own(name: str, shared: dict[str, Numbers], rng: np.random.Generator, width: int | None = None) -> dict:
    """The shared part of each factor with a contract's own, for `width` contracts (columns)."""
    out = {}
    for factor, z in shared.items():
        size = np.shape(z) if width is None else (len(z), width)
        base = z if width is None else z[:, None]
        own = np.sqrt(1 - law(name, factor)["part_commune"])
        # A constant costs no draw.
        out[factor] = base + (own * rng.standard_normal(size) if own else np.zeros(size))
    return out


def hours(drawn: Segment, amounts: Numbers, rng: np.random.Generator, usual: float = 1.0) -> Numbers:
    """Hours of each contract (column) in each draw (row); amounts in euros, missing where they are not known.

    A missing amount is drawn as those of the segment's operations are, else around the median of those known, else
    around `usual`.
    """
    shared = _shared(drawn.name, drawn.normal)
    common = np.log(per_euro(drawn.name, shared))[:, None]
    own = np.log(per_euro(drawn.name, _with_own(drawn.name, shared, rng, len(amounts)))) - common
    own += drawn.own * rng.standard_normal(own.shape)
    middle = np.median(amounts[~np.isnan(amounts)]) if (~np.isnan(amounts)).any() else usual
    usual = drawn.montant if np.isfinite(drawn.montant) else float(middle)
    spread = drawn.ecart_montant if np.isfinite(drawn.ecart_montant) else 1.0
    size = np.where(np.isnan(amounts), np.log(usual) + spread * rng.standard_normal(own.shape), np.log(amounts))
    own *= drawn.narrowing.of(np.exp(size))
    return np.exp(size + common + drawn.missed[:, None] + own + drawn.slope * (size - np.log(usual)))


def usual(amounts: pd.Series) -> float:
    """The median of the amounts that are known; one euro where none is, which sizes nothing."""
    return float(amounts.median()) if amounts.notna().any() else 1.0


def of_contracts(contracts: pd.DataFrame, drawn: dict[str, Segment], rng: np.random.Generator) -> Numbers:
    """Hours of each of `contracts` (column) in each draw (row): its part of those of its need.

    `contracts` has besoin, montant_besoin, segment_besoin and part (`amounts.by_need`). The law is that of whole
    operations, drawn once for each need in the segment of its largest contract, as operations are learnt from: what
    differs from one need to the next does not average out over its contracts.
    """
    # In order of need, not of contract: draws do not depend on the order of the rows.
    needs = contracts.drop_duplicates("besoin").sort_values(["segment_besoin", "besoin"])
    place, middle = pd.Series(np.arange(len(needs)), index=needs["besoin"]), usual(needs["montant_besoin"])
    parts = [
        hours(drawn[str(name)], own["montant_besoin"].to_numpy(dtype="float64"), rng, middle)
        for name, own in needs.groupby("segment_besoin")
    ]
    whole = np.concatenate(parts, axis=1)[:, contracts["besoin"].map(place).to_numpy()]
    return np.asarray(whole * contracts["part"].to_numpy(dtype="float64"))


def eligible(drawn: Segment, size: int, rng: np.random.Generator) -> Numbers:
    """1 where a clause could be asked of a contract (column) in a draw (row), else 0."""
    chance = _chance(drawn)
    return (rng.random((len(chance), size)) < chance[:, None]).astype("float64")


def _chance(drawn: Segment) -> Numbers:
    """The probability that a clause could be asked of a contract of the segment, in each draw."""
    return quantile(law(drawn.name, ELIGIBLE), ndtr(drawn.eligible))


def chances(drawn: dict[str, Segment]) -> pd.DataFrame:
    """The probability that a clause could be asked of a contract, by draw (row, as in `shared`) and segment."""
    return pd.DataFrame({name: _chance(one) for name, one in drawn.items()})


def drivers(drawn: Segment, total: Numbers) -> dict[str, float]:
    """Part of the variance of the logarithm of a segment's `total` (by draw) that each shared factor explains.

    Squared correlations of ranks, scaled to what they and the contracts' own part make together.
    """
    rank = pd.Series(total).rank()
    parts = {**drawn.normal, MISSED: drawn.missed, ELIGIBLE: drawn.eligible}
    square = {}
    for name, z in parts.items():
        varies = name in (MISSED, ELIGIBLE) or law(drawn.name, name)["loi"] != "constante"
        square[name] = float(rank.corr(pd.Series(z).rank()) ** 2) if varies and rank.std() > 0 else 0.0
    own = max(1 - sum(square.values()), 0.0)
    whole = sum(square.values()) + own
    return {name: value / whole for name, value in square.items()} | {"propre_aux_marches": own / whole}
