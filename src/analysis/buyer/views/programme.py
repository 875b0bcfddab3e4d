"""What the page of a programme shows: all the purchases of one buyer, what they come to, those without a sheet."""

from __future__ import annotations

import pandas as pd

from analysis.buyer.commitment import none_proposed
from analysis.buyer.programme import said_late
from analysis.buyer.views.common import reach
from analysis.core.numbers import french
from analysis.publishing.content import Card, Column, Content, DataTable, Prose, Strip
from analysis.publishing.page import Page

OBLIGED = {
    "en_vigueur": "oui, sauf exception",
    "en_vigueur_selon": "si le besoin atteint le seuil",
    "sous_seuil": "non, sous le seuil",
    "sans_seuil": "si le besoin atteint le seuil, inconnu",
    "incertaine": "date incertaine",
    "entre": "non, consultation antérieure",
    "avant": "non, consultation antérieure",
    "prive": "non",
}


def headline(page: Page) -> Content:
    """Purchases, commitments, and the hours of all with their range."""
    row = page.read("buyer/programmes", programme=page.key).iloc[0]
    bounds = f"de {french(row['heures_p10'])} à {french(row['heures_p90'])}, fourchette prévue à 80 %"
    csv = page.csv("buyer/programmes")
    too_late = said_late(page.read("buyer/achats", programme=page.key), page.dataset.date_observation)
    return Strip(
        [
            Card("Achats annoncés", float(row["annonces"]), note=f"avec une fiche : {french(row['achats'])}", csv=csv),
            Card("Engagements proposés, en tout", row["engagement"], "h", note=too_late, csv=csv),
            Card("Heures possibles, médiane", row["heures_p50"], "h", note=bounds, csv=csv),
            Card(
                "Achats qui atteignent le seuil européen",
                float(row["atteignent"]),
                note=_apart(page, int(row["selon_montant"])),
                csv=csv,
            ),
        ]
    )


def _apart(page: Page, by_amount: int) -> str:
    """What is not counted: purchases that reach it at the top of their range alone, those without known threshold."""
    unknown = int(page.read("buyer/achats", programme=page.key)["seuil_atteint"].isna().sum())
    said = ["d'après le montant prévu de chacun"]
    said += [f"sans ceux qui ne l'atteignent qu'en haut de leur fourchette ({by_amount})"] if by_amount else []
    said += [f"sans ceux dont aucun seuil n'est connu ({unknown})"] if unknown else []
    return ", ".join(said)


def purchases(page: Page) -> Content:
    """Every purchase that has a sheet, in order of notification, with a link to it."""
    rows = page.read("buyer/achats", programme=page.key).sort_values(["date_notification", "achat_id"])
    if rows.empty:
        return Prose("Aucun achat de ce programme n'a de fiche.")
    asked = page.read("buyer/constats", achat_id=list(rows["achat_id"]), code="OBLIGATION")
    case = asked.set_index("achat_id")["cas"]
    rows = rows.assign(
        fiche=[f"../buyer/{page.year}-{achat_id}.html" for achat_id in rows["achat_id"]],
        obligation=[OBLIGED.get(case.get(achat_id, "")) for achat_id in rows["achat_id"]],
        atteint=[reach(row) for _, row in rows.iterrows()],
    )
    return DataTable(
        rows,
        columns={
            "objet": Column("Objet", link="fiche"),
            "engagement": Column("Engagement", 0, "h"),
            "date_notification": Column("Notification"),
            "montant_max": Column("Montant", 0, "€"),
            "atteint": Column("Seuil européen"),
            "obligation": Column("Obligation sociale"),
            "heures_p50": Column("Heures, médiane", 0),
            "heures_p10": Column("heures : de", 0),
            "heures_p90": Column("heures : à", 0),
        },
        caption="Les achats du programme",
        scope=f"{page.name}, achats annoncés qui ont une fiche",
        csv=page.csv("buyer/achats"),
        note=_of_columns(rows),
    )


def _of_columns(rows: pd.DataFrame) -> str | None:
    """What is to be known of the columns of hours; nothing where nothing is."""
    said = ["Une médiane d'ensemble n'est pas la somme des médianes."] if len(rows) > 1 else []
    if rows["engagement"].eq(0).any():
        said.append(f"Engagement de 0 : aucun n'est proposé, car {none_proposed()}.")
    return " ".join(said) or None


def totals(page: Page) -> Content:
    """How the range of the whole is made, and where its numbers are."""
    if len(page.read("buyer/achats", programme=page.key)) == 1:
        return Prose(f"Les heures du programme sont celles de son seul achat. {_download(page)}")
    return Prose(
        "Les heures des achats sont supposées liées entre elles : la fourchette d'ensemble n'est ni la somme des "
        f"bornes basses, ni celle des hautes. {_download(page)}"
    )


def _download(page: Page) -> str:
    """The link to the numbers of the programme, where they are among the tables."""
    name = page.csv("buyer/programmes")
    return f"[Ces chiffres en CSV](../tables/{name}.csv)." if name else ""


def refused(page: Page) -> Content:
    """The purchases without a sheet, and why; then what is to be confirmed in the others."""
    rows = page.read("buyer/remarques", programme=page.key).sort_values(["gravite", "achat_id", "ordre"])
    if rows.empty:
        return Prose("Toutes les lignes du programme ont une fiche, et rien n'y est à confirmer.")
    kinds = {"erreur": "Fiche impossible", "avertissement": "À confirmer"}
    return DataTable(
        rows.assign(sorte=rows["gravite"].map(kinds)).fillna({"objet": ""}),
        columns={
            "achat_id": Column("Achat"),
            "objet": Column("Objet"),
            "sorte": Column("Suite"),
            "phrase": Column("Ce qui ne va pas, et ce qui est attendu"),
        },
        caption="Fiches impossibles, valeurs à confirmer",
        scope=page.name,
        csv=page.csv("buyer/remarques"),
    )
