"""The segment that the object of a contract tells: a linear classifier of its character n-grams, in two steps.

Group of segments, then segment. It is taught by the CPV of contracts, so that what it learns is the code that a text
would be published with: with w the known rate of wrong codes (`segments/hypotheses`) and q the share of each segment
among the codes, p = (p_code - w q) / (1 - w) (label noise, G. Patrini et al., CVPR 2017).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from zlib import crc32

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.linear_model import SGDClassifier

from analysis.core import reference
from analysis.core.params import ClassifierParams
from analysis.core.sirene import siren_of
from analysis.core.texts import words
from analysis.segments.contracts import OTHER

Numbers = NDArray[np.float64]

FLOOR = 1e-4  # of a probability of the text, before its logarithm
GROUPS = "groupes"  # the first step; the others have the name of the group whose segments they tell


def plain(objects: pd.Series) -> pd.Series:
    """Objects as words without case, accents, digits or signs; empty where there is none."""
    text = objects.fillna("").map(lambda said: " ".join(words(said))).astype("str")
    return text.str.replace(r"[^a-z]+", " ", regex=True).str.strip()


def folds(buyers: pd.Series, count: int) -> NDArray[np.int64]:
    """The fold of each contract: all those of one buyer (SIREN) in the same one, whatever else was received."""
    codes, sirens = pd.factorize(siren_of(buyers.fillna("")))
    return np.array([crc32(siren.encode()) % count for siren in sirens], dtype=np.int64)[codes]


def hypothesis(name: str) -> float:
    """A value of `segments/hypotheses`."""
    return float(reference.value("segments/hypotheses", name))


@dataclass(frozen=True)
class Step:
    """A linear classifier of some classes, in order; a class alone has no coefficients."""

    classes: NDArray[np.str_]
    coefficients: Numbers
    intercepts: Numbers

    @classmethod
    def taught(cls, features: csr_matrix, labels: NDArray[np.object_], settings: ClassifierParams) -> Step:
        """What `features` teach of `labels`, of one class at least."""
        classes = np.array(sorted(set(labels)), dtype=np.str_)
        if len(classes) == 1:
            return cls(classes, np.empty((0, features.shape[1])), np.empty(0))
        model = SGDClassifier(
            loss="log_loss", alpha=settings.penalty, max_iter=settings.passes, tol=None, average=True, random_state=0
        ).fit(features, labels)
        return cls(classes, model.coef_, model.intercept_)

    def told(self, features: csr_matrix) -> dict[str, Numbers]:
        """The probability of each class for each row."""
        if len(self.classes) == 1:
            return {str(self.classes[0]): np.ones(features.shape[0])}
        model = SGDClassifier(loss="log_loss")
        model.classes_, model.coef_, model.intercept_ = self.classes, self.coefficients, self.intercepts
        return dict(zip(self.classes.tolist(), model.predict_proba(features).T, strict=True))


def two_steps(features: csr_matrix, labels: NDArray[np.object_], settings: ClassifierParams) -> dict[str, Step]:
    """The groups of segments (`GROUPS`), and by group its segments."""
    group_of = reference.table("nomenclatures/segments").set_index("code")["groupe"]
    groups = group_of.reindex(labels).to_numpy(dtype=object)
    steps = {GROUPS: Step.taught(features, groups, settings)}
    for group in steps[GROUPS].classes.tolist():
        inside = groups == group
        steps[group] = Step.taught(features[inside], labels[inside], settings)
    return steps


def probabilities(steps: dict[str, Step], features: csr_matrix) -> pd.DataFrame:
    """p(group) p(segment | group): rows x segments, 0 for those that nothing taught."""
    names = list(reference.labels("segments"))
    found = np.zeros((features.shape[0], len(names)))
    for group, share in steps[GROUPS].told(features).items():
        for segment, part in steps[group].told(features).items():
            found[:, names.index(segment)] = share * part
    return pd.DataFrame(found, columns=names)


def right(published: pd.DataFrame, shares: pd.Series) -> pd.DataFrame:
    """The probability of each segment, from that of the code a text would be published with; NaN stays."""
    wrong = hypothesis("part_cpv_faux")
    least = ((published - wrong * shares) / (1 - wrong)).clip(lower=FLOOR)
    return least.div(least.sum(axis=1), axis=0).where(published.notna())


@dataclass(frozen=True)
class Counted:
    """Texts (`plain`), and how often each (row) holds each n-gram that is in any of them (column)."""

    texts: pd.Series
    grams: NDArray[np.str_]
    counts: csr_matrix

    @classmethod
    def of(cls, objects: pd.Series, settings: ClassifierParams) -> Counted:
        """Those of `objects`: the costly part of what `weighed` makes of them, done once."""
        texts = plain(objects)
        if not texts.ne("").any():
            return cls(texts, np.empty(0, np.str_), csr_matrix((len(texts), 0), dtype=np.float32))
        maker = CountVectorizer(**_grams(settings))
        counts = maker.fit_transform(texts)
        return cls(texts, maker.get_feature_names_out().astype(np.str_), counts)

    def first(self, count: int) -> Counted:
        """Those of the first texts."""
        return Counted(self.texts.iloc[:count], self.grams, self.counts[:count])

    def weighed(
        self, rows: NDArray[np.bool_], settings: ClassifierParams, teaching: int
    ) -> tuple[csr_matrix, NDArray[np.str_], NDArray[np.float32]]:
        """What tells `rows`, the n-grams found in enough of them, and their rarity; `teaching` of them teach."""
        counts = self.counts[rows]
        enough = np.bincount(counts.indices, minlength=len(self.grams)) >= min(settings.rarest, teaching)
        weigher = TfidfTransformer(sublinear_tf=True)
        return weigher.fit_transform(counts[:, enough]), self.grams[enough], weigher.idf_


def reading(settings: ClassifierParams, grams: list[str], rarity: NDArray[np.float32]) -> TfidfVectorizer:
    """What makes features of new texts, by the n-grams and the rarity of known ones (`Counted.weighed`)."""
    maker = TfidfVectorizer(**_grams(settings), sublinear_tf=True, vocabulary=grams)
    maker.idf_ = rarity
    return maker


def _grams(settings: ClassifierParams) -> dict[str, Any]:
    return {"analyzer": "char_wb", "ngram_range": (settings.shortest, settings.longest), "dtype": np.float32}


def shares_of(codes: pd.Series) -> pd.Series:
    """The part of each segment among `codes`, in the order of the nomenclature."""
    return codes.value_counts(normalize=True).reindex(list(reference.labels("segments"))).fillna(0.0)


def told_by_others(contracts: pd.DataFrame, settings: ClassifierParams, counted: Counted | None = None) -> pd.DataFrame:
    """The probability of each segment by the object alone: contracts x segments, NaN where there is no object.

    `contracts` has objet, acheteur_id, segment_cpv; `counted` is that of their objects, where it is at hand. A fold's
    contracts are told by what the other folds teach; one whose code's segment none of them has is not told, since
    they would hold against it what they have never seen.
    """
    counted = counted or Counted.of(contracts["objet"], settings)
    fold = folds(contracts["acheteur_id"], settings.folds)
    known = counted.texts.ne("").to_numpy()
    teaches = known & contracts["segment_cpv"].ne(OTHER).to_numpy()
    out = pd.DataFrame(np.nan, index=contracts.index, columns=list(reference.labels("segments")))
    if not teaches.any():
        return out
    features, *_ = counted.weighed(np.full(len(contracts), True), settings, int(teaches.sum()))
    labels = contracts["segment_cpv"].to_numpy(dtype=object)
    for number in range(settings.folds):
        learn = teaches & (fold != number)
        heard = ~teaches | contracts["segment_cpv"].isin(labels[learn]).to_numpy()
        tell = known & (fold == number) & heard
        if learn.any() and tell.any():
            steps = two_steps(features[learn], labels[learn], settings)
            out.loc[tell, :] = probabilities(steps, features[tell]).to_numpy()
    return right(out, shares_of(contracts.loc[teaches, "segment_cpv"]))
