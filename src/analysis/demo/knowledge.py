"""What the synthetic world is made from: the tables of `data/raw/reference/demo/`, read once."""

from __future__ import annotations

import zlib
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.core import reference
from analysis.core.files import read_yaml
from analysis.core.paths import reference_dir
from analysis.sources.mapping import Mapping, load_mapping

FIRST_YEAR, LAST_YEAR = 2015, 2025  # of the editions
EDITIONS = range(FIRST_YEAR, LAST_YEAR + 1)
DECP_YEARS = range(2018, LAST_YEAR + 1)
CALIBRATED = 2016
IN_SCOPE = ("EXEC", "EXEC_CRIT")
MONTH_CAP = 15_167  # hundredths of an hour: a full-time month, 151.67 h

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def table(name: str) -> pd.DataFrame:
    """A table of the demo's knowledge."""
    return reference.table(f"demo/{name}")


@cache
def words() -> dict[str, Any]:
    """The words of the synthetic objects (`objets.yaml`)."""
    return dict(read_yaml(reference_dir() / "demo" / "objets.yaml"))


@cache
def segments() -> pd.DataFrame:
    """What is known or assumed of each segment, indexed by its code."""
    return table("segments").set_index("segment")


@cache
def setting(field: str, value: str) -> float:
    """One weight or rate of `decp_modalites.csv`."""
    found = table("decp_modalites")
    return float(found.loc[(found["champ"] == field) & (found["valeur"] == value), "poids"].iloc[0])


def mapping_files() -> list[Path]:
    """The layouts of the invented suppliers."""
    return sorted((reference_dir() / "demo" / "mappings").glob("*.yaml"))


@cache
def mappings() -> dict[str, Mapping]:
    """The layouts, read, by their names."""
    return {path.stem: load_mapping(path) for path in mapping_files()}


class Draw:
    """Random draws of one part of the world: its own stream, so that parts change independently."""

    def __init__(self, seed: int, part: str) -> None:
        self.rng = np.random.default_rng([seed, zlib.crc32(part.encode())])

    def choose(self, values: Any, weights: Any, size: int) -> np.ndarray:
        """`size` of `values`, with replacement, by weight."""
        p = np.asarray(weights, dtype=float)
        return np.asarray(values)[self.rng.choice(len(p), size=size, p=p / p.sum())]

    def chance(self, p: Any, size: int) -> Bools:
        """True with probability `p` (one, or one for each)."""
        return self.rng.random(size) < p

    def subset(self, size: int, count: int) -> Ints:
        """`count` distinct positions among `size`, in random order."""
        return self.rng.permutation(size)[:count]
