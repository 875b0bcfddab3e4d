"""Operations entered twice: what is left to decide, and what it could change."""

from __future__ import annotations

from analysis.consolidation.views.common import hides
from analysis.core.numbers import number_of, percent, round_half_up
from analysis.publishing.content import PERCENT, Column, Content, DataTable, Prose
from analysis.publishing.page import Page, on_region_page


def review(page: Page) -> Content:
    """Pairs of operations that are probably one and that nobody has decided, likeliest first."""
    if not page.regional:
        return on_region_page(page, "les paires d'opérations à examiner")
    rows = page.read("doublons_a_revoir")
    rows = rows[rows["edition"] == page.year]
    if rows.empty:
        return Prose("Aucune paire d'opérations n'est en attente de décision pour cette édition.")
    differ = {"differences": Column("Ce qui diffère")} if rows["differences"].fillna("").ne("").any() else {}
    return DataTable(
        rows.sort_values(["probabilite", "op_a", "op_b"], ascending=[False, True, True]),
        columns={
            "op_a": Column("Opération"),
            "libelle_a": Column("Intitulé"),
            "op_b": Column("Autre opération"),
            "libelle_b": Column("Son intitulé"),
            "probabilite": Column("Probabilité", **PERCENT),
            **differ,
        },
        caption="Paires d'opérations à examiner",
        scope=f"Toute la région, édition {page.year}, deux structures",
        csv=page.csv("doublons_a_revoir"),
        note="La probabilité que les deux ne soient qu'une opération est apprise de toutes les paires des exports : "
        "intitulé, dates, heures prévues, segment, mécanisme, donneur d'ordre, entreprises, intercommunalités. Le CSV "
        "dit aussi ce qui concorde. Une décision prise sert toutes les années suivantes.",
    )


def duplicates_sensitivity(page: Page) -> Content:
    """What the edition would count if the pairs that nobody decided were merged, from several probabilities on."""
    if not page.regional:
        return on_region_page(page, "ce que changeraient les paires non tranchées")
    rows = page.read("doublons_sensibilite")
    rows = rows[rows["edition"] == page.year].sort_values("seuil", ascending=False)
    if rows.empty:
        return Prose("Ce que changeraient les paires d'opérations non tranchées n'est pas montré pour cette édition.")
    if hides(rows):
        return Prose(
            "Ce que changeraient les paires d'opérations non tranchées relève du secret statistique : les heures de "
            "cette édition, ou celles que ces paires retireraient, parlent de trop peu de personnes, d'employeurs ou "
            "d'entreprises."
        )
    most = rows.iloc[-1]
    fewer, hours = most["operations_en_moins"], round_half_up(most["heures_en_moins"])
    if not fewer:
        return Prose(
            "Aucune paire d'opérations non tranchée du champ de cette édition n'est assez probable pour en changer les "
            f"chiffres (probabilité d'au moins {percent(most['seuil'], 0)})."
        )
    return DataTable(
        rows,
        columns={
            "seuil": Column("Paires fusionnées à partir de", 0, "%", 100),
            "operations": Column("Opérations", 0),
            "operations_en_moins": Column("Opérations en moins", 0),
            "heures": Column("Heures", 0),
            "heures_en_moins": Column("Heures en moins", 0),
        },
        caption="Ce que compterait l'édition si les paires non tranchées étaient fusionnées",
        scope=f"{page.edition.territory_name}, {page.edition.base_legale}, {page.year}",
        csv=page.csv("doublons_sensibilite"),
        note=f"Si toutes les paires d'au moins {percent(most['seuil'], 0)} étaient des doublons, l'édition "
        f"compterait {number_of(fewer, 'opération')} et {number_of(hours, 'heure')} "
        "de moins. Une paire peut n'en retirer aucune : d'un mécanisme hors du champ, ou qui réunirait deux opérations "
        "d'une même structure.",
    )
