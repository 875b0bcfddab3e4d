"""Needs of the State's buyers: what became of them, and what would have met those that were not."""

from __future__ import annotations

import pandas as pd

from analysis.core import reference
from analysis.core.numbers import french, number_of, percent
from analysis.core.texts import QUOTED, leaders, named
from analysis.facilitators.unmet import MET
from analysis.facilitators.views.common import of_place, source
from analysis.publishing.content import Column, Content, DataTable, Figure, Prose, millions
from analysis.publishing.page import Page
from analysis.publishing.style import bar_chart
from analysis.segments.views.common import left_out


def by_kind(page: Page) -> Content:
    """Needs of the year, by kind and by what became of them."""
    rows = of_place(page, page.read("besoins"))
    rows = rows[rows["edition"] == page.year]
    if rows.empty or not rows["besoins"].sum():
        return Prose(f"Aucun besoin d'acheteur de l'État n'a été recueilli pour {page.year}.")
    answers = reference.labels("reponses_besoin")
    wide = rows.pivot_table(index="type", columns="reponse", values="besoins", aggfunc="sum", fill_value=0)
    wide = wide.reindex(columns=list(answers), fill_value=0)
    frame = wide.assign(total=wide.sum(axis=1)).reset_index()
    frame["libelle"] = frame["type"].map(reference.labels("besoins"))
    late = rows[rows["reponse"] == MET].set_index("type")["delai_median"]
    frame["delai"] = frame["type"].map(late)
    asked, met = int(frame["total"].sum()), int(frame[MET].sum())
    by_kind = frame.assign(non=frame["total"] - frame[MET]).sort_values(["non", "libelle"], ascending=[False, True])
    values = by_kind.set_index("libelle")["non"].astype(float)
    most = leaders(values.rename(QUOTED))
    return Figure(
        bar_chart(values),
        title="Besoins non satisfaits des acheteurs de l'État, par type",
        alt=f"Besoins non satisfaits : {asked - met} sur {asked}"
        + (f" ; le plus souvent : {named(most)}." if most else "."),
        table=DataTable(
            frame,
            columns={
                "libelle": Column("Besoin"),
                **{code: Column(label, 0) for code, label in answers.items()},
                "delai": Column("Délai médian des réponses satisfaisantes (jours)", 0),
            },
            caption="Besoins d'appui des acheteurs de l'État, par type et suite donnée",
            scope=f"{page.territory_name}, enquête auprès des acheteurs de l'État, {page.year}",
            csv=page.csv("besoins"),
            note=_asked(page),
        ),
        source=source(page),
    )


def _asked(page: Page) -> str:
    """Who said these needs, and of how many: no rate of answers, since the survey does not say whom it asked."""
    rows = of_place(page, page.read("besoins_acheteurs"))
    row = rows[rows["edition"] == page.year].iloc[0]
    said = f"Exprimés par {number_of(row['acheteurs'], 'acheteur')} de l'État"
    if pd.notna(row["connus"]):
        said += f" ; {french(row['connus'])} ont notifié un marché dans la région en {page.year}"
    return f"{said}. L'enquête ne dit pas qui a été interrogé : ce n'est pas un taux de réponse."


def remedies(page: Page) -> Content:
    """What would have met the needs that were not met, by class of the place."""
    rows = of_place(page, page.read("besoins_remedes"))
    rows = rows[rows["edition"] == page.year]
    if rows.empty:
        return Prose("Aucun besoin non satisfait dont l'intercommunalité soit connue.")
    frame = rows.assign(libelle=rows["classe"].map(reference.labels("classes_zone")))
    frame = frame.sort_values(["besoins", "remede"], ascending=[False, True])
    totals = frame.groupby("remede")["besoins"].sum()
    most = leaders(totals.rename(QUOTED))
    each = " chacun" if len(most) > 1 else ""
    return DataTable(
        frame,
        columns={
            "remede": Column("Ce qui y aurait répondu"),
            "libelle": Column("Classe de l'intercommunalité"),
            "besoins": Column("Besoins non satisfaits", 0),
            "motif": Column("Motif le plus souvent donné"),
        },
        caption="Ce qui aurait répondu aux besoins non satisfaits",
        scope=f"{page.territory_name}, besoins de {page.year} ; classes au 31 décembre {page.latest}",
        csv=page.csv("besoins_remedes"),
        takeaway=f"Le plus souvent : {named(most)} ({number_of(totals.max(), 'besoin')}{each})." if most else None,
        note="Lecture du champ, selon la classe de l'intercommunalité et la suite donnée : une piste, non un constat.",
    )


def unfollowed(page: Page) -> Content:
    """Contracts of the State's buyers that declare a clause and that no operation follows."""
    rows = of_place(page, page.read("etat_sans_facilitateur"))
    if rows.empty:
        return Prose(
            "Aucun marché d'un acheteur de l'État ne déclare de clause, ou le champ social n'est pas renseigné."
        )
    last = rows.sort_values("edition").iloc[-1]
    return DataTable(
        rows.sort_values("edition"),
        columns={
            "edition": Column("Année"),
            "declarent": Column("Marchés qui déclarent une clause ou une réservation", 0),
            "sans_operation": Column("dont sans opération liée", 0),
            "reserves_sans_operation": Column("dont réservés", 0),
            "montant_sans_operation": Column("Montant sans opération", **millions(1)),
            "montant_reserves_sans_operation": Column("dont réservés", **millions(1)),
            "montant_le_plus_grand": Column("dont le plus gros marché", **millions(1)),
        },
        caption="Marchés de l'État avec clause ou réservés, sans opération liée",
        scope=f"{page.territory_name}, marchés notifiés par des acheteurs de l'État, hors marchés subséquents",
        csv=page.csv("etat_sans_facilitateur"),
        takeaway=f"Marchés de l'État de {last['edition']} qui déclarent une clause ou une réservation et n'ont "
        f"aucune opération liée : {french(last['sans_operation'])} sur {french(last['declarent'])}, dont "
        f"{number_of(last['reserves_sans_operation'], 'réservé')}{_weight(last)}.",
        note="Sans opération liée : suivi par personne, par une structure sans export, ou lien manqué. Un marché "
        "réservé l'est à des structures de l'insertion ou du handicap, qui peuvent l'exécuter sans facilitateur."
        f"{left_out(rows)}",
    )


def _weight(row: pd.Series) -> str:
    """What part of the amount the largest contract is, which one year's amount may be of alone."""
    if not row["montant_sans_operation"]:
        return ""
    return f" ; le plus gros fait {percent(row['montant_le_plus_grand'] / row['montant_sans_operation'], 0)} du montant"
