"""What the notebook shows of the law: needs above the thresholds, the national objective, the largest buyers."""

from __future__ import annotations

import datetime as dt

from analysis.core import reference
from analysis.core.numbers import MONTHS, french, french_date
from analysis.core.texts import inside
from analysis.publishing.content import PERCENT, Column, Content, DataTable, Prose, millions
from analysis.publishing.page import Page
from analysis.segments.state.compliance import parameter
from analysis.segments.views.common import buyer_names

OBLIGATION = "obligation"
ROWS = 20  # listed; the CSV file has them all

# The law of 2021 (art. 35, IV) speaks of the consultation, open data of the notification.
LAUNCHED_BEFORE = (
    " L'obligation vise les consultations lancées depuis son entrée en vigueur, et leur date n'est pas publiée : des "
    "marchés notifiés dans les premiers mois ont été lancés avant."
)


def thresholds(page: Page) -> Content:
    """Needs above the European thresholds: since the obligation, or what would have been concerned."""
    rows = page.read("droit_seuils")
    if rows.empty:
        return Prose("Aucun marché d'une année dont les seuils sont connus.")
    applied = bool((rows["periode"] == OBLIGATION).any())
    rows = rows[rows["periode"] == OBLIGATION] if applied else rows
    period = "depuis l'entrée en vigueur" if applied else f"en {rows['periode'].iloc[0]}"
    first = "" if applied else (
        f"L'obligation d'une condition sociale (code de la commande publique, art. L2112-2-1) {_since(page)} : "
        "aucun marché reçu n'y est soumis. "
        "Voici ce qu'elle aurait concerné la dernière année."
    )  # fmt: skip
    exceptions = " ; ".join(map(inside, reference.table("droit/exceptions")["libelle"]))
    return DataTable(
        rows.assign(libelle=buyer_names(rows["categorie"])).sort_values(
            ["au_dessus", "categorie"], ascending=[False, True]
        ),
        columns={
            "libelle": Column("Acheteurs"),
            "besoins": Column("Besoins jugés", 0),
            "au_dessus": Column("Au-dessus du seuil", 1),
            "avec": Column("avec clause", 1),
            "sans": Column("sans clause", 1),
            "sans_exception": Column("hors travaux courts", 1),
            "inconnu": Column("non dit", 1),
        },
        caption="Besoins au-dessus des seuils européens et clause déclarée, par nombre décroissant",
        scope=f"{page.dataset.territory_name}, besoins notifiés {period}, tous lots d'une consultation réunis",
        csv=page.csv("droit_seuils"),
        takeaway=first or None,
        note="Le seuil porte sur la valeur estimée du besoin, que les données ne disent pas : les nombres sont des "
        f"sommes de probabilités. Sans clause ne veut pas dire en faute ; exceptions, à vérifier : {exceptions}."
        + (LAUNCHED_BEFORE if applied else ""),
    )


def _since(page: Page) -> str:
    """From when the obligation holds, in the tense of the day on which the data were observed."""
    since = dt.date.fromisoformat(parameter("obligation_sociale_du"))
    month = f"{MONTHS[since.month - 1]} {since.year}"
    held = page.dataset.date_observation >= since
    return f"est en vigueur depuis {month}" if held else f"n'entre en vigueur qu'en {month}"


def listed(page: Page) -> Content:
    """The needs most likely above their threshold that declare no clause."""
    rows = page.read("droit_besoins")
    if rows.empty:
        return Prose("Aucun besoin sans clause déclarée n'est plus probablement au-dessus de son seuil qu'au-dessous.")
    applied = bool((rows["periode"] == OBLIGATION).any())
    rows = rows[rows["periode"] == OBLIGATION] if applied else rows
    shown = rows.sort_values(["p_seuil", "montant", "uid"], ascending=[False, False, True]).head(ROWS)
    return DataTable(
        shown.assign(
            libelle=buyer_names(shown["categorie"]),
            acheteur=shown["acheteur_nom"].fillna("SIREN " + shown["acheteur_siren"]),
            possible=shown["exception"].map({True: "travaux courts", False: "–"}),
        ),
        columns={
            "objet": Column("Objet"),
            "acheteur": Column("Acheteur"),
            "libelle": Column("Catégorie"),
            "montant": Column("Montant", **millions(1)),
            "seuil": Column("Seuil", 0, "€"),
            "p_seuil": Column("Probabilité d'être au-dessus", **PERCENT),
            "possible": Column("Exception possible"),
        },
        caption="Besoins sans clause déclarée, les plus sûrement au-dessus du seuil",
        scope=f"{page.dataset.territory_name}, besoins notifiés "
        + (
            "depuis l'entrée en vigueur de l'obligation"
            if applied
            else f"en {rows['periode'].iloc[0]}, avant l'obligation"
        ),
        csv=page.csv("droit_besoins"),
        note="Le fichier CSV les a tous. Sans clause déclarée ne veut pas dire en faute : le champ peut être mal "
        "rempli, et des exceptions existent.",
    )


def objective(page: Page) -> Content:
    """The share of contracts with a social consideration beside the national objective."""
    rows = page.read("droit_pnad")
    rows = rows[rows["edition"] <= page.year]
    if rows.empty:
        return Prose("Le champ social n'est renseigné pour aucun marché reçu.")
    return DataTable(
        rows,
        columns={
            "edition": Column("Année"),
            "renseignes": Column("Marchés renseignés", 0),
            "avec_consideration": Column("avec considération sociale", 0),
            "part": Column("Part", **PERCENT),
            "objectif": Column("Objectif", **PERCENT),
        },
        caption="Marchés avec une considération sociale (clause, critère ou réservation) et objectif national",
        scope=f"{page.dataset.territory_name}, marchés dont le champ social est clair",
        csv=page.csv("droit_pnad"),
        note="Objectif du plan national pour des achats durables 2022-2025 ; aucun plan suivant n'est connu ici.",
    )


def largest_buyers(page: Page) -> Content:
    """Buyers likely to owe a SPASER."""
    rows = page.read("droit_spaser")
    if rows.empty:
        return Prose("Aucun acheteur ne dépasse le seuil du SPASER la dernière année.")
    return DataTable(
        rows.sort_values(["montant", "acheteur_siren"], ascending=[False, True]),
        columns={"acheteur_nom": Column("Acheteur"), "acheteur_siren": Column("SIREN"),
                 "marches": Column("Marchés", 0), "montant": Column("Montant notifié", **millions(1))},
        caption="Acheteurs dont les marchés de l'année dépassent le seuil du SPASER, par montant décroissant",
        scope=f"{page.dataset.territory_name}, marchés notifiés en {rows['annee'].iloc[0]}, "
        f"au {french_date(page.dataset.date_observation)}",
        csv=page.csv("droit_spaser"),
        note="SPASER : schéma de promotion des achats publics socialement et écologiquement responsables. Son seuil, "
        f"{french(float(parameter('seuil_spaser')) / 1e6, 0, 'M€')}, porte sur les achats d'une année ; un montant "
        "notifié couvre souvent plusieurs années et peut être un maximum : l'acheteur est probablement soumis, non "
        "sûrement.",
    )  # fmt: skip
