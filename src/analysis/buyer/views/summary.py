"""The top of a sheet: the purchase, its hours, what is wrong with what was asked."""

from __future__ import annotations

import pandas as pd

from analysis.buyer.commitment import none_proposed
from analysis.buyer.sizing import YEAR
from analysis.buyer.views.common import found, reach, rows, scope, segment_of
from analysis.core import reference
from analysis.core.numbers import between, french, french_date, likely
from analysis.publishing.content import Card, Column, Content, DataTable, Prose, Strip, Warning
from analysis.publishing.page import Page
from analysis.segments.contracts import OTHER
from analysis.segments.views.common import full_time_unit

SURE = 0.9  # probability of a segment from which the second is not told


def headline(page: Page) -> Content:
    """Commitment, hours, what they are in persons, who can carry them, and the threshold."""
    row = found(page)
    bounds = f"de {french(row['heures_p10'])} à {french(row['heures_p90'])}, fourchette prévue à 80 %"
    csv = page.csv("achats")
    return Strip(
        [
            Card("Engagement proposé", row["engagement"], "h", note="prudent, arrondi en dessous", csv=csv)
            if row["engagement"]
            else Card("Engagement proposé", "aucun", note=none_proposed(), csv=csv),
            Card("Heures possibles, médiane", row["heures_p50"], "h", note=bounds, csv=csv),
            Card(
                "Équivalent temps plein, par an",
                row["etp"],
                full_time_unit(),
                digits=2,
                note="de la médiane" if row["duree_mois"] >= YEAR else "de la médiane, tant que dure le marché",
                csv=csv,
            ),
            Card("Structures d'insertion à portée", float(row["structures"]), note=_of_sector(row), csv=csv),
            Card("Seuil européen", reach(row), note=_limit(row), csv=csv),
        ]
    )  # fmt: skip


def _limit(row: pd.Series) -> str:
    """The threshold, and what it is held against."""
    if pd.isna(row["seuil"]):
        return "aucun n'est connu ici, ou ne s'applique"
    return f"{french(row['seuil'], 0, '€')} hors taxes, pour la valeur estimée de tout le besoin"


def _of_sector(row: pd.Series) -> str:
    """What the structures within reach are of: few reserved contracts could be held by those of all sectors."""
    whole, own = int(row["structures"]), int(row["dont_secteur"])
    if not whole:
        return "qui servent le segment"
    if own == whole:
        return "toutes du secteur même"
    if not own:
        return "aucune du secteur même : elles placent des salariés dans tous les secteurs"
    return f"dont {french(own)} du secteur même ; les autres placent des salariés dans tous les secteurs"


def remarks(page: Page) -> Content:
    """What is to be confirmed in what was asked."""
    told = [*rows(page, "remarques").sort_values("ordre")["phrase"], *_noticed(page)]
    if not told:
        return Prose("Rien n'est à confirmer dans ce qui a été demandé.")
    return Warning("\n".join(f"- {message}" for message in told) if len(told) > 1 else told[0])


def _noticed(page: Page) -> list[str]:
    """What the sheet itself finds odd: an object and a code that disagree, a calendar that has begun."""
    row, day = found(page), page.dataset.date_observation
    said = []
    if pd.notna(row["codeCPV"]) and row["segment_cpv"] not in (row["segment"], OTHER):
        said.append(
            f"Le code CPV {row['codeCPV']} range cet achat dans le segment « {segment_of(row, 'segment_cpv')} », son "
            f"objet dans « {segment_of(row)} », qui est retenu : à confirmer."
        )
    passed = rows(page, "etapes")["fin"].lt(pd.Timestamp(day))
    if row["date_consultation"] <= pd.Timestamp(day):
        said.append(
            f"Au {french_date(day)}, jour des données, la consultation (attendue le "
            f"{french_date(row['date_consultation'])}) a dû être lancée : on ne peut plus y ajouter de clause sans la "
            "relancer."
        )
    elif passed.any():
        said.append(
            f"Étapes du calendrier déjà passées au {french_date(day)}, jour des données : {passed.sum()} sur "
            f"{len(passed)} ; elles sont à rattraper avant la consultation."
        )
    return said


def purchase(page: Page) -> Content:
    """What is planned, as it was understood."""
    row = found(page)
    amount = between(row["montant_min"], row["montant_max"], 0, "€")
    second = "" if row["segment_p"] >= SURE else f" ; sinon {segment_of(row, 'segment_second')}"
    said = {
        "Objet": row["objet"],
        "Acheteur": f"{row['acheteur_nom']} ({reference.labels('acheteurs')[row['acheteur_type']].lower()})"
        if pd.notna(row["acheteur_nom"])
        else reference.labels("acheteurs")[row["acheteur_type"]],
        "Montant hors taxes": amount,
        "Durée": f"{row['duree_mois']} mois, jusqu'au {french_date(row['date_fin'])}",
        "Lots": str(row["lots"]),
        "Lieu": row["lieu_nom"],
        "Code CPV": row["codeCPV"],
        "Consultation attendue": french_date(row["date_consultation"]),
        "Notification prévue": french_date(row["date_notification"]),
        "Segment reconnu": f"{segment_of(row)} (probabilité : {likely(row['segment_p'])}{second})",
    }
    return DataTable(
        pd.DataFrame({"quoi": said.keys(), "valeur": said.values()}),
        columns={"quoi": Column("Ce qui est prévu"), "valeur": Column("Valeur")},
        caption="L'achat, tel qu'il est compris",
        scope=scope(page),
        csv=page.csv("achats"),
        note="Le segment est reconnu d'après l'objet et le code CPV ; le reste de la fiche en dépend.",
    )
