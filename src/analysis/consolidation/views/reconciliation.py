"""Whether the figures agree with those published before."""

from __future__ import annotations

from analysis.numbers import french
from analysis.publishing.content import Column, Content, DataTable, Prose
from analysis.publishing.page import Page

VERDICTS = {
    "arrondi": "égal à l'arrondi",
    "tronqué": "publié tronqué",
    "chiffre perdu": "chiffre perdu à l'impression",
    "écart": "écart",
    "absent": "non recalculé",
}


def published_beside(page: Page) -> Content:
    """What the observatory really published, beside what the pipeline finds."""
    rows = page.read("comparaison")
    rows = rows[(rows["edition"] == page.year) & (rows["territoire"] == page.territory)].sort_values("numero")
    if rows.empty:
        return Prose(f"Aucun chiffre publié n'est connu pour cette édition et ce territoire ({page.year}).")
    percent = rows["unite"].eq("part")
    digits = rows["decimales"].where(~percent, rows["decimales"] - 2)
    factor = percent.map({True: 100.0, False: 1.0})
    units = rows["unite"].where(~percent, "%")
    printed = [french(v * f, int(d)) for v, f, d in zip(rows["publie"], factor, digits, strict=True)]
    finer = [french(v * f, int(d) + 1) for v, f, d in zip(rows["recalcule"], factor, digits, strict=True)]
    frame = rows.assign(printed=printed, finer=finer, unit=units, word=rows["verdict"].map(VERDICTS))
    return DataTable(
        frame,
        columns={
            "libelle": Column("Publié par l'ORCP"),
            "printed": Column("Publié"),
            "finer": Column("Recalculé (une décimale de plus)"),
            "unit": Column("Unité"),
            "word": Column("Verdict"),
        },
        caption="Les chiffres réellement publiés, en face de ceux de la chaîne",
        scope=f"{page.territory_name}, {page.edition.base_legale}, {page.year}",
        csv=page.csv("comparaison"),
        note="Les parts publiées portent sur toutes les heures, statut inconnu compris ; celles du tableau par public, "
        "sur les heures au statut connu."
        + (" Les publiés sont réels, les recalculés synthétiques." if page.dataset.synthetique else ""),
    )
