"""Whether the figures agree with those published before, and why totals are not sums."""

from __future__ import annotations

from typing import Any

import pandas as pd

from analysis.core import reference
from analysis.core.numbers import as_printed, french, number_of, percent, plural
from analysis.core.texts import opening
from analysis.publishing.content import Column, Content, DataTable, Prose
from analysis.publishing.page import Page, on_region_page

SLIPS = {"tronqué": "est tronqué", "chiffre perdu": "a perdu un chiffre"}
OTHER = "autre champ"
VERDICTS = {
    "égal": ("égal", "égaux"),
    "arrondi": ("égal à l'arrondi", "égaux à l'arrondi"),
    "tronqué": ("tronqué", "tronqués"),
    "chiffre perdu": ("qui a perdu un chiffre", "qui ont perdu un chiffre"),
    "révisé": ("révisé depuis", "révisés depuis"),
    OTHER: ("d'un autre champ", "d'un autre champ"),
    "inexpliqué": ("inexpliqué", "inexpliqués"),
    "hors du jeu": ("hors de ces données", "hors de ces données"),
    "non recalculé": ("non recalculé", "non recalculés"),
}  # each verdict in the singular and the plural
SERIES = {"orcp_2016": "Diapositives de l'ORCP", "national": "Chiffre national", "local": "Chiffre local"}
HIDDEN = "secret statistique"


def reconciliation(page: Page) -> Content:
    """Every figure published for the page's edition and territory, its verdict and what the numbers say of it."""
    rows = page.read("reconciliation")
    here = rows["territoire"].eq(page.place) | (rows["serie"].eq("national") & page.regional)
    rows = rows[rows["edition"].eq(page.year) & here].sort_values("numero")
    if rows.empty:
        return Prose(f"Aucun chiffre publié n'est connu en {page.year} ({page.territory_name}).")
    digits, units, synthetic = rows["decimales"], rows["unite"], page.dataset.synthetique
    finer = [
        as_printed(value, places + 1, unit) if pd.notna(value) else ""
        for value, places, unit in zip(rows["recalcule"], digits, units, strict=True)
    ]
    frame = rows.assign(
        imprime=[as_printed(*cell) for cell in zip(rows["publie"], digits, units, strict=True)],
        recalcule=finer,
        ou=rows["serie"].map(SERIES).fillna(rows["source"]),
        verdict=rows["verdict"].fillna(HIDDEN),
        explication=[_explained(row) for row in rows.itertuples()],
    )
    notes = (
        "Les parts publiées portent sur toutes les heures, statut inconnu compris ; celles du tableau par public, sur "
        "les heures au statut connu."
        if rows["indicateur"].eq("part_heures_totales").any()
        else "",
        "Le CSV a tous les chiffres publiés, avec leur source.",
        "Les chiffres des séries de référence sont réels, les autres synthétiques." if synthetic else "",
    )
    return DataTable(
        frame,
        columns={
            "libelle": Column("Chiffre publié"),
            "ou": Column("Où"),
            "imprime": Column("Publié"),
            "recalcule": Column("Recalculé (une décimale de plus)"),
            "verdict": Column("Verdict"),
            "explication": Column("Explication"),
        },
        caption="Les chiffres publiés, en face des chiffres recalculés",
        scope=f"{page.territory_name}, {page.edition.base_legale}, {page.year}",
        csv=page.csv("reconciliation"),
        takeaway=_verdicts(page, rows),
        note=" ".join(filter(None, notes)),
    )


