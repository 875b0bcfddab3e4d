"""What a page of the guide shows of its segment, each part read from a protected table."""

from __future__ import annotations

import pandas as pd

from analysis.buyer import commitment
from analysis.buyer.guide.calculator import Calculator
from analysis.buyer.views.common import cited
from analysis.core import reference
from analysis.core.numbers import french, number_of, percent
from analysis.core.reference import WHOLE
from analysis.publishing.content import PERCENT, Card, Column, Content, DataTable, Figure, Prose, Strip, millions
from analysis.publishing.page import Page
from analysis.publishing.style import line_chart
from analysis.segments.views.common import KINDS, full_time_unit, left_out
from analysis.segments.views.needs import TABLE, expected

CONTRACTS, HOURS, SIZES, LAWS = (
    "segments/segments",
    "consolidation/ventilation",
    "buyer/guide_tailles",
    "segments/dimensionnement",
)
SIZE_NAMES = {"petit": "Petit (premier quartile)", "median": "Médian", "grand": "Grand (troisième quartile)"}
COMING = 8  # needs listed; the CSV file has them all
REST = {"AUTRES": "Autres", "INCONNU": "Inconnu"}


def headline(page: Page) -> Content:
    """The share with a clause, the amount and hours of the year, and what a median contract can bear."""
    now = _contracts(page)
    now = now[now["edition"] == page.year]
    middle = _sizes(page).set_index("taille").loc["median"]
    done = _hours(page).set_index("edition").reindex([page.year]).iloc[0]
    share = Card("Marchés avec clause", None, "%", note="aucun ne le dit")
    if len(now) and now["renseignes"].iloc[0]:
        row = now.iloc[0]
        low, high = french(100 * row["part_clause_bas"], 1), percent(row["part_clause_haut"])
        said = f"de {low} à {high}, parmi les marchés qui renseignent ce champ"
        share = Card("Marchés avec clause", row["part_clause"], "%", said, 1, 100, csv=page.csv(CONTRACTS))
    amount, csv = float(now["montant"].sum()), page.csv(CONTRACTS)
    hidden = "" if pd.isna(done["secret"]) else str(done["secret"])
    bounds = f"de {french(middle['heures_p10'])} à {french(middle['heures_p90'])}, fourchette prévue à 80 %"
    return Strip(
        [
            share,
            Card("Montant connu, hors taxes", amount, "M€", f"marchés notifiés en {page.year}", 1, 1e-6, csv=csv),
            Card(
                "Heures d'insertion",
                done["valeur"],
                note=f"réalisées en {page.year}",
                secret=hidden,
                csv=page.csv(HOURS),
            ),
            Card("Heures d'un marché médian", middle["heures_p50"], note=bounds, csv=page.csv(SIZES)),
        ]
    )


def practice(page: Page) -> Content:
    """Contracts of the segment by year, and the part of them that carries a clause."""
    rows = _contracts(page).sort_values("edition")
    if rows.empty:
        return Prose("Aucun marché de ce segment n'est connu dans la région.")
    return DataTable(
        rows,
        columns={
            "edition": Column("Année"),
            "marches": Column("Marchés", 0),
            "montant": Column("Montant connu", **millions(2)),
            "renseignes": Column("Renseignés", 0),
            "avec_clause": Column("Avec clause", 0),
            "part_clause": Column("Part", **PERCENT),
            "part_clause_bas": Column("de", **PERCENT),
            "part_clause_haut": Column("à", **PERCENT),
        },
        caption="Marchés du segment et part avec clause",
        scope=f"{page.territory_name}, année de notification ; part : parmi les marchés dont le champ social est clair",
        csv=page.csv(CONTRACTS),
        note=f"Le champ social n'existe que depuis 2024 : avant, la part ne peut pas être dite.{left_out(rows)}",
    )


def states(page: Page) -> Content:
    """What the social field of the year's contracts says."""
    rows = _contracts(page)
    rows = rows[rows["edition"] == page.year]
    if rows.empty:
        return Prose(f"Aucun marché de ce segment n'a été notifié en {page.year}.")
    names = reference.labels("statuts_sociaux")
    frame = pd.DataFrame({"etat": names.values(), "marches": [rows[f"statut_{code}"].iloc[0] for code in names]})
    return DataTable(
        frame,
        columns={"etat": Column("Champ des considérations sociales"), "marches": Column("Marchés", 0)},
        caption="Ce que disent les marchés de leurs considérations sociales",
        scope=f"{page.territory_name}, marchés notifiés en {page.year}",
        csv=page.csv(CONTRACTS),
    )


