"""What the quality notebook shows: each function takes the page and returns one figure, table or sentence."""

from __future__ import annotations

import pandas as pd

from analysis.core import reference
from analysis.core.numbers import as_printed, french, number_of, percent, plural
from analysis.core.params import load_params
from analysis.core.texts import together
from analysis.disclosure.primary import SECONDARY
from analysis.disclosure.primary import rules as rules_of_secret
from analysis.publishing.content import PERCENT, Card, Column, Content, DataTable, Figure, Prose, Strip
from analysis.publishing.page import Page, deliverables
from analysis.publishing.style import bar_chart
from analysis.schemas import registry

SOURCES = {
    "decp": "données de la commande publique",
    "exports": "exports des facilitateurs",
    "inventaire": "inventaire et besoins",
    "projets": "projets d'achat",
}


NOTHING = Prose("Aucune donnée n'a été reçue.")


def headline(page: Page) -> Content:
    """How much was refused, how much was flagged."""
    rows = page.read("headlines").sort_values("ordre")
    if rows.empty:
        return NOTHING
    csv = page.csv("headlines")
    return Strip([Card(row.libelle, row.valeur, note=row.perimetre, csv=csv) for row in rows.itertuples()])


def rules(page: Page) -> Content:
    """What was wrong, by rule: the most frequent ones drawn, all of them in the table."""
    rows = page.read("regles")
    if page.read("headlines").empty:
        return NOTHING
    if rows.empty:
        return Prose("Aucun manquement : tous les fichiers reçus suivent les règles.")
    rows = rows.assign(source=rows["source"].map(SOURCES))
    rows = rows.sort_values(["lignes", "libelle", "source"], ascending=[False, True, True])
    drawn = rows.assign(nom=rows["libelle"] + " (" + rows["source"] + ")").head(_shown())
    drawn = drawn.set_index("nom")["lignes"].astype(float)
    return Figure(
        bar_chart(drawn),
        title="Les manquements les plus fréquents",
        alt=f"Le plus fréquent est « {drawn.index[0]} » : {number_of(drawn.iloc[0], 'valeur')}.",
        table=DataTable(
            rows,
            columns={
                "source": Column("Source"),
                "libelle": Column("Règle"),
                "gravite": Column("Gravité"),
                "lignes": Column("Valeurs", 0),
                "refusees": Column("dont refusées", 0),
                "attendu": Column("Attendu"),
            },
            caption="Manquements par règle",
            scope="Tous les fichiers du jeu de données, toutes les années",
            csv=page.csv("regles"),
            note="Une ligne refusée est gardée entière dans la table de qualité ; une valeur signalée reste utilisée "
            "ou devient vide, et la valeur reçue est conservée.",
        ),
    )


def files(page: Page) -> Content:
    """The files and sends with most errors."""
    rows = page.read("fichiers").sort_values(["erreurs", "avertissements", "envoi"], ascending=[False, False, True])
    if rows.empty:
        return Prose("Aucun fichier n'est en cause.")
    return DataTable(
        rows.head(_shown()).assign(source=lambda t: t["source"].map(SOURCES)),
        columns={
            "source": Column("Source"),
            "envoi": Column("Fichier ou envoi"),
            "erreurs": Column("Erreurs", 0),
            "avertissements": Column("Avertissements", 0),
        },
        caption="Les fichiers ou envois avec le plus d'erreurs",
        scope="Toutes les années",
        csv=page.csv("fichiers"),
    )


def decisions(page: Page) -> Content:
    """The decisions of analysts on operations entered twice that change nothing."""
    sides = {"op_a": Column("Opération"), "op_b": Column("Autre opération")}
    return _without_effect(page, "doublons", "doublons_operations.csv", sides)


def persons_decisions(page: Page) -> Content:
    """The decisions of analysts on persons entered in two ways that change nothing, by their line alone."""
    return _without_effect(page, "personnes", "doublons_personnes.csv", {})


def _without_effect(page: Page, what: str, file: str, sides: dict[str, Column]) -> Content:
    """The decisions of `file` that change nothing, a row each, with the columns `sides` that say on which pair."""
    table = f"consolidation/{what}_sans_effet"
    rows = page.read(table).sort_values("ligne")
    if rows.empty:
        return Prose(f"Aucune décision sur les {what} n'est sans effet.")
    return DataTable(
        rows,
        columns={
            "ligne": Column("Ligne"),
            **sides,
            "decision": Column("Décision"),
            "constat": Column("Pourquoi elle ne change rien"),
        },
        caption=f"Décisions sur les {what} qui ne changent rien, à reprendre",
        scope=f"Toutes les lignes de decisions/{file}",
        csv=page.csv(table),
    )


def published_check(page: Page) -> Content:
    """The arithmetic of the published slides, line by line."""
    rows = page.read("controle").sort_values("rang")
    return DataTable(
        rows,
        columns={
            "ligne": Column("Ligne"),
            "objet": Column("Ce qui est vérifié"),
            "imprime": Column("Imprimé"),
            "recalcule": Column("Recalculé"),
            "diagnostic": Column("Diagnostic"),
            "explication": Column("Explication"),
        },
        caption="Les chiffres publiés suivent-ils les uns des autres ?",
        scope="Diapositives de l'ORCP, chiffres clés 2016 (réels)",
        csv=page.csv("controle"),
    )


def published_verdict(page: Page) -> Content:
    """Which lines are flagged and which pass, in a sentence."""
    rows = page.read("controle")
    flagged = sorted(rows.loc[rows["ligne_signalee"], "ligne"].unique())
    passed = sorted(set(rows["ligne"]) - set(flagged))
    return Prose(
        f"Lignes signalées : {', '.join(map(str, flagged))}. Lignes conformes : {', '.join(map(str, passed))}. "
        "L'arrondi suivi partout ici est unique : au plus proche, la moitié vers le haut, depuis la valeur "
        "non arrondie."
    )