def sums(page: Page) -> Content:
    """What the structures' own totals add up to, beside what the territory counts once."""
    if not page.regional:
        return on_region_page(page, "pourquoi un total n'est pas la somme des structures")
    rows = page.read("sommes")
    rows = rows[rows["edition"] == page.year]
    if rows.empty:
        return Prose("La somme des structures n'est mise en regard du total que si aucune n'a envoyé de totaux.")
    labels = reference.table("publication/indicateurs").set_index("code")["libelle"]
    order = {code: n for n, code in enumerate(labels.index)}
    rows = rows.assign(libelle=rows["indicateur"].map(labels)).sort_values("indicateur", key=lambda c: c.map(order))
    return DataTable(
        rows,
        columns={
            "libelle": Column("Indicateur"),
            "somme_structures": Column("Somme des structures", 0),
            "distinct": Column("Compté une fois", 0),
            "ecart": Column("Écart", 0),
            "doubles": Column("dont doubles saisies retirées", 0),
            "plusieurs": Column("dont suivis par plusieurs structures", 0),
        },
        caption="Pourquoi un total n'est pas la somme des structures",
        scope=page.scope,
        csv=page.csv("sommes"),
        takeaway=_too_many(rows.set_index("indicateur")),
        note="Double saisie : la même opération déclarée par deux structures, gardée une fois. Plusieurs structures : "
        "une personne accompagnée par deux d'entre elles, un donneur d'ordre ou une entreprise qu'elles ont en commun. "
        "Écarts calculés avant arrondi. Dans le champ de l'édition seulement : « L'essentiel » compte les doubles "
        "saisies de tous les mécanismes.",
    )


def _explained(row: Any) -> str:
    """The explanation of a figure; what its own scope sets apart may be no figure of clauses, nor of a territory."""
    if pd.isna(row.explication):
        return HIDDEN
    scope = "" if pd.isna(row.champ) else f"{opening(row.champ)} : "
    own = row.verdict == OTHER and scope and row.explication.startswith(scope)
    return f"{scope}ne se compare pas aux chiffres de cette page." if own else row.explication


def _verdicts(page: Page, rows: pd.DataFrame) -> str:
    """How many figures of each verdict, the slips by name, and the widest gap left unexplained."""
    count = rows["verdict"].fillna(HIDDEN).value_counts()
    said = [f"{count[word]} {forms[int(count[word] > 1)]}" for word, forms in VERDICTS.items() if word in count]
    said += [f"{count[HIDDEN]} sous secret statistique"] if HIDDEN in count else []
    known = "chiffres publiés sont connus" if len(rows) > 1 else "chiffre publié est connu"
    known = f"En {page.year} ({page.territory_name}), {len(rows)} {known}"
    if set(rows["verdict"]) == {OTHER}:
        return f"{known}, d'un autre champ : rien ne s'y compare."
    slips = [f"« {row.libelle} » {SLIPS[row.verdict]}" for row in rows.itertuples() if row.verdict in SLIPS]
    # Relative to a computed zero a gap has no width: which is the widest is then not said.
    gaps = rows.loc[rows["verdict"] == "inexpliqué", "ecart_relatif"].abs()
    widest = f"Le plus grand écart inexpliqué est de {percent(gaps.max())}." if gaps.notna().all() else ""
    parts = [
        f"{known} : {', '.join(said)}.",
        f"À l'impression, {', '.join(slips)}." if slips else "",
        widest if len(gaps) else "Aucun n'est inexpliqué." if HIDDEN not in count else "",
    ]
    return " ".join(filter(None, parts))


def _too_many(rows: pd.DataFrame) -> str | None:
    """What adding up the structures would count too much, in persons, or else nothing."""
    if "beneficiaires" not in rows.index or pd.isna(rows.loc["beneficiaires", "ecart"]):
        return None
    persons = rows.loc["beneficiaires"]
    if not persons["ecart"]:
        return (
            "Additionner les bénéficiaires des structures donne ceux de la région : aucun ne passe de l'une à l'autre."
        )
    return (
        f"Additionner les structures compterait {number_of(persons['ecart'], 'bénéficiaire')} "
        f"de trop : {french(persons['doubles'])} que deux structures ont {plural('saisi', persons['doubles'])} pour la "
        f"même opération, {french(persons['plusieurs'])} que plusieurs structures ont "
        f"{plural('accompagné', persons['plusieurs'])}."
    )