def hours(page: Page) -> Content:
    """Hours done by edition, where they may be told."""
    rows = _hours(page).sort_values("edition")
    known = rows.dropna(subset="valeur")
    table = DataTable(
        rows,
        columns={"edition": Column("Édition"), "valeur": Column("Heures", 0)},
        caption="Heures d'insertion réalisées dans ce segment, par édition",
        scope=f"{page.territory_name}, champ juridique de chaque édition",
        csv=page.csv(HOURS),
        note="Le champ juridique et les structures qui répondent changent d'une édition à l'autre.",
    )
    if len(known) < 2:
        return table
    first, last = known.iloc[0], known.iloc[-1]
    return Figure(
        line_chart(known.set_index("edition")[["valeur"]].rename(columns={"valeur": "Heures"}), height=2.2),
        title="Heures d'insertion réalisées dans ce segment",
        alt=f"{number_of(first['valeur'], 'heure')} en {first['edition']}, {french(last['valeur'])} en "
        f"{last['edition']}.",
        table=table,
        source="exports synthétiques." if page.dataset.synthetique else "exports des structures facilitatrices.",
    )


def mechanisms(page: Page) -> Content:
    """By which legal mechanisms the operations of the segment were launched."""
    rows = page.read("consolidation/pratiques_mecanismes", segment=page.key)
    if rows.empty:
        return Prose("Aucune opération de ce segment n'a été suivie.")
    rows = rows.assign(libelle=rows["mecanisme"].map(reference.labels("mecanismes")))
    return DataTable(
        rows.sort_values(["operations", "mecanisme"], ascending=[False, True]),
        columns={
            "libelle": Column("Mécanisme"),
            "operations": Column("Opérations", 0),
            "part": Column("Part", **PERCENT),
        },
        caption="Mécanismes juridiques utilisés, par nombre d'opérations",
        scope=f"{page.territory_name}, opérations suivies, toutes éditions, tous mécanismes",
        csv=page.csv("consolidation/pratiques_mecanismes"),
    )


def employers(page: Page) -> Content:
    """Which kinds of employers did the hours."""
    return _shares(
        page, "employeur", "Employeur", "Employeurs qui ont réalisé les heures", reference.labels("employeurs")
    )


def trades(page: Page) -> Content:
    """In which trades the hours were done."""
    return _shares(page, "metier", "Métier (ROME)", "Métiers exercés", trade_names())


def trade_names() -> dict[str, str]:
    """The label of each trade of the ROME that is known: those that segments recruit for, and those met besides."""
    recruited = reference.table("nomenclatures/segments_metiers").drop_duplicates("rome").set_index("rome")["libelle"]
    return reference.labels("metiers") | dict(recruited)


def calculator(page: Page) -> Content:
    """Hours of a contract of this segment from its amount, as the reader types it."""
    middle = _sizes(page).set_index("taille").loc["median"]
    laws = page.read(LAWS, segment=page.key)
    return Calculator.of(laws, page.key, float(middle["montant"]), int(middle["duree_mois"]), page.csv(LAWS))


def sizes(page: Page) -> Content:
    """Hours of a small, a median and a large contract."""
    rows = _sizes(page)
    rows = rows.assign(libelle=rows["taille"].map(SIZE_NAMES)).sort_values("montant", kind="stable")
    return DataTable(
        rows,
        columns={
            "libelle": Column("Marché"),
            "montant": Column("Montant", 0, "€"),
            "duree_mois": Column("Durée", 0, "mois"),
            "heures_p50": Column("Heures, médiane", 0),
            "heures_p10": Column("de", 0),
            "heures_p90": Column("à", 0),
            "engagement": Column("Engagement proposé", 0, "h"),
            "heures_an": Column("Heures par an", 0),
            "etp": Column(full_time_unit(), 1),
        },
        caption="Heures d'un marché petit, médian et grand",
        scope=f"{page.territory_name}, montants hors taxes connus des dernières années ; durée médiane du segment",
        csv=page.csv(SIZES),
        note=f"De … à … : fourchette prévue à 80 % ; à l'épreuve, elle tient moins souvent pour les petits "
        "montants (table « engagement_retro » de la page des données). L'engagement est prudent, "
        f"{commitment.said(commitment.steps())} ; 0 : aucun n'est proposé, car {commitment.none_proposed()}.",
    )


