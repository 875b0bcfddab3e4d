"""Published tables of the consolidation."""

from __future__ import annotations

from analysis.schemas.build import DAY, NUMBER, TEXT, WHOLE, column, published_table

SECRET = column(TEXT, "Motif du secret statistique ; vide quand la valeur est publiée", nullable=True)

SCHEMAS = {
    schema.name: schema
    for schema in (
        published_table(
            "indicateurs",
            "Un indicateur d'une édition, d'un territoire et d'une modalité (publics non exclusifs)",
            ["edition", "territoire", "indicateur", "modalite"],
            {
                "edition": column("int64", "Année des données"),
                "territoire": column(TEXT, "Code de région ou de département"),
                "indicateur": column(TEXT, "Code de l'indicateur"),
                "modalite": column(TEXT, "ensemble, ou code du public, du sexe, IAE, ALTERNANCE, ANRU"),
                "valeur": column(NUMBER, "Valeur non arrondie", nullable=True),
                "unite": column(TEXT, "Unité de la valeur"),
                "secret": SECRET,
            },
            controle="indicateur",
            values=["valeur"],
        ),
        published_table(
            "comparaison",
            "Un chiffre publié en face du même chiffre recalculé par la chaîne",
            ["numero"],
            {
                "numero": column("int64", "Numéro du chiffre publié (published.csv)"),
                "edition": column("int64", "Année des données"),
                "territoire": column(TEXT, "Code du territoire"),
                "libelle": column(TEXT, "Chiffre publié, en clair"),
                "indicateur": column(TEXT, "Code de l'indicateur"),
                "modalite": column(TEXT, "Code de la modalité"),
                "publie": column(NUMBER, "Valeur publiée, telle qu'imprimée"),
                "decimales": column("int64", "Décimales imprimées"),
                "recalcule": column(NUMBER, "Valeur recalculée, non arrondie", nullable=True),
                "unite": column(TEXT, "Unité"),
                "verdict": column(TEXT, "egal, arrondi, tronque, ecart ou absent"),
                "secret": SECRET,
            },
            controle="indicateur",
            values=["recalcule"],
        ),
        published_table(
            "doublons_retires",
            "Heures saisies par deux structures et retirées, par édition",
            ["edition"],
            {
                "edition": column("int64", "Année des données"),
                "operations": column("int64", "Opérations retirées comme doublons", unit="opération"),
                "heures": column(NUMBER, "Heures retirées", unit="heure"),
                "a_revoir": column("int64", "Paires qui se ressemblent et que personne n'a tranchées"),
            },
        ),
        published_table(
            "doublons_a_revoir",
            "Paires d'opérations de deux structures, probablement une seule, que personne n'a tranchées",
            ["op_a", "op_b"],
            {
                "edition": column("int64", "Dernière édition où les deux structures l'ont saisie"),
                "op_a": column(TEXT, "Opération, précédée de sa structure"),
                "op_b": column(TEXT, "Opération, précédée de sa structure"),
                "libelle_a": column(TEXT, "Intitulé"),
                "libelle_b": column(TEXT, "Intitulé"),
                "probabilite": column(NUMBER, "Probabilité que les deux ne soient qu'une opération", ge=0, le=1),
                "concordances": column(TEXT, "Ce qui, dans la comparaison, plaide pour une seule opération"),
                "differences": column(TEXT, "Ce qui plaide contre ; vide quand rien ne diffère"),
            },
        ),
        published_table(
            "doublons_sensibilite",
            "Ce que compterait une édition si les paires non tranchées étaient fusionnées à partir d'une probabilité",
            ["edition", "seuil"],
            {
                "edition": column("int64", "Année des données"),
                "seuil": column(NUMBER, "Probabilité à partir de laquelle les paires seraient fusionnées", ge=0, le=1),
                "operations": column("int64", "Opérations du champ qui resteraient", unit="opération"),
                "heures": column(NUMBER, "Heures du champ qui resteraient", nullable=True, unit="heure"),
                "secret": SECRET,
            },
            controle="heures",
            values=["heures"],
        ),
        published_table(
            "editions",
            "Les éditions et leur champ",
            ["edition"],
            {
                "edition": column("int64", "Année des données"),
                "territoire": column(TEXT, "Code du territoire de l'édition"),
                "territoire_nom": column(TEXT, "Nom du territoire"),
                "base_legale": column(TEXT, "Base légale du champ"),
                "date_observation": column(DAY, "Données observées au"),
                "structures": column("int64", "Structures qui ont envoyé un export"),
                "structures_connues": column(WHOLE, "Structures facilitatrices de l'inventaire à cette date"),
            },
        ),
    )
}
