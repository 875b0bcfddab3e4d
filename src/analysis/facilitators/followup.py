"""What the observatory has to ask again: who did not answer, and areas that are not what is followed."""

from __future__ import annotations

import pandas as pd

from analysis.core import reference
from analysis.core.reference import UNKNOWN_HOST
from analysis.facilitators.staff import FACILITATOR

FRESH_MONTHS = 12  # after which an answer is old
FRESH, OLD, NEVER, ABSENT = "a_jour", "ancienne", "sans_reponse", "absente"
IDLE, OUTSIDE, NOWHERE, ENDED = "sans_operation", "hors_zone", "lieu_inconnu", "zone_finie"


def answers(
    clean: dict[str, pd.DataFrame],
    listed: dict[str, str],
    sends: pd.DataFrame,
    day: pd.Timestamp,
    *,
    since: pd.Timestamp,
) -> pd.DataFrame:
    """Each structure that should have answered by `day`: structure_id, nom, type_acteur, nature_porteuse, departement,
    date_reponse, reponse (a_jour, ancienne, sans_reponse, absente), dernier_export (year of the last send; missing for
    other actors).

    They are those of the inventory and, `absente` of it, those of `listed` (structure and name, from `structures.csv`:
    nobody else may send), but for those whose last send is of a year before `since`: they may have closed. `sends`
    holds annee and structure_id of what was sent, rows or totals.
    """
    home = reference.communes().set_index("code_insee")["departement"]
    rows = clean["structures"]
    fresh = day - pd.DateOffset(months=FRESH_MONTHS)
    state = pd.Series(FRESH, index=rows.index).mask(rows["date_reponse"] < fresh, OLD)
    last = sends.groupby("structure_id")["annee"].max()
    gone = set(last.index[last < since.year])
    absent = sorted(listed.keys() - set(rows["structure_id"]) - gone)
    inventoried = pd.DataFrame(
        {
            **{name: rows[name] for name in ("structure_id", "nom", "type_acteur", "nature_porteuse")},
            "departement": rows["commune_insee"].map(home),
            "date_reponse": rows["date_reponse"],
            "reponse": state.mask(rows["date_reponse"].isna() | (rows["date_reponse"] > day), NEVER),
        }
    )
    others = pd.DataFrame({"structure_id": absent, "nom": [listed[key] or key for key in absent]}, dtype="str")
    others = others.assign(type_acteur=FACILITATOR, nature_porteuse=UNKNOWN_HOST, reponse=ABSENT)
    known = pd.concat([inventoried, others], ignore_index=True) if absent else inventoried
    return known.assign(dernier_export=known["structure_id"].map(last))


def contradictions(
    areas: pd.DataFrame,
    active: pd.DataFrame,
    lost: pd.Series,
    senders: set[str],
    *,
    since: pd.Timestamp,
    ended: pd.DataFrame,
) -> pd.DataFrame:
    """structure_id, epci_siren, constat, operations: areas declared by `since` where the structure follows nothing
    that has a place, and operations followed outside of what it declares. Of structures that sent (`senders`) alone: of
    the others nothing is known. `areas` comes from `staff.areas`, `active` from `zones.followed`, `lost` from
    `zones.without_place`: those operations may be anywhere, and are told instead of none. An area that `ended` in the
    time (`zones.ended`) was declared when its operations were followed, or began to be: it is told apart."""
    long = areas["date_debut"] <= since
    key = ["structure_id", "epci_siren"]
    counts = active.groupby(key, as_index=False)["op_id"].nunique().rename(columns={"op_id": "operations"})
    both = areas.assign(long=long)[[*key, "long"]].merge(counts, on=key, how="outer")
    both = both[both["structure_id"].isin(senders)]
    idle = both["operations"].isna() & both["long"].eq(True)
    outside = both["long"].isna()
    somewhere = both["structure_id"].isin(lost.index)
    once = pd.MultiIndex.from_frame(both[key]).isin(pd.MultiIndex.from_frame(ended[key]))
    kind = pd.Series(IDLE, index=both.index).mask(somewhere, NOWHERE).mask(outside, OUTSIDE).mask(outside & once, ENDED)
    found = both.assign(constat=kind)[idle | outside]  # an empty frame would take the rows of what it is assigned
    number = found["operations"].fillna(found["structure_id"].map(lost)).fillna(0)
    found = found.assign(operations=number.astype("int64"))
    return found[[*key, "constat", "operations"]].sort_values(key, ignore_index=True)