def supply(page: Page) -> Content:
    """The insertion companies that serve the segment, by department and kind."""
    rows = page.read("buyer/guide_offre", segment=page.key)
    names = reference.department_names()
    wide = rows.pivot(index="departement", columns="genre", values="entreprises")
    frame = wide.reset_index().assign(nom=lambda table: table["departement"].map(names))
    own, every = int(rows["dont_secteur"].sum()), int(rows["entreprises"].sum())
    return DataTable(
        frame,
        columns={"nom": Column("Département"), **{str(kind): Column(str(kind), 0) for kind in wide.columns}},
        caption="Structures d'insertion qui peuvent servir ce segment, par type",
        scope=f"{page.territory_name}, sièges, liste publique de 2019-2020",
        csv=page.csv("buyer/guide_offre"),
        takeaway=f"Structures d'insertion de ce secteur : {own or 'aucune connue'} ; de mise à disposition de "
        f"personnel, qui servent tous les secteurs : {every - own}.",
        note=f"{KINDS} Le secteur n'est connu que par le code NAF, qui dit aussi la mise à disposition, et celui de "
        "beaucoup n'en dit rien.",
    )


def pitfalls(page: Page) -> Content:
    """What to mind, and what to do about it."""
    rows = page.read("buyer/guide_pieges", segment=page.key).sort_values("rang")
    if rows.empty:
        return Prose("Aucun piège propre à ce segment n'est recensé.")
    return DataTable(
        cited(rows),
        columns={"piege": Column("Piège"), "que_faire": Column("Que faire"), "source": Column("Source")},
        caption="Pièges de ce segment",
        scope="tous acheteurs ; aide à la décision, non avis juridique",
        csv=page.csv("buyer/guide_pieges"),
    )


def examples(page: Page) -> Content:
    """Contracts that declare a clause."""
    rows = page.read("buyer/guide_exemples", segment=page.key).sort_values("rang")
    if rows.empty:
        return Prose("Aucun marché de ce segment ne déclare une clause.")
    rows = rows.assign(etat=rows["statut_social"].map(reference.labels("statuts_sociaux")))
    return DataTable(
        rows,
        columns={
            "objet": Column("Objet"),
            "acheteur_nom": Column("Acheteur"),
            "montant": Column("Montant", 0, "€"),
            "edition": Column("Année"),
            "etat": Column("Champ social"),
        },
        caption="Marchés publics qui déclarent une clause, du plus petit au plus grand",
        scope=f"{page.territory_name}, données essentielles de la commande publique ; montants hors taxes, souvent "
        "des maximums",
        csv=page.csv("buyer/guide_exemples"),
    )


def coming(page: Page) -> Content:
    """The needs of the segment most likely to come back."""
    hours = {"heures_p50": Column("Heures possibles", 0)}
    return expected(
        page, page.read(TABLE, segment=page.key), COMING, "Aucun marché de ce segment n'est attendu.", hours
    )


def _contracts(page: Page) -> pd.DataFrame:
    return page.read(CONTRACTS, territoire=page.territory, segment=page.key)


def _hours(page: Page) -> pd.DataFrame:
    """Hours of the segment in the region by edition: edition, valeur, secret."""
    rows = page.read(HOURS, territoire=page.territory, axe="segment", modalite=page.key)
    return rows.rename(columns={"heures": "valeur"})[["edition", "valeur", "secret"]]


def _sizes(page: Page) -> pd.DataFrame:
    return page.read(SIZES, segment=page.key)


def _shares(page: Page, axis: str, heading: str, caption: str, names: dict[str, str]) -> Content:
    rows = page.read("consolidation/pratiques", segment=page.key)
    rows = rows[(rows["axe"] == axis) & (rows["modalite"] != WHOLE)]
    if rows.empty:
        return Prose("Aucune heure de ce segment n'a été suivie.")
    rows = rows.assign(
        libelle=rows["modalite"].map(names | REST).fillna("Libellé inconnu (" + rows["modalite"] + ")"),
        reste=rows["modalite"].isin(list(REST)),
    )
    rows = rows.sort_values(["reste", "part_heures", "libelle"], ascending=[True, False, True])
    return DataTable(
        rows,
        columns={"libelle": Column(heading), "part_heures": Column("Part des heures", **PERCENT)},
        caption=caption,
        scope=f"{page.territory_name}, toutes éditions ensemble, champ juridique de chacune",
        csv=page.csv("consolidation/pratiques"),
    )
