"""The three lines of arguments: sentences of reference data (`acheteur/arguments`), each with numbers of the region."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pandas as pd

from analysis.core import reference
from analysis.core.numbers import french
from analysis.core.params import Params

ARGUMENTS = ["achat_id", "ligne", "ordre", "phrase", "table", "source"]
SHARES = {"part_epci": 1, "part_epci_bas": 1, "part_epci_haut": 1, "part_region": 1}  # decimals
DECIMALS = {"etp_engagement": 2, "engagement_mois": 1}
_NAME = re.compile(r"\{(\w+)\}")


def arguments(
    achats: pd.DataFrame, parts: pd.DataFrame, near: pd.DataFrame, asked: pd.DataFrame, params: Params
) -> pd.DataFrame:
    """The sentences that hold for each purchase: columns `ARGUMENTS`, `table` the published one that the number is in.

    A sentence is left out where its condition does not hold or one of its numbers is not known. `asked` are the
    findings on the law (`law.asked`), by achat_id.
    """
    texts = reference.table("acheteur/arguments").to_dict("records")
    rows: list[dict[str, Any]] = []
    for achat_id, known in facts(achats, parts, near, asked, params).items():
        said = _printed(known)
        rows += [
            text | {"achat_id": achat_id, "phrase": text["phrase"].format(**said)}
            for text in texts
            if holds(text["condition"], known) and all(pd.notna(known[name]) for name in _NAME.findall(text["phrase"]))
        ]
    return pd.DataFrame(rows, columns=ARGUMENTS)


def holds(condition: str, known: Mapping[str, Any]) -> bool:
    """Whether `name>number` or `name=text` is true of what is known."""
    name, sign, value = condition.partition(">" if ">" in condition else "=")
    if sign == "=":
        return bool(known[name] == value)
    return bool(pd.notna(known[name]) and known[name] > float(value))


def facts(
    achats: pd.DataFrame, parts: pd.DataFrame, near: pd.DataFrame, asked: pd.DataFrame, params: Params
) -> dict[str, dict[str, Any]]:
    """By achat_id, what sentences may name; missing where it is not known."""
    share = parts.pivot(
        index="achat_id",
        columns="niveau",
        values=["part", "part_bas", "part_haut", "edition", "renseignes", "avec_clause"],
    )
    found = asked[asked["code"] == "OBLIGATION"].set_index("achat_id")["cas"]
    carrying = (
        near["statut_social"].isin(reference.social_states("porte_clause")) | near["suivi"] | near["suivi_ouvert"]
    )
    counted = carrying.groupby(near["achat_id"]).agg(["size", "sum"])
    out = {}
    for row in achats.to_dict("records"):
        key = row["achat_id"]
        own = share.loc[key]
        out[key] = row | {
            "part_region": own.get(("part", "region")),
            "edition": own.get(("edition", "region")),
            "part_epci": own.get(("part", "epci")),
            "part_epci_bas": own.get(("part_bas", "epci")),
            "part_epci_haut": own.get(("part_haut", "epci")),
            "vus_epci": own.get(("avec_clause", "epci")),
            "vus_epci_sur": own.get(("renseignes", "epci")),
            "semblables": counted["size"].get(key, 0),
            "semblables_clause": counted["sum"].get(key, 0),
            "rayon": params.segments.potential.radius_km,
            "obligation": found.get(key),
        }
    return out


def _printed(known: Mapping[str, Any]) -> dict[str, str]:
    out = {}
    for name, value in known.items():
        if name in SHARES:
            out[name] = french(None if pd.isna(value) else 100 * float(value), SHARES[name], "%")
        elif name == "edition":
            out[name] = "" if pd.isna(value) else str(int(value))
        elif isinstance(value, int | float):
            out[name] = french(value, DECIMALS.get(name, 0))
        else:
            out[name] = str(value)
    return out
