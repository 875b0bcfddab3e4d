"""What the observatory has to ask again: who did not answer, and areas that are not what is followed."""

from __future__ import annotations

import pandas as pd

from analysis.core import reference

FRESH_MONTHS = 12  # after which an answer is old
FRESH, OLD, NEVER = "a_jour", "ancienne", "sans_reponse"
IDLE, OUTSIDE = "sans_operation", "hors_zone"


def answers(clean: dict[str, pd.DataFrame], sent: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    """Each structure of the inventory on `day`: structure_id, nom, type_acteur, nature_porteuse, departement,
    date_reponse, reponse (a_jour, ancienne, sans_reponse), dernier_export (year of the last send; missing for other
    actors)."""
    home = reference.communes().set_index("code_insee")["departement"]
    rows = clean["structures"]
    since = day - pd.DateOffset(months=FRESH_MONTHS)
    state = pd.Series(FRESH, index=rows.index).mask(rows["date_reponse"] < since, OLD)
    return pd.DataFrame(
        {
            **{name: rows[name] for name in ("structure_id", "nom", "type_acteur", "nature_porteuse")},
            "departement": rows["commune_insee"].map(home),
            "date_reponse": rows["date_reponse"],
            "reponse": state.mask(rows["date_reponse"].isna() | (rows["date_reponse"] > day), NEVER),
            "dernier_export": rows["structure_id"].map(sent.groupby("structure_id")["annee"].max()),
        }
    )


def contradictions(
    areas: pd.DataFrame, active: pd.DataFrame, senders: set[str], day: pd.Timestamp, months: int
) -> pd.DataFrame:
    """structure_id, epci_siren, constat, operations: areas declared for `months` where the structure follows nothing,
    and operations followed outside of what it declares. Of structures that sent (`senders`) alone: of the others
    nothing is known. `areas` comes from `staff.areas`, `active` from `zones.followed`."""
    long = areas["date_debut"] <= day - pd.DateOffset(months=months)
    key = ["structure_id", "epci_siren"]
    counts = active.groupby(key, as_index=False)["op_id"].nunique().rename(columns={"op_id": "operations"})
    both = areas.assign(long=long)[[*key, "long"]].merge(counts, on=key, how="outer")
    both = both[both["structure_id"].isin(senders)]
    idle = both["operations"].isna() & both["long"].eq(True)
    outside = both["long"].isna()
    found = both[idle | outside].assign(constat=pd.Series(IDLE, index=both.index).mask(outside, OUTSIDE))
    found = found.assign(operations=found["operations"].fillna(0).astype("int64"))
    return found[[*key, "constat", "operations"]].sort_values(key, ignore_index=True)
