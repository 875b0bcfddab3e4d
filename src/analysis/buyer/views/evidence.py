"""What the region's contracts say of a purchase: how many like it carry a clause, and the nearest ones."""

from __future__ import annotations

import pandas as pd

from analysis.buyer.views.common import found, rows, scope, segment_of
from analysis.core import reference
from analysis.core.numbers import french, number_of, percent, plural, round_half_up
from analysis.core.reference import WHOLE
from analysis.publishing.content import PERCENT, Column, Content, DataTable, Figure, Prose
from analysis.publishing.page import Page
from analysis.segments.views.intervals import interval_chart

EPCI = "epci"  # the level whose share is smoothed


def near_shares(page: Page) -> Content:
    """The share of like contracts with a clause, from the EPCI to the country."""
    row, told = found(page), rows(page, "parts").sort_values("ordre")
    drawn = told[told["part"].notna() & told["part_bas"].notna()]
    table = DataTable(
        told.assign(objet=told["segment"].map(reference.labels("segments")).fillna("tous segments")),
        columns={
            "nom": Column("Territoire"),
            "objet": Column("Marchés"),
            "edition": Column("Année", 0) if told["edition"].isna().all() else Column("Année"),
            "renseignes": Column("Qui le disent", 0),
            "avec_clause": Column("Avec clause", 0),
            "part": Column("Part", **PERCENT),
            "part_bas": Column("de", **PERCENT),
            "part_haut": Column("à", **PERCENT),
            "methode": Column("Intervalle ou source"),
        },
        caption="Part des marchés qui portent une clause sociale",
        scope=f"{segment_of(row)}, marchés qui renseignent le champ social",
        csv=page.csv("parts"),
        note=_smoothed(told) + _of_country(told.iloc[-1]),
    )
    if drawn.empty:
        return table
    first = drawn.iloc[0]
    shares = drawn.set_index("nom")[["part", "part_bas", "part_haut"]]
    return Figure(
        interval_chart(100 * shares, unit="% des marchés"),
        title=f"Marchés avec clause : {segment_of(row)}",
        alt=f"{first['nom']} : {_seen(first)} "
        "Barre grise : l'intervalle que dit la table, à 80 % pour une intercommunalité, à 95 % ailleurs.",
        table=table,
        source="données essentielles de la commande publique.",
    )


def _seen(row: pd.Series) -> str:
    """How many like contracts of a place carry a clause, and the share drawn: observed, or smoothed in an EPCI."""
    seen = row["avec_clause"]
    if pd.isna(seen):
        return f"{percent(row['part'])} des marchés portent une clause."
    counted = (
        f"{number_of(seen, 'marché')} {plural('semblable', seen)} sur {french(row['renseignes'])} "
        f"{'portent' if round_half_up(seen) >= 2 else 'porte'} une clause"
    )
    if row["niveau"] != EPCI:
        return f"{counted}, soit {percent(row['part'])}."
    return f"{counted} ; part lissée, estimée aussi d'après les autres intercommunalités : {percent(row['part'])}."


def _smoothed(told: pd.DataFrame) -> str:
    """What the share of an EPCI is; nothing where it has none."""
    if told.loc[told["niveau"] == EPCI, "part"].dropna().empty:
        return ""
    return (
        "Part lissée : une estimation, d'autant plus proche de la part des autres intercommunalités que peu de marchés "
        "renseignent ce champ ; elle n'est pas le rapport des deux comptes. "
    )


def _of_country(row: pd.Series) -> str:
    """What the share of the country is of."""
    if row["segment"] == WHOLE:
        return (
            "Le jeu de données contient trop peu de marchés semblables d'autres régions : pour le pays, la part "
            "publiée de tous les segments est donnée, sans intervalle."
        )
    return "Autres régions : les marchés du même segment (d'après leur code CPV) qui y sont exécutés."


def _followed(told: pd.DataFrame) -> pd.Series:
    """Whether an operation followed each contract, in words."""
    said = pd.Series("non", index=told.index).mask(told["suivi_ouvert"].astype("bool"), "en cours")
    return said.mask(told["suivi"].astype("bool"), "oui")


def like_contracts(page: Page) -> Content:
    """The nearest real contracts."""
    # Amounts are open data: only the hours may be secret.
    told = rows(page, "semblables").sort_values("rang").rename(columns={"secret": "heures__secret"})
    told["realisation__secret"] = told["heures__secret"]
    if told.empty:
        return Prose("Aucun marché de ce segment n'est connu dans la région.")
    states = reference.labels("statuts_sociaux")
    return DataTable(
        told.assign(etat=told["statut_social"].map(states), suivi=_followed(told)),
        columns={
            "objet": Column("Objet"),
            "acheteur_nom": Column("Acheteur"),
            "edition": Column("Année"),
            "lieu": Column("Lieu"),
            "montant": Column("Montant", 0, "€"),
            "etat": Column("Champ social"),
            "suivi": Column("Suivi"),
            "heures": Column("Heures réalisées", 0),
            "realisation": Column("Réalisé / prévu", 0, "%", factor=100),
        },
        caption="Les marchés publics les plus proches de cet achat",
        scope=f"{scope(page)} ; même segment, objet, montant et lieu voisins ; un marché par besoin",
        csv=page.csv("semblables"),
        note="Suivi : une opération close l'a suivi, et ses heures sont connues, ou (en cours) une opération le suit, "
        "dont les heures ne sont pas encore connues. Les heures sont celles de tous les marchés de l'opération "
        "ensemble, à deux chiffres près. Réalisé / prévu : la part des heures prévues qui a été faite, à dix "
        "points près.",
    )
