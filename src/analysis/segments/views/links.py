"""What the link between facilitated operations and public contracts tells."""

from __future__ import annotations

import pandas as pd

from analysis.core import reference
from analysis.core.numbers import french, plural, round_half_up
from analysis.core.reference import WHOLE
from analysis.publishing.content import PERCENT, Column, Content, DataTable, Figure, Prose, millions
from analysis.publishing.page import Page
from analysis.segments.views.common import left_out, whole_region
from analysis.segments.views.intervals import BAR, interval_chart

UNSAID = (
    " Les marchés de format ancien n'ont pas de champ social : il n'est clair pour aucun, et aucun n'y est sans clause."
)


def coverage(page: Page) -> Content:
    """Operations by year of start, those linked to a contract, and what these contracts declare."""
    rows = page.read("operations_sans_clause")
    rows = rows[(rows["territoire"] == page.territory) & (rows["axe"] == WHOLE)]
    if rows.empty:
        return Prose("Aucune opération suivie n'a commencé depuis que des marchés sont publiés.")
    # Where no contract has the field, none says that it has no clause either.
    silent = rows["renseignees"].eq(0)
    asked = ["renseignees", "sans_clause_declaree"]
    as_text = {name: Column(_OPERATIONS[name].label) for name in asked}
    told = rows.assign(**{name: rows[name].map(french).mask(silent, "–") for name in asked})
    return DataTable(
        told.sort_values("edition"),
        columns={"edition": Column("Début"), **_OPERATIONS, **as_text},
        caption="Opérations suivies et marchés publics rattachés",
        scope=f"{page.territory_name}, opérations commencées depuis que des marchés sont publiés",
        csv=page.csv("operations_sans_clause"),
        note="Une opération sans marché rattaché n'est pas forcément hors des données : son marché peut n'être pas "
        "publié, ou relever d'un donneur d'ordre privé." + (UNSAID if rows["renseignees"].eq(0).any() else ""),
    )


_OPERATIONS = {
    "operations": Column("Opérations", 0),
    "liees": Column("rattachées à un marché", 0),
    "renseignees": Column("dont le champ social est clair", 0),
    "sans_clause_declaree": Column("dont aucune clause déclarée", 0),
    "marches": Column("Marchés rattachés", 0),
}


def hours_per_euro(page: Page) -> Content:
    """Hours realised per thousand euros, by segment, with their interval."""
    rows = page.read("heures_par_euro")
    labels = reference.labels("segments") | {WHOLE: "Ensemble"}
    rows = rows.assign(libelle=rows["segment"].map(labels))
    drawn = (
        rows[rows["segment"] != WHOLE].dropna(subset=["lissee"]).sort_values("lissee", ascending=False, kind="stable")
    )
    if drawn.empty:
        return Prose("Trop peu d'opérations closes sont rattachées à un marché pour mesurer des heures par euro.")
    first = drawn.iloc[0]
    return Figure(
        interval_chart(
            drawn.set_index("libelle")[["lissee", "lissee_bas", "lissee_haut"]],
            log=True,
            unit="heures par millier d'euros",
        ),
        title=f"Heures d'insertion réalisées par millier d'euros de marché{whole_region(page)}",
        alt=f"« {first['libelle']} »{_leads(drawn)} : {french(first['lissee'], 2)} "
        f"{plural('heure', round_half_up(first['lissee'], 2))} par millier d'euros. {BAR}",
        table=DataTable(
            # Contracts and operations are public: only the hours may be secret.
            pd.concat([drawn, rows[~rows.index.isin(drawn.index)]]).assign(operations__secret=""),
            columns={
                "libelle": Column("Segment"),
                "operations": Column("Opérations closes", 0),
                "mediane": Column("Médiane", 2),
                "mediane_bas": Column("médiane : de", 2),
                "mediane_haut": Column("médiane : à", 2),
                "lissee": Column("Lissée", 2),
                "lissee_bas": Column("lissée : de", 2),
                "lissee_haut": Column("lissée : à", 2),
            },
            caption=f"Heures réalisées depuis l'origine par millier d'euros des marchés rattachés{whole_region(page)}",
            scope=f"{page.dataset.territory_name}, opérations closes dont toutes les années ont été envoyées",
            csv=page.csv("heures_par_euro"),
            note="« De » et « à » : huit fois sur dix. Chaque opération compte pour une, quel que soit son montant. La "
            "valeur lissée rapproche des autres les segments qui ont peu d'opérations. Ce rapport ne s'applique pas à "
            "une somme de montants.",
        ),
        source="exports des facilitateurs et données essentielles, rattachés par probabilité.",
    )