def published_series(page: Page) -> Content:
    """All published figures kept as reference, with their source."""
    rows = page.read("publies").sort_values(["serie", "territoire_nom", "annee", "numero"])
    rows = rows[rows["serie"] != "orcp_2016"]
    return DataTable(
        rows.assign(imprime=[_printed(r.valeur, r.decimales, r.unite) for r in rows.itertuples()]),
        columns={
            "territoire_nom": Column("Territoire"),
            "annee": Column("Année"),
            "libelle": Column("Chiffre"),
            "imprime": Column("Valeur publiée"),
            "statut": Column("Statut"),
            "source": Column("Source"),
        },
        caption="Séries nationales et locales publiées (réelles)",
        scope="Périmètres et définitions de chaque source ; les séries ne se comparent pas sans leurs réserves",
        csv=page.csv("publies"),
    )


def secret(page: Page) -> Content:
    """How much disclosure control hides, table by table."""
    rows = page.read("secret")
    if rows.empty:
        return Prose("Aucune table ne parle de personnes, d'heures ou d'entreprises : rien n'est caché.")
    titles = deliverables()["titre"]
    hidden = rows[(rows["cachees"] > 0) | (rows["arrondies"] > 0)].sort_values(
        ["part_lignes", "livrable", "table"], ascending=[False, True, True]
    )
    said = f"Lignes cachées : {french(rows['cachees'].sum())} sur {french(rows['lignes'].sum())}."
    if near := int(rows["arrondies"].sum()):
        said += f" Totaux arrondis plutôt que cachés : {french(near)}."
    if hidden.empty:
        return Prose(said)
    return DataTable(
        hidden.assign(livrable=hidden["livrable"].map(titles), table=_described(hidden)),
        columns={
            "livrable": Column("Livrable"),
            "table": Column("Ce que dit une ligne de la table"),
            "lignes": Column("Lignes", 0),
            "cachees": Column("Cachées", 0),
            "arrondies": Column("Arrondies", 0),
            "part_lignes": Column("Part des lignes", **PERCENT),
            "part_heures": Column("Part des heures", 0, "%", 100),
        },
        caption="Ce que cache le secret statistique",
        scope="Toutes les éditions et tous les territoires du jeu de données ; tables où quelque chose est caché "
        "ou arrondi",
        csv=page.csv("secret"),
        takeaway=said,
        note="La part des heures n'est pas dite où elle ferait retrouver celles d'une ligne cachée. "
        f"Les règles sont sur la page de méthode. Avant d'être publiées, les tables sont attaquées : {_margins()}",
    )


def _margins() -> str:
    """How far from a hidden cell the attack leaves a reader: of those that a rule hides, as `regles.csv` asks; of those
    hidden for the sake of others, beyond a single number."""
    own = rules_of_secret().drop(index=SECONDARY)["protection"].unique()
    asked = " ou ".join(f"environ {percent(share, 0)}" for share in sorted(own))
    return (
        "de tout ce qu'elles disent ensemble, une case que cache une règle ne se retrouve pas à moins "
        f"d'{asked} de sa valeur, ni d'une unité où l'on compte, et une case cachée pour en protéger une autre ne se "
        "retrouve pas exactement, hors ce que des publications passées disaient déjà."
    )


def groupings(page: Page) -> Content:
    """What would hide less, where more than `hidden_share` of a table is hidden, and where nothing is known."""
    limit = load_params().disclosure.hidden_share
    rows, tables = page.read("secret_regroupements"), page.read("secret")
    rows = rows[rows["part_au_plus"] < rows["part_cachee"]]
    much = tables[tables["part_lignes"] > limit]
    left = much[~_names(much).isin(_names(rows))]
    without = together([f"« {said} »" for said in _described(left)])
    without = f"Aucun regroupement connu ne cacherait moins que les règles dans : {without}." if len(left) else ""
    if rows.empty:
        return Prose(without or f"Aucune table ne cache plus de {percent(limit, 0)} de ses lignes.")
    axes = reference.table("publication/axes").set_index("axe")["libelle"]
    axis = rows["filtre"].str.removeprefix("axe=").map(axes).fillna("Toute la table")
    rows = rows.assign(axe=axis, table=_described(rows))
    return DataTable(
        rows.sort_values(["part_au_plus", "table", "axe", "regroupement"]),
        columns={
            "table": Column("Ce que dit une ligne de la table"),
            "axe": Column("Axe"),
            "regroupement": Column("Si l'on publiait"),
            "part_cachee": Column("Cachées aujourd'hui", **PERCENT),
            "part_au_plus": Column("alors, par les règles, au plus", **PERCENT),
        },
        caption="Regroupements qui cacheraient moins",
        scope="Toutes les éditions et tous les territoires du jeu de données",
        csv=page.csv("secret_regroupements"),
        note=without or None,
    )


def _names(rows: pd.DataFrame) -> pd.Series:
    """The table that each row is about, deliverable and name."""
    return rows["livrable"] + "." + rows["table"]


def _described(rows: pd.DataFrame) -> list[str]:
    """What a row of each table is, as the page of the data says it: `rows` name deliverable and table."""
    return [
        str(registry.published(row.livrable)[row.table].description) for row in rows[["livrable", "table"]].itertuples()
    ]


def _shown() -> int:
    """Rules drawn and files listed; the CSV has them all."""
    return load_params().quality.rows_shown


def _printed(value: float, digits: int, unit: str) -> str:
    return as_printed(value, digits, unit) if unit == "part" else french(value, digits, plural(unit, value))
