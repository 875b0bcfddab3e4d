"""Whom to call for each intercommunalité, and the nearest structure where nobody declares it."""

from __future__ import annotations

import pandas as pd

from analysis.core import reference


def listed(
    clean: dict[str, pd.DataFrame],
    hosts: pd.DataFrame,
    areas: pd.DataFrame,
    minutes: pd.DataFrame,
    departements: list[str] | None = None,
) -> pd.DataFrame:
    """epci_siren, rang (1: gives it most time, as far as times may be told), structure_id, nom, nature_porteuse,
    commune (of the seat), contact (where the structure agrees), minutes (missing where it declares the EPCI).

    Of the EPCI of `departements`, or of all. One that nobody declares gets the structure of the nearest seat
    (`minutes`: origine, destination, minutes).
    """
    towns = reference.communes().set_index("code_insee")["nom"]
    known = hosts.merge(clean["structures"][["structure_id", "commune_insee", "contact_public"]])
    known = known.assign(
        commune=known["commune_insee"].map(towns), contact=known["contact_public"].where(known["accord"])
    )
    declared = areas[["epci_siren", "structure_id", "part_temps"]].merge(known.drop(columns="epci_siren"))
    declared = declared.assign(order=-declared["part_temps"] * declared["etp_retenu"], minutes=pd.NA)
    alone = minutes[~minutes["destination"].isin(declared["epci_siren"])]
    nearest = alone.merge(known, left_on="origine", right_on="epci_siren").drop(columns="epci_siren")
    nearest = nearest.rename(columns={"destination": "epci_siren"}).assign(order=nearest["minutes"])
    nearest = nearest.sort_values(["epci_siren", "order", "structure_id"]).drop_duplicates("epci_siren")
    rows = pd.concat([declared, nearest], ignore_index=True)
    rows = rows[rows["epci_siren"].isin(reference.epci(departements)["epci_siren"])]
    rows = rows.sort_values(["epci_siren", "order", "structure_id"], ignore_index=True)
    rows["rang"] = rows.groupby("epci_siren").cumcount() + 1
    names = ["epci_siren", "rang", "structure_id", "nom", "nature_porteuse", "commune", "contact", "minutes"]
    return rows[names].astype({"minutes": "Float64"})
