"""Persons entered in two ways: how many pairs are left to decide, and what they could change. No key leaves."""

from __future__ import annotations

from analysis.consolidation.views.common import hides
from analysis.core.numbers import number_of, percent
from analysis.publishing.content import Column, Content, DataTable, Prose
from analysis.publishing.page import Page, on_region_page


def persons_review(page: Page) -> Content:
    """How many persons were brought together, and how many pairs nobody has decided, in a sentence."""
    if not page.regional:
        return on_region_page(page, "les personnes saisies de deux façons")
    row = page.read("personnes_reunies").set_index("edition").loc[page.year]
    same, left = int(row["reunies"]), int(row["a_revoir"])
    counted = (
        f"{number_of(same, 'saisie')} d'une personne déjà comptée sous une autre écriture "
        f"{'a été réunie' if same < 2 else 'ont été réunies'} à celle-ci"
        if same
        else "Aucune personne n'a été réunie à une autre"
    )
    queue = (
        f"{number_of(left, 'paire')} de personnes dont c'est la dernière édition "
        f"{'reste' if left < 2 else 'restent'} à examiner : l'analyste en a la liste, qui n'est pas publiée"
        if left
        else "aucune paire de personnes dont c'est la dernière édition ne reste à examiner"
    )
    return Prose(f"{counted} ; {queue}.")


def persons_sensitivity(page: Page) -> Content:
    """How many beneficiaries if the pairs that nobody decided were one person, from several probabilities on."""
    if not page.regional:
        return on_region_page(page, "ce que changeraient les paires de personnes non tranchées")
    rows = page.read("personnes_sensibilite")
    rows = rows[rows["edition"] == page.year].sort_values("seuil", ascending=False)
    if rows.empty:
        return Prose("Ce que changeraient les paires de personnes non tranchées n'est pas montré pour cette édition.")
    if hides(rows):
        return Prose(
            "Ce que changeraient les paires de personnes non tranchées relève du secret statistique : le nombre de "
            "bénéficiaires de cette édition, ou de ceux que ces paires retireraient, est trop petit."
        )
    most = rows.iloc[-1]
    fewer = int(most["beneficiaires_en_moins"])
    if not fewer:
        return Prose(
            "Aucune paire de personnes non tranchée n'est assez probable pour changer le nombre de bénéficiaires de "
            f"cette édition (probabilité d'au moins {percent(most['seuil'], 0)})."
        )
    return DataTable(
        rows,
        columns={
            "seuil": Column("Paires réunies à partir de", 0, "%", 100),
            "beneficiaires": Column("Bénéficiaires", 0),
            "beneficiaires_en_moins": Column("Bénéficiaires en moins", 0),
        },
        caption="Combien de bénéficiaires si les paires non tranchées étaient une seule personne",
        scope=f"{page.edition.territory_name}, {page.edition.base_legale}, {page.year}",
        csv=page.csv("personnes_sensibilite"),
        note=f"Si toutes les paires d'au moins {percent(most['seuil'], 0)} étaient une seule personne, l'édition "
        f"compterait {number_of(fewer, 'bénéficiaire')} de moins. Une paire dont les deux saisies ne sont pas de la "
        "même édition n'en retire aucun.",
    )
