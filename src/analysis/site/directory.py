"""Whom a buyer calls for an intercommunalité: a page that finds it by the name or the postcode of a commune."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis.core import reference
from analysis.core.numbers import round_half_up
from analysis.publishing.templating import alphabetical


@dataclass(frozen=True)
class Contact:
    """A structure of an intercommunalité; `minutes` away where it does not declare it."""

    name: str
    host: str
    town: str
    contact: str
    minutes: int | None


@dataclass(frozen=True)
class Place:
    """An intercommunalité with whom to call: nobody in post declares it where `covered` is false, the nearest is told;
    `vacant` then names the structures that do without anybody in post."""

    siren: str
    name: str
    covered: bool
    vacant: str
    contacts: list[Contact]


def places(rows: pd.DataFrame) -> list[Place]:
    """Every intercommunalité of the protected table `annuaire`, in alphabetical order."""
    names = reference.epci().set_index("epci_siren")["nom"]
    hosts = reference.labels("porteurs")
    known = rows.assign(epci=rows["epci_siren"].map(names)).sort_values(["epci_siren", "rang"])
    found = []
    for siren, own in known.groupby("epci_siren"):
        contacts = [
            Contact(row.nom, hosts[row.nature_porteuse], _text(row.commune), _text(row.contact), _minutes(row.minutes))
            for row in own.itertuples()
        ]
        found.append(
            Place(
                str(siren),
                own["epci"].iloc[0],
                bool(own["minutes"].isna().all()),
                _text(own["vacante"].iloc[0]),
                contacts,
            )
        )
    order = alphabetical(pd.Series([place.name for place in found]))
    return [found[number] for number in order.sort_values(kind="stable").index]


def _text(value: object) -> str:
    return "" if pd.isna(value) else str(value)  # type: ignore[call-overload]


def _minutes(value: float) -> int | None:
    return None if pd.isna(value) else int(round_half_up(value))
