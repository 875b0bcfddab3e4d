"""Numbers of companies, as INSEE gives them: a SIREN of a legal unit, and its SIRET of an establishment, which begins
with it.

Source: INSEE, definitions of SIREN and SIRET. The key of both is Luhn's, but for the establishments of La Poste, whose
digits sum to a multiple of 5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # contracts are read without pandas
    import pandas as pd

SIREN_DIGITS, SIRET_DIGITS = 9, 14
LA_POSTE = "356000000"


def siren_of(sirets: pd.Series) -> pd.Series:
    """The SIREN of each SIRET; of what is a SIREN already, itself."""
    return sirets.str[:SIREN_DIGITS]
