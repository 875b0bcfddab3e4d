"""Published tables of the quality page."""

from __future__ import annotations

from analysis.schemas.build import FLAG, NUMBER, TEXT, column, published_table

_SOURCE = column(TEXT, "Source : decp, exports, inventaire")

SCHEMAS = {
    schema.name: schema
    for schema in (
        published_table(
            "regles",
            "Manquements à une règle de validation, par source",
            ["source", "regle"],
            {
                "source": _SOURCE,
                "regle": column(TEXT, "Code de la règle"),
                "libelle": column(TEXT, "Règle en clair"),
                "gravite": column(TEXT, "erreur ou avertissement"),
                "lignes": column("int64", "Valeurs concernées", unit="valeur"),
                "refusees": column("int64", "dont lignes refusées, gardées à part", unit="ligne"),
                "attendu": column(TEXT, "Ce qui est attendu"),
                "exemple": column(TEXT, "Un exemple, pour les données ouvertes seulement", nullable=True),
            },
        ),
        published_table(
            "fichiers",
            "Manquements par fichier ou envoi reçu",
            ["source", "envoi"],
            {
                "source": _SOURCE,
                "envoi": column(TEXT, "Fichier, ou envoi d'une structure"),
                "erreurs": column("int64", "Erreurs", unit="valeur"),
                "avertissements": column("int64", "Avertissements", unit="valeur"),
            },
        ),
        published_table(
            "controle",
            "Vérification arithmétique des chiffres publiés",
            ["rang"],
            {
                "rang": column("int64", "Ordre d'affichage"),
                "ligne": column("int64", "Ligne de l'audit"),
                "objet": column(TEXT, "Ce qui est vérifié"),
                "imprime": column(TEXT, "Tel qu'imprimé"),
                "recalcule": column(TEXT, "Recalculé, avec plus de décimales"),
                "diagnostic": column(TEXT, "conforme, tronqué, chiffre perdu, mal étiqueté, réponses multiples, écart"),
                "signale": column(FLAG, "Le chiffre est signalé"),
                "ligne_signalee": column(FLAG, "La ligne de l'audit est signalée"),
                "explication": column(TEXT, "Explication"),
            },
        ),
        published_table(
            "publies",
            "Chiffres réellement publiés, un par ligne, avec leur source",
            ["numero"],
            {
                "numero": column("int64", "Numéro du chiffre"),
                "serie": column(TEXT, "orcp_2016, national ou local"),
                "territoire": column(TEXT, "Code du territoire"),
                "territoire_nom": column(TEXT, "Territoire"),
                "annee": column("int64", "Année des données"),
                "indicateur": column(TEXT, "Indicateur"),
                "modalite": column(TEXT, "Modalité"),
                "valeur": column(NUMBER, "Valeur telle qu'imprimée"),
                "unite": column(TEXT, "Unité"),
                "decimales": column("int64", "Décimales imprimées"),
                "libelle": column(TEXT, "Chiffre en clair"),
                "statut": column(TEXT, "publié, arrondi, provisoire, révisé, cité, déduit"),
                "champ": column(TEXT, "Champ du chiffre, s'il n'est pas le total de son territoire", nullable=True),
                "source": column(TEXT, "Source"),
            },
        ),
        # Made by disclosure control itself, from what it hides.
        published_table(
            "secret",
            "Combien le secret statistique cache, table par table",
            ["livrable", "table"],
            {
                "livrable": column(TEXT, "Livrable"),
                "table": column(TEXT, "Table"),
                "lignes": column("int64", "Lignes qui parlent de personnes, d'heures ou d'entreprises", unit="ligne"),
                "cachees": column("int64", "dont cachées", unit="ligne"),
                "arrondies": column("int64", "Lignes dont un total est arrondi plutôt que caché", unit="ligne"),
                "part_lignes": column(NUMBER, "Part des lignes cachées", unit="part", ge=0, le=1),
                "part_heures": column(
                    NUMBER,
                    "Part des heures de la table, au centième ; vide où elle ferait retrouver celles d'une ligne",
                    unit="part",
                    nullable=True,
                    ge=0,
                ),
            },
        ),
        published_table(
            "secret_regroupements",
            "Ce que cacherait une table dont plus d'un cinquième l'est, si des catégories étaient réunies",
            ["livrable", "table", "filtre", "regroupement"],
            {
                "livrable": column(TEXT, "Livrable"),
                "table": column(TEXT, "Table"),
                "filtre": column(TEXT, "Lignes concernées"),
                "regroupement": column(TEXT, "Ce qui serait réuni"),
                "lignes": column("int64", "Lignes aujourd'hui", unit="ligne"),
                "part_cachee": column(
                    NUMBER, "Part cachée aujourd'hui, secret secondaire compris", unit="part", ge=0, le=1
                ),
                "lignes_regroupees": column("int64", "Lignes une fois réunies", unit="ligne"),
                "part_au_plus": column(NUMBER, "Part que les règles cacheraient, au plus", unit="part", ge=0, le=1),
            },
        ),
    )
}