def _leads(drawn: pd.DataFrame) -> str:
    """What the first of `drawn`, the highest first, may be said to be: others may be as high, or not shown."""
    if len(drawn) < 2:
        return ", seul segment dont le chiffre est publié"
    alone = drawn["lissee_haut"].iloc[1:].max() < drawn["lissee_bas"].iloc[0]
    return " vient en tête" if alone else " vient en tête, d'autres peuvent en porter autant"


def unfollowed(page: Page) -> Content:
    """Contracts that declare a clause and that no operation follows, by segment."""
    rows = page.read("clauses_sans_operation")
    whole = rows[(rows["edition"] == page.year) & (rows["territoire"] == page.territory) & (rows["axe"] == WHOLE)]
    return _by_axis(
        page,
        "clauses_sans_operation",
        {
            "renseignes": Column("Renseignés", 0),
            "declarent": Column("Déclarent une clause", 0),
            "sans_operation": Column("sans opération suivie", 0),
            "montant_sans_operation": Column("leur montant", **millions(1)),
        },
        needed="declarent",
        caption="Marchés qui déclarent une clause et qu'aucune opération suivie ne concerne",
        otherwise="Aucun marché ne dit s'il porte une clause : le champ social n'est pas renseigné.",
        note=left_out(whole),
    )


def undeclared(page: Page) -> Content:
    """Operations whose contracts declare no clause, by segment."""
    return _by_axis(
        page,
        "operations_sans_clause",
        _OPERATIONS,
        needed="renseignees",
        caption="Opérations suivies dont le marché ne déclare aucune clause",
        otherwise="Aucun marché rattaché ne dit s'il porte une clause.",
    )


def _by_axis(
    page: Page, name: str, columns: dict[str, Column], *, needed: str, caption: str, otherwise: str, note: str = ""
) -> Content:
    rows = page.read(name)
    rows = rows[(rows["edition"] == page.year) & (rows["territoire"] == page.territory) & (rows["axe"] != "categorie")]
    if rows.empty or not rows[needed].any():
        return Prose(otherwise)
    labels = reference.labels("segments") | {WHOLE: "Ensemble"}
    rows = rows[rows[needed] > 0].assign(libelle=rows["modalite"].map(labels))
    return DataTable(
        rows.sort_values([needed, "modalite"], ascending=[False, True]),
        columns={"libelle": Column("Segment"), **columns},
        caption=caption,
        scope=f"{page.territory_name}, {page.year}, hors marchés subséquents",
        csv=page.csv(name),
        note=f"Le fichier CSV donne aussi les catégories d'acheteur.{note}",
    )


def nobody(page: Page) -> Content:
    """How many contracts with a clause are followed by nobody, under each assumption."""
    rows = page.read("capture")
    rows = rows[(rows["edition"] == page.year) & (rows[["famille", "acheteur", "tranche"]] == WHOLE).all(axis=1)]
    if rows.empty:
        return Prose(
            "Sans champ social renseigné, on ne peut pas estimer les marchés avec clause que personne ne suit."
        )
    rows = rows.sort_values(["part_vraie", "rapport_cotes"], ascending=[False, True])
    followed, declared = (float(rows[name].iloc[0]) for name in ("suivis", "declares"))
    if not followed or not declared:
        return Prose(
            f"Marchés notifiés en {page.year} dont le champ social est clair et qu'une opération suivie concerne : "
            f"{french(followed)} ; qui déclarent une clause : {french(declared)}. Une liste vide n'a rien de commun "
            "avec l'autre : rien ne dit combien de marchés avec clause échappent aux deux."
        )
    return DataTable(
        rows,
        columns={
            "rapport_cotes": Column("Dépendance des listes", 1),
            "part_vraie": Column("Déclarations vraies", **PERCENT),
            "suivis": Column("Suivis", 0),
            "declares": Column("Déclarés", 0),
            "communs": Column("Les deux", 0),
            "estimation": Column("Avec clause, estimés", 0),
            "sans_suivi": Column("sans suivi", 0),
            "sans_suivi_bas": Column("sans suivi : de", 0),
            "sans_suivi_haut": Column("sans suivi : à", 0),
        },
        caption="Marchés avec clause que personne ne suit, selon ce qu'on suppose",
        scope=f"{page.dataset.territory_name}, marchés notifiés en {page.year} dont le champ social est clair",
        csv=page.csv("capture"),
        note="Deux listes voient chacune une partie des marchés avec clause : les opérations suivies et le champ "
        "social. Ce qu'elles ont en commun dit ce qui échappe aux deux, si elles sont indépendantes à l'intérieur "
        "d'une strate (dépendance de 1). Au-dessus de 1, un marché suivi se déclare plus volontiers qu'un autre "
        "(rapport de cotes) ; au-dessous, moins. Déclarations vraies : la part supposée des clauses déclarées qui "
        "en sont une. « De » et « à » : neuf fois sur dix. Le fichier CSV donne les strates.",
    )
