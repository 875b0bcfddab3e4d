"""Codes that say more the longer they are: CPV, NAF, SIREN."""

from __future__ import annotations

import pandas as pd


def by_prefix(codes: pd.Series, known: pd.Series) -> pd.Series:
    """What `known` (text by prefix) says of the longest prefix of each code that it has; missing where it has none."""
    found = pd.Series(pd.NA, index=codes.index, dtype="str")
    for length in sorted(known.index.str.len().unique(), reverse=True):
        found = found.fillna(codes.str[: int(length)].map(known))
    return found
