"""How much is hidden, table by table: the quality page prints it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.core.numbers import round_half_up
from analysis.core.reference import HOURS
from analysis.disclosure.policy import policy
from analysis.disclosure.primary import OPEN, rules
from analysis.disclosure.statements import Tables


def summary(results: Tables, hidden: pd.DataFrame, rough: pd.DataFrame) -> pd.DataFrame:
    """livrable, table, lignes, cachees, arrondies, part_lignes, part_heures (in whole per cent, of each table, where it
    may be said).

    Rows of `rough` are told rounded, and hidden no more.

    The share of hours is rounded: with all its digits it would be one more sum over the hidden cells. How many rows are
    hidden to protect others is not said: where it is none of a table's, or all, it would be each one's reason.
    """
    rows = []
    for name, frame in results.items():
        if policy(name)["controle"] == OPEN or frame.empty:
            continue
        own = hidden[hidden["table"] == name]
        gone = np.isin(np.arange(len(frame)), own["ligne"])
        livrable, table = name.split(".")
        rows.append(
            {
                "livrable": livrable,
                "table": table,
                "lignes": len(frame),
                "cachees": int(gone.sum()),
                "arrondies": int(rough["table"].eq(name).sum()),
                "part_lignes": gone.mean(),
                "part_heures": _hours_hidden(frame, gone),
            }
        )
    return pd.DataFrame(rows)


def _hours_hidden(frame: pd.DataFrame, gone: np.ndarray) -> float:
    """The share of the hours of a table that its hidden rows hold, in whole per cent; missing without hours, and where
    it would give those of a row.

    With the rows that are shown, it gives the hidden ones together: whoever knows his own must find no other closer
    than rules ask, so that the two largest leave at least that part of the larger (the « p % » rule).
    """
    if "heures" in frame:
        hours = frame["heures"]
    elif "indicateur" in frame and "valeur" in frame:
        hours = frame["valeur"].where(frame["indicateur"] == HOURS)
    else:
        return float("nan")
    total, own = float(hours.sum()), hours[gone].dropna().sort_values(ascending=False).to_numpy(dtype="float64")
    tells = len(own) and own[2:].sum() <= rules()["protection"].max() * own[0]
    return float("nan") if tells or not total else float(round_half_up(float(own.sum()) / total, 2))
