"""The field's rule of thumb for the hours of a contract, which the model is held against."""

from __future__ import annotations

from typing import TypeVar

import pandas as pd

from analysis.core import reference

Amount = TypeVar("Amount", float, "pd.Series[float]")


def textbook(amount: Amount, rate: Amount | float | None = None) -> Amount:
    """Hours of a contract of `amount` euros: 50 % of labour, 5 % of it (or `rate`) for insertion, 30 € an hour.

    The numbers are `manuel_*` of `potentiel/constantes`, with their sources.
    """
    fixed = reference.constants("potentiel")
    share = fixed["manuel_insertion"] if rate is None else rate
    return amount * fixed["manuel_main_oeuvre"] * share / fixed["manuel_cout"]
