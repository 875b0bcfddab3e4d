"""What the quality notebook shows: each function takes the page and returns one figure, table or sentence."""

from __future__ import annotations

from analysis.core.params import load_params
from analysis.numbers import french, plural
from analysis.publishing.content import Card, Column, Content, DataTable, Figure, Prose, Strip
from analysis.publishing.page import Page
from analysis.publishing.style import bar_chart

SOURCES = {
    "decp": "données de la commande publique",
    "exports": "exports des facilitateurs",
    "inventaire": "inventaire et besoins",
    "projets": "projets d'achat",
}


def headline(page: Page) -> Content:
    """How much was refused, how much was flagged, how many published figures do not hold."""
    rows = page.read("headlines").sort_values("ordre")
    return Strip([Card(row.libelle, row.valeur, note=row.perimetre) for row in rows.itertuples()])


def rules(page: Page) -> Content:
    """What was wrong, by rule: the most frequent ones drawn, all of them in the table."""
    rows = page.read("regles")
    if rows.empty:
        return Prose("Aucun manquement : tous les fichiers reçus suivent les règles.")
    rows = rows.assign(source=rows["source"].map(SOURCES))
    rows = rows.sort_values(["lignes", "libelle", "source"], ascending=[False, True, True])
    drawn = rows.assign(nom=rows["libelle"] + " (" + rows["source"] + ")").head(_shown())
    drawn = drawn.set_index("nom")["lignes"].astype(float)
    return Figure(
        bar_chart(drawn),
        title="Les manquements les plus fréquents",
        alt=f"Le plus fréquent est « {drawn.index[0]} » : {french(drawn.iloc[0])} valeurs.",
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


def _shown() -> int:
    """Rules drawn and files listed; the CSV has them all."""
    return load_params().quality.rows_shown


def _printed(value: float, digits: int, unit: str) -> str:
    return french(value, digits, plural(unit, value))
