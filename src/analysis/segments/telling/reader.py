"""What the contracts taught, kept in a file: the segment of a text that comes later is told without learning again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.core import reference
from analysis.core.files import finished
from analysis.core.params import ClassifierParams
from analysis.segments.contracts import OTHER
from analysis.segments.telling.model import Trust, combined, decided
from analysis.segments.telling.text import Counted, Step, plain, probabilities, reading, right, shares_of, two_steps

FILE = "lecteur.npz"


@dataclass(frozen=True)
class Reader:
    """grammes with the rarity (idf) of each; the steps of the classifier; the part of each segment among the codes that
    taught; how far text and CPV are believed."""

    grammes: NDArray[np.str_]
    rarity: NDArray[np.float32]
    steps: dict[str, Step]
    shares: pd.Series
    trust: Trust

    @classmethod
    def taught(
        cls, contracts: pd.DataFrame, trust: Trust, settings: ClassifierParams, counted: Counted | None = None
    ) -> Reader:
        """By all `contracts` (objet, segment_cpv) that have both; where none has, by nothing.

        `counted` is that of their objects, where it is at hand.
        """
        counted = counted or Counted.of(contracts["objet"], settings)
        teaches = counted.texts.ne("") & contracts["segment_cpv"].ne(OTHER)
        labels = contracts.loc[teaches, "segment_cpv"]
        if labels.empty:
            return cls(np.empty(0, np.str_), np.empty(0, np.float32), {}, shares_of(labels), trust)
        features, names, rarity = counted.weighed(teaches.to_numpy(), settings, len(labels))
        return cls(
            names, rarity, two_steps(features, labels.to_numpy(dtype=object), settings), shares_of(labels), trust
        )

    def told(self, objects: pd.Series, cpv: pd.Series, settings: ClassifierParams) -> pd.DataFrame:
        """The segment of each object and of the segment of its CPV: as `model.decided` tells those of contracts."""
        texts = plain(objects)
        known = texts.ne("").to_numpy()
        text = pd.DataFrame(np.nan, index=objects.index, columns=self.shares.index)
        if self.steps and known.any():
            maker = reading(settings, self.grammes.tolist(), self.rarity)
            text.loc[known, :] = probabilities(self.steps, maker.transform(texts[known])).to_numpy()
        text = right(text, self.shares)
        return decided(combined(text, cpv, self.trust), text, cpv, settings.min_p)

    def write(self, path: Path) -> None:
        """Arrays by name, as numpy keeps them (`.npz`)."""
        arrays: dict[str, NDArray] = {
            "grammes": self.grammes,
            "rarete": self.rarity,
            "parts": self.shares.to_numpy(dtype=np.float64),
            "confiance": np.array([self.trust.text, self.trust.cpv]),
        }
        for name, step in self.steps.items():
            arrays[f"{name}/classes"] = step.classes
            # Half the size: what they tell is rounded well above what this loses.
            arrays[f"{name}/coefficients"] = step.coefficients.astype(np.float32)
            arrays[f"{name}/constantes"] = step.intercepts
        with finished(path) as scratch, scratch.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **arrays)

    @classmethod
    def read(cls, path: Path) -> Reader:
        """What `write` wrote."""
        with np.load(path, allow_pickle=False) as kept:
            names = sorted({name.rpartition("/")[0] for name in kept.files} - {""})
            steps = {
                name: Step(*(kept[f"{name}/{field}"] for field in ("classes", "coefficients", "constantes")))
                for name in names
            }
            shares = pd.Series(kept["parts"], index=list(reference.labels("segments")))
            return cls(kept["grammes"], kept["rarete"], steps, shares, Trust(*kept["confiance"].tolist()))
